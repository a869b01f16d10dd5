#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../sdk/base64.h"
#include "cdc_position.h"
#include "clock.h"

/* What protoc makes of msg.MsgPosition{channel_name: "by-dev-rootcoord-dml_0", msgID: 5 in eight
 * bytes, msgGroup: "g", timestamp: 449000000000000001}, written down byte by byte. */
static const uint8_t recorded[] = {
    0x0A, 22,  'b',  'y', '-', 'd',  'e',  'v',  '-',  'r',  'o',  'o',  't',  'c',  'o',  'o',
    'r',  'd', '-',  'd', 'm', 'l',  '_',  '0',  0x12, 8,    5,    0,    0,    0,    0,    0,
    0,    0,   0x1A, 1,   'g', 0x20, 0x81, 0x80, 0x9D, 0xFF, 0xC2, 0xC9, 0xCA, 0x9D, 0x06,
};

static char *text_of(const uint8_t *data, size_t len)
{
    struct ks_buf text = {0};
    base64_encode(&text, data, len);
    return ks_buf_take_str(&text);
}

static void test_decode__a_message_of_another_program(void **state)
{
    char *text = text_of(recorded, sizeof recorded);
    uint64_t tick = 0, wanted = 0;
    for (size_t i = 0; i < 9; i++)
        wanted |= (uint64_t)(recorded[sizeof recorded - 9 + i] & 0x7F) << (7 * i);
    assert_true(cdc_position_decode(text, &tick));
    assert_int_equal(tick, wanted);
    free(text);
}

static void test_decode__what_encode_made(void **state)
{
    struct ks_buf text = {0};
    uint64_t tick = 1;
    cdc_position_encode("dml_0", -1, (uint64_t)1 << 60, &text);
    assert_true(cdc_position_decode(ks_buf_str(&text), &tick));
    assert_int_equal(tick, (uint64_t)1 << 60);
    ks_buf_reset(&text);
    cdc_position_encode("dml_0", 7, 0, &text);
    assert_true(cdc_position_decode(ks_buf_str(&text), &tick));
    assert_int_equal(tick, 0);
    ks_buf_release(&text);
}

static void test_encode__kafka_offset_in_little_endian(void **state)
{
    struct ks_buf text = {0}, bytes = {0};
    static const uint8_t wanted[] = {0x0A, 1, 'c', 0x12, 8, 0x34, 0x12, 0, 0, 0, 0, 0, 0};
    cdc_position_encode("c", 0x1234, 0, &text);
    assert_true(base64_decode(&bytes, ks_buf_str(&text), text.len));
    assert_int_equal(bytes.len, sizeof wanted);
    assert_memory_equal(bytes.data, wanted, sizeof wanted);
    ks_buf_release(&text);
    ks_buf_release(&bytes);
}

static void test_decode__refuses_what_is_none(void **state)
{
    static const uint8_t truncated[] = {0x0A, 200, 'b'};
    static const uint8_t wrong_type[] = {0x08, 1};
    uint64_t tick = 42;
    char *texts[] = {text_of(truncated, sizeof truncated), text_of(wrong_type, sizeof wrong_type)};
    assert_false(cdc_position_decode("not base64!", &tick));
    assert_false(cdc_position_decode("", &tick));
    for (size_t i = 0; i < 2; i++) {
        assert_false(cdc_position_decode(texts[i], &tick));
        free(texts[i]);
    }
    assert_int_equal(tick, 42);
}

static void test_vchannel__forms(void **state)
{
    static const char *const bad[] = {"",     "dml_0",     "dml_0_v0",  "dml_0_44v",
                                      "_1v0", "dml_4x4v0", "dml_44v0x", "dml_44v0v1"};
    int64_t id = 0;
    assert_true(cdc_vchannel_parse("by-dev-rootcoord-dml_3_447000000000000001v1", &id));
    assert_int_equal(id, 447000000000000001);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cdc_vchannel_parse(bad[i], &id));
}

static json_t *positions(const char *first, int64_t first_ms, const char *second, int64_t second_ms)
{
    struct ks_buf a = {0}, b = {0};
    cdc_position_encode(first, 1, tick_from_ms(first_ms) + 9, &a);
    cdc_position_encode(second, 2, tick_from_ms(second_ms), &b);
    json_t *object = json_pack("{s:s, s:s}", first, ks_buf_str(&a), second, ks_buf_str(&b));
    ks_buf_release(&a);
    ks_buf_release(&b);
    return object;
}

static void test_start__is_the_earliest(void **state)
{
    struct ks_error err = {0};
    char *start = NULL;
    json_t *two = positions("dml_0_7v0", 1740830400123, "dml_1_7v1", 1740830400999);
    assert_int_equal(cdc_positions_start(two, &start, &err), KS_OK);
    assert_string_equal(start, "2025-03-01T12:00:00.123Z");
    free(start);
    json_decref(two);
}

static void expect_fault(json_t *take_positions, const char *part)
{
    struct ks_error err = {0};
    char *start = NULL;
    assert_int_equal(cdc_positions_start(take_positions, &start, &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, part));
    assert_null(start);
    json_decref(take_positions);
}

static void test_start__faults(void **state)
{
    expect_fault(positions("dml_0_7v0", 5000, "dml_1_8v1", 5000), "one collection");
    expect_fault(positions("dml_0_7v0", 5000, "dml_1_7v1", 0), "no timestamp");
    expect_fault(json_pack("{s:s}", "dml_0_7v0", "%%%"), "not the base64 of a MsgPosition");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__a_message_of_another_program),
        cmocka_unit_test(test_decode__what_encode_made),
        cmocka_unit_test(test_encode__kafka_offset_in_little_endian),
        cmocka_unit_test(test_decode__refuses_what_is_none),
        cmocka_unit_test(test_vchannel__forms),
        cmocka_unit_test(test_start__is_the_earliest),
        cmocka_unit_test(test_start__faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
