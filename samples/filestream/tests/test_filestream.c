/* Both tasks, driven by a host of this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "filestream.h"
#include "kitestream/sdk/avro.h"
#include "kitestream/sdk/util.h"
#include "utf8.h"

/* ---- a host ---- */

struct ks_schema {
    const char *json;
};

struct ks_task {
    const char *offset_json; /* committed; NULL: none */
    char waiting[300];
    int errant;
};

static struct ks_schema string_schema = {"\"string\""}, long_schema = {"\"long\""};

static void host_status(struct ks_task *task, const char *waiting_for)
{
    snprintf(task->waiting, sizeof task->waiting, "%s", waiting_for ? waiting_for : "");
}

static enum ks_status host_offset_read(struct ks_task *task, const char *partition_json, char **ret,
                                       struct ks_error *err)
{
    assert_non_null(strstr(partition_json, "{\"filename\":\""));
    *ret = task->offset_json ? strdup(task->offset_json) : NULL;
    return KS_OK;
}

static enum ks_status host_schema_intern(struct ks_task *task, const char *json, size_t len,
                                         const struct ks_schema **ret, struct ks_error *err)
{
    assert_int_equal(len, strlen(string_schema.json));
    assert_memory_equal(json, string_schema.json, len);
    *ret = &string_schema;
    return KS_OK;
}

static const char *host_schema_json(const struct ks_schema *schema)
{
    return schema->json;
}

static enum ks_status host_report_errant(struct ks_task *task, const struct ks_record *record,
                                         const char *stage, const struct ks_error *reason,
                                         struct ks_error *err)
{
    task->errant++;
    return KS_OK;
}

/* ---- a folder, a task ---- */

struct fixture {
    char dir[100], file[150];
    struct ks_task task;
    struct ks_task_host host;
    void *source;
    struct ks_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/filestream-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->file, sizeof f->file, "%s/lines.txt", f->dir);
    f->host = (struct ks_task_host){.task = &f->task,
                                    .status = host_status,
                                    .free = free,
                                    .offset_read = host_offset_read,
                                    .schema_intern = host_schema_intern,
                                    .schema_json = host_schema_json,
                                    .report_errant = host_report_errant};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->source)
        filestream_source.source->destroy(f->source);
    unlink(f->file);
    rmdir(f->dir);
    free(f);
    return 0;
}

static void append(const struct fixture *f, const char *text)
{
    FILE *file = fopen(f->file, "a");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static enum ks_status start_source(struct fixture *f, const char *batch_size)
{
    struct ks_config_entry entries[] = {
        {"batch.size", batch_size}, {"file", f->file}, {"topic", "lines"}};
    struct ks_config config = {entries, 3};
    return filestream_source.source->start(&f->host, &config, &f->source, &f->err);
}

/* Values of the next batch, joined with '|', and the offset behind '@'; "" if there is none. */
static const char *poll_text(struct fixture *f)
{
    static char text[1000];
    struct ks_source_batch *batch = NULL;
    text[0] = '\0';
    assert_int_equal(filestream_source.source->poll(f->source, &batch, &f->err), KS_OK);
    if (!batch)
        return text;
    struct ks_avro_schema *schema;
    assert_int_equal(ks_avro_schema_parse("\"string\"", 8, &schema, NULL), KS_OK);
    struct ks_buf json = {0};
    for (size_t i = 0; i < batch->record_count; i++) {
        const struct ks_record *record = &batch->records[i];
        assert_string_equal(record->topic, "lines");
        assert_null(record->key.data);
        assert_ptr_equal(record->value_schema, &string_schema);
        memset((char *)record->value.data - KS_RECORD_HEADROOM, 'h', KS_RECORD_HEADROOM);
        ks_buf_add_str(&json, i ? "|" : "");
        assert_int_equal(ks_avro_to_json(schema, record->value, &json, NULL), KS_OK);
    }
    assert_int_equal(batch->offset_count, 1);
    snprintf(text, sizeof text, "%s @%s", ks_buf_str(&json), batch->offsets[0].offset_json);
    ks_buf_release(&json);
    ks_avro_schema_free(schema);
    batch->release(batch);
    return text;
}

static void test_source__complete_lines_and_position(void **state)
{
    struct fixture *f = *state;
    append(f, "one\ntwo\r\n\nthr");
    assert_int_equal(start_source(f, "2000"), KS_OK);
    assert_string_equal(poll_text(f), "\"one\"|\"two\"|\"\" @{\"position\":10}");
    assert_string_equal(poll_text(f), "");
    append(f, "ee\r");
    assert_string_equal(poll_text(f), ""); /* a LF may follow */
    append(f, "four\n");
    assert_string_equal(poll_text(f), "\"three\"|\"four\" @{\"position\":21}");
}

static void test_source__batch_size(void **state)
{
    struct fixture *f = *state;
    append(f, "a\nb\nc\n");
    assert_int_equal(start_source(f, "2"), KS_OK);
    assert_string_equal(poll_text(f), "\"a\"|\"b\" @{\"position\":4}");
    assert_string_equal(poll_text(f), "\"c\" @{\"position\":6}");
}

static void test_source__resumes_at_the_committed_position(void **state)
{
    struct fixture *f = *state;
    append(f, "one\ntwo\nthree\n");
    f->task.offset_json = "{\"position\":4}";
    assert_int_equal(start_source(f, "2000"), KS_OK);
    assert_string_equal(poll_text(f), "\"two\"|\"three\" @{\"position\":14}");
}

static void test_source__waits_for_the_file(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start_source(f, "2000"), KS_OK);
    assert_string_equal(poll_text(f), "");
    assert_non_null(strstr(f->task.waiting, "to appear"));
    append(f, "one\n");
    assert_string_equal(poll_text(f), "\"one\" @{\"position\":4}");
    assert_string_equal(f->task.waiting, "");
}

static void test_source__a_file_shorter_than_the_position_is_not_read(void **state)
{
    struct fixture *f = *state;
    append(f, "one\n");
    f->task.offset_json = "{\"position\":8}";
    assert_int_equal(start_source(f, "2000"), KS_OK);
    assert_string_equal(poll_text(f), "");
    assert_non_null(strstr(f->task.waiting, "it has 4 bytes, the committed position is 8"));
}

static void test_source__refuses(void **state)
{
    struct fixture *f = *state;
    f->task.offset_json = "{\"position\":\"x\"}";
    assert_int_equal(start_source(f, "2000"), KS_ERR_FATAL);
    assert_non_null(strstr(f->err.message, "reset the connector's offsets"));
    assert_null(f->source);
    f->file[0] = '\0';
    assert_int_equal(start_source(f, "2000"), KS_ERR_FATAL);
    assert_non_null(strstr(f->err.message, "standard input is not supported"));
    assert_null(f->source);
}

static void test_source__stop_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start_source(f, "2000"), KS_OK);
    filestream_source.source->stop(f->source);
    filestream_source.source->stop(f->source);
    assert_string_equal(poll_text(f), "");
}

static void test_check_offset__says_what_is_wrong(void **state)
{
    static const struct {
        const char *partition, *offset, *says;
    } wrong[] = {
        {"{\"nope\":\"x\"}", "{\"position\":1}", "'filename'"},
        {"{\"filename\":7}", "{\"position\":1}", "'filename'"},
        {"{\"filename\":\"x\"}", "{\"nope\":1}", "key 'position'"},
        {"{\"filename\":\"x\"}", "{\"position\":\"abc\"}", "a number"},
        {"{\"filename\":\"x\"}", "{\"position\":-1}", "0 or more"},
    };
    struct ks_error err;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            filestream_source.check_offset(NULL, wrong[i].partition, wrong[i].offset, &err),
            KS_ERR_DATA);
        assert_non_null(strstr(err.message, wrong[i].says));
    }
    assert_int_equal(
        filestream_source.check_offset(NULL, "{\"filename\":\"x\"}", "{\"position\":4}", &err),
        KS_OK);
    assert_int_equal(filestream_source.check_offset(NULL, "{\"nope\":1}", NULL, &err), KS_OK);
}

static void test_utf8__bad_bytes_become_replacement_characters(void **state)
{
    static const char *const cases[][2] = {
        {"plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80",
         "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {"a\xFF"
         "b",
         "a\xEF\xBF\xBD"
         "b"},
        {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"x\xE2\x82", "x\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ks_buf out = {0};
        utf8_append(&out, (const uint8_t *)cases[i][0], strlen(cases[i][0]));
        assert_string_equal(ks_buf_str(&out), cases[i][1]);
        ks_buf_release(&out);
    }
}

/* ---- sink ---- */

static int released;

static void release_batch(struct ks_sink_batch *batch)
{
    released++;
}

static enum ks_status start_sink(struct fixture *f, void **ret)
{
    struct ks_config_entry entry = {"file", f->file};
    struct ks_config config = {&entry, 1};
    return filestream_sink.sink->start(&f->host, &config, ret, &f->err);
}

static void test_sink__appends_lines(void **state)
{
    struct fixture *f = *state;
    void *sink = NULL;
    append(f, "before\n");
    assert_int_equal(start_sink(f, &sink), KS_OK);
    const struct ks_record records[] = {
        {.topic = "t", .value = {"\x06one", 4}, .value_schema = &string_schema},
        {.topic = "t", .value = {"\x04", 1}, .value_schema = &long_schema},
        {.topic = "t",
         .value = {"\x0A"
                   "cut",
                   4},
         .value_schema = &string_schema},
        {.topic = "t", .value = {"raw", 3}},
        {.topic = "t"},
        {.topic = "t", .value = {"\x06two", 4}, .value_schema = &string_schema},
    };
    struct ks_sink_batch batch = {.records = records, .record_count = 6, .release = release_batch};
    released = 0;
    assert_int_equal(filestream_sink.sink->put(sink, &batch, &f->err), KS_OK);
    assert_int_equal(released, 1);
    assert_int_equal(f->task.errant, 1); /* the one that is cut short */
    assert_int_equal(filestream_sink.sink->pre_commit(sink, NULL, 0, &f->err), KS_OK);
    filestream_sink.sink->destroy(sink);
    char text[100] = "";
    FILE *file = fopen(f->file, "r");
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    assert_string_equal(text, "before\none\n2\nraw\nnull\ntwo\n");
}

static void test_sink__cannot_open(void **state)
{
    struct fixture *f = *state;
    void *sink = NULL;
    strcat(f->file, "/x");
    assert_int_equal(start_sink(f, &sink), KS_ERR_FATAL);
    assert_memory_equal(f->err.message, "cannot open ", 12);
    assert_null(sink);
}

static void test_sink__full_disk_is_retried_without_repeating_lines(void **state)
{
    struct fixture *f = *state;
    void *sink = NULL;
    strcpy(f->file, "/dev/full");
    if (access(f->file, W_OK) != 0)
        skip();
    assert_int_equal(start_sink(f, &sink), KS_OK);
    f->file[0] = '\0';
    const struct ks_record record = {.topic = "t", .value = {"raw", 3}};
    struct ks_sink_batch batch = {.records = &record, .record_count = 1, .release = release_batch};
    released = 0;
    assert_int_equal(filestream_sink.sink->put(sink, &batch, &f->err), KS_ERR_RETRIABLE);
    assert_int_equal(filestream_sink.sink->put(sink, &batch, &f->err), KS_ERR_RETRIABLE);
    assert_int_equal(released, 0);
    filestream_sink.sink->destroy(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_source__complete_lines_and_position, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source__batch_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source__resumes_at_the_committed_position, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_source__waits_for_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source__a_file_shorter_than_the_position_is_not_read,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_source__refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source__stop_ends_the_wait, setup, teardown),
        cmocka_unit_test(test_check_offset__says_what_is_wrong),
        cmocka_unit_test(test_utf8__bad_bytes_become_replacement_characters),
        cmocka_unit_test_setup_teardown(test_sink__appends_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sink__cannot_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sink__full_disk_is_retried_without_repeating_lines,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
