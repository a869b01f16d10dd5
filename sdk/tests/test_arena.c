#include "kitestream/sdk/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_alloc__aligned_and_disjoint(void **state)
{
    struct ks_arena arena = {.chunk_bytes = 256};
    uint8_t *blocks[100];
    for (size_t i = 0; i < 100; i++) {
        blocks[i] = ks_arena_alloc(&arena, i);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, i);
    }
    for (size_t i = 0; i < 100; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(blocks[i][k], i);
    ks_arena_release(&arena);
    assert_null(arena.chunks);
    assert_int_equal(arena.used_bytes, 0);
}

static void test_alloc__larger_than_a_chunk_keeps_the_current_one(void **state)
{
    struct ks_arena arena = {.chunk_bytes = 256};
    uint8_t *first = ks_arena_alloc(&arena, 16);
    uint8_t *large = ks_arena_zalloc(&arena, 100000);
    uint8_t *second = ks_arena_alloc(&arena, 16);
    assert_ptr_equal(second, first + 16);
    assert_int_equal(large[99999], 0);
    assert_int_equal(arena.used_bytes, 100000 + 32);
    ks_arena_release(&arena);
}

static void test_copy__and_strings(void **state)
{
    struct ks_arena arena = {0};
    assert_memory_equal(ks_arena_copy(&arena, "a\0b", 3), "a\0b", 3);
    assert_non_null(ks_arena_copy(&arena, NULL, 0));
    assert_string_equal(ks_arena_strndup(&arena, "collection", 4), "coll");
    assert_string_equal(ks_arena_printf(&arena, "%s.%d", "db", 42), "db.42");
    assert_string_equal(ks_arena_printf(&arena, "%s", ""), "");
    ks_arena_release(&arena);
}

static void test_reset__reuses_one_chunk_within_the_limit(void **state)
{
    struct ks_arena arena = {.chunk_bytes = 1024};
    void *first = ks_arena_alloc(&arena, 100);
    ks_arena_alloc(&arena, 4000);
    ks_arena_reset(&arena, 2048);
    assert_int_equal(arena.used_bytes, 0);
    assert_ptr_equal(ks_arena_alloc(&arena, 100), first);
    ks_arena_release(&arena);
}

static void test_reset__keeps_nothing_beyond_the_limit(void **state)
{
    struct ks_arena arena = {.chunk_bytes = 1024};
    ks_arena_alloc(&arena, 100);
    ks_arena_reset(&arena, 1000);
    assert_null(arena.chunks);
    ks_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc__aligned_and_disjoint),
        cmocka_unit_test(test_alloc__larger_than_a_chunk_keeps_the_current_one),
        cmocka_unit_test(test_copy__and_strings),
        cmocka_unit_test(test_reset__reuses_one_chunk_within_the_limit),
        cmocka_unit_test(test_reset__keeps_nothing_beyond_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
