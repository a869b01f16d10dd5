#include "errant_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_metric(struct task_context *ctx, enum ks_metric_kind kind, const char *name,
                      const char *labels, double value)
{
    if (strstr(name, "total_record_failures"))
        ++*(int *)ctx->owner;
}

static struct errant_records *make(struct task_context *ctx, int *failures,
                                   struct ks_config_entry *entries, size_t count)
{
    memset((void *)ctx, 0, sizeof *ctx);
    ctx->connector = "c";
    ctx->task_id = 3;
    ctx->config = (struct ks_config){entries, count};
    ctx->on_metric = on_metric;
    ctx->owner = failures;
    return errant_records_new(ctx);
}

static const struct ks_header own_header = {"mine", {"1", 1}};
static const struct ks_record original = {.topic = "t",
                                          .partition = 4,
                                          .offset = 17,
                                          .timestamp_ms = 99,
                                          .key = {"k", 1},
                                          .value = {"v\0w", 3},
                                          .headers = &own_header,
                                          .header_count = 1};
static const struct ks_error reason = {KS_ERR_DATA, "bad byte 3"};

static void assert_header(const struct ks_record *r, const char *key, const char *value)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (strcmp(r->headers[i].key, key) != 0)
            continue;
        assert_int_equal(r->headers[i].value.len, strlen(value));
        assert_memory_equal(r->headers[i].value.data, value, strlen(value));
        return;
    }
    fail_msg("no header %s", key);
}

static void test_add__neither_tolerated_nor_a_topic(void **state)
{
    struct task_context ctx;
    struct ks_error err;
    int failures = 0;
    struct errant_records *e = make(&ctx, &failures, NULL, 0);
    assert_int_equal(errant_records_add(e, &original, STAGE_VALUE_CONVERTER, "C", &reason, &err),
                     KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "bad byte 3"));
    assert_non_null(strstr(err.message, "offset 17"));
    assert_non_null(strstr(err.message, "errors.tolerance=all"));
    assert_null(errant_records_topic(e));
    errant_records_free(e);
}

static void test_add__tolerated_without_a_topic(void **state)
{
    struct task_context ctx;
    struct ks_error err;
    int failures = 0;
    struct ks_config_entry entries[] = {{"errors.deadletterqueue.topic.name", ""},
                                        {"errors.tolerance", "all"}};
    struct errant_records *e = make(&ctx, &failures, entries, 2);
    assert_int_equal(errant_records_add(e, &original, STAGE_VALUE_CONVERTER, "C", &reason, &err),
                     KS_OK);
    assert_int_equal(errant_records_count(e), 0);
    assert_int_equal(failures, 1);
    errant_records_free(e);
}

static void test_add__letter_has_connects_headers(void **state)
{
    struct task_context ctx;
    struct ks_error err;
    int failures = 0;
    struct ks_config_entry entry = {"errors.deadletterqueue.topic.name", "dead"};
    struct errant_records *e = make(&ctx, &failures, &entry, 1);
    assert_int_equal(
        errant_records_add(e, &original, STAGE_KEY_CONVERTER, "the.Class", &reason, &err), KS_OK);
    assert_int_equal(errant_records_count(e), 1);
    const struct ks_record *letter = errant_records_at(e, 0);
    assert_string_equal(letter->topic, "dead");
    assert_int_equal(letter->timestamp_ms, 99);
    assert_int_equal(letter->key.len, 1);
    assert_int_equal(letter->value.len, 3);
    assert_memory_equal(letter->value.data, "v\0w", 3);
    assert_ptr_not_equal(letter->value.data, original.value.data);
    assert_header(letter, "mine", "1");
    assert_header(letter, "__connect.errors.topic", "t");
    assert_header(letter, "__connect.errors.partition", "4");
    assert_header(letter, "__connect.errors.offset", "17");
    assert_header(letter, "__connect.errors.connector.name", "c");
    assert_header(letter, "__connect.errors.task.id", "3");
    assert_header(letter, "__connect.errors.stage", "KEY_CONVERTER");
    assert_header(letter, "__connect.errors.class.name", "the.Class");
    assert_header(letter, "__connect.errors.exception.message", "bad byte 3");
    assert_header(letter, "__connect.errors.exception.class.name",
                  "org.apache.kafka.connect.errors.DataException");
    errant_records_free(e);
}

static void test_add__nulls_and_no_context(void **state)
{
    struct task_context ctx;
    struct ks_error err;
    int failures = 0;
    struct ks_config_entry entries[] = {{"errors.deadletterqueue.context.headers.enable", "false"},
                                        {"errors.deadletterqueue.topic.name", "dead"}};
    struct errant_records *e = make(&ctx, &failures, entries, 2);
    struct ks_record tombstone = {.topic = "t"};
    assert_int_equal(errant_records_add(e, &tombstone, "TASK_PUT", "C", &reason, &err), KS_OK);
    assert_null(errant_records_at(e, 0)->key.data);
    assert_null(errant_records_at(e, 0)->value.data);
    assert_int_equal(errant_records_at(e, 0)->header_count, 0);
    errant_records_free(e);
}

static void test_drop__oldest_first(void **state)
{
    struct task_context ctx;
    struct ks_error err;
    int failures = 0;
    struct ks_config_entry entry = {"errors.deadletterqueue.topic.name", "dead"};
    struct errant_records *e = make(&ctx, &failures, &entry, 1);
    for (int i = 0; i < 5; i++) {
        struct ks_record r = original;
        r.timestamp_ms = i;
        assert_int_equal(errant_records_add(e, &r, "TASK_PUT", "C", &reason, &err), KS_OK);
    }
    errant_records_drop(e, 3);
    assert_int_equal(errant_records_count(e), 2);
    assert_int_equal(errant_records_at(e, 0)->timestamp_ms, 3);
    errant_records_drop(e, 0);
    assert_int_equal(errant_records_count(e), 2);
    errant_records_free(e);
}

static void test_add__bounded(void **state)
{
    struct task_context ctx;
    struct ks_error err;
    int failures = 0;
    struct ks_config_entry entry = {"errors.deadletterqueue.topic.name", "dead"};
    struct errant_records *e = make(&ctx, &failures, &entry, 1);
    size_t size = 1 << 20;
    char *bytes = calloc(1, size);
    struct ks_record r = {.topic = "t", .value = {bytes, size}};
    enum ks_status status = KS_OK;
    for (int i = 0; i < 100 && status == KS_OK; i++)
        status = errant_records_add(e, &r, "TASK_PUT", "C", &reason, &err);
    assert_int_equal(status, KS_ERR_RETRIABLE);
    assert_int_equal(errant_records_count(e), 17);
    errant_records_drop(e, 17);
    assert_int_equal(errant_records_add(e, &r, "TASK_PUT", "C", &reason, &err), KS_OK);
    errant_records_free(e);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add__neither_tolerated_nor_a_topic),
        cmocka_unit_test(test_add__tolerated_without_a_topic),
        cmocka_unit_test(test_add__letter_has_connects_headers),
        cmocka_unit_test(test_add__nulls_and_no_context),
        cmocka_unit_test(test_drop__oldest_first),
        cmocka_unit_test(test_add__bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
