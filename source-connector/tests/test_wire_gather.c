#include "wire_gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ks_slice slice(const struct ks_buf *buf)
{
    return (struct ks_slice){buf->data, buf->len};
}

static void expect(struct ks_slice got, const char *bytes, size_t len)
{
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, bytes, len);
}

static void test_wire_gather_packed__one_piece_is_not_copied(void **state)
{
    struct ks_buf message = {0};
    struct ks_arena arena = {0};
    wire_put_bytes(&message, 2, "xx", 2);
    wire_put_bytes(&message, 1, "\x01\x02", 2);
    struct ks_slice got;
    assert_true(wire_gather_packed(slice(&message), 1, WIRE_VARINT, &arena, &got));
    assert_ptr_equal(got.data, message.data + message.len - 2);
    assert_int_equal(arena.used_bytes, 0);
    ks_buf_release(&message);
}

static void test_wire_gather_packed__mixed_writing(void **state)
{
    struct ks_buf message = {0};
    struct ks_arena arena = {0};
    wire_put_bytes(&message, 1, "\x01", 1);
    wire_put_uint(&message, 1, 300);
    wire_put_bytes(&message, 1, "", 0);
    wire_put_bytes(&message, 1, "\x05", 1);
    struct ks_slice got;
    assert_true(wire_gather_packed(slice(&message), 1, WIRE_VARINT, &arena, &got));
    expect(got, "\x01\xac\x02\x05", 4);
    ks_buf_release(&message);
    ks_arena_release(&arena);
}

static void test_wire_gather_packed__fixed_width(void **state)
{
    static const char message[] = "\x0d\x00\x00\x80\x3f\x0a\x04\x00\x00\x00\x40";
    struct ks_arena arena = {0};
    struct ks_slice got;
    assert_true(wire_gather_packed((struct ks_slice){message, sizeof message - 1}, 1, WIRE_I32,
                                   &arena, &got));
    expect(got, "\x00\x00\x80\x3f\x00\x00\x00\x40", 8);
    ks_arena_release(&arena);
}

static void test_wire_gather_message__pieces_are_merged(void **state)
{
    struct ks_buf message = {0};
    struct ks_arena arena = {0};
    wire_put_str(&message, 6, "ab");
    wire_put_str(&message, 6, "c");
    struct ks_slice got;
    assert_true(wire_gather_message(slice(&message), 6, &arena, &got));
    expect(got, "abc", 3);
    assert_true(wire_gather_message(slice(&message), 7, &arena, &got));
    assert_int_equal(got.len, 0);
    assert_true(wire_last_bytes(slice(&message), 6, &got));
    expect(got, "c", 1);
    ks_buf_release(&message);
    ks_arena_release(&arena);
}

static void test_wire_gather__malformed(void **state)
{
    struct ks_arena arena = {0};
    struct ks_slice got, bad = {"\x0a\x05x", 3};
    assert_false(wire_gather_message(bad, 1, &arena, &got));
    assert_false(wire_gather_packed(bad, 1, WIRE_VARINT, &arena, &got));
    assert_false(wire_last_bytes(bad, 1, &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_gather_packed__one_piece_is_not_copied),
        cmocka_unit_test(test_wire_gather_packed__mixed_writing),
        cmocka_unit_test(test_wire_gather_packed__fixed_width),
        cmocka_unit_test(test_wire_gather_message__pieces_are_merged),
        cmocka_unit_test(test_wire_gather__malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
