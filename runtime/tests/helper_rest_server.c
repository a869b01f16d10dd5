#include "helper_rest_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"

int rest_test_setup(void **state)
{
    struct rest_test *t = xcalloc(1, sizeof *t);
    struct ks_error err;
    assert_int_equal(worker_config_load(NULL, &t->worker, &err), KS_OK);
    rest_test_option(t, "listeners", "http://127.0.0.1:0");
    t->zeros = xcalloc(1, 65536);
    *state = t;
    return 0;
}

int rest_test_teardown(void **state)
{
    struct rest_test *t = *state;
    if (t->server) {
        rest_server_drain(t->server, 20000);
        assert_true(rest_server_close(t->server, 1000));
    }
    worker_config_release(&t->worker);
    free(t->zeros);
    free(t);
    return 0;
}

void rest_test_option(struct rest_test *t, const char *option, const char *value)
{
    string_map_set(&t->worker.all, option, value);
}

void rest_test_start(struct rest_test *t, bool ready)
{
    struct rest_options options;
    struct ks_error err;
    const struct rest_context ctx = {.worker = &t->worker};
    assert_int_equal(rest_options_read(&t->worker, &options, &err), KS_OK);
    assert_int_equal(rest_server_open(&options, &ctx, &t->server, &err), KS_OK);
    t->port = rest_server_port(t->server);
    if (ready)
        rest_server_ready(t->server, t->zeros, "cluster-1");
}

const char *rest_test_member(const struct http_answer *answer, const char *name)
{
    static char text[1000];
    json_t *json = json_loads(answer->body, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    const char *value = json_string_value(json_object_get(json, name));
    snprintf(text, sizeof text, "%s", value ? value : "");
    json_decref(json);
    return text;
}

void rest_test_check_error(const struct http_answer *answer, int status, const char *words)
{
    assert_int_equal(answer->status, status);
    assert_string_equal(http_answer_header(answer, "Content-Type"), "application/json");
    json_t *json = json_loads(answer->body, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(json, "error_code")), status);
    json_decref(json);
    assert_non_null(strstr(rest_test_member(answer, "message"), words));
}
