#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sink_state.h"
#include "alloc.h"

/* ---- a host that knows one offset ---- */

struct ks_task {
    const char *partition, *offset; /* partition NULL: fits any */
    bool fails;
};

static struct ks_task kept;

static enum ks_status offset_read(struct ks_task *task, const char *partition_json,
                                  char **ret_offset_json, struct ks_error *err)
{
    if (task->fails) {
        err->status = KS_ERR_RETRIABLE;
        return KS_ERR_RETRIABLE;
    }
    bool fits = !task->partition || strcmp(task->partition, partition_json) == 0;
    *ret_offset_json = fits && task->offset ? xstrdup(task->offset) : NULL;
    return KS_OK;
}

static const struct ks_task_host host = {
    .task = &kept,
    .offset_read = offset_read,
    .free = free,
};

static enum ks_status read_state(const char *text, struct sink_state *ret, bool *ret_found,
                                 struct ks_error *err)
{
    kept = (struct ks_task){.partition = "{\"sink\":\"state\"}", .offset = text};
    return sink_state_read(&host, ret, ret_found, err);
}

static void assert_refused(const char *text)
{
    struct sink_state s = {.clean = true, .owner = "untouched"};
    struct ks_error err;
    bool found = false;
    assert_int_equal(read_state(text, &s, &found, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, text));
    assert_string_equal(s.owner, "untouched");
    assert_false(found);
}

/* ---- the state ---- */

static void test_sink_state_json__round_trip(void **state)
{
    struct sink_state s = {.clean = true}, back;
    struct ks_arena arena = {0};
    struct ks_error err;
    bool found = false;
    for (int64_t seq = 1; seq <= 12; seq++)
        seq_set_add(&s.applied, seq);
    seq_set_add(&s.applied, 15);
    seq_set_add(&s.applied, 16);
    seq_set_add(&s.skipped, 3);
    seq_set_add(&s.adopted, 7);
    owner_self(s.owner);
    sink_state_new_id(&s);
    assert_int_equal(read_state(sink_state_json(&s, &arena), &back, &found, &err), KS_OK);
    assert_true(found);
    assert_true(back.clean);
    assert_string_equal(back.owner, s.owner);
    assert_true(seq_set_has(&back.applied, 12) && seq_set_has(&back.applied, 16));
    assert_false(seq_set_has(&back.applied, 13) || seq_set_has(&back.applied, 17));
    assert_true(seq_set_has(&back.skipped, 3) && seq_set_has(&back.adopted, 7));
    assert_false(seq_set_has(&back.skipped, 2) || seq_set_has(&back.adopted, 6));
    assert_int_equal(strlen(back.id), 16);
    assert_string_equal(back.id, s.id);
    sink_state_new_id(&s);
    assert_string_not_equal(back.id, s.id);
    sink_state_release(&back);
    s.clean = false;
    assert_int_equal(read_state(sink_state_json(&s, &arena), &back, &found, &err), KS_OK);
    assert_false(back.clean);
    sink_state_release(&back);
    sink_state_release(&s);
    ks_arena_release(&arena);
}

/* What is in the topics of those who run this version must stay readable. */
static void test_sink_state_json__text(void **state)
{
    struct sink_state s = {.owner = "boot/1/2", .id = "00ff00ff00ff00ff"};
    struct ks_arena arena = {0};
    seq_set_add(&s.applied, 1);
    seq_set_add(&s.applied, 5);
    assert_string_equal(sink_state_json(&s, &arena),
                        "{\"adopted\":\"0\",\"applied\":\"1,5\",\"clean\":false,"
                        "\"excluded\":\"0\",\"id\":\"00ff00ff00ff00ff\",\"owner\":\"boot/1/2\","
                        "\"skipped\":\"0\",\"version\":1}");
    sink_state_release(&s);
    ks_arena_release(&arena);
}

static void test_sink_state_read__of_before_excluded_and_id(void **state)
{
    struct sink_state s;
    struct ks_error err;
    bool found = false;
    assert_int_equal(read_state("{\"adopted\":\"0\",\"applied\":\"1,5\",\"clean\":true,\"owner\":"
                                "\"boot/1/2\",\"skipped\":\"5\",\"version\":1}",
                                &s, &found, &err),
                     KS_OK);
    assert_true(found && s.clean && seq_set_has(&s.skipped, 5));
    assert_false(seq_set_has(&s.excluded, 5) || s.id[0]);
    sink_state_release(&s);
}

static void test_sink_state_read__first_start(void **state)
{
    struct sink_state s;
    struct ks_error err;
    bool found = true;
    assert_int_equal(read_state(NULL, &s, &found, &err), KS_OK);
    assert_false(found);
    assert_false(s.clean);
    assert_int_equal(seq_set_max(&s.applied), 0);
}

static void test_sink_state_read__refuses_what_is_not_ours(void **state)
{
    assert_refused("");
    assert_refused("not json");
    assert_refused("[]");
    assert_refused("{\"version\":1}");
    assert_refused("{\"adopted\":\"0\",\"applied\":\"1\",\"clean\":true,\"owner\":\"o\","
                   "\"skipped\":\"0\",\"version\":2}");
    assert_refused("{\"adopted\":\"0\",\"applied\":\"5-1\",\"clean\":true,\"owner\":\"o\","
                   "\"skipped\":\"0\",\"version\":1}");
    assert_refused("{\"adopted\":\"0\",\"applied\":\"1\",\"clean\":\"yes\",\"owner\":\"o\","
                   "\"skipped\":\"0\",\"version\":1}");
    assert_refused("{\"adopted\":\"0\",\"applied\":\"1\",\"clean\":true,\"owner\":7,"
                   "\"skipped\":\"0\",\"version\":1}");
    assert_refused("{\"adopted\":\"0\",\"applied\":\"1\",\"clean\":true,\"id\":\"00ff\","
                   "\"owner\":\"o\",\"skipped\":\"0\",\"version\":1}");
    assert_refused("{\"adopted\":\"0\",\"applied\":\"1\",\"clean\":true,\"id\":\"one, two and 16\","
                   "\"owner\":\"o\",\"skipped\":\"0\",\"version\":1}");
}

static void test_sink_state_read__owner_too_long(void **state)
{
    struct sink_state s;
    struct ks_error err;
    bool found = false;
    char owner[OWNER_TEXT_MAX + 1], *text;
    memset(owner, 'o', sizeof(owner) - 1);
    owner[OWNER_TEXT_MAX] = '\0';
    text = xasprintf("{\"adopted\":\"0\",\"applied\":\"1\",\"clean\":true,\"owner\":\"%s\","
                     "\"skipped\":\"0\",\"version\":1}",
                     owner);
    assert_int_equal(read_state(text, &s, &found, &err), KS_ERR_FATAL);
    free(text);
}

static void test_sink_state_read__host_fails(void **state)
{
    struct sink_state s;
    struct ks_error err;
    bool found = false;
    kept = (struct ks_task){.fails = true};
    assert_int_equal(sink_state_read(&host, &s, &found, &err), KS_ERR_RETRIABLE);
}

/* ---- offsets ---- */

static void test_sink_offset__connects_shape(void **state)
{
    struct ks_arena arena = {0};
    assert_string_equal(sink_offset_partition(&arena, "shop.default.a", 3),
                        "{\"kafka_partition\":3,\"kafka_topic\":\"shop.default.a\"}");
    assert_string_equal(sink_offset_json(&arena, 9007199254740993),
                        "{\"kafka_offset\":9007199254740993}");
    ks_arena_release(&arena);
}

static void test_sink_offset_read__round_trip(void **state)
{
    struct ks_arena arena = {0};
    struct ks_error err;
    int64_t offset = 0;
    kept = (struct ks_task){.partition = sink_offset_partition(&arena, "t", 3),
                            .offset = sink_offset_json(&arena, 41)};
    assert_int_equal(sink_offset_read(&host, "t", 3, &offset, &err), KS_OK);
    assert_int_equal(offset, 41);
    assert_int_equal(sink_offset_read(&host, "t", 4, &offset, &err), KS_OK);
    assert_int_equal(offset, -1);
    ks_arena_release(&arena);
}

static void test_sink_offset_read__refuses_what_is_none(void **state)
{
    static const char *const texts[] = {"{\"kafka_offset\":\"41\"}", "{\"kafka_offset\":-1}",
                                        "{\"offset\":41}", "41", "{"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct ks_error err;
        int64_t offset = 7;
        kept = (struct ks_task){.offset = texts[i]};
        assert_int_equal(sink_offset_read(&host, "t", 0, &offset, &err), KS_ERR_FATAL);
        assert_int_equal(offset, 7);
        assert_non_null(strstr(err.message, texts[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sink_state_json__round_trip),
        cmocka_unit_test(test_sink_state_json__text),
        cmocka_unit_test(test_sink_state_read__of_before_excluded_and_id),
        cmocka_unit_test(test_sink_state_read__first_start),
        cmocka_unit_test(test_sink_state_read__refuses_what_is_not_ours),
        cmocka_unit_test(test_sink_state_read__owner_too_long),
        cmocka_unit_test(test_sink_state_read__host_fails),
        cmocka_unit_test(test_sink_offset__connects_shape),
        cmocka_unit_test(test_sink_offset_read__round_trip),
        cmocka_unit_test(test_sink_offset_read__refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
