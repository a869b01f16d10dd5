#include "mq_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_golden.h"
#include "kitestream/sdk/buf.h"
#include "proto_wire.h"

static void put_base(struct ks_buf *out, int32_t type, uint64_t timestamp)
{
    struct ks_buf base = {0};
    wire_put_int(&base, 1, type);
    wire_put_uint(&base, 3, timestamp);
    wire_put_bytes(out, 1, base.data, base.len);
    ks_buf_release(&base);
}

static enum ks_status decode(const struct ks_buf *value, struct mq_record *rec,
                             struct ks_error *err)
{
    return mq_record_decode((struct ks_slice){value->data, value->len}, false, rec, err);
}

static bool slice_is(struct ks_slice slice, const char *text)
{
    return slice.len == strlen(text) && (!slice.len || memcmp(slice.data, text, slice.len) == 0);
}

static enum mq_kind kind_of_name(const char *type)
{
    static const struct {
        const char *name;
        enum mq_kind kind;
    } kinds[] = {{"TimeTick", MQ_TICK},
                 {"Insert", MQ_INSERT},
                 {"Delete", MQ_DELETE},
                 {"CreateCollection", MQ_CREATE_COLLECTION},
                 {"DropCollection", MQ_DROP_COLLECTION},
                 {"DropPartition", MQ_DROP_PARTITION},
                 {"Flush", MQ_FLUSH},
                 {"Import", MQ_IMPORT}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, type) == 0)
            return kinds[i].kind;
    return MQ_OTHER;
}

static void check_rows(const json_t *rows, const char *vchannel, const struct mq_record *rec)
{
    const json_t *blobs = json_object_get(rows, "row_based");
    size_t count = blobs ? json_array_size(blobs) : (size_t)golden_uint(rows, "num_rows");
    assert_int_equal(rec->row_count, count);
    assert_int_equal(rec->collection_id, golden_int(rows, "collection_id"));
    assert_int_equal(rec->partition_id, golden_int(rows, "partition_id"));
    assert_true(slice_is(rec->shard_name, vchannel));
    assert_true(slice_is(rec->partition_name, golden_str(rows, "partition_name")));
}

static void check_decoded(const json_t *line, struct ks_slice value)
{
    const json_t *expect = json_object_get(line, "expect");
    struct mq_record rec = {.channel = 3, .offset = 77};
    struct ks_error err = {0};
    assert_int_equal(mq_record_decode(value, false, &rec, &err), KS_OK);
    assert_int_equal(rec.channel, 3);
    assert_int_equal(rec.offset, 77);
    const char *type = golden_str(expect, "msg_type");
    assert_int_equal(rec.kind, kind_of_name(type));
    assert_string_equal(mq_msg_type_name(rec.msg_type), type);
    assert_int_equal(rec.msg_type, golden_int(expect, "msg_type_num"));
    assert_int_equal(rec.msg_id, golden_int(expect, "msg_id"));
    assert_true(rec.begin_tick == golden_uint(expect, "ts"));
    assert_true(rec.end_tick == golden_uint(expect, "ts"));
    const json_t *info = json_object_get(json_object_get(expect, "base"), "replicateInfo");
    assert_int_equal(rec.replicated, json_is_true(json_object_get(info, "isReplicate")));
    const json_t *rows = json_object_get(expect, rec.kind == MQ_INSERT ? "insert" : "delete");
    if (rows)
        check_rows(rows, golden_str(expect, "vchannel"), &rec);
    const json_t *body = json_object_get(expect, "body");
    if (rec.kind != MQ_OTHER && json_object_get(body, "collectionID"))
        assert_int_equal(rec.collection_id, golden_int(body, "collectionID"));
    if (rec.kind == MQ_DROP_PARTITION)
        assert_int_equal(rec.partition_id, golden_int(body, "partitionID"));
}

static void check_skipped(const char *name, struct ks_slice value)
{
    struct mq_record rec = {0};
    struct ks_error err = {0};
    enum ks_status status = mq_record_decode(value, false, &rec, &err);
    if (strcmp(name, "truncated_insert") == 0) {
        assert_int_equal(status, KS_ERR_DATA);
        assert_non_null(strstr(err.message, "Insert"));
        return;
    }
    assert_int_equal(status, KS_OK);
    assert_int_equal(rec.kind, strcmp(name, "unknown_msg_type") == 0 ? MQ_UNKNOWN : MQ_FOREIGN);
}

static void test_mq_record_decode__golden_25(void **state)
{
    json_t *lines = golden_load(GOLDEN_25);
    assert_int_equal(json_array_size(lines), 78);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_t *line = json_array_get(lines, i);
        struct ks_slice value = golden_base64(golden_str(line, "value_b64"));
        if (json_object_get(json_object_get(line, "expect"), "skip"))
            check_skipped(golden_str(line, "name"), value);
        else
            check_decoded(line, value);
        free((void *)value.data);
    }
    json_decref(lines);
}

/* The recording of a live 2.3.5: nothing in it is foreign, unknown or corrupt. */
static void test_mq_record_decode__golden_235(void **state)
{
    json_t *lines = golden_load(GOLDEN_235);
    size_t kinds[MQ_STREAMING + 1] = {0};
    for (size_t i = 0; i < json_array_size(lines); i++) {
        struct ks_slice value = golden_base64(golden_str(json_array_get(lines, i), "value"));
        struct mq_record rec = {0};
        struct ks_error err = {0};
        assert_int_equal(mq_record_decode(value, false, &rec, &err), KS_OK);
        kinds[rec.kind]++;
        if (rec.kind == MQ_INSERT || rec.kind == MQ_DELETE)
            assert_true(rec.row_count > 0 && rec.begin_tick == rec.end_tick);
        free((void *)value.data);
    }
    assert_true(kinds[MQ_TICK] > 100);
    assert_true(kinds[MQ_INSERT] > 10);
    assert_true(kinds[MQ_DELETE] > 5);
    assert_int_equal(kinds[MQ_FLUSH], 1);
    assert_int_equal(kinds[MQ_FOREIGN] + kinds[MQ_UNKNOWN] + kinds[MQ_STREAMING], 0);
    json_decref(lines);
}

/* Cut anywhere, a record whose type is still readable is corrupt, not foreign. */
static void test_mq_record_decode__cut_insert_is_never_skipped(void **state)
{
    json_t *lines = golden_load(GOLDEN_25);
    struct ks_slice value =
        golden_base64(golden_str(golden_find(lines, "name", "insert_all_types"), "value_b64"));
    for (size_t len = 5; len < value.len; len++) {
        uint8_t *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, value.data, len);
        struct mq_record rec = {0};
        struct ks_error err = {0};
        enum ks_status status = mq_record_decode((struct ks_slice){copy, len}, false, &rec, &err);
        free(copy);
        if (status == KS_OK) /* num_rows and version are the last two fields */
            assert_true(rec.row_count == 0 && len < value.len);
        else
            assert_int_equal(status, KS_ERR_DATA);
        assert_int_not_equal(rec.kind, MQ_FOREIGN);
    }
    free((void *)value.data);
    json_decref(lines);
}

static void test_mq_record_decode__streaming_header(void **state)
{
    struct mq_record rec = {0};
    struct ks_error err = {0};
    struct ks_slice value = {"\x0a\x00", 2};
    assert_int_equal(mq_record_decode(value, true, &rec, &err), KS_OK);
    assert_int_equal(rec.kind, MQ_STREAMING);
}

static void test_mq_record_decode__tick_split_in_two_bases(void **state)
{
    struct ks_buf value = {0};
    put_base(&value, 1200, 7);
    put_base(&value, 1200, 9);
    struct mq_record rec = {0};
    struct ks_error err = {0};
    assert_int_equal(decode(&value, &rec, &err), KS_OK);
    assert_int_equal(rec.kind, MQ_TICK);
    assert_int_equal(rec.end_tick, 9);
    ks_buf_release(&value);
}

static void test_mq_record_decode__tick_without_timestamp(void **state)
{
    struct ks_buf value = {0};
    put_base(&value, 1200, 0);
    struct mq_record rec = {0};
    struct ks_error err = {0};
    assert_int_equal(decode(&value, &rec, &err), KS_ERR_DATA);
    ks_buf_release(&value);
}

/* An Insert of one row-based blob per timestamp. */
static void build_insert(struct ks_buf *value, const uint64_t *timestamps, size_t count,
                         size_t blobs)
{
    put_base(value, 400, 0);
    wire_put_str(value, 2, "ch_1v0");
    wire_put_int(value, 7, 1);
    for (size_t i = 0; i < count; i++)
        wire_put_uint(value, 10, timestamps[i]);
    for (size_t i = 0; i < blobs; i++)
        wire_put_bytes(value, 12, "", 0);
}

static void test_mq_record_decode__unpacked_timestamps_give_the_span(void **state)
{
    struct ks_buf value = {0};
    build_insert(&value, (uint64_t[]){30, 10, 20}, 3, 3);
    struct mq_record rec = {0};
    struct ks_error err = {0};
    assert_int_equal(decode(&value, &rec, &err), KS_OK);
    assert_int_equal(rec.row_count, 3);
    assert_int_equal(rec.begin_tick, 10);
    assert_int_equal(rec.end_tick, 30);
    ks_buf_release(&value);
}

static void test_mq_record_decode__counts_disagree(void **state)
{
    struct ks_buf value = {0};
    build_insert(&value, (uint64_t[]){30, 10, 20}, 3, 2);
    struct mq_record rec = {0};
    struct ks_error err = {0};
    assert_int_equal(decode(&value, &rec, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "2 rows but 3 timestamps"));
    ks_buf_release(&value);
}

static void test_mq_record_decode__row_with_timestamp_zero(void **state)
{
    struct ks_buf value = {0};
    build_insert(&value, (uint64_t[]){5, 0}, 2, 2);
    struct mq_record rec = {0};
    struct ks_error err = {0};
    assert_int_equal(decode(&value, &rec, &err), KS_ERR_DATA);
    ks_buf_release(&value);
}

static void test_mq_record_decode__keys_without_timestamps(void **state)
{
    struct ks_buf value = {0};
    put_base(&value, 401, 5);
    wire_put_int(&value, 9, 4);
    struct mq_record rec = {0};
    struct ks_error err = {0};
    assert_int_equal(decode(&value, &rec, &err), KS_ERR_DATA);
    ks_buf_release(&value);
}

static void count_free(void *message)
{
    (*(int *)message)++;
}

static void test_mq_record_release__frees_the_message_once(void **state)
{
    int freed = 0;
    struct mq_record rec = {.message = &freed, .message_free = count_free};
    mq_record_release(&rec);
    mq_record_release(&rec);
    assert_int_equal(freed, 1);
}

static void test_mq_record_flush__golden_25(void **state)
{
    json_t *lines = golden_load(GOLDEN_25);
    struct ks_slice value =
        golden_base64(golden_str(golden_find(lines, "name", "replicate_msg_flush"), "value_b64"));
    struct mq_record rec = {0};
    struct ks_error err = {0};
    struct mq_flush flush;
    assert_int_equal(mq_record_decode(value, false, &rec, &err), KS_OK);
    assert_int_equal(mq_record_flush(&rec, &flush, &err), KS_OK);
    assert_true(slice_is(flush.db, "default"));
    assert_int_equal(flush.collection_count, 2);
    assert_true(slice_is(flush.collections[0], "all_types"));
    assert_true(slice_is(flush.collections[1], "tenants"));
    free((void *)value.data);
    json_decref(lines);
}

static void test_mq_record_flush__more_than_a_page(void **state)
{
    struct ks_buf value = {0};
    put_base(&value, 402, 5);
    for (int i = 0; i < MQ_FLUSH_PAGE + 3; i++)
        wire_put_bytes(&value, 3, "c", i % 2 ? 1 : 0);
    struct mq_record rec = {0};
    struct ks_error err = {0};
    struct mq_flush flush;
    assert_int_equal(decode(&value, &rec, &err), KS_OK);
    assert_int_equal(mq_record_flush(&rec, &flush, &err), KS_OK);
    assert_int_equal(flush.collection_count, MQ_FLUSH_PAGE);
    assert_int_equal(flush.total, MQ_FLUSH_PAGE + 3);
    assert_int_equal(mq_record_flush_page(&rec, MQ_FLUSH_PAGE, &flush, &err), KS_OK);
    assert_int_equal(flush.collection_count, 3);
    assert_int_equal(flush.collections[1].len, 1);
    ks_buf_release(&value);
}

static void test_mq_msg_type_name__unknown_number(void **state)
{
    assert_string_equal(mq_msg_type_name(9999), "unknown");
    assert_string_equal(mq_msg_type_name(-1), "unknown");
    assert_string_equal(mq_msg_type_name(100), "CreateCollection");
    assert_string_equal(mq_msg_type_name(1805), "DescribeDatabase");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mq_record_decode__golden_25),
        cmocka_unit_test(test_mq_record_decode__golden_235),
        cmocka_unit_test(test_mq_record_decode__cut_insert_is_never_skipped),
        cmocka_unit_test(test_mq_record_decode__streaming_header),
        cmocka_unit_test(test_mq_record_decode__tick_split_in_two_bases),
        cmocka_unit_test(test_mq_record_decode__tick_without_timestamp),
        cmocka_unit_test(test_mq_record_decode__unpacked_timestamps_give_the_span),
        cmocka_unit_test(test_mq_record_decode__counts_disagree),
        cmocka_unit_test(test_mq_record_decode__row_with_timestamp_zero),
        cmocka_unit_test(test_mq_record_decode__keys_without_timestamps),
        cmocka_unit_test(test_mq_record_release__frees_the_message_once),
        cmocka_unit_test(test_mq_record_flush__golden_25),
        cmocka_unit_test(test_mq_record_flush__more_than_a_page),
        cmocka_unit_test(test_mq_msg_type_name__unknown_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
