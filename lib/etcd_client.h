/* etcd v3 over gRPC: ranges at a revision, and one watch. Endpoints are tried in turn; user and
 * password are exchanged for a token, which is renewed when etcd calls it invalid.
 * Errors everywhere: RETRIABLE when etcd cannot be reached or is not ready (the message names the
 * endpoint), FATAL for a wrong password, missing permission or TLS trouble. */
#ifndef LIB_ETCD_CLIENT_H
#define LIB_ETCD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grpc_client.h"
#include "kitestream/error.h"
#include "kitestream/record.h"

struct etcd_options {
    const char *const *endpoints; /* host:port, without scheme */
    size_t endpoint_count;
    const char *username; /* NULL: no authentication */
    const char *password;
    struct grpc_tls tls;
    int64_t call_timeout_ms; /* 0: 5,000 */
    int64_t limit_ms;        /* of all calls together, from opening on; 0: none */
};

struct etcd_client;
struct etcd_watch;

struct etcd_kv {
    struct ks_slice key, value;
    int64_t create_revision, mod_revision, version;
};

/* Does not connect. Copies the options. Thread: the client belongs to one thread. */
enum ks_status etcd_client_open(const struct etcd_options *options, struct etcd_client **ret,
                                struct ks_error *err);
void etcd_client_close(struct etcd_client *client);

typedef enum ks_status etcd_kv_fn(void *arg, const struct etcd_kv *kv, struct ks_error *err);

/* All keys that begin with `prefix` ("" = every key) as they were at `revision` (0 = now, read
 * linearizably), in pages, all at one revision, which is returned. `*ret_compacted` is set (and
 * KS_ERR_DATA returned) when that revision has been compacted away. */
enum ks_status etcd_list(struct etcd_client *client, const char *prefix, int64_t revision,
                         etcd_kv_fn *fn, void *arg, int64_t *ret_revision, bool *ret_compacted,
                         struct ks_error *err);
/* One linearizable read of a key that need not exist: the cluster's revision now. */
enum ks_status etcd_revision(struct etcd_client *client, int64_t *ret_revision,
                             struct ks_error *err);

/* The server's version ("3.5.13") into `version`; "" if it does not say. */
enum ks_status etcd_version(struct etcd_client *client, char *version, size_t cap,
                            struct ks_error *err);
/* Can its progress notifications be relied on? */
bool etcd_progress_is_exact(const char *version);

struct etcd_event {
    bool is_delete;
    struct etcd_kv kv; /* a delete has only key and mod_revision */
    bool has_prev;
    struct etcd_kv prev;
};

/* What one etcd_watch_next delivers: whole revisions only, in order. Valid until the next call. */
struct etcd_watch_batch {
    const struct etcd_event *events;
    size_t event_count;
    int64_t revision; /* everything up to and including this revision has been delivered */
    int64_t compacted_revision; /* > 0: the watch died because its start was compacted away */
};

/* Watches every key that begins with `prefix` ("" = the whole key space) from `start_revision`,
 * with previous values and fragments put together. A broken connection is re-established from the
 * next revision by itself; nothing is lost or repeated. `progress` asks for progress notifications
 * (only needed when prefix is not ""). */
enum ks_status etcd_watch_open(struct etcd_client *client, const char *prefix,
                               int64_t start_revision, bool progress, struct etcd_watch **ret,
                               struct ks_error *err);
/* Waits up to timeout_ms; *ret_batch has event_count 0 and an unchanged revision if nothing came.
 * Errors: RETRIABLE while disconnected (call again), FATAL for permissions. */
enum ks_status etcd_watch_next(struct etcd_watch *watch, int64_t timeout_ms,
                               struct etcd_watch_batch *ret_batch, struct ks_error *err);
/* Asks the server to say how far it is (needs etcd >= 3.4.31 / 3.5.13 to be exact). */
enum ks_status etcd_watch_request_progress(struct etcd_watch *watch, struct ks_error *err);
void etcd_watch_close(struct etcd_watch *watch);

#endif
