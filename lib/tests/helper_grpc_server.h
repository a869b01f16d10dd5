/* A gRPC server inside the test process, a thread for each call. Methods of /test.Service/:
 *   Echo      answers with the request
 *   Fail      answers FAILED_PRECONDITION "the collection is not loaded"
 *   Metadata  answers with the value of the request's metadata x-test
 *   Hang      never answers; ends when the client gives up
 *   Die       receives the request, then never answers: for killing the server meanwhile
 *   Stream    sends back each message of a stream; "end" ends it with OK, "fail" with NOT_FOUND
 * Methods of other services go to the function of test_server_handle. */
#ifndef TESTS_HELPER_GRPC_SERVER_H
#define TESTS_HELPER_GRPC_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "kitestream/record.h"
#include "kitestream/sdk/buf.h"

#include "helper_certs.h"

struct test_server;

/* port 0: a free one. certs NULL: plain text. NULL if the port is taken. */
struct test_server *test_server_start(int port, const struct test_certs *certs,
                                      bool require_client_cert);

struct test_request {
    const char *method; /* "/package.Service/Method" */
    struct ks_slice body;
    const void *metadata; /* for test_request_metadata */
};
struct test_reply {
    bool hang;          /* never answered: the call ends when the client gives up */
    int code;           /* of gRPC */
    const char *text;   /* when the code is not OK */
    struct ks_buf body; /* freed by the server */
};
/* False if there is none of that key (lower case). */
bool test_request_metadata(const struct test_request *request, const char *key, char *ret,
                           size_t cap);
/* Zero-initialised, the reply is an empty message with OK. Thread: one of each call's own. */
typedef void test_handle_fn(void *arg, const struct test_request *request, struct test_reply *ret);
/* Before the first call. */
void test_server_handle(struct test_server *server, test_handle_fn *fn, void *arg);
/* For what the function shares with the test without a lock: before and after the test touches it,
 * between the calls. grpc orders the calls, but not where ThreadSanitizer sees it. */
void test_server_sync(struct test_server *server);

int test_server_port(const struct test_server *server);
/* Number of calls whose request has been received so far. */
int test_server_requests(struct test_server *server);
void test_server_stop(struct test_server *server);

#endif
