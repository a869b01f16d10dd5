#include "row_pairs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ks_cell number(int64_t value)
{
    return (struct ks_cell){.kind = KS_CELL_INT, .u.i = value};
}

static struct ks_cell text(const char *value)
{
    return (struct ks_cell){
        .kind = KS_CELL_BYTES, .count = (uint32_t)strlen(value), .u.data = value};
}

static void test_row_pairs__many_numbers(void **state)
{
    enum { COUNT = 5000 };
    struct ks_arena arena = {0};
    struct row_pairs pairs;
    row_pairs_init(&pairs, COUNT, &arena);
    for (int64_t i = 0; i < COUNT; i++) {
        struct ks_cell key = number(i << 32);
        row_pairs_add(&pairs, &key, 1);
    }
    for (int64_t i = 0; i < COUNT; i += 2) {
        struct ks_cell key = number(i << 32);
        row_pairs_match(&pairs, &key, 1);
    }
    for (size_t i = 0; i < COUNT; i++) {
        struct ks_cell key = number((int64_t)i << 32);
        assert_int_equal(row_pairs_matched(&pairs, i), i % 2 == 0);
        assert_true(row_pairs_take(&pairs, &key, 1));
        assert_false(row_pairs_take(&pairs, &key, 1));
    }
    ks_arena_release(&arena);
}

static void test_row_pairs__texts_of_all_lengths(void **state)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    struct ks_arena arena = {0};
    struct row_pairs pairs;
    row_pairs_init(&pairs, 27, &arena);
    for (uint32_t len = 0; len < 27; len++) {
        struct ks_cell key = {.kind = KS_CELL_BYTES, .count = len, .u.data = letters};
        row_pairs_add(&pairs, &key, -1);
    }
    struct ks_cell seven = text("abcdefg"), other = text("abcdefh");
    row_pairs_match(&pairs, &seven, 3);
    row_pairs_match(&pairs, &other, 3);
    for (size_t len = 0; len < 27; len++)
        assert_int_equal(row_pairs_matched(&pairs, len), len == 7);
    assert_false(row_pairs_take(&pairs, &other, 3));
    ks_arena_release(&arena);
}

/* Quadratic behaviour would show as a timeout. */
static void test_row_pairs__one_key_very_often(void **state)
{
    enum { COUNT = 200000 };
    struct ks_arena arena = {0};
    struct row_pairs pairs;
    struct ks_cell key = number(7);
    row_pairs_init(&pairs, COUNT, &arena);
    for (size_t i = 0; i < COUNT; i++)
        row_pairs_add(&pairs, &key, 1);
    for (size_t i = 0; i < COUNT; i++)
        row_pairs_match(&pairs, &key, 1);
    assert_true(row_pairs_take(&pairs, &key, 1));
    for (size_t i = 1; i < COUNT; i++)
        assert_false(row_pairs_take(&pairs, &key, 1));
    assert_true(row_pairs_matched(&pairs, COUNT - 1));
    ks_arena_release(&arena);
}

static void test_row_pairs__partitions(void **state)
{
    struct ks_arena arena = {0};
    struct row_pairs pairs;
    struct ks_cell key = number(7);
    row_pairs_init(&pairs, 3, &arena);
    row_pairs_add(&pairs, &key, 1);
    row_pairs_add(&pairs, &key, 2);
    row_pairs_match(&pairs, &key, 2);
    assert_false(row_pairs_matched(&pairs, 0));
    assert_true(row_pairs_matched(&pairs, 1));
    assert_false(row_pairs_take(&pairs, &key, 3));
    assert_true(row_pairs_take(&pairs, &key, 2));
    ks_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_pairs__many_numbers),
        cmocka_unit_test(test_row_pairs__texts_of_all_lengths),
        cmocka_unit_test(test_row_pairs__one_key_very_often),
        cmocka_unit_test(test_row_pairs__partitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
