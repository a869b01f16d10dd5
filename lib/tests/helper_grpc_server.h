/* A gRPC server inside the test process, a thread for each call. Methods of /test.Service/:
 *   Echo      answers with the request
 *   Fail      answers FAILED_PRECONDITION "the collection is not loaded"
 *   Metadata  answers with the value of the request's metadata x-test
 *   Hang      never answers; ends when the client gives up
 *   Die       receives the request, then never answers: for killing the server meanwhile
 *   Stream    sends back each message of a stream; "end" ends it with OK, "fail" with NOT_FOUND */
#ifndef TESTS_HELPER_GRPC_SERVER_H
#define TESTS_HELPER_GRPC_SERVER_H

#include <stdbool.h>

#include "helper_certs.h"

struct test_server;

/* port 0: a free one. certs NULL: plain text. NULL if the port is taken. */
struct test_server *test_server_start(int port, const struct test_certs *certs,
                                      bool require_client_cert);
int test_server_port(const struct test_server *server);
/* Number of calls whose request has been received so far. */
int test_server_requests(struct test_server *server);
void test_server_stop(struct test_server *server);

#endif
