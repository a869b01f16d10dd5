#include "tail_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper_http_server.h"
#include "kitestream/sdk/util.h"

struct fixture {
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt;
    struct http_server registry;
    _Atomic int code;
    struct worker_config worker;
    struct tail_format *format;
    struct ks_buf line;
    struct ks_error err;
};

static int handle(void *arg, const struct http_request *request, char *body, size_t size)
{
    struct fixture *f = arg;
    bool known = strcmp(request->path, "/schemas/ids/7") == 0;
    if (known)
        snprintf(body, size,
                 "{\"schema\":\"{\\\"type\\\":\\\"array\\\",\\\"items\\\":\\\"int\\\"}\"}");
    return known ? f->code : 404;
}

static void open_all(struct fixture *f, bool value_only)
{
    char reason[128];
    memset((void *)f, 0, sizeof *f);
    f->code = 200;
    f->rk = rd_kafka_new(RD_KAFKA_CONSUMER, NULL, reason, sizeof reason);
    f->rkt = rd_kafka_topic_new(f->rk, "t", NULL);
    http_server_start(&f->registry, handle, f);
    string_map_set(&f->worker.all, "key.converter.schema.registry.url", f->registry.url);
    string_map_set(&f->worker.all, "value.converter.schema.registry.url", f->registry.url);
    f->format = tail_format_new(&f->worker, value_only);
}

static void close_all(struct fixture *f)
{
    tail_format_free(f->format);
    ks_buf_release(&f->line);
    string_map_release(&f->worker.all);
    http_server_stop(&f->registry);
    rd_kafka_topic_destroy(f->rkt);
    rd_kafka_destroy(f->rk);
}

static enum ks_status format(struct fixture *f, const void *value, size_t len)
{
    rd_kafka_message_t message = {.rkt = f->rkt,
                                  .partition = 1,
                                  .offset = 2,
                                  .payload = (void *)(uintptr_t)value,
                                  .len = len};
    ks_buf_reset(&f->line);
    return tail_format_line(f->format, &message, &f->line, &f->err);
}

static void test_line__avro_by_its_id(void **state)
{
    struct fixture f;
    open_all(&f, true);
    assert_int_equal(format(&f, "\0\0\0\0\7\4\2\4\0", 9), KS_OK);
    assert_string_equal(ks_buf_str(&f.line), "[1,2]\n");
    close_all(&f);
}

static void test_line__what_does_not_decode_is_shown(void **state)
{
    struct fixture f;
    open_all(&f, true);
    assert_int_equal(format(&f, "\0\0\0\0\7\4\2", 7), KS_ERR_DATA); /* cut */
    assert_string_equal(ks_buf_str(&f.line), "\"AAAAAAcEAg==\"\n");
    assert_int_equal(format(&f, "\0\0\0\0\x8x", 6), KS_ERR_DATA); /* unknown id */
    assert_string_equal(ks_buf_str(&f.line), "\"AAAAAAh4\"\n");
    assert_int_equal(format(&f, "\xff\xfe\xfd\xfc\xfb", 5), KS_OK); /* no text */
    assert_string_equal(ks_buf_str(&f.line), "\"//79/Ps=\"\n");
    assert_int_equal(format(&f, "{\"a\"", 4), KS_OK);
    assert_string_equal(ks_buf_str(&f.line), "\"{\\\"a\\\"\"\n");
    close_all(&f);
}

static void test_line__null_and_empty(void **state)
{
    struct fixture f;
    open_all(&f, false);
    assert_int_equal(format(&f, NULL, 0), KS_OK);
    assert_non_null(strstr(ks_buf_str(&f.line), "\"partition\":1,\"offset\":2,"));
    assert_non_null(strstr(ks_buf_str(&f.line), "\"key\":null,\"value\":null}\n"));
    assert_int_equal(format(&f, "", 0), KS_OK);
    assert_non_null(strstr(ks_buf_str(&f.line), "\"value\":\"\"}\n"));
    close_all(&f);
}

static void test_line__registry_away(void **state)
{
    struct fixture f;
    open_all(&f, false);
    f.code = 503;
    assert_int_equal(format(&f, "\0\0\0\0\7\4\2\4\0", 9), KS_ERR_RETRIABLE);
    assert_int_equal(f.line.len, 0);
    f.code = 200;
    assert_int_equal(format(&f, "\0\0\0\0\7\4\2\4\0", 9), KS_OK);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line__avro_by_its_id),
        cmocka_unit_test(test_line__what_does_not_decode_is_shown),
        cmocka_unit_test(test_line__null_and_empty),
        cmocka_unit_test(test_line__registry_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
