#include "kitestream/sdk/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_add__grows_and_keeps_contents(void **state)
{
    struct ks_buf buf = {0};
    for (int i = 0; i < 1000; i++) {
        ks_buf_add_byte(&buf, (uint8_t)i);
        ks_buf_add(&buf, "xyz", 3);
    }
    assert_int_equal(buf.len, 4000);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(buf.data[i * 4], (uint8_t)i);
        assert_memory_equal(buf.data + i * 4 + 1, "xyz", 3);
    }
    ks_buf_release(&buf);
    assert_null(buf.data);
}

static void test_add__nothing_to_an_empty_buffer(void **state)
{
    struct ks_buf buf = {0};
    ks_buf_add(&buf, NULL, 0);
    assert_int_equal(buf.len, 0);
    assert_non_null(ks_buf_reserve(&buf, 0));
    ks_buf_release(&buf);
}

static void test_reserve__does_not_change_len(void **state)
{
    struct ks_buf buf = {0};
    ks_buf_add_str(&buf, "ab");
    uint8_t *room = ks_buf_reserve(&buf, 100000);
    memset(room, 'c', 100000);
    assert_int_equal(buf.len, 2);
    buf.len += 100000;
    assert_memory_equal(buf.data, "abcc", 4);
    ks_buf_release(&buf);
}

static void test_printf__longer_than_the_room_left(void **state)
{
    struct ks_buf buf = {0};
    ks_buf_add_str(&buf, "start ");
    ks_buf_printf(&buf, "%0200d|%s", 7, "end");
    const char *text = ks_buf_str(&buf);
    assert_int_equal(strlen(text), 6 + 200 + 1 + 3);
    assert_int_equal(buf.len, strlen(text));
    assert_string_equal(text + 6 + 198, "07|end");
    ks_buf_release(&buf);
}

static void test_str__does_not_count_the_terminator(void **state)
{
    struct ks_buf buf = {0};
    assert_string_equal(ks_buf_str(&buf), "");
    ks_buf_add_str(&buf, "abc");
    assert_string_equal(ks_buf_str(&buf), "abc");
    ks_buf_add_str(&buf, "def");
    assert_string_equal(ks_buf_str(&buf), "abcdef");
    ks_buf_release(&buf);
}

static void test_reset__keeps_the_memory(void **state)
{
    struct ks_buf buf = {0};
    ks_buf_add_str(&buf, "abc");
    uint8_t *before = buf.data;
    ks_buf_reset(&buf);
    ks_buf_add_str(&buf, "x");
    assert_ptr_equal(buf.data, before);
    assert_string_equal(ks_buf_str(&buf), "x");
    ks_buf_release(&buf);
}

static void test_take_str__empties_the_buffer(void **state)
{
    struct ks_buf buf = {0};
    ks_buf_add_str(&buf, "mine");
    char *text = ks_buf_take_str(&buf);
    assert_string_equal(text, "mine");
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    free(text);
    text = ks_buf_take_str(&buf);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add__grows_and_keeps_contents),
        cmocka_unit_test(test_add__nothing_to_an_empty_buffer),
        cmocka_unit_test(test_reserve__does_not_change_len),
        cmocka_unit_test(test_printf__longer_than_the_room_left),
        cmocka_unit_test(test_str__does_not_count_the_terminator),
        cmocka_unit_test(test_reset__keeps_the_memory),
        cmocka_unit_test(test_take_str__empties_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
