/* A real etcd started by a test, in a folder of its own, on free ports; it dies with the test.
 * Calls go straight through grpc_client, so that the test does not write with what it tests. */
#ifndef TESTS_HELPER_ETCD_H
#define TESTS_HELPER_ETCD_H

#include <stdbool.h>
#include <stdint.h>

#include "helper_certs.h"
#include "kitestream/sdk/buf.h"

struct test_etcd;

/* certs NULL: plain text; else TLS, and client certificates are demanded if wanted. */
struct test_etcd *test_etcd_start(const struct test_certs *certs, bool client_certs);
void test_etcd_stop(struct test_etcd *etcd); /* and removes its data */
/* SIGKILL, and start again with the same data and port. */
void test_etcd_kill(struct test_etcd *etcd);
void test_etcd_restart(struct test_etcd *etcd);
/* SIGSTOP and SIGCONT: the connections stay, nobody answers from the return of this on. */
void test_etcd_freeze(struct test_etcd *etcd, bool frozen);
const char *test_etcd_endpoint(const struct test_etcd *etcd);

/* Any unary method; the test fails if the call does. Retries while etcd is starting. */
void test_etcd_call(struct test_etcd *etcd, const char *method, const struct ks_buf *request,
                    struct ks_buf *reply);
void test_etcd_put(struct test_etcd *etcd, const char *key, const char *value);
void test_etcd_delete(struct test_etcd *etcd, const char *key);
/* One transaction, so one revision, that puts `count` keys "<prefix>00000".. of value_bytes each.
 */
void test_etcd_put_many(struct test_etcd *etcd, const char *prefix, int count, size_t value_bytes);
void test_etcd_compact(struct test_etcd *etcd, int64_t revision);
/* Users root and reader (who may read the keys from `prefix` on), then authentication is on. Both
 * have the password "open sesame". Later calls are root's. */
void test_etcd_enable_auth(struct test_etcd *etcd, const char *prefix, const char *prefix_end);

#endif
