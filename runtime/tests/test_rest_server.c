#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"
#include "helper_rest_server.h"

/* ---- routes of this test, in place of those of rest_cdc.c ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool door_open;
static int inside;

static void set_door(bool open)
{
    pthread_mutex_lock(&lock);
    door_open = open;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_inside(int wanted)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += 20;
    int late = 0;
    pthread_mutex_lock(&lock);
    while (inside != wanted && !late)
        late = pthread_cond_timedwait(&changed, &lock, &at);
    int found = inside;
    pthread_mutex_unlock(&lock);
    assert_int_equal(found, wanted);
}

static void hang(const struct rest_context *ctx, const struct rest_request *req,
                 struct rest_response *res)
{
    rest_waits_for("the door to open");
    pthread_mutex_lock(&lock);
    inside++;
    pthread_cond_broadcast(&changed);
    while (!door_open)
        pthread_cond_wait(&changed, &lock);
    inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    rest_answer(res, 200, json_string("late"));
}

static void echo(const struct rest_context *ctx, const struct rest_request *req,
                 struct rest_response *res)
{
    rest_answer(res, 200,
                json_pack("{s:s, s:s, s:s?, s:s, s:i}", "method", req->method, "name",
                          req->params[0], "q", rest_query_get(req, "q"), "cluster",
                          ctx->kafka_cluster_id, "body", (int)req->body_len));
}

static void make(const struct rest_context *ctx, const struct rest_request *req,
                 struct rest_response *res)
{
    json_t *body = rest_body_object(req, res);
    if (!body)
        return;
    rest_answer(res, 201, body);
    res->location = xstrdup("/test/made");
}

static void much(const struct rest_context *ctx, const struct rest_request *req,
                 struct rest_response *res)
{
    rest_answer(res, 200, NULL);
    res->type = "text/plain";
    memset(ks_buf_reserve(&res->text, 64 << 20), 'x', 64 << 20);
    res->text.len += 64 << 20;
}

static void nothing(const struct rest_context *ctx, const struct rest_request *req,
                    struct rest_response *res)
{
    rest_answer(res, 204, NULL);
}

const struct rest_route rest_cdc_routes[] = {
    {"GET", "/test/echo/{name}", echo, 0},
    {"PUT", "/test/echo/{name}", echo, REST_WRITES | REST_ANY_TYPE},
    {"POST", "/test", make, REST_WRITES},
    {"GET", "/test/hang", hang, 0},
    {"PUT", "/test/hang", hang, REST_WRITES},
    {"GET", "/test/much", much, 0},
    {"DELETE", "/test/made", nothing, REST_WRITES},
    {"GET", "/test/admin/{name}", echo, REST_ADMIN},
    {0},
};

static int setup(void **state)
{
    set_door(false);
    return rest_test_setup(state);
}

static int teardown(void **state)
{
    set_door(true);
    return rest_test_teardown(state);
}

static void test_open__answers_before_it_is_ready(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, false);
    struct http_answer a = http_client_ask(f->port, "GET", "/", "", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(rest_test_member(&a, "kafka_cluster_id"), "");
    a = http_client_ask(f->port, "GET", "/health", "", NULL);
    assert_int_equal(a.status, 503);
    assert_string_equal(rest_test_member(&a, "status"), "starting");
    a = http_client_ask(f->port, "GET", "/test/echo/a", "", NULL);
    rest_test_check_error(&a, 503, "The worker is starting");
    a = http_client_ask(f->port, "GET", "/nope", "", NULL);
    rest_test_check_error(&a, 404, "HTTP 404 Not Found");
}

static void test_ask__methods_and_media(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, true);
    struct http_answer a = http_client_ask(f->port, "GET", "/", "", NULL);
    assert_string_equal(rest_test_member(&a, "kafka_cluster_id"), "cluster-1");
    int major = 0, minor = 0;
    assert_int_equal(sscanf(rest_test_member(&a, "version"), "%d.%d.", &major, &minor), 2);
    assert_true(major * 100 + minor >= 307);
    a = http_client_ask(f->port, "HEAD", "/test/echo/a", "", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(http_answer_header(&a, "Content-Type"), "application/json");
    a = http_client_ask(f->port, "OPTIONS", "/test/echo/a/", "", NULL);
    assert_string_equal(a.body, "HEAD, GET, OPTIONS, PUT");
    a = http_client_ask(f->port, "POST", "/test/echo/a", "", "");
    rest_test_check_error(&a, 405, "Method Not Allowed");
    assert_string_equal(http_answer_header(&a, "Allow"), "HEAD, GET, OPTIONS, PUT");
    a = http_client_ask(f->port, "POST", "/test", "Content-Type: application/json\r\n", "{}");
    assert_int_equal(a.status, 201);
    assert_string_equal(http_answer_header(&a, "Location"), "/test/made");
    a = http_client_ask(f->port, "POST", "/test", "Content-Type: text/plain\r\n", "{}");
    rest_test_check_error(&a, 415, "Unsupported");
    a = http_client_ask(f->port, "POST", "/test", "", "{}");
    rest_test_check_error(&a, 415, "Unsupported");
    a = http_client_ask(f->port, "GET", "/test/echo/a", "Accept: text/html\r\n", NULL);
    rest_test_check_error(&a, 406, "Not Acceptable");
    a = http_client_ask(f->port, "DELETE", "/test/made", "", NULL);
    assert_int_equal(a.status, 204);
    assert_null(http_answer_header(&a, "Content-Type"));
}

static void test_ask__a_body_that_the_client_has(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, false);
    struct http_answer a = http_client_ask(f->port, "GET", "/ui/ui.css", "", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(http_answer_header(&a, "X-Content-Type-Options"), "nosniff");
    char *has = xasprintf("If-None-Match: \"x\", W/%s\r\n", http_answer_header(&a, "ETag"));
    a = http_client_ask(f->port, "GET", "/ui/ui.css", has, NULL);
    assert_int_equal(a.status, 304);
    assert_string_equal(a.body, "");
    assert_non_null(http_answer_header(&a, "ETag"));
    a = http_client_ask(f->port, "HEAD", "/ui/ui.css", "If-None-Match: \"x\"\r\n", NULL);
    assert_int_equal(a.status, 200);
    free(has);
}

static void test_ask__encoded_names(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, true);
    static const char *const cases[][2] = {
        {"/test/echo/a%2Fb", "a/b"},     {"/test/echo/a%25b/", "a%b"},
        {"/test/echo/a+b", "a+b"},       {"/test/echo/a%20b", "a b"},
        {"/test/echo/a;b%3Fc", "a;b?c"}, {"/test/echo/caf%C3%A9", "caf\xC3\xA9"},
        {"/test/echo/..", ".."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer a = http_client_ask(f->port, "GET", cases[i][0], "", NULL);
        assert_int_equal(a.status, 200);
        assert_string_equal(rest_test_member(&a, "name"), cases[i][1]);
    }
    struct http_answer a = http_client_ask(f->port, "GET", "/test/echo/x?q=a+b%26c", "", NULL);
    assert_string_equal(rest_test_member(&a, "q"), "a b&c");
    a = http_client_ask(f->port, "GET", "/test/echo/%zz", "", NULL);
    rest_test_check_error(&a, 400, "percent-encoded");
}

static void test_ask__keep_alive_and_pipelining(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, true);
    struct http_answer a;
    int fd = http_client_open(f->port);
    http_client_send(fd, "GET /test/echo/1 HTTP/1.1\r\nHost: a\r\n\r\n"
                         "PUT /test/echo/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                         "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
                         "GET /test/echo/3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_true(http_client_read(fd, false, &a));
    assert_string_equal(rest_test_member(&a, "name"), "1");
    assert_true(http_client_read(fd, false, &a));
    assert_string_equal(rest_test_member(&a, "name"), "2");
    assert_true(http_client_read(fd, false, &a));
    assert_string_equal(rest_test_member(&a, "status"), "healthy");
    assert_true(http_client_read(fd, false, &a));
    assert_string_equal(rest_test_member(&a, "name"), "3");
    assert_true(http_client_closed(fd));
    close(fd);
}

static void test_ask__too_large(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "rest.max.body.bytes", "2000");
    rest_test_option(f, "rest.max.header.bytes", "2000");
    rest_test_start(f, true);
    char text[6001];
    memset(text, 'x', 6000);
    text[6000] = '\0';
    struct http_answer a = http_client_ask(f->port, "PUT", "/test/echo/a", "", text);
    rest_test_check_error(&a, 413, "longer than 2000 bytes");
    text[2000] = '\0';
    a = http_client_ask(f->port, "PUT", "/test/echo/a", "", text);
    assert_int_equal(a.status, 200);
    char *header = xasprintf("X: %s\r\n", text);
    a = http_client_ask(f->port, "GET", "/health", header, NULL);
    free(header);
    rest_test_check_error(&a, 431, "longer than 2000 bytes");
}

static void test_ask__too_large_in_chunks_keeps_the_connection(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "rest.max.body.bytes", "1024");
    rest_test_start(f, true);
    struct http_answer a;
    int fd = http_client_open(f->port);
    http_client_send(fd, "PUT /test/echo/a HTTP/1.1\r\nHost: a\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n");
    char chunk[520];
    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk, "200\r\n", 5);
    strcpy(chunk + 5 + 512, "\r\n");
    for (int i = 0; i < 3; i++)
        http_client_send(fd, chunk);
    http_client_send(fd, "0\r\n\r\nGET /test/echo/b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(http_client_read(fd, false, &a));
    rest_test_check_error(&a, 413, "longer than 1024 bytes");
    assert_true(http_client_read(fd, false, &a));
    assert_string_equal(rest_test_member(&a, "name"), "b");
    close(fd);
}

static void test_ask__expect_100_continue(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "rest.max.body.bytes", "1024");
    rest_test_start(f, true);
    struct http_answer a;
    int fd = http_client_open(f->port);
    http_client_send(fd, "PUT /test/echo/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                         "Content-Length: 3\r\n\r\n");
    assert_true(http_client_read(fd, false, &a));
    assert_int_equal(a.status, 100);
    http_client_send(fd, "abc");
    assert_true(http_client_read(fd, false, &a));
    assert_int_equal(a.status, 200);
    close(fd);
    /* Who asks first hears the refusal without sending the body. */
    fd = http_client_open(f->port);
    http_client_send(fd, "PUT /test/echo/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                         "Content-Length: 1000000\r\n\r\n");
    assert_true(http_client_read(fd, false, &a));
    rest_test_check_error(&a, 413, "longer than 1024 bytes");
    close(fd);
}

static void test_ask__not_http(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, true);
    int fd = http_client_open(f->port);
    http_client_send(fd, "\x16\x03\x01 what is this\r\n\r\n");
    assert_true(http_client_closed(fd));
    close(fd);
    struct http_answer a = http_client_ask(f->port, "GET", "/test/echo/a", "", NULL);
    assert_int_equal(a.status, 200);
}

/* ---- time ---- */

static void test_time__hung_handlers_leave_the_rest_alone(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "rest.threads", "4");
    rest_test_start(f, true);
    int fds[6];
    for (int i = 0; i < 6; i++) {
        fds[i] = http_client_open(f->port);
        http_client_send(fds[i], i < 4 ? "PUT /test/hang HTTP/1.1\r\nHost: a\r\n\r\n"
                                       : "GET /test/hang HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    wait_inside(4); /* two writes, two reads: every thread */
    int64_t begin_ms = clock_mono_ms();
    struct http_answer a = http_client_ask(f->port, "GET", "/health", "", NULL);
    assert_int_equal(a.status, 200);
    a = http_client_ask(f->port, "GET", "/", "", NULL);
    assert_int_equal(a.status, 200);
    assert_true(clock_mono_ms() - begin_ms < 1000);
    set_door(true);
    for (int i = 0; i < 6; i++) {
        assert_true(http_client_read(fds[i], false, &a));
        assert_int_equal(a.status, 200);
        close(fds[i]);
    }
}

static void test_time__request_that_takes_too_long(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "rest.request.timeout.ms", "200");
    rest_test_start(f, true);
    int fd = http_client_open(f->port);
    http_client_send(fd, "GET /test/hang HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_answer a;
    assert_true(http_client_read(fd, false, &a));
    rest_test_check_error(&a, 500, "waiting for the door to open: GET /test/hang");
    /* The late result must not become the answer of the next request. */
    http_client_send(fd, "GET /test/echo/next HTTP/1.1\r\nHost: a\r\n\r\n");
    set_door(true);
    assert_true(http_client_read(fd, false, &a));
    assert_string_equal(rest_test_member(&a, "name"), "next");
    close(fd);
}

static void test_time__client_gone_while_its_request_is_handled(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, true);
    int fd = http_client_open(f->port);
    http_client_send(fd, "PUT /test/hang HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_inside(1);
    close(fd);
    set_door(true);
    wait_inside(0);
    struct http_answer a = http_client_ask(f->port, "GET", "/test/echo/a", "", NULL);
    assert_int_equal(a.status, 200);
}

struct trickle {
    int fd;
    const char *text;
    bool ended;
    int64_t took_ms;
};

/* A byte every 20 ms, for ever: never idle. Until the server closes. */
static void *trickle_thread(void *arg)
{
    struct trickle *t = arg;
    int64_t begin_ms = clock_mono_ms();
    for (size_t i = 0; clock_mono_ms() < begin_ms + 20000; i++) {
        char byte[2] = {t->text[i < strlen(t->text) ? i : strlen(t->text) - 1], 0};
        http_client_send(t->fd, byte);
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        if (poll(&p, 1, 20) > 0) {
            t->ended = true;
            break;
        }
    }
    t->took_ms = clock_mono_ms() - begin_ms;
    return NULL;
}

static void test_time__slow_clients(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "rest.client.timeout.ms", "500");
    rest_test_start(f, true);
    struct trickle clients[] = {
        {.text = "GET /hea"},
        {.text = "GET / HTTP/1.1\r\nHost: a\r\nX: yyyyy"},
        {.text = "PUT /test/echo/a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nb"},
    };
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        clients[i].fd = http_client_open(f->port);
        pthread_create(&threads[i], NULL, trickle_thread, &clients[i]);
    }
    int idle = http_client_open(f->port);
    struct http_answer a = http_client_ask(f->port, "GET", "/test/echo/a", "", NULL);
    assert_int_equal(a.status, 200);
    assert_true(http_client_closed(idle));
    close(idle);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_true(clients[i].ended);
        assert_true(clients[i].took_ms >= 400 && clients[i].took_ms < 10000);
        close(clients[i].fd);
    }
}

static void test_time__slow_reader(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "rest.client.timeout.ms", "500");
    rest_test_start(f, true);
    int fd = http_client_open(f->port);
    http_client_send(fd, "GET /test/much HTTP/1.1\r\nHost: a\r\n\r\n");
    /* Never idle, but it would take 20 s. */
    static char bytes[1 << 16];
    size_t sum = 0;
    for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0; usleep(20000))
        sum += (size_t)got;
    assert_true(sum < 64 << 20);
    close(fd);
}

static void test_limit__idle_connections_make_room(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "rest.max.connections", "10");
    rest_test_start(f, true);
    int fds[20];
    for (int i = 0; i < 20; i++) /* ten of them in the backlog */
        fds[i] = http_client_open(f->port);
    int64_t begin_ms = clock_mono_ms();
    struct http_answer a = http_client_ask(f->port, "GET", "/test/echo/a", "", NULL);
    assert_int_equal(a.status, 200);
    assert_true(clock_mono_ms() - begin_ms < 15000);
    for (int i = 0; i < 20; i++)
        close(fds[i]);
}

/* ---- listeners ---- */

static void test_listeners__admin_off(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "admin.listeners", "");
    rest_test_start(f, true);
    struct http_answer a = http_client_ask(f->port, "GET", "/test/admin/a", "", NULL);
    rest_test_check_error(&a, 404, "Not Found");
    a = http_client_ask(f->port, "GET", "/test/echo/a", "", NULL);
    assert_int_equal(a.status, 200);
}

static void test_listeners__admin_apart(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "listeners", "");
    rest_test_option(f, "admin.listeners", "http://127.0.0.1:0");
    rest_test_start(f, true);
    struct http_answer a = http_client_ask(f->port, "GET", "/test/admin/a", "", NULL);
    assert_int_equal(a.status, 200);
    a = http_client_ask(f->port, "GET", "/test/echo/a", "", NULL);
    rest_test_check_error(&a, 404, "Not Found");
}

static void test_listeners__several(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "listeners", "http://127.0.0.1:0, http://[::1]:0");
    rest_test_start(f, true);
    struct http_answer a = http_client_ask(f->port, "GET", "/health", "", NULL);
    assert_int_equal(a.status, 200);
}

static void test_listeners__none(void **state)
{
    struct rest_test *f = *state;
    rest_test_option(f, "listeners", "");
    rest_test_start(f, true);
    assert_int_equal(f->port, 0);
}

/* ---- stop ---- */

static void *drain_thread(void *arg)
{
    rest_server_drain(arg, 20000);
    return NULL;
}

/* Until new connections are refused: then the stop has begun. */
static void wait_until_refused(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool refused = false;
    for (int64_t end_ms = clock_mono_ms() + 20000; !refused && clock_mono_ms() < end_ms;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        refused = connect(fd, (struct sockaddr *)&address, sizeof address) != 0;
        close(fd);
    }
    assert_true(refused);
}

static void test_stop__answers_what_is_handled(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, true);
    int fd = http_client_open(f->port);
    http_client_send(fd, "PUT /test/hang HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_inside(1);
    pthread_t thread;
    pthread_create(&thread, NULL, drain_thread, f->server);
    wait_until_refused(f->port);
    set_door(true);
    pthread_join(thread, NULL);
    assert_true(rest_server_close(f->server, 20000));
    f->server = NULL;
    struct http_answer a;
    assert_true(http_client_read(fd, false, &a));
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "\"late\"");
    assert_string_equal(http_answer_header(&a, "Connection"), "close");
    assert_true(http_client_closed(fd));
    close(fd);
}

static struct rest_server *volatile left_behind; /* so that it counts as reachable */

static void test_stop__hung_handler_gets_503_and_is_told(void **state)
{
    struct rest_test *f = *state;
    rest_test_start(f, true);
    int fd = http_client_open(f->port);
    int idle = http_client_open(f->port);
    http_client_send(fd, "PUT /test/hang HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_inside(1);
    rest_server_drain(f->server, 50);
    http_client_send(idle, "GET /test/echo/a HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_answer a;
    assert_true(http_client_read(idle, false, &a));
    rest_test_check_error(&a, 503, "stopping");
    close(idle);
    assert_false(rest_server_close(f->server, 5000));
    assert_true(http_client_read(fd, false, &a));
    rest_test_check_error(&a, 503, "stopping");
    close(fd);
    set_door(true);
    wait_inside(0);
    left_behind = f->server; /* as the process would */
    f->server = NULL;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_open__answers_before_it_is_ready),
        TEST(test_ask__methods_and_media),
        TEST(test_ask__a_body_that_the_client_has),
        TEST(test_ask__encoded_names),
        TEST(test_ask__keep_alive_and_pipelining),
        TEST(test_ask__too_large),
        TEST(test_ask__too_large_in_chunks_keeps_the_connection),
        TEST(test_ask__expect_100_continue),
        TEST(test_ask__not_http),
        TEST(test_time__hung_handlers_leave_the_rest_alone),
        TEST(test_time__request_that_takes_too_long),
        TEST(test_time__client_gone_while_its_request_is_handled),
        TEST(test_time__slow_clients),
        TEST(test_time__slow_reader),
        TEST(test_limit__idle_connections_make_room),
        TEST(test_listeners__admin_off),
        TEST(test_listeners__admin_apart),
        TEST(test_listeners__several),
        TEST(test_listeners__none),
        TEST(test_stop__answers_what_is_handled),
        TEST(test_stop__hung_handler_gets_503_and_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
