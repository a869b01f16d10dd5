#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../milvus_status.h"
#include "proto_wire.h"

/* common.Status, bare or as field 1 of a reply. */
static struct milvus_answer answer(int32_t legacy, int32_t code, bool retriable, const char *reason,
                                   bool bare)
{
    struct ks_buf status = {0}, reply = {0};
    wire_put_uint(&status, 1, (uint64_t)legacy);
    wire_put_str(&status, 2, reason);
    wire_put_uint(&status, 3, (uint64_t)code);
    wire_put_uint(&status, 4, retriable);
    wire_put_bytes(&reply, 1, status.data, status.len);
    wire_put_uint(&reply, 6, 10);
    const struct ks_buf *sent = bare ? &status : &reply;
    struct milvus_answer a =
        milvus_answer_of_reply("Insert", bare, (struct ks_slice){sent->data, sent->len});
    ks_buf_release(&status);
    ks_buf_release(&reply);
    return a;
}

static void assert_code(int32_t code, enum milvus_outcome outcome)
{
    struct milvus_answer a = answer(1, code, false, "text", true);
    assert_int_equal(a.outcome, outcome);
    assert_int_equal(a.code, code);
    assert_int_equal(answer(1, code, false, "text", false).outcome, outcome);
}

static void test_milvus_answer_of_reply__codes(void **state)
{
    assert_code(8, MILVUS_RETRY);
    assert_code(1, MILVUS_RETRY);
    assert_code(9, MILVUS_STALLED);
    assert_code(100, MILVUS_NOT_FOUND);
    assert_code(200, MILVUS_NOT_FOUND);
    assert_code(700, MILVUS_NOT_FOUND);
    assert_code(1602, MILVUS_EXISTS);
    assert_code(108, MILVUS_REFUSED);
    assert_code(109, MILVUS_REFUSED);
    assert_code(1100, MILVUS_REFUSED);
    assert_code(1401, MILVUS_DENIED);
}

/* What may come from within a write must not be taken for "nothing was written". */
static void test_milvus_answer_of_reply__doubtful_codes_are_ambiguous(void **state)
{
    static const int32_t codes[] = {2,    5,    500,  504,   600,   901,
                                    1000, 1300, 3000, 10000, 10001, 77777};
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        assert_code(codes[i], MILVUS_AMBIGUOUS);
}

static void test_milvus_answer_of_reply__ok(void **state)
{
    assert_int_equal(answer(0, 0, false, "", true).outcome, MILVUS_OK);
    assert_int_equal(answer(0, 0, false, "", false).outcome, MILVUS_OK);
    struct milvus_answer a = milvus_answer_of_reply("Insert", false, (struct ks_slice){NULL, 0});
    assert_int_equal(a.outcome, MILVUS_OK); /* proto3: what is missing is 0 */
}

static void test_milvus_answer_of_reply__servers_before_2_3(void **state)
{
    static const struct {
        int32_t legacy;
        enum milvus_outcome outcome;
    } cases[] = {{4, MILVUS_NOT_FOUND}, {25, MILVUS_NOT_FOUND}, {48, MILVUS_STALLED},
                 {49, MILVUS_RETRY},    {51, MILVUS_REFUSED},   {53, MILVUS_STALLED},
                 {54, MILVUS_STALLED},  {62, MILVUS_REFUSED},   {3, MILVUS_DENIED},
                 {99, MILVUS_AMBIGUOUS}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct milvus_answer a = answer(cases[i].legacy, 0, false, "text", true);
        assert_int_equal(a.outcome, cases[i].outcome);
        assert_int_equal(a.code, cases[i].legacy);
    }
}

/* Texts as a 2.3.5 gave them. */
static void test_milvus_answer_of_reply__code_65535_is_told_by_its_text(void **state)
{
    static const struct {
        const char *text;
        enum milvus_outcome outcome;
    } cases[] = {
        {"database already exist: a", MILVUS_EXISTS},
        {"create duplicate collection with different parameters, collection: a", MILVUS_EXISTS},
        {"CreateIndex failed: at most one distinct index is allowed per field", MILVUS_EXISTS},
        {"duplicated new collection name default:a with other collection name or alias",
         MILVUS_EXISTS},
        {"partition cannot be dropped, partition is loaded, please release it first",
         MILVUS_REFUSED},
        {"database:a not empty, must drop all collections before drop database", MILVUS_REFUSED},
        {"the dim (3) of field data(v) is not equal to schema dim (4)", MILVUS_REFUSED},
        {"context deadline exceeded", MILVUS_AMBIGUOUS},
        {"rpc error: code = Unavailable desc = a", MILVUS_AMBIGUOUS},
        {"Local: Broker transport failure", MILVUS_AMBIGUOUS},
        {"quota exceeded", MILVUS_STALLED},
        {"create duplicate collection with different parameters, collection: kafka_timeout_eof",
         MILVUS_EXISTS},
        {"field connection_timeout not exist", MILVUS_REFUSED},
        {"STREAMING_CODE_REPLICATE_VIOLATION: timeout", MILVUS_REFUSED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(answer(1, 65535, false, cases[i].text, true).outcome, cases[i].outcome);
        assert_int_equal(answer(1, 0, false, cases[i].text, true).outcome, cases[i].outcome);
    }
    assert_int_equal(answer(1, 65535, true, "who knows", true).outcome, MILVUS_AMBIGUOUS);
}

static void test_milvus_answer_of_reply__the_text_is_kept(void **state)
{
    assert_string_equal(answer(1, 77777, false, "what now\xc3\xa9", true).message,
                        "Insert: what now\xc3\xa9");
    assert_string_equal(answer(1, 77777, false, "", true).message,
                        "Insert: the server gave no reason");
}

static void test_milvus_answer_of_reply__texts_are_cut_at_a_character(void **state)
{
    char text[2048] = "";
    struct milvus_answer a;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t at = shift; at + 4 < sizeof(text); at += 4)
            memcpy(text + at, "\xf0\x9f\x98\x80", 5);
        a = answer(1, 5, false, text, true);
        size_t len = strlen(a.message);
        assert_true(len >= sizeof(a.message) - 4);
        assert_memory_equal(a.message + len - 4, "\xf0\x9f\x98\x80", 4);
    }
}

static void test_milvus_answer_of_reply__bytes_that_are_not_utf8(void **state)
{
    assert_string_equal(answer(1, 5, false, "a\xff\xc3z\xed\xa0\x80\xc0\x80", true).message,
                        "Insert: a??z?????");
}

static void test_milvus_answer_of_reply__no_protobuf(void **state)
{
    static const char *const replies[] = {"\xff", "HTTP/1.1 400", "\x0a\x05\x18",
                                          "\x0a\x02\x18\x80"};
    for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
        struct ks_slice reply = {replies[i], strlen(replies[i])};
        assert_int_equal(milvus_answer_of_reply("Insert", false, reply).outcome, MILVUS_AMBIGUOUS);
    }
}

static void test_milvus_answer_of_grpc__codes(void **state)
{
    static const struct {
        enum grpc_code code;
        const char *text;
        enum milvus_outcome outcome;
    } cases[] = {
        {GRPC_CODE_UNAVAILABLE, "", MILVUS_AMBIGUOUS},
        {GRPC_CODE_DEADLINE_EXCEEDED, "", MILVUS_AMBIGUOUS},
        {GRPC_CODE_CANCELLED, "", MILVUS_AMBIGUOUS},
        {GRPC_CODE_UNKNOWN, "", MILVUS_AMBIGUOUS},
        {GRPC_CODE_INTERNAL, "", MILVUS_AMBIGUOUS},
        {GRPC_CODE_INTERNAL, "grpc: error unmarshalling request: string field", MILVUS_REFUSED},
        {GRPC_CODE_ABORTED, "", MILVUS_AMBIGUOUS},
        {(enum grpc_code)15, "", MILVUS_AMBIGUOUS},
        {GRPC_CODE_UNAUTHENTICATED, "", MILVUS_DENIED},
        {GRPC_CODE_PERMISSION_DENIED, "", MILVUS_DENIED},
        {GRPC_CODE_RESOURCE_EXHAUSTED, "received message larger than max", MILVUS_TOO_LARGE},
        {GRPC_CODE_RESOURCE_EXHAUSTED, "Rate limit exceeded", MILVUS_RETRY},
        {GRPC_CODE_INVALID_ARGUMENT, "", MILVUS_REFUSED},
        {GRPC_CODE_UNIMPLEMENTED, "", MILVUS_REFUSED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct milvus_answer a =
            milvus_answer_of_grpc("Insert", cases[i].code, true, cases[i].text);
        assert_int_equal(a.outcome, cases[i].outcome);
        assert_int_equal(a.grpc, cases[i].code);
        assert_int_equal(a.code, cases[i].code == GRPC_CODE_UNIMPLEMENTED ? 10 : 0);
    }
}

static void test_milvus_answer_of_grpc__what_never_left_can_be_repeated(void **state)
{
    struct milvus_answer a =
        milvus_answer_of_grpc("Insert", GRPC_CODE_DEADLINE_EXCEEDED, false, "no connection");
    assert_int_equal(a.outcome, MILVUS_RETRY);
    assert_string_equal(a.message, "Insert: no connection");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_milvus_answer_of_reply__codes),
        cmocka_unit_test(test_milvus_answer_of_reply__doubtful_codes_are_ambiguous),
        cmocka_unit_test(test_milvus_answer_of_reply__ok),
        cmocka_unit_test(test_milvus_answer_of_reply__servers_before_2_3),
        cmocka_unit_test(test_milvus_answer_of_reply__code_65535_is_told_by_its_text),
        cmocka_unit_test(test_milvus_answer_of_reply__the_text_is_kept),
        cmocka_unit_test(test_milvus_answer_of_reply__texts_are_cut_at_a_character),
        cmocka_unit_test(test_milvus_answer_of_reply__bytes_that_are_not_utf8),
        cmocka_unit_test(test_milvus_answer_of_reply__no_protobuf),
        cmocka_unit_test(test_milvus_answer_of_grpc__codes),
        cmocka_unit_test(test_milvus_answer_of_grpc__what_never_left_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
