#include "proto_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_wire_next__all_types(void **state)
{
    static const uint8_t bytes[] = {
        0x08, 0x96, 0x01,                               /* 1: varint 150 */
        0x12, 0x03, 'a',  'b',  'c',                    /* 2: "abc" */
        0x1d, 0x01, 0x02, 0x03, 0x04,                   /* 3: fixed32 */
        0x21, 0x01, 0,    0,    0,    0,    0, 0, 0x80, /* 4: fixed64 */
        0xf8, 0xff, 0xff, 0xff, 0x0f, 0x00,             /* 2^29 - 1: varint 0 */
    };
    struct wire w = wire_of(bytes, sizeof(bytes));
    struct wire_field f;
    assert_true(wire_next(&w, &f));
    assert_true(f.number == 1 && f.type == WIRE_VARINT && f.value == 150);
    assert_true(wire_next(&w, &f));
    assert_true(f.number == 2 && f.type == WIRE_LEN && f.len == 3);
    assert_memory_equal(f.data, "abc", 3);
    assert_true(wire_next(&w, &f));
    assert_true(f.number == 3 && f.type == WIRE_I32 && f.value == 0x04030201);
    assert_true(wire_next(&w, &f));
    assert_true(f.number == 4 && f.type == WIRE_I64 && f.value == 0x8000000000000001u);
    assert_true(wire_next(&w, &f));
    assert_true(f.number == (1u << 29) - 1 && f.value == 0);
    assert_false(wire_next(&w, &f));
    assert_false(w.bad);
}

static void assert_bad(const void *bytes, size_t len)
{
    /* An exact copy, so that the sanitizer sees a read beyond the end. */
    uint8_t *copy = malloc(len);
    memcpy(copy, bytes, len);
    struct wire w = wire_of(copy, len);
    struct wire_field f;
    while (wire_next(&w, &f))
        ;
    assert_true(w.bad);
    assert_false(wire_next(&w, &f));
    free(copy);
}

static void test_wire_next__malformed(void **state)
{
    assert_bad("\x80", 1);         /* tag cut off */
    assert_bad("\x00\x01", 2);     /* field number 0 */
    assert_bad("\x08", 1);         /* value missing */
    assert_bad("\x08\x80\x80", 3); /* value cut off */
    assert_bad("\x12\x05"
               "abcd",
               6);                                                  /* one byte short */
    assert_bad("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11); /* length 2^64 - 1 */
    assert_bad("\x1d\x01\x02\x03", 4);                              /* fixed32 cut off */
    assert_bad("\x21\x01\x02\x03\x04\x05\x06\x07", 8);              /* fixed64 cut off */
    assert_bad("\x0b\x0c", 2);                                      /* group */
    assert_bad("\x0f\x00", 2);                                      /* wire type 7 */
    assert_bad("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11); /* 65 bits */
    assert_bad("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12);
    assert_bad("\x80\x80\x80\x80\x10\x01", 6); /* field number 2^29 */
}

static void test_wire_next__empty(void **state)
{
    struct wire w = wire_of(NULL, 0);
    struct wire_field f;
    assert_false(wire_next(&w, &f));
    assert_false(w.bad);
}

static void test_wire_varint__packed(void **state)
{
    static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, INT64_MAX, UINT64_MAX};
    struct ks_buf buf = {0};
    for (size_t i = 0; i < 8; i++) {
        size_t before = buf.len;
        wire_put_varint(&buf, values[i]);
        assert_int_equal(buf.len - before, wire_varint_size(values[i]));
    }
    assert_int_equal(wire_count_varints(buf.data, buf.len), 8);
    struct wire w = wire_of(buf.data, buf.len);
    for (size_t i = 0; i < 8; i++) {
        uint64_t value;
        assert_true(wire_varint(&w, &value));
        assert_true(value == values[i]);
    }
    uint64_t none;
    assert_false(wire_varint(&w, &none));
    ks_buf_release(&buf);
}

static void test_wire_put__read_back(void **state)
{
    struct ks_buf buf = {0};
    wire_put_uint(&buf, 1, 0);
    wire_put_int(&buf, 2, -5);
    wire_put_str(&buf, 300, "by-dev");
    wire_put_bytes(&buf, 4, NULL, 0);
    struct wire w = wire_of(buf.data, buf.len);
    struct wire_field f;
    assert_true(wire_next(&w, &f) && f.number == 1 && f.value == 0);
    assert_true(wire_next(&w, &f) && f.number == 2 && (int64_t)f.value == -5);
    assert_true(wire_next(&w, &f) && f.number == 300 && f.len == 6);
    assert_memory_equal(f.data, "by-dev", 6);
    assert_true(wire_next(&w, &f) && f.number == 4 && f.type == WIRE_LEN && f.len == 0);
    assert_false(wire_next(&w, &f));
    assert_false(w.bad);
    ks_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_next__all_types), cmocka_unit_test(test_wire_next__malformed),
        cmocka_unit_test(test_wire_next__empty),     cmocka_unit_test(test_wire_varint__packed),
        cmocka_unit_test(test_wire_put__read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
