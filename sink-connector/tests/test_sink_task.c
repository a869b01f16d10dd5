/* The whole sink in this process: a host that outlives the task, and the model of Milvus. What is
 * killed, stopped and started again ends with the stream's rows, each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ddl_apply.h"
#include "helper_milvus_model.h"
#include "helper_sink_host.h"

enum { A = 7, B = 8, ROWS = 30 };

static struct milvus_model *model;
static struct sink_host *host;

static const struct ddl_field fields[] = {
    {.name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""},
    {.name = "v", .type = MILVUS_INT64, .description = ""},
};
static const struct ddl_named partitions[] = {{1, "_default"}};
static const struct ddl_schema schema = {
    .name = "",
    .description = "",
    .shards = 1,
    .partitions = partitions,
    .partition_count = 1,
    .fields = fields,
    .field_count = 2,
};

static int setup(void **state)
{
    model = milvus_model_start();
    host = sink_host_new(milvus_model_uri(model));
    sink_host_topic(host, "p.a", 2);
    sink_host_topic(host, "p.b", 1);
    return 0;
}

static int teardown(void **state)
{
    sink_host_free(host);
    milvus_model_stop(model);
    return 0;
}

/* ---- the stream ---- */

static struct ddl make(enum ddl_kind kind, const char *collection, int64_t id, const char *topic)
{
    return (struct ddl){.kind = kind,
                        .cluster = "c",
                        .db = "default",
                        .collection = collection,
                        .collection_id = id,
                        .topic = topic,
                        .schema = kind == DDL_CREATE_COLLECTION ? &schema : NULL};
}

static int64_t emit(struct ddl ddl)
{
    return sink_host_ddl(host, &ddl);
}

/* Keys from … to - 1 of a, over both partitions of its topic, with their tenfold. */
static void insert_a(int64_t seq, int64_t from, int64_t to)
{
    for (int64_t key = from; key < to; key++)
        sink_host_row(host, "p.a", (int32_t)(key % 2), 'c', A, seq, key, key * 10);
}

static void insert_b(int64_t seq, int64_t from, int64_t to)
{
    for (int64_t key = from; key < to; key++)
        sink_host_row(host, "p.b", 0, 'c', B, seq, key, key * 10);
}

/* ---- what is there ---- */

static void assert_rows(const char *collection, int64_t count)
{
    assert_int_equal(milvus_model_rows(model, "default", collection), count);
    for (int64_t key = 0; key < count; key++) {
        assert_int_equal(milvus_model_copies(model, "default", collection, key), 1);
        assert_int_equal(milvus_model_value(model, "default", collection, key), key * 10);
    }
}

static void assert_status(const char *text)
{
    if (!strstr(sink_host_status(host), text))
        fail_msg("the status is '%s' and does not say '%s'", sink_host_status(host), text);
}

static bool is_clean(void)
{
    return strstr(sink_host_state(host), "\"clean\":true") != NULL;
}

static bool ten_of_a(struct sink_host *h)
{
    return milvus_model_rows(model, "default", "a") == 10;
}

static bool all_of_a(struct sink_host *h)
{
    return milvus_model_rows(model, "default", "a") == ROWS;
}

static bool all_of_b(struct sink_host *h)
{
    return milvus_model_rows(model, "default", "b") == ROWS;
}

static bool has_a(struct sink_host *h)
{
    return milvus_model_has(model, "default", "a");
}

static bool has_applied_one(struct sink_host *h)
{
    return strstr(sink_host_state(h), "\"applied\":\"1\"") != NULL;
}

static bool has_no_status(struct sink_host *h)
{
    return sink_host_status(h)[0] == '\0';
}

static bool has_status(struct sink_host *h)
{
    return sink_host_status(h)[0] != '\0';
}

/* ---- the plain way ---- */

static void test_task__rows_follow_their_collection(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    assert_false(is_clean()); /* before the first write */
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
    sink_host_row(host, "p.a", 1, 'u', A, seq, 1, 11);
    sink_host_row(host, "p.a", 0, 'd', A, seq, 2, 0);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_value(model, "default", "a", 1), 11);
    assert_int_equal(milvus_model_copies(model, "default", "a", 2), 0);
    assert_string_equal(sink_host_status(host), "");
    sink_host_close(host);
    assert_true(is_clean());
    assert_int_equal(sink_host_committed(host, "p.a", 0), ROWS / 2 + 1);
}

static void test_task__goes_on_after_a_clean_stop(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    insert_a(seq, 10, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
    assert_int_equal(milvus_model_calls(model, "CreateCollection"), 1);
}

/* ---- order ---- */

static void test_task__rows_wait_for_their_ddl(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    insert_a(seq + 1, 10, ROWS); /* of a DDL that is not yet on the topic */
    sink_host_start(host);
    sink_host_run(host, ten_of_a);
    sink_host_rounds(host, 100);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 10);
    struct ddl alter = make(DDL_ALTER_COLLECTION, "a", A, "p.a");
    alter.schema = &schema;
    emit(alter);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

static void test_task__ddl_waits_for_its_rows(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, 1}, {"p.a", 1, 1}};
    drop.after = after;
    drop.after_count = 2;
    emit(drop);
    sink_host_row(host, "p.a", 0, 'c', A, seq, 0, 0);
    sink_host_start(host);
    sink_host_run(host, has_a);
    sink_host_rounds(host, 100);
    assert_true(milvus_model_has(model, "default", "a")); /* partition 1 is behind */
    sink_host_row(host, "p.a", 1, 'c', A, seq, 1, 10);
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "a"));
    assert_int_equal(milvus_model_calls(model, "Insert"), 2);
}

/* Otherwise a crash would read rows again whose collection is gone, or another one. */
static void test_task__no_drop_before_the_rows_are_committed(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_option(host, "lease.ms", "60000");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_fail_commits(host, -1);
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, ROWS / 2}};
    drop.after = after;
    drop.after_count = 1;
    emit(drop);
    sink_host_rounds(host, 300);
    assert_true(milvus_model_has(model, "default", "a"));
    assert_status("the brokers are away");
    sink_host_fail_commits(host, 0);
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "a"));
}

static void test_task__one_name_used_again(void **state)
{
    int64_t last = 0;
    for (int64_t id = 1; id <= 4; id++) {
        int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", id, "p.a"));
        last = sink_host_row(host, "p.a", 0, 'c', id, seq, id, id);
        struct ddl drop = make(DDL_DROP_COLLECTION, "a", id, NULL);
        struct ks_topic_partition after = {"p.a", 0, last + 1};
        drop.after = &after;
        drop.after_count = 1;
        if (id < 4)
            emit(drop);
    }
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 1);
    assert_int_equal(milvus_model_copies(model, "default", "a", 4), 1);
    assert_int_equal(milvus_model_calls(model, "DropCollection"), 3);
}

/* ---- kills ---- */

/* Killed when the rows are written and nothing of it is committed. */
static void write_and_kill(void)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_option(host, "lease.ms", "60000");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    insert_a(seq, 0, ROWS);
    sink_host_fail_commits(host, -1);
    sink_host_run(host, all_of_a);
    sink_host_kill(host);
    sink_host_fail_commits(host, 0);
    sink_host_option(host, "lease.ms", "900");
    assert_int_equal(sink_host_committed(host, "p.a", 0), 0);
}

static void test_kill__rows_are_written_again_as_upserts(void **state)
{
    write_and_kill();
    sink_host_start(host);
    sink_host_run(host, has_status); /* the killed one is this process: it may still be writing */
    assert_status("the lease of an old owner");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_true(milvus_model_calls(model, "Upsert") > 0);
    sink_host_close(host);
    assert_true(is_clean());
}

/* Two starts later it is still not known what the first one wrote. */
static void test_kill__then_a_clean_stop_before_the_rows(void **state)
{
    write_and_kill();
    sink_host_start(host);
    sink_host_close(host); /* it has read nothing */
    assert_false(is_clean());
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    sink_host_close(host);
    assert_true(is_clean());
}

static void test_kill__ddl_done_but_not_committed(void **state)
{
    emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_start(host);
    sink_host_fail_commits(host, -1);
    while (milvus_model_calls(model, "CreateCollection") == 0)
        sink_host_rounds(host, 1);
    sink_host_kill(host);
    sink_host_fail_commits(host, 0);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_string_equal(sink_host_status(host), "");
    assert_true(milvus_model_has(model, "default", "a"));
}

static void test_kill__again_and_again(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    for (int64_t round = 0; round < 6; round++) {
        insert_a(seq, round * 5, round * 5 + 5);
        sink_host_start(host);
        sink_host_rounds(host, (int)(round * 97 % 500) + 20);
        if (round % 3 == 2)
            sink_host_close(host);
        else
            sink_host_kill(host);
    }
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

static void test_kill__offsets_moved_back_by_a_tool(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    sink_host_set_committed(host, "p.a", 0, 3);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_true(milvus_model_calls(model, "Upsert") > 0);
}

static void test_start__state_lost(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    sink_host_forget_state(host);
    sink_host_start(host);
    sink_host_run(host, has_status);
    assert_status("no committed state");
    assert_rows("a", ROWS);
}

/* ---- what is there before ---- */

static struct milvus_client *connect_target(void)
{
    struct milvus_client *client;
    struct ks_error err;
    struct milvus_options options = {.uri = milvus_model_uri(model)};
    assert_int_equal(milvus_client_open(&options, &client, &err), KS_OK);
    return client;
}

static void made_in_target(struct milvus_client *client, struct milvus_answer answer)
{
    assert_int_equal(answer.outcome, MILVUS_OK);
    milvus_client_close(client);
}

static void make_in_target(const char *name, const char *stamp)
{
    struct milvus_client *client = connect_target();
    const struct ddl_kv property = {STAMP_PROPERTY, stamp};
    made_in_target(client, milvus_create_collection(client, "default", name, &schema, &property,
                                                    stamp ? 1 : 0, 20000));
}

static void drop_in_target(const char *name)
{
    struct milvus_client *client = connect_target();
    made_in_target(client, milvus_drop_collection(client, "default", name, 20000));
}

static void put_alias_in_target(const char *collection)
{
    struct milvus_client *client = connect_target();
    made_in_target(client, milvus_create_alias(client, "default", collection, "x", false, 20000));
}

static void test_adopted__rows_are_upserts_for_ever(void **state)
{
    make_in_target("a", NULL);
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_close(host);
    insert_a(seq, 0, ROWS); /* the first ten once more */
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Insert"), 0);
}

/* ---- quarantine ---- */

static void test_quarantine__one_collection_only(void **state)
{
    make_in_target("a", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    int64_t b = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_a(a, 0, ROWS);
    insert_b(b, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, all_of_b);
    sink_host_rounds(host, 50);
    assert_status("collection 7 is quarantined");
    assert_status("belongs to other/1");
    assert_int_equal(milvus_model_rows(model, "default", "a"), 0);
    assert_int_equal(sink_host_committed(host, "p.a", 0), 0);
}

static void test_quarantine__ends_with_the_drop(void **state)
{
    make_in_target("a", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(a, 0, ROWS);
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, ROWS / 2}, {"p.a", 1, ROWS / 2}};
    drop.after = after;
    drop.after_count = 2;
    sink_host_start(host);
    sink_host_run(host, has_status);
    emit(drop);
    sink_host_run(host, sink_host_is_idle);
    sink_host_run(host, has_no_status);
    assert_true(milvus_model_has(model, "default", "a")); /* the other's */
    sink_host_close(host);
    assert_true(is_clean());
}

static void quarantine_by_a_row(int64_t *ret_seq)
{
    *ret_seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(*ret_seq, 0, 5);
    sink_host_row(host, "p.b", 0, 'u', B, *ret_seq, 5, MODEL_BAD_VALUE);
    insert_b(*ret_seq, 6, 10);
    sink_host_start(host);
    sink_host_run(host, has_status);
    assert_status("collection 8 is quarantined");
    assert_status("v of id 5");
    assert_int_equal(milvus_model_copies(model, "default", "b", 5), 0);
    assert_true(sink_host_committed(host, "p.b", 0) <= 5);
}

/* Half of the job is written: that is no clean end. */
static void test_quarantine__by_a_row_and_stopped(void **state)
{
    int64_t seq;
    quarantine_by_a_row(&seq);
    sink_host_close(host);
    assert_false(is_clean());
    sink_host_start(host);
    sink_host_run(host, has_status);
    for (int64_t key = 0; key < 5; key++)
        assert_true(milvus_model_copies(model, "default", "b", key) <= 1);
}

static void test_quarantine__by_a_row_ends_with_the_drop(void **state)
{
    int64_t seq;
    quarantine_by_a_row(&seq);
    struct ddl drop = make(DDL_DROP_COLLECTION, "b", B, NULL);
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}};
    drop.after = after;
    drop.after_count = 1;
    emit(drop);
    seq = emit(make(DDL_CREATE_COLLECTION, "b", B + 1, "p.b"));
    sink_host_row(host, "p.b", 0, 'c', B + 1, seq, 77, 770);
    sink_host_run(host, sink_host_is_idle);
    sink_host_run(host, has_no_status);
    assert_int_equal(milvus_model_rows(model, "default", "b"), 1);
    assert_int_equal(milvus_model_value(model, "default", "b", 77), 770);
}

/* What was refused for good is tried again from the first row that is not committed, in order. */
static void refuse_one_job_of_a(int64_t *ret_seq)
{
    *ret_seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(*ret_seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    milvus_model_trouble(model, "Insert", TROUBLE_STATUS, 1100, "not today");
    for (int64_t key = 10; key < 20; key++)
        sink_host_row(host, "p.a", 0, 'c', A, *ret_seq, key, -10 * key);
    for (int64_t key = 10; key < 20; key++)
        sink_host_row(host, "p.a", 0, 'u', A, *ret_seq, key, key * 10);
    sink_host_row(host, "p.a", 0, 'd', A, *ret_seq, 0, 0);
    sink_host_row(host, "p.a", 0, 'c', A, *ret_seq, 0, 0);
    sink_host_run(host, has_status);
    assert_status("collection 7 is quarantined");
    assert_status("not today");
    insert_a(*ret_seq, 20, ROWS);
    sink_host_rounds(host, 100);
    assert_int_equal(sink_host_committed(host, "p.a", 0), 5);
}

static void test_quarantine__stopped_and_tried_again(void **state)
{
    int64_t seq;
    refuse_one_job_of_a(&seq);
    sink_host_close(host);
    assert_int_equal(sink_host_committed(host, "p.a", 0), 5);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    sink_host_run(host, has_no_status);
}

static void test_quarantine__killed_and_tried_again(void **state)
{
    int64_t seq;
    refuse_one_job_of_a(&seq);
    sink_host_kill(host);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    sink_host_run(host, has_no_status);
}

/* The reason comes back with the task: nothing is committed behind a DDL that was refused. */
static void test_quarantine__by_a_ddl_and_mended(void **state)
{
    make_in_target("a", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(a, 0, ROWS);
    for (int i = 0; i < 2; i++) {
        sink_host_start(host);
        sink_host_run(host, has_status);
        assert_status("belongs to other/1");
        sink_host_rounds(host, 50);
        assert_int_equal(milvus_model_rows(model, "default", "a"), 0);
        sink_host_close(host);
        assert_int_equal(sink_host_committed(host, "p.a", 0), 0);
    }
    drop_in_target("a");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
}

/* What is given up for a drop that is still to come was not applied, for the next owner neither:
 * the rows would go into somebody else's collection. */
static void test_quarantine__given_up_and_killed_before_the_drop(void **state)
{
    make_in_target("a", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_start(host);
    sink_host_run(host, has_status);
    struct ddl drop = make(DDL_DROP_COLLECTION, "a", A, NULL);
    const struct ks_topic_partition after[] = {{"p.a", 0, ROWS / 2}, {"p.a", 1, ROWS / 2}};
    drop.after = after;
    drop.after_count = 2;
    emit(drop);
    sink_host_run(host, has_applied_one);
    sink_host_kill(host);
    insert_a(a, 0, ROWS - 1);
    sink_host_start(host);
    sink_host_rounds(host, 700);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 0);
    insert_a(a, ROWS - 1, ROWS);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 0);
    assert_true(milvus_model_has(model, "default", "a")); /* the other's */
}

/* The rename is given up, so the collection still has its first name. */
static void test_quarantine__rename_given_up_for_the_drop(void **state)
{
    make_in_target("b", "other/1");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_row(host, "p.a", 0, 'c', A, a, 1, 10);
    struct ddl rename = make(DDL_RENAME_COLLECTION, "b", A, "p.b");
    rename.old_collection = "a";
    rename.schema = &schema;
    emit(rename);
    sink_host_start(host);
    sink_host_run(host, has_status);
    assert_status("cannot be renamed");
    emit(make(DDL_DROP_COLLECTION, "b", A, NULL));
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "a"));
    assert_true(milvus_model_has(model, "default", "b")); /* the other's */
}

static void test_quarantine__record_that_is_no_change(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    sink_host_garbage(host, "p.a", 1);
    sink_host_row(host, "p.a", 1, 'c', A, seq, 1, 10);
    sink_host_row(host, "p.a", 0, 'c', A, seq, 0, 0);
    sink_host_start(host);
    sink_host_run(host, has_status);
    sink_host_rounds(host, 100);
    assert_status("p.a partition 1 is blocked");
    assert_int_equal(milvus_model_copies(model, "default", "a", 0), 1);
    assert_int_equal(milvus_model_copies(model, "default", "a", 1), 0);
    assert_int_equal(sink_host_committed(host, "p.a", 1), 0);
}

/* ---- dead letters and policies ---- */

static void test_dead_letters__rows_and_records(void **state)
{
    sink_host_option(host, "errors.tolerance", "all");
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    sink_host_row(host, "p.b", 0, 'c', B, seq, 0, 0);
    sink_host_row(host, "p.b", 0, 'c', B, seq, 1, MODEL_BAD_VALUE);
    sink_host_garbage(host, "p.b", 0);
    sink_host_row(host, "p.b", 0, 'c', B, seq, 2, 20);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(sink_host_errants(host), 2);
    assert_int_equal(milvus_model_rows(model, "default", "b"), 2);
    assert_string_equal(sink_host_status(host), "");
}

static void test_policy__create_skipped(void **state)
{
    sink_host_option(host, "ddl.policy.create_collection", "skip");
    make_in_target("a", NULL);
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    int64_t b = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_a(a, 0, ROWS); /* the target has it, and equal */
    insert_b(b, 0, ROWS); /* the target has none */
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    assert_false(milvus_model_has(model, "default", "b"));
    sink_host_close(host);
    sink_host_start(host);
    insert_a(a, 0, ROWS);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

/* The collection keeps its name in the target; its rows come from the new topic all the same, and
 * later DDL find it. */
static void test_policy__rename_skipped(void **state)
{
    sink_host_option(host, "ddl.policy.rename_collection", "skip");
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    struct ddl rename = make(DDL_RENAME_COLLECTION, "b", A, "p.b");
    rename.old_collection = "a";
    rename.schema = &schema;
    seq = emit(rename);
    for (int64_t key = 10; key < ROWS; key++) {
        if (key == 20) {
            sink_host_start(host);
            sink_host_run(host, sink_host_is_idle);
            sink_host_close(host);
        }
        sink_host_row(host, "p.b", 0, 'c', A, seq, key, key * 10);
    }
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
    struct ddl partition = make(DDL_CREATE_PARTITION, "b", A, NULL);
    partition.partition = "p1";
    partition.partition_id = 2;
    emit(partition);
    sink_host_run(host, sink_host_is_idle);
    assert_true(milvus_model_has_partition(model, "default", "a", "p1"));
    emit(make(DDL_DROP_COLLECTION, "b", A, NULL));
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "a"));
}

static void test_filter__collection_left_out(void **state)
{
    sink_host_option(host, "collection.exclude.list", "default\\.b");
    int64_t a = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_a(a, 0, ROWS);
    sink_host_start(host);
    sink_host_run(host, all_of_a);
    assert_false(milvus_model_has(model, "default", "b"));
    assert_string_equal(sink_host_status(host), "");
}

/* ---- aliases ---- */

static struct ddl make_alias(enum ddl_kind kind, const char *collection, int64_t id)
{
    struct ddl alias = make(kind, collection, id, NULL);
    alias.alias = "x";
    return alias;
}

static void assert_alias(const char *db, const char *collection)
{
    char name[128];
    milvus_model_alias(model, db, "x", name);
    assert_string_equal(name, collection);
}

/* a goes alone into another database, and its alias with it. */
static void begin_with_alias(void)
{
    struct milvus_client *client = connect_target();
    made_in_target(client, milvus_create_database(client, "other", NULL, 0, 20000));
    sink_host_option(host, "collection.mapping", "default.a:other.a2");
    emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    emit(make_alias(DDL_CREATE_ALIAS, "a", A));
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_alias("other", "a2");
}

static void test_alias__dropped_where_its_collection_is(void **state)
{
    begin_with_alias();
    sink_host_close(host); /* the next task knows it from the stream */
    emit(make_alias(DDL_DROP_ALIAS, NULL, 0));
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_alias("other", "");
}

static void test_alias__moved_between_databases(void **state)
{
    begin_with_alias();
    emit(make_alias(DDL_ALTER_ALIAS, "b", B));
    sink_host_run(host, sink_host_is_idle);
    assert_alias("other", "");
    assert_alias("default", "b");
    emit(make_alias(DDL_ALTER_ALIAS, "a", A));
    sink_host_run(host, sink_host_is_idle);
    assert_alias("other", "a2");
    assert_alias("default", "");
}

/* The target's own, of a collection that is left out. */
static void test_alias__not_ours(void **state)
{
    make_in_target("own", NULL);
    put_alias_in_target("own");
    sink_host_option(host, "collection.exclude.list", "default\\.b");
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    emit(make_alias(DDL_CREATE_ALIAS, "b", B));
    emit(make_alias(DDL_DROP_ALIAS, NULL, 0));
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_alias("default", "own");
}

/* ---- filters and mappings that change between two runs ---- */

static int64_t create_b_left_out(void)
{
    struct ddl partition = make(DDL_CREATE_PARTITION, "b", B, NULL);
    partition.partition = "p1";
    partition.partition_id = 2;
    sink_host_option(host, "collection.exclude.list", "default\\.b");
    emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    return emit(partition);
}

static void restart(const char *option, const char *value)
{
    sink_host_close(host);
    sink_host_option(host, option, value);
    sink_host_start(host);
}

/* Of what was left out the first row may even name a DDL that was applied to its database. */
static void test_filter__taken_in_later(void **state)
{
    int64_t seq = create_b_left_out();
    struct ddl database = make(DDL_CREATE_DATABASE, NULL, 0, NULL);
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}};
    database.after = after;
    database.after_count = 1;
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, has_a);
    sink_host_rounds(host, 100);
    seq = emit(database);
    insert_b(seq, 10, ROWS);
    sink_host_run(host, sink_host_has_applied_all);
    assert_false(milvus_model_has(model, "default", "b"));
    restart("collection.exclude.list", "");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS);
    assert_true(milvus_model_has_partition(model, "default", "b", "p1"));
    assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
    assert_string_equal(sink_host_status(host), "");
    sink_host_close(host);
    sink_host_start(host);
    insert_b(seq, ROWS, ROWS + 1);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS + 1);
}

/* Killed on the way, it is still the DDL before the rows. */
static void test_filter__taken_in_later_and_killed(void **state)
{
    create_b_left_out();
    sink_host_start(host);
    sink_host_run(host, sink_host_has_applied_all);
    insert_b(emit(make(DDL_CREATE_DATABASE, NULL, 0, NULL)), 0, ROWS);
    sink_host_run(host, sink_host_has_applied_all);
    sink_host_close(host);
    sink_host_option(host, "collection.exclude.list", "");
    for (int i = 0; i < 6; i++) {
        sink_host_start(host);
        sink_host_rounds(host, 1 + i);
        sink_host_kill(host);
    }
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS);
}

static void test_filter__left_out_and_taken_in_again(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    struct ddl partition = make(DDL_CREATE_PARTITION, "b", B, NULL);
    partition.partition = "p1";
    partition.partition_id = 2;
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    insert_b(seq, 10, 20);
    restart("collection.exclude.list", "default\\.b");
    seq = emit(partition);
    insert_b(seq, 20, ROWS);
    sink_host_run(host, sink_host_has_applied_all);
    sink_host_rounds(host, 50);
    assert_rows("b", 10);
    assert_false(milvus_model_has_partition(model, "default", "b", "p1"));
    restart("collection.exclude.list", "");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS);
    assert_true(milvus_model_has_partition(model, "default", "b", "p1"));
}

static void test_filter__came_and_went_while_left_out(void **state)
{
    create_b_left_out();
    emit(make_alias(DDL_CREATE_ALIAS, "b", B));
    emit(make_alias(DDL_ALTER_ALIAS, "a", A));
    emit(make(DDL_DROP_COLLECTION, "b", B, NULL));
    sink_host_start(host);
    sink_host_run(host, sink_host_has_applied_all);
    assert_alias("default", "a");
    restart("collection.exclude.list", "");
    sink_host_run(host, sink_host_has_applied_all);
    sink_host_rounds(host, 50);
    assert_int_equal(milvus_model_calls(model, "CreateCollection"), 1);
    assert_alias("default", "a");
    assert_string_equal(sink_host_status(host), "");
}

/* Its alias points elsewhere by now. */
static void test_filter__alias_that_has_moved_on(void **state)
{
    create_b_left_out();
    emit(make_alias(DDL_CREATE_ALIAS, "b", B));
    emit(make_alias(DDL_ALTER_ALIAS, "a", A));
    sink_host_start(host);
    sink_host_run(host, sink_host_has_applied_all);
    restart("collection.exclude.list", "");
    sink_host_run(host, sink_host_has_applied_all);
    assert_true(milvus_model_has(model, "default", "b"));
    assert_alias("default", "a");
    assert_string_equal(sink_host_status(host), "");
}

/* Rows that were passed over, since somebody else's topic held them, are not made good by a create.
 */
static void test_filter__rows_were_passed_over(void **state)
{
    sink_host_option(host, "collection.exclude.list", "default\\.tmp");
    int64_t tmp = emit(make(DDL_CREATE_COLLECTION, "tmp", B, "p.b"));
    int64_t b = emit(make(DDL_CREATE_COLLECTION, "b", B + 1, "p.b"));
    insert_b(tmp, 0, 10);
    sink_host_row(host, "p.b", 0, 'c', B + 1, b, 77, 770);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    restart("collection.exclude.list", "");
    insert_b(tmp, 10, ROWS);
    sink_host_run(host, sink_host_is_idle);
    assert_false(milvus_model_has(model, "default", "tmp"));
    assert_int_equal(milvus_model_rows(model, "default", "b"), 1);
}

static int64_t write_ten_of_a(void)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    insert_a(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    insert_a(seq, 10, ROWS);
    return seq;
}

static void test_mapping__changed(void **state)
{
    struct ddl partition = make(DDL_CREATE_PARTITION, "a", A, NULL);
    write_ten_of_a();
    partition.partition = "p1";
    partition.partition_id = 2;
    emit(partition);
    restart("collection.mapping", "default.a:default.c");
    sink_host_run(host, has_status);
    assert_status("default.c, which this sink has written to as its copy of default.a, is not");
    sink_host_rounds(host, 50);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 10);
    assert_false(milvus_model_has_partition(model, "default", "a", "p1"));
    struct milvus_client *client = connect_target();
    made_in_target(client, milvus_rename_collection(client, "default", "a", "default", "c", 20000));
    restart("collection.mapping", "default.a:default.c");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("c", ROWS);
    assert_true(milvus_model_has_partition(model, "default", "c", "p1"));
}

static void test_mapping__changed_onto_somebody_elses(void **state)
{
    make_in_target("c", NULL);
    write_ten_of_a();
    restart("collection.mapping", "default.a:default.c");
    sink_host_run(host, has_status);
    assert_status("default.c of the target is not this sink's copy of default.a");
    sink_host_rounds(host, 50);
    assert_int_equal(milvus_model_rows(model, "default", "c"), 0);
    restart("collection.mapping", "");
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

/* The target does not answer at first. */
static void test_verify__put_off(void **state)
{
    write_ten_of_a();
    sink_host_close(host);
    milvus_model_trouble(model, "DescribeCollection", TROUBLE_STATUS, 8, "rate limit exceeded");
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("a", ROWS);
}

/* Done in the target, but not committed: the name is gone because of a rename that comes again. */
static void test_verify__rename_not_committed(void **state)
{
    int64_t seq = write_ten_of_a();
    struct ddl rename = make(DDL_RENAME_COLLECTION, "b", A, "p.b");
    rename.old_collection = "a";
    rename.schema = &schema;
    sink_host_run(host, sink_host_is_idle);
    seq = emit(rename);
    while (milvus_model_calls(model, "RenameCollection") == 0)
        sink_host_rounds(host, 1);
    sink_host_kill(host);
    sink_host_row(host, "p.b", 0, 'c', A, seq, ROWS, ROWS * 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", ROWS + 1);
}

/* ---- partitions that are added ---- */

static void test_partitions__added_while_running(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_grow(host, "p.b", 3);
    for (int64_t key = 10; key < ROWS; key++)
        sink_host_row(host, "p.b", (int32_t)(key % 3), 'c', B, seq, key, key * 10);
    sink_host_run(host, sink_host_is_idle); /* no DDL tells of them */
    assert_rows("b", ROWS);
    assert_int_equal(sink_host_committed(host, "p.b", 2), 7);
    sink_host_close(host);
    assert_true(is_clean());
}

static void test_partitions__ddl_waits_for_rows_of_a_new_one(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_grow(host, "p.b", 2);
    sink_host_row(host, "p.b", 1, 'c', B, seq, 10, 100);
    struct ddl drop = make(DDL_DROP_COLLECTION, "b", B, NULL);
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}, {"p.b", 1, 2}};
    drop.after = after;
    drop.after_count = 2;
    emit(drop);
    sink_host_rounds(host, 300);
    assert_true(milvus_model_has(model, "default", "b"));
    sink_host_row(host, "p.b", 1, 'c', B, seq, 11, 110);
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_calls(model, "DropCollection"), 1);
    assert_int_equal(milvus_model_calls(model, "Insert"), 3);
}

/* A key that moved: what the old partition has of it is older. The rows of the old partition are
 * held up by a DDL that comes late. */
static void test_partitions__new_one_begins_after_the_old_ones(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_row(host, "p.b", 0, 'u', B, seq + 1, 3, 1);
    sink_host_grow(host, "p.b", 2);
    sink_host_row(host, "p.b", 1, 'u', B, seq, 3, 30);
    sink_host_rounds(host, 100);
    for (int i = 0; i < 2; i++) { /* a restart does not forget it */
        sink_host_rounds(host, 100);
        assert_int_equal(milvus_model_calls(model, "Upsert"), 0);
        sink_host_close(host);
        sink_host_start(host);
    }
    struct ddl alter = make(DDL_ALTER_COLLECTION, "b", B, "p.b");
    alter.schema = &schema;
    emit(alter);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", 10);
    assert_int_equal(milvus_model_calls(model, "Upsert"), 2);
}

/* The old partition's next row waits for a DDL that waits for the new partition's first. */
static void test_partitions__new_one_does_not_wait_for_what_is_later(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    sink_host_grow(host, "p.b", 2);
    sink_host_row(host, "p.b", 1, 'u', B, seq, 3, 5);
    struct ddl alter = make(DDL_ALTER_COLLECTION, "b", B, "p.b");
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}, {"p.b", 1, 1}};
    alter.schema = &schema;
    alter.after = after;
    alter.after_count = 2;
    sink_host_row(host, "p.b", 0, 'u', B, seq + 1, 3, 30);
    emit(alter);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", 10);
}

/* A topic that was made anew with fewer partitions. */
static void test_partitions__gone(void **state)
{
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    insert_b(seq, 0, 10);
    struct ddl alter = make(DDL_ALTER_COLLECTION, "b", B, "p.b");
    const struct ks_topic_partition after[] = {{"p.b", 0, 10}, {"p.b", 1, 5}};
    alter.schema = &schema;
    alter.after = after;
    alter.after_count = 2;
    emit(alter);
    sink_host_start(host);
    sink_host_run(host, sink_host_is_idle);
    assert_rows("b", 10);
}

/* ---- memory ---- */

static void test_memory__partitions_of_waiting_rows_are_paused(void **state)
{
    enum { MANY = 4000 };
    sink_host_option(host, "sink.buffer.max.bytes", "1048576");
    int64_t seq = emit(make(DDL_CREATE_COLLECTION, "a", A, "p.a"));
    for (int64_t key = 0; key < 3 * MANY; key++)
        sink_host_row(host, "p.a", 0, 'c', A, seq + 1, key, key * 10); /* wait */
    sink_host_row(host, "p.a", 1, 'c', A, seq, 1, 10);
    sink_host_start(host);
    sink_host_rounds(host, 400);
    assert_true(sink_host_is_paused(host, "p.a", 0));
    assert_false(sink_host_is_paused(host, "p.a", 1));
    assert_int_equal(milvus_model_rows(model, "default", "a"), 1);
    emit(make(DDL_CREATE_COLLECTION, "b", B, "p.b"));
    sink_host_run(host, sink_host_is_idle);
    assert_int_equal(milvus_model_rows(model, "default", "a"), 3 * MANY + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_task__rows_follow_their_collection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_task__goes_on_after_a_clean_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_task__rows_wait_for_their_ddl, setup, teardown),
        cmocka_unit_test_setup_teardown(test_task__ddl_waits_for_its_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_task__no_drop_before_the_rows_are_committed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_task__one_name_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill__rows_are_written_again_as_upserts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_kill__then_a_clean_stop_before_the_rows, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_kill__ddl_done_but_not_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill__again_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill__offsets_moved_back_by_a_tool, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start__state_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_adopted__rows_are_upserts_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__one_collection_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__ends_with_the_drop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__by_a_row_and_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__by_a_row_ends_with_the_drop, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__stopped_and_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__killed_and_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__by_a_ddl_and_mended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__given_up_and_killed_before_the_drop, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__rename_given_up_for_the_drop, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_quarantine__record_that_is_no_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_letters__rows_and_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_policy__create_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_policy__rename_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__collection_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alias__dropped_where_its_collection_is, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_alias__moved_between_databases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alias__not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__taken_in_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__taken_in_later_and_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__left_out_and_taken_in_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__came_and_went_while_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__alias_that_has_moved_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter__rows_were_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mapping__changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mapping__changed_onto_somebody_elses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__put_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__rename_not_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partitions__added_while_running, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partitions__ddl_waits_for_rows_of_a_new_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_partitions__new_one_begins_after_the_old_ones, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_partitions__new_one_does_not_wait_for_what_is_later,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_partitions__gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory__partitions_of_waiting_rows_are_paused, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
