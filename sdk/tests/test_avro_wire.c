#include "../avro_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct avro_reader reader_of(const void *data, size_t len)
{
    return avro_reader_of((struct ks_slice){data, len});
}

static void test_long__known_answers(void **state)
{
    static const struct {
        int64_t value;
        const char *bytes;
        size_t len;
    } CASES[] = {
        {0, "\0", 1},
        {-1, "\x01", 1},
        {1, "\x02", 1},
        {-64, "\x7f", 1},
        {64, "\x80\x01", 2},
        {INT32_MAX, "\xfe\xff\xff\xff\x0f", 5},
        {INT64_MAX, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
        {INT64_MIN, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        uint8_t bytes[AVRO_VARINT_MAX];
        size_t len = (size_t)(avro_put_long(bytes, CASES[i].value) - bytes);
        assert_int_equal(len, CASES[i].len);
        assert_memory_equal(bytes, CASES[i].bytes, len);
        struct avro_reader r = reader_of(bytes, len);
        int64_t value;
        assert_true(avro_read_long(&r, &value));
        assert_true(value == CASES[i].value);
        assert_int_equal(avro_left(&r), 0);
    }
}

static void test_long__refusals_read_nothing(void **state)
{
    static const char *const BAD[] = {"", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"};
    for (size_t i = 0; i < 3; i++) {
        struct avro_reader r = reader_of(BAD[i], strlen(BAD[i]));
        int64_t value = 7;
        assert_false(avro_read_long(&r, &value));
        assert_int_equal(value, 7);
        assert_ptr_equal(r.p, r.start);
        assert_non_null(r.fault);
    }
}

static void test_reader__null_slice_is_empty(void **state)
{
    struct avro_reader r = reader_of(NULL, 0);
    const uint8_t *bytes;
    assert_int_equal(avro_left(&r), 0);
    assert_true(avro_read_raw(&r, 0, &bytes));
    assert_false(avro_read_raw(&r, 1, &bytes));
}

static void test_block__sized_and_plain(void **state)
{
    struct avro_reader r = reader_of("\x02\xAA\x03\x04\xAA\xAA\0", 7);
    struct avro_block block;
    const uint8_t *items;
    assert_true(avro_block_open(&r, 1, &block));
    assert_int_equal(block.count, 1);
    assert_null(block.end);
    assert_true(avro_read_raw(&r, 1, &items) && avro_block_close(&r, &block));
    assert_true(avro_block_open(&r, 1, &block));
    assert_int_equal(block.count, 2);
    assert_ptr_equal(block.end, r.p + 2);
    assert_false(avro_block_close(&r, &block)); /* the items have not been read */
    assert_true(avro_read_raw(&r, 2, &items) && avro_block_close(&r, &block));
    assert_true(avro_block_open(&r, 1, &block));
    assert_int_equal(block.count, 0);
}

static void test_block__empty_items_have_one_budget(void **state)
{
    struct avro_reader r = reader_of("\x80\x80\x08\x02", 4);
    struct avro_block block;
    assert_true(avro_block_open(&r, 0, &block));
    assert_int_equal(block.count, AVRO_EMPTY_ITEMS_MAX);
    assert_false(avro_block_open(&r, 0, &block));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long__known_answers),
        cmocka_unit_test(test_long__refusals_read_nothing),
        cmocka_unit_test(test_reader__null_slice_is_empty),
        cmocka_unit_test(test_block__sized_and_plain),
        cmocka_unit_test(test_block__empty_items_have_one_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
