#include "grpc_client.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"
#include "helper_certs.h"
#include "helper_etcd.h"
#include "helper_grpc_server.h"

static char *target_of(int port)
{
    return xasprintf("127.0.0.1:%d", port);
}

static struct grpc_client *open_client(int port, const struct grpc_tls *tls)
{
    char *target = target_of(port);
    struct grpc_client *client = NULL;
    struct ks_error err = {0};
    if (grpc_client_open(target, tls, &client, &err) != KS_OK)
        fail_msg("%s", err.message);
    free(target);
    return client;
}

struct answer {
    enum grpc_code code;
    struct ks_buf reply;
    bool sent;
    struct ks_error err;
    int64_t took_ms;
};

static void answer_clear(struct answer *a)
{
    ks_buf_release(&a->reply);
    *a = (struct answer){0};
}

static void call_with(struct grpc_client *client, const char *method, const void *data, size_t len,
                      int64_t deadline_ms, bool wait, struct answer *ret)
{
    const struct grpc_metadata metadata[] = {{"x-test", "blue"}};
    struct grpc_call call = {.method = method,
                             .metadata = metadata,
                             .metadata_count = 1,
                             .request = {data, len},
                             .deadline_ms = deadline_ms,
                             .wait_for_ready = wait};
    int64_t start_ms = clock_mono_ms();
    ret->err = (struct ks_error){0};
    ret->code = grpc_client_unary(client, &call, &ret->reply, &ret->sent, &ret->err);
    ret->took_ms = clock_mono_ms() - start_ms;
}

static void call(struct grpc_client *client, const char *method, const char *text,
                 struct answer *ret)
{
    call_with(client, method, text, strlen(text), 5000, true, ret);
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

/* ---- unary ---- */

static void test_unary__echo_small_and_large(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    struct answer a = {0};
    for (size_t len = 0; len <= 20 * 1024 * 1024; len = len * 40 + 7) {
        uint8_t *data = xmalloc(len);
        for (size_t i = 0; i < len; i++)
            data[i] = (uint8_t)(i * 31 >> 3);
        call_with(client, "/test.Service/Echo", data, len, 20000, true, &a);
        assert_int_equal(a.code, GRPC_CODE_OK);
        assert_true(a.sent);
        assert_int_equal(a.reply.len, len);
        if (len > 0)
            assert_memory_equal(a.reply.data, data, len);
        free(data);
    }
    answer_clear(&a);
    grpc_client_close(client);
    test_server_stop(server);
}

static void test_unary__server_error_text(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    struct answer a = {0};
    call(client, "/test.Service/Fail", "x", &a);
    assert_int_equal(a.code, GRPC_CODE_FAILED_PRECONDITION);
    assert_true(a.sent);
    assert_int_equal(a.err.status, KS_ERR_FATAL);
    assert_contains(a.err.message, "/test.Service/Fail at 127.0.0.1:");
    assert_contains(a.err.message, "the collection is not loaded");
    answer_clear(&a);
    grpc_client_close(client);
    test_server_stop(server);
}

static void test_unary__metadata(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    struct answer a = {0};
    call(client, "/test.Service/Metadata", "x", &a);
    assert_int_equal(a.code, GRPC_CODE_OK);
    assert_string_equal(ks_buf_str(&a.reply), "blue");
    const struct grpc_metadata upper = {"X-Test", "blue"};
    struct grpc_call bad = {.method = "/test.Service/Metadata",
                            .metadata = &upper,
                            .metadata_count = 1,
                            .deadline_ms = 5000};
    a.code = grpc_client_unary(client, &bad, &a.reply, &a.sent, &a.err);
    assert_int_equal(a.code, GRPC_CODE_INVALID_ARGUMENT);
    assert_false(a.sent);
    answer_clear(&a);
    grpc_client_close(client);
    test_server_stop(server);
}

/* Nobody answers. A deadline that a slow machine needs for the way there is doubled. */
static void expect_deadline(struct grpc_client *client, const char *method, const uint8_t *data,
                            size_t len)
{
    struct answer a = {0};
    for (int64_t deadline_ms = 300; !a.sent; deadline_ms *= 2) {
        assert_true(deadline_ms < 60000);
        call_with(client, method, data, len, deadline_ms, true, &a);
        assert_int_equal(a.code, GRPC_CODE_DEADLINE_EXCEEDED);
        assert_int_equal(a.err.status, KS_ERR_RETRIABLE);
        assert_true(a.took_ms >= deadline_ms - 10);
    }
    answer_clear(&a);
}

static void test_unary__deadline(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    uint8_t *large = xcalloc(1, 1 << 20);
    expect_deadline(client, "/test.Service/Hang", large, 1 << 20);
    free(large);
    grpc_client_close(client);
    test_server_stop(server);
}

static void test_unary__nobody_listens(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    int port = test_server_port(server);
    test_server_stop(server);
    struct grpc_client *client = open_client(port, NULL);
    struct answer a = {0};
    call_with(client, "/test.Service/Echo", "x", 1, 5000, false, &a);
    assert_int_equal(a.code, GRPC_CODE_UNAVAILABLE);
    assert_false(a.sent);
    assert_contains(a.err.message, "127.0.0.1:");
    assert_contains(a.err.message, "refused");
    call_with(client, "/test.Service/Echo", "x", 1, 300, true, &a);
    assert_int_equal(a.code, GRPC_CODE_DEADLINE_EXCEEDED);
    assert_false(a.sent);
    answer_clear(&a);
    grpc_client_close(client);
}

/* ---- cancellation, close ---- */

struct background {
    struct grpc_client *client;
    const char *method;
    struct answer answer;
    size_t len;
    pthread_t thread;
};

static void *background_call(void *arg)
{
    struct background *b = arg;
    uint8_t *data = xcalloc(1, b->len);
    call_with(b->client, b->method, data, b->len, 60000, true, &b->answer);
    free(data);
    return NULL;
}

static void wait_for_requests(struct test_server *server, int count)
{
    int64_t until_ms = clock_mono_ms() + 20000;
    while (test_server_requests(server) < count) {
        if (clock_mono_ms() > until_ms)
            fail_msg("the server has received %d of %d requests", test_server_requests(server),
                     count);
        sched_yield();
    }
}

static void hang_many(struct grpc_client *client, struct background *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        calls[i] =
            (struct background){.client = client, .method = "/test.Service/Hang", .len = 100000};
        pthread_create(&calls[i].thread, NULL, background_call, &calls[i]);
    }
}

static void join_cancelled(struct background *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pthread_join(calls[i].thread, NULL);
        assert_int_equal(calls[i].answer.code, GRPC_CODE_CANCELLED);
        assert_true(calls[i].answer.sent);
        answer_clear(&calls[i].answer);
    }
}

static void test_cancel_all__ends_waiting_calls_only(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    struct background calls[5];
    hang_many(client, calls, 5);
    wait_for_requests(server, 5);
    int64_t start_ms = clock_mono_ms();
    grpc_client_cancel_all(client);
    join_cancelled(calls, 5);
    assert_true(clock_mono_ms() - start_ms < 2000);
    struct answer a = {0};
    call(client, "/test.Service/Echo", "again", &a);
    assert_int_equal(a.code, GRPC_CODE_OK);
    answer_clear(&a);
    grpc_client_close(client);
    test_server_stop(server);
}

static void test_close__is_quick_and_cancels(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    struct background calls[3];
    hang_many(client, calls, 3);
    wait_for_requests(server, 3);
    int64_t start_ms = clock_mono_ms();
    grpc_client_close(client);
    join_cancelled(calls, 3);
    assert_true(clock_mono_ms() - start_ms < 2000);
    grpc_client_close(NULL);
    test_server_stop(server);
}

/* ---- connections that break ---- */

static void test_unary__server_dies_with_the_request(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    struct background die = {.client = client, .method = "/test.Service/Die", .len = 100000};
    pthread_create(&die.thread, NULL, background_call, &die);
    wait_for_requests(server, 1);
    test_server_stop(server);
    pthread_join(die.thread, NULL);
    assert_int_not_equal(die.answer.code, GRPC_CODE_OK);
    assert_true(die.answer.sent);
    answer_clear(&die.answer);
    grpc_client_close(client);
}

static struct test_server *restart(int port)
{
    int64_t until_ms = clock_mono_ms() + 20000;
    struct test_server *server = NULL;
    while (!(server = test_server_start(port, NULL, false)))
        if (clock_mono_ms() > until_ms)
            fail_msg("port %d does not come free", port);
    return server;
}

/* A loop that fails at once, as a caller with its own backoff does it, gets through again soon. */
static void test_unary__writes_again_soon_after_a_restart(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    int port = test_server_port(server);
    struct grpc_client *client = open_client(port, NULL);
    struct answer a = {0};
    call(client, "/test.Service/Echo", "before", &a);
    assert_int_equal(a.code, GRPC_CODE_OK);
    test_server_stop(server);
    for (int64_t until_ms = clock_mono_ms() + 2500; clock_mono_ms() < until_ms;) {
        call_with(client, "/test.Service/Echo", "x", 1, 1000, false, &a);
        assert_int_equal(a.code, GRPC_CODE_UNAVAILABLE);
        struct timespec pause = {.tv_nsec = 50000000};
        nanosleep(&pause, NULL);
    }
    server = restart(port);
    int64_t back_ms = clock_mono_ms();
    do {
        call_with(client, "/test.Service/Echo", "x", 1, 1000, false, &a);
        if (clock_mono_ms() - back_ms > 3000)
            fail_msg("not connected again: %s", a.err.message);
    } while (a.code != GRPC_CODE_OK);
    answer_clear(&a);
    grpc_client_close(client);
    test_server_stop(server);
}

/* The request is larger than what the connection takes in, so that core still holds some of it when
 * the deadline comes; its memory must be ours again when the call returns. */
static void test_unary__server_hangs_with_the_connection_open(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct grpc_client *client = NULL;
    struct answer a = {0};
    assert_int_equal(grpc_client_open(test_etcd_endpoint(etcd), NULL, &client, &a.err), KS_OK);
    static const char range[] = "\x0a\x01k";
    call_with(client, "/etcdserverpb.KV/Range", range, 3, 5000, true, &a);
    assert_int_equal(a.code, GRPC_CODE_OK);
    test_etcd_freeze(etcd, true);
    size_t len = 16 * 1024 * 1024;
    uint8_t *large = xcalloc(1, len);
    expect_deadline(client, "/etcdserverpb.KV/Range", large, len);
    free(large);
    test_etcd_freeze(etcd, false);
    call_with(client, "/etcdserverpb.KV/Range", range, 3, 20000, true, &a);
    assert_int_equal(a.code, GRPC_CODE_OK);
    answer_clear(&a);
    grpc_client_close(client);
    test_etcd_stop(etcd);
}

/* ---- TLS ---- */

static void expect_tls(int port, const struct grpc_tls *tls, bool works, const char *text)
{
    struct grpc_client *client = open_client(port, tls);
    struct answer a = {0};
    call_with(client, "/test.Service/Echo", "secret", 6, 5000, works, &a);
    if (works) {
        if (a.code != GRPC_CODE_OK)
            fail_msg("%s", a.err.message);
        assert_string_equal(ks_buf_str(&a.reply), "secret");
    } else {
        assert_int_equal(a.code, GRPC_CODE_UNAVAILABLE);
        assert_false(a.sent);
        assert_contains(a.err.message, text);
    }
    answer_clear(&a);
    grpc_client_close(client);
}

static void test_tls__server_certificate(void **state)
{
    struct test_certs certs;
    test_certs_make(&certs);
    struct test_server *server = test_server_start(0, &certs, false);
    int port = test_server_port(server);
    struct grpc_tls tls = {.enabled = true, .ca_file = certs.ca};
    expect_tls(port, &tls, true, NULL);
    tls.server_name = "localhost";
    expect_tls(port, &tls, true, NULL);
    tls.server_name = "elsewhere.example";
    expect_tls(port, &tls, false, "elsewhere.example");
    expect_tls(port, &(struct grpc_tls){.enabled = true, .ca_file = certs.other_ca}, false,
               "certificate");
    test_server_stop(server);
    test_certs_remove(&certs);
}

static void test_tls__client_certificate(void **state)
{
    struct test_certs certs;
    test_certs_make(&certs);
    struct test_server *server = test_server_start(0, &certs, true);
    struct grpc_tls tls = {.enabled = true,
                           .ca_file = certs.ca,
                           .cert_file = certs.client_cert,
                           .key_file = certs.client_key};
    expect_tls(test_server_port(server), &tls, true, NULL);
    tls.cert_file = tls.key_file = NULL;
    expect_tls(test_server_port(server), &tls, false, "127.0.0.1");
    test_server_stop(server);
    test_certs_remove(&certs);
}

static void test_open__bad_pem(void **state)
{
    struct test_certs certs;
    test_certs_make(&certs);
    struct grpc_client *client = NULL;
    struct ks_error err = {0};
    struct grpc_tls tls = {.enabled = true, .ca_file = certs.garbage};
    assert_int_equal(grpc_client_open("127.0.0.1:1", &tls, &client, &err), KS_ERR_FATAL);
    assert_contains(err.message, certs.garbage);
    assert_contains(err.message, "PEM");
    tls.ca_file = "/nonexistent/ca.pem";
    assert_int_equal(grpc_client_open("127.0.0.1:1", &tls, &client, &err), KS_ERR_FATAL);
    assert_contains(err.message, "/nonexistent/ca.pem");
    assert_null(client);
    test_certs_remove(&certs);
}

/* ---- streams ---- */

static struct grpc_stream *open_stream(struct grpc_client *client)
{
    struct grpc_stream *stream = NULL;
    struct ks_error err = {0};
    struct grpc_call spec = {.method = "/test.Service/Stream", .wait_for_ready = true};
    if (grpc_stream_open(client, &spec, &stream, &err) != GRPC_CODE_OK)
        fail_msg("%s", err.message);
    return stream;
}

static enum grpc_code stream_send(struct grpc_stream *stream, const char *text,
                                  struct ks_error *err)
{
    return grpc_stream_send(stream, (struct ks_slice){text, strlen(text)}, err);
}

static void test_stream__messages_both_ways(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    struct grpc_stream *stream = open_stream(client);
    struct ks_error err = {0};
    struct ks_buf message = {0};
    bool got;
    for (int i = 0; i < 200; i++) {
        char text[32];
        snprintf(text, sizeof(text), "message %d", i);
        assert_int_equal(stream_send(stream, text, &err), GRPC_CODE_OK);
        assert_int_equal(grpc_stream_recv(stream, 5000, &message, &got, &err), GRPC_CODE_OK);
        assert_true(got);
        assert_string_equal(ks_buf_str(&message), text);
    }
    assert_int_equal(grpc_stream_recv(stream, 50, &message, &got, &err), GRPC_CODE_OK);
    assert_false(got);
    assert_int_equal(stream_send(stream, "after a timeout", &err), GRPC_CODE_OK);
    assert_int_equal(grpc_stream_recv(stream, 5000, &message, &got, &err), GRPC_CODE_OK);
    assert_string_equal(ks_buf_str(&message), "after a timeout");
    ks_buf_release(&message);
    grpc_stream_close(stream);
    grpc_client_close(client);
    test_server_stop(server);
}

static void expect_stream_end(struct grpc_client *client, const char *text, enum grpc_code code)
{
    struct grpc_stream *stream = open_stream(client);
    struct ks_error err = {0};
    struct ks_buf message = {0};
    bool got;
    assert_int_equal(stream_send(stream, text, &err), GRPC_CODE_OK);
    assert_int_equal(grpc_stream_recv(stream, 5000, &message, &got, &err), code);
    assert_false(got);
    assert_contains(err.message, "/test.Service/Stream");
    assert_int_equal(grpc_stream_recv(stream, 5000, &message, &got, &err), code);
    ks_buf_release(&message);
    grpc_stream_close(stream);
}

static void test_stream__ended_by_the_server(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    expect_stream_end(client, "end", GRPC_CODE_UNAVAILABLE);
    expect_stream_end(client, "fail", GRPC_CODE_NOT_FOUND);
    grpc_client_close(client);
    test_server_stop(server);
}

static void test_stream__cancelled_and_closed_late(void **state)
{
    struct test_server *server = test_server_start(0, NULL, false);
    struct grpc_client *client = open_client(test_server_port(server), NULL);
    struct grpc_stream *stream = open_stream(client), *unused = open_stream(client);
    struct ks_error err = {0};
    struct ks_buf message = {0};
    bool got;
    assert_int_equal(grpc_stream_recv(stream, 10, &message, &got, &err), GRPC_CODE_OK);
    grpc_client_cancel_all(client);
    assert_int_equal(grpc_stream_recv(stream, 5000, &message, &got, &err), GRPC_CODE_CANCELLED);
    ks_buf_release(&message);
    grpc_client_close(client);
    grpc_stream_close(stream);
    grpc_stream_close(unused);
    test_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary__echo_small_and_large),
        cmocka_unit_test(test_unary__server_error_text),
        cmocka_unit_test(test_unary__metadata),
        cmocka_unit_test(test_unary__deadline),
        cmocka_unit_test(test_unary__nobody_listens),
        cmocka_unit_test(test_cancel_all__ends_waiting_calls_only),
        cmocka_unit_test(test_close__is_quick_and_cancels),
        cmocka_unit_test(test_unary__server_dies_with_the_request),
        cmocka_unit_test(test_unary__writes_again_soon_after_a_restart),
        cmocka_unit_test(test_unary__server_hangs_with_the_connection_open),
        cmocka_unit_test(test_tls__server_certificate),
        cmocka_unit_test(test_tls__client_certificate),
        cmocka_unit_test(test_open__bad_pem),
        cmocka_unit_test(test_stream__messages_both_ways),
        cmocka_unit_test(test_stream__ended_by_the_server),
        cmocka_unit_test(test_stream__cancelled_and_closed_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
