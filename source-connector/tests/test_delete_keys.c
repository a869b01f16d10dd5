#include "delete_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct column_field number = {.id = 100, .name = "id", .type = MILVUS_INT64},
                                 text = {.id = 100, .name = "pk", .type = MILVUS_VARCHAR};

struct fixture {
    struct ks_buf value;
    struct ks_arena arena;
    struct mq_record rec;
    struct column_cursor keys;
    struct ks_error err;
};

static enum ks_status open_keys(struct fixture *t, const struct column_field *key, uint32_t rows)
{
    t->rec = (struct mq_record){
        .kind = MQ_DELETE, .row_count = rows, .value = {t->value.data, t->value.len}};
    return delete_keys_open(key, &t->rec, &t->arena, &t->keys, &t->err);
}

static void release(struct fixture *t)
{
    ks_buf_release(&t->value);
    ks_arena_release(&t->arena);
}

static int64_t next_number(struct fixture *t)
{
    struct ks_cell cell;
    assert_int_equal(column_cursor_next(&t->keys, &cell, &t->arena, &t->err), KS_OK);
    assert_int_equal(cell.kind, KS_CELL_INT);
    return cell.u.i;
}

static void test_delete_keys_open__numbers(void **state)
{
    struct fixture t = {0};
    wire_put_bytes(&t.value, 12, "\x0a\x04\x0a\x02\x07\x08", 6); /* IDs {int_id {7, 8}} */
    assert_int_equal(open_keys(&t, &number, 2), KS_OK);
    assert_int_equal(next_number(&t), 7);
    assert_int_equal(next_number(&t), 8);
    release(&t);
}

/* Both are filled by no known producer; the newer list wins. */
static void test_delete_keys_open__deprecated_list(void **state)
{
    struct fixture t = {0};
    wire_put_bytes(&t.value, 9, "\x05\x06", 2);
    wire_put_int(&t.value, 9, -7);
    assert_int_equal(open_keys(&t, &number, 3), KS_OK);
    assert_int_equal(next_number(&t), 5);
    assert_int_equal(next_number(&t), 6);
    assert_int_equal(next_number(&t), -7);
    wire_put_bytes(&t.value, 12, "\x0a\x03\x0a\x01\x01", 5);
    assert_int_equal(open_keys(&t, &number, 1), KS_OK);
    assert_int_equal(next_number(&t), 1);
    release(&t);
}

static void test_delete_keys_open__texts(void **state)
{
    struct fixture t = {0};
    wire_put_bytes(&t.value, 12, "\x12\x05\x0a\x01x\x0a\x00", 7); /* IDs {str_id {"x", ""}} */
    assert_int_equal(open_keys(&t, &text, 2), KS_OK);
    struct ks_cell cell;
    assert_int_equal(column_cursor_next(&t.keys, &cell, &t.arena, &t.err), KS_OK);
    assert_memory_equal(cell.u.data, "x", 1);
    assert_int_equal(column_cursor_next(&t.keys, &cell, &t.arena, &t.err), KS_OK);
    assert_int_equal(cell.count, 0);
    release(&t);
}

static void test_delete_keys_open__keys_of_another_type(void **state)
{
    struct fixture t = {0};
    wire_put_bytes(&t.value, 12, "\x12\x03\x0a\x01x", 5);
    assert_int_equal(open_keys(&t, &number, 1), KS_ERR_DATA);
    release(&t);
    t = (struct fixture){0};
    wire_put_int(&t.value, 9, 5);
    assert_int_equal(open_keys(&t, &text, 1), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "'pk'"));
    release(&t);
}

static void test_delete_keys_open__another_count(void **state)
{
    struct fixture t = {0};
    wire_put_bytes(&t.value, 12, "\x0a\x04\x0a\x02\x07\x08", 6);
    assert_int_equal(open_keys(&t, &number, 3), KS_ERR_DATA);
    assert_non_null(strstr(t.err.message, "2 values for 3 rows"));
    release(&t);
}

static void test_delete_keys_open__malformed(void **state)
{
    struct fixture t = {0};
    wire_put_bytes(&t.value, 12, "\x0a\x09\x0a\x02\x07\x08", 6);
    assert_int_equal(open_keys(&t, &number, 2), KS_ERR_DATA);
    release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delete_keys_open__numbers),
        cmocka_unit_test(test_delete_keys_open__deprecated_list),
        cmocka_unit_test(test_delete_keys_open__texts),
        cmocka_unit_test(test_delete_keys_open__keys_of_another_type),
        cmocka_unit_test(test_delete_keys_open__another_count),
        cmocka_unit_test(test_delete_keys_open__malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
