#include "../avro_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_name_valid__simple(void **state)
{
    static const char *const GOOD[] = {"a", "_", "A9", "connect_name", "__z"};
    static const char *const BAD[] = {"", "9a", "a.b", "a-b", "a b", "\xC3\xA9", "a\n"};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_true(avro_name_valid(GOOD[i]));
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(avro_name_valid(BAD[i]));
}

static void test_name_valid__length(void **state)
{
    char name[1026];
    memset(name, 'a', sizeof name);
    name[1024] = '\0';
    assert_true(avro_name_valid(name) && avro_full_name_valid(name));
    name[1024] = 'a';
    name[1025] = '\0';
    assert_false(avro_name_valid(name) || avro_full_name_valid(name));
}

static void test_full_name_valid__dots(void **state)
{
    static const char *const GOOD[] = {"a", "a.b", "io.kitestream.Ddl", "_._"};
    static const char *const BAD[] = {"", ".", ".a", "a.", "a..b", "a.1", "a.b-c"};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_true(avro_full_name_valid(GOOD[i]));
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(avro_full_name_valid(BAD[i]));
}

static void test_full_name__with_and_without_space(void **state)
{
    struct ks_arena arena = {0};
    assert_string_equal(avro_full_name(&arena, "N", "a.b"), "a.b.N");
    assert_string_equal(avro_full_name(&arena, "x.N", "a.b"), "x.N");
    assert_string_equal(avro_full_name(&arena, "N", ""), "N");
    assert_string_equal(avro_full_name(&arena, "N", NULL), "N");
    assert_string_equal(avro_name_space(&arena, "a.b.N"), "a.b");
    assert_null(avro_name_space(&arena, "N"));
    ks_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_valid__simple),
        cmocka_unit_test(test_name_valid__length),
        cmocka_unit_test(test_full_name_valid__dots),
        cmocka_unit_test(test_full_name__with_and_without_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
