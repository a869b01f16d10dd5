/* A REST server on a free port, inside the test. Its routes: a test that defines rest_cdc_routes
 * itself is linked without rest_cdc.c. */
#ifndef HELPER_REST_SERVER_H
#define HELPER_REST_SERVER_H

#include "helper_http_client.h"
#include "rest_server.h"

struct rest_test {
    struct worker_config worker;
    struct rest_server *server; /* NULL: not started, or taken away */
    uint16_t port;
    void *zeros; /* in place of a herder: one that has nothing to do */
};

/* For cmocka: *state is a rest_test whose options may still be set. */
int rest_test_setup(void **state);
int rest_test_teardown(void **state);
void rest_test_option(struct rest_test *t, const char *option, const char *value);
/* ready: there is a herder, of which handlers may ask no more than whether it turns. */
void rest_test_start(struct rest_test *t, bool ready);
/* A member of the answer's JSON object, "" if there is none. In a static buffer. */
const char *rest_test_member(const struct http_answer *answer, const char *name);
/* That it is Connect's error body with these words in it. */
void rest_test_check_error(const struct http_answer *answer, int status, const char *words);

#endif
