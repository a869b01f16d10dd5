/* With an HTTP server of the test's in place of a worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "commands.h"
#include "helper_http_server.h"
#include "helper_output.h"

struct fixture {
    struct http_server server;
    struct worker_config worker;
    struct cli cli;
    struct output out, err;
    /* The server's thread reads them. */
    const char *_Atomic answer, *_Atomic wanted_login; /* login NULL: any */
};

static int answer(void *arg, const struct http_request *request, char *body, size_t size)
{
    struct fixture *f = arg;
    const char *login = f->wanted_login;
    if (login && !strstr(request->headers, login)) {
        snprintf(body, size, "{\"error_code\": 401, \"message\": \"who are you\"}");
        return 401;
    }
    if (strcmp(request->path, "/metrics") == 0) {
        snprintf(body, size, "lag_seconds{connector=\"c\",task=\"0\"} 1.5\n");
        return 200;
    }
    assert_string_equal(request->path, "/connectors?expand=status");
    snprintf(body, size, "%s", f->answer);
    return 200;
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->answer = "{\"c\": {\"status\": {\"type\": \"source\", \"connector\": {\"state\": "
                "\"RUNNING\", \"worker_id\": \"w:1\"}, \"tasks\": [{\"id\": 0, \"state\": "
                "\"RUNNING\", \"worker_id\": \"w:1\"}]}}}";
    http_server_start(&f->server, answer, f);
    string_map_set(&f->worker.all, "listeners", f->server.url);
    f->cli.command = CLI_STATUS;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_stop(&f->server);
    string_map_release(&f->worker.all);
    output_release(&f->out);
    output_release(&f->err);
    free(f);
    return 0;
}

static int run(struct fixture *f)
{
    output_release(&f->out);
    output_release(&f->err);
    f->out = output_begin();
    f->err = output_begin();
    int code = command_status(&f->cli, &f->worker, f->out.file, f->err.file);
    output_end(&f->out);
    output_end(&f->err);
    return code;
}

static void test_status__table_of_the_first_listener(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f), 0);
    assert_string_equal(f->out.text, "CONNECTOR  TYPE    STATE    WORKER  LAG    ERROR\n"
                                     "c          source  RUNNING  w:1\n"
                                     "  task 0           RUNNING  w:1     1.5 s\n");
    assert_string_equal(f->err.text, "");
}

static void test_status__json(void **state)
{
    struct fixture *f = *state;
    f->cli.json = true;
    assert_int_equal(run(f), 0);
    json_t *report = json_loads(f->out.text, 0, NULL);
    const json_t *connector = json_array_get(json_object_get(report, "connectors"), 0);
    assert_string_equal(json_string_value(json_object_get(connector, "name")), "c");
    json_decref(report);
}

static void test_status__address_on_the_command_line(void **state)
{
    struct fixture *f = *state;
    char url[80];
    snprintf(url, sizeof url, "%s//", strstr(f->server.url, "://") + 3);
    string_map_set(&f->worker.all, "listeners", "http://127.0.0.1:1");
    f->cli.url = url;
    assert_int_equal(run(f), 0);
}

static void test_status__a_wildcard_listener_is_asked_on_loopback(void **state)
{
    struct fixture *f = *state;
    const char *port = strrchr(f->server.url, ':');
    static const char *const hosts[] = {"http://0.0.0.0", "http://"};
    for (size_t i = 0; i < 2; i++) {
        char *listener = xasprintf("%s%s", hosts[i], port);
        string_map_set(&f->worker.all, "listeners", listener);
        free(listener);
        assert_int_equal(run(f), 0);
    }
}

static void test_status__failed(void **state)
{
    struct fixture *f = *state;
    f->answer = "{\"c\": {\"status\": {\"connector\": {\"state\": \"FAILED\"}}}}";
    assert_int_equal(run(f), 1);
    assert_non_null(strstr(f->out.text, "FAILED"));
    assert_string_equal(f->err.text, "");
}

static void test_status__only_those_that_are_asked_for(void **state)
{
    struct fixture *f = *state;
    const char *name = "nobody";
    f->cli.words = &name;
    f->cli.word_count = 1;
    assert_int_equal(run(f), 1);
    assert_string_equal(f->err.text, "kitestream: there is no such connector\n");
}

static void write_secret(char path[], const char *text)
{
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void test_status__login(void **state)
{
    struct fixture *f = *state;
    char user[] = "/tmp/status-user-XXXXXX", token[] = "/tmp/status-token-XXXXXX";
    write_secret(user, "ann:secret\n");
    write_secret(token, "t0ken\n");
    f->wanted_login = "Basic YW5uOnNlY3JldA==";
    assert_int_equal(run(f), 1);
    assert_non_null(strstr(f->err.text, "answers 401: who are you; give --user or --token"));
    f->cli.user_path = user;
    assert_int_equal(run(f), 0);
    f->cli.user_path = NULL;
    f->cli.token_path = token;
    f->wanted_login = "Bearer t0ken";
    assert_int_equal(run(f), 0);
    unlink(user);
    unlink(token);
    assert_int_equal(run(f), 1);
    assert_non_null(strstr(f->err.text, token));
}

static void test_status__nobody_is_there_or_somebody_else(void **state)
{
    struct fixture *f = *state;
    f->answer = "[]";
    assert_int_equal(run(f), 1);
    assert_non_null(strstr(f->err.text, "does not answer as a worker's REST interface does"));
    f->cli.url = "http://127.0.0.1:1";
    assert_int_equal(run(f), 1);
    assert_non_null(strstr(f->err.text, "is a worker running there?"));
    f->cli.url = NULL;
    string_map_remove(&f->worker.all, "listeners");
    assert_int_equal(run(f), 1);
    assert_non_null(strstr(f->err.text, "give --url"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_status__table_of_the_first_listener),
        TEST(test_status__json),
        TEST(test_status__address_on_the_command_line),
        TEST(test_status__a_wildcard_listener_is_asked_on_loopback),
        TEST(test_status__failed),
        TEST(test_status__only_those_that_are_asked_for),
        TEST(test_status__login),
        TEST(test_status__nobody_is_there_or_somebody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
