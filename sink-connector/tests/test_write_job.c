/* Jobs against the model of Milvus, through the real client and a real connection: whatever happens
 * to a call, no key is lost, none is doubled, and none keeps an old value. */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../write_job.h"
#include "alloc.h"
#include "clock.h"
#include "helper_changes.h"
#include "helper_gate.h"
#include "helper_milvus_model.h"

enum { LONG_LEASE_MS = 60000, SHORT_LEASE_MS = 1800 };
enum { UNAVAILABLE = 14, UNAUTHENTICATED = 16, RESOURCE_EXHAUSTED = 8, RATE_LIMIT = 8 };

static const char row_schema[] =
    "{\"type\":\"record\",\"name\":\"Value\",\"fields\":["
    "{\"name\":\"id\",\"type\":{\"type\":\"long\",\"milvus.primary_key\":true}},"
    "{\"name\":\"v\",\"type\":[\"null\",\"long\"]}]}";

static const struct ddl_field fields[] = {
    {.name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""},
    {.name = "v", .type = MILVUS_INT64, .description = ""},
};
static const struct ddl_schema schema = {
    .name = "a", .description = "", .shards = 1, .fields = fields, .field_count = 2};

struct fixture {
    struct milvus_model *model;
    struct milvus_client *client;
    struct open_gate open;
    struct target_gate *gate; /* open.gate */
    struct changes changes;
    const struct ks_schema *schema;
    struct write_job *job;
    size_t row_cap;
    _Atomic bool broken;
};

/* ---- a target with an empty collection default.a, and a gate that the task keeps open ---- */

static void new_job(struct fixture *f)
{
    f->job = write_job_new();
    f->row_cap = 0;
    f->job->client = f->client;
    f->job->gate = f->gate;
    f->job->broken = &f->broken;
    f->job->target = (struct request_target){"default", "a", NULL, &schema};
    f->job->plan = (struct write_plan_options){.max_rows = 10000, .max_bytes = 8 << 20};
}

static void begin(struct fixture *f, int64_t lease_ms)
{
    struct ks_error err;
    *f = (struct fixture){.model = milvus_model_start()};
    struct milvus_options options = {.uri = milvus_model_uri(f->model)};
    if (milvus_client_open(&options, &f->client, &err))
        fail_msg("%s", err.message);
    struct milvus_answer answer =
        milvus_create_collection(f->client, "default", "a", &schema, NULL, 0, LONG_LEASE_MS);
    assert_int_equal(answer.outcome, MILVUS_OK);
    changes_open(&f->changes);
    f->schema = changes_schema_of(&f->changes, row_schema);
    open_gate_start(&f->open, lease_ms);
    f->gate = f->open.gate;
    new_job(f);
}

static void end_job(struct fixture *f)
{
    free(f->job->rows);
    write_job_free(f->job);
    f->job = NULL;
}

static void end(struct fixture *f)
{
    if (f->job)
        end_job(f);
    open_gate_end(&f->open);
    milvus_client_close(f->client);
    milvus_model_stop(f->model);
    changes_close(&f->changes);
}

/* ---- rows ---- */

/* `image`: the row as JSON. */
static void add_image(struct fixture *f, char op, const char *image)
{
    struct write_job *job = f->job;
    const char text[] = {op, '\0'};
    const struct ks_header headers[] = {
        {"__op", {text, 1}},
        {"__source.collection_id", {"5", 1}},
        {"__source.partition_id", {"1", 1}},
        {"__source.partition", {"_default", 8}},
        {"__source.ddl_seq", {"1", 1}},
        {"__source.tick", {"1", 1}},
    };
    struct ks_record record = {
        .topic = "t",
        .offset = (int64_t)job->row_count,
        .value = changes_body(&f->changes, f->schema, image),
        .value_schema = f->schema,
        .headers = headers,
        .header_count = 6,
    };
    struct change_row *row;
    job->rows = xgrow(job->rows, job->row_count, &f->row_cap, sizeof(*job->rows));
    row = &job->rows[job->row_count++];
    if (change_decode(f->changes.decoder, &record, &f->changes.arena, row, &f->changes.err))
        fail_msg("%s", f->changes.err.message);
    /* The header's bytes end here; all rows are of one partition. */
    row->partition_name = (struct ks_slice){"_default", 8};
    if (op == 'd')
        row->cells = NULL;
}

static void add(struct fixture *f, char op, int64_t key, int64_t value)
{
    char image[96];
    snprintf(image, sizeof(image), "{\"id\":%" PRId64 ",\"v\":%" PRId64 "}", key, value);
    add_image(f, op, image);
}

/* Keys 1 … count, each with its tenfold. */
static void add_inserts(struct fixture *f, int64_t count)
{
    for (int64_t key = 1; key <= count; key++)
        add(f, 'c', key, key * 10);
}

static enum job_result run(struct fixture *f)
{
    f->job->work.run(&f->job->work);
    return f->job->result;
}

/* Keys 1 … count are there once each, with their tenfold, and nothing else. */
static void assert_inserts(struct fixture *f, int64_t count)
{
    assert_int_equal(milvus_model_rows(f->model, "default", "a"), count);
    for (int64_t key = 1; key <= count; key++) {
        assert_int_equal(milvus_model_copies(f->model, "default", "a", key), 1);
        assert_int_equal(milvus_model_value(f->model, "default", "a", key), key * 10);
    }
}

static size_t calls(struct fixture *f, const char *method)
{
    return milvus_model_calls(f->model, method);
}

/* ---- all is well ---- */

static void test_write_job_run__every_kind_in_order(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add(&f, 'c', 1, 10);
    add(&f, 'c', 2, 20);
    add(&f, 'u', 1, 11);
    add(&f, 'd', 2, 0);
    add(&f, 'c', 2, 21);
    add(&f, 'c', 3, 30);
    add(&f, 'd', 3, 0);
    assert_int_equal(run(&f), JOB_DONE);
    assert_int_equal(milvus_model_rows(f.model, "default", "a"), 2);
    assert_int_equal(milvus_model_value(f.model, "default", "a", 1), 11);
    assert_int_equal(milvus_model_value(f.model, "default", "a", 2), 21);
    assert_int_equal(f.job->inserted, 4);
    assert_int_equal(f.job->upserted, 1);
    assert_int_equal(f.job->deleted, 2);
    assert_int_equal(f.job->repeated, 0);
    assert_false(f.broken);
    end(&f);
}

static void test_write_job_run__duplicates_stay_duplicates(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add(&f, 'c', 1, 10);
    add(&f, 'c', 1, 11);
    assert_int_equal(run(&f), JOB_DONE);
    assert_int_equal(milvus_model_copies(f.model, "default", "a", 1), 2);
    end(&f);
}

static void test_write_job_run__upserts_after_an_unclean_start(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add_inserts(&f, 10);
    assert_int_equal(run(&f), JOB_DONE);
    end_job(&f);
    new_job(&f);
    add_inserts(&f, 12); /* a new owner reads them again, and two more */
    f.job->plan.upsert_below = 10;
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 12);
    assert_int_equal(f.job->upserted, 10);
    assert_int_equal(f.job->inserted, 2);
    end(&f);
}

/* ---- ambiguous answers ---- */

static void check_ambiguous(enum trouble kind)
{
    struct fixture f;
    begin(&f, SHORT_LEASE_MS);
    add_inserts(&f, 50);
    milvus_model_trouble(f.model, "Insert", kind, UNAVAILABLE, "going down");
    int64_t start = clock_mono_ms();
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 50);
    /* Its own deadline and a second. */
    assert_true(clock_mono_ms() - start >= SHORT_LEASE_MS / 6 + 1000);
    assert_int_equal(f.job->repeated, 1);
    assert_int_equal(f.job->upserted, 50);
    assert_int_equal(f.job->inserted, 0);
    assert_int_equal(calls(&f, "Insert"), 1);
    assert_int_equal(calls(&f, "Upsert"), 1);
    end(&f);
}

static void test_write_job_run__ambiguous_and_written(void **state)
{
    check_ambiguous(TROUBLE_GRPC_AFTER);
}

static void test_write_job_run__ambiguous_and_not_written(void **state)
{
    check_ambiguous(TROUBLE_GRPC);
}

static void test_write_job_run__ambiguous_status(void **state)
{
    struct fixture f;
    begin(&f, SHORT_LEASE_MS);
    add_inserts(&f, 3);
    milvus_model_trouble(f.model, "Insert", TROUBLE_STATUS, 65535, "rpc error: broken pipe");
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 3);
    assert_int_equal(calls(&f, "Upsert"), 1);
    end(&f);
}

static void check_deadline(enum trouble kind)
{
    struct fixture f;
    begin(&f, SHORT_LEASE_MS);
    add_inserts(&f, 9);
    milvus_model_trouble(f.model, "Insert", kind, 0, "");
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 9);
    assert_int_equal(calls(&f, "Insert"), 1);
    assert_int_equal(calls(&f, "Upsert"), 2); /* halved */
    assert_int_equal(f.job->repeated, 1);
    end(&f);
}

static void test_write_job_run__deadline_and_written(void **state)
{
    check_deadline(TROUBLE_HANG_AFTER);
}

static void test_write_job_run__deadline_and_not_written(void **state)
{
    check_deadline(TROUBLE_HANG);
}

static void test_write_job_run__deadline_of_one_row(void **state)
{
    struct fixture f;
    begin(&f, SHORT_LEASE_MS);
    add(&f, 'u', 1, 10);
    milvus_model_trouble(f.model, "Upsert", TROUBLE_HANG, 0, "");
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 1);
    assert_int_equal(calls(&f, "Upsert"), 2);
    end(&f);
}

static void test_write_job_run__ambiguous_delete(void **state)
{
    struct fixture f;
    begin(&f, SHORT_LEASE_MS);
    add(&f, 'c', 1, 10);
    add(&f, 'd', 1, 0);
    add(&f, 'c', 1, 10);
    milvus_model_trouble(f.model, "Delete", TROUBLE_GRPC_AFTER, UNAVAILABLE, "going down");
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 1);
    assert_int_equal(calls(&f, "Delete"), 2);
    assert_int_equal(calls(&f, "Insert"), 2);
    end(&f);
}

/* A source may hold a key twice; repeated as Upsert one copy is left, with the last value. */
static void test_write_job_run__ambiguous_insert_with_a_key_twice(void **state)
{
    struct fixture f;
    begin(&f, SHORT_LEASE_MS);
    add(&f, 'c', 1, 5);
    add(&f, 'c', 1, 10);
    milvus_model_trouble(f.model, "Insert", TROUBLE_GRPC, UNAVAILABLE, "going down");
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 1);
    end(&f);
}

/* ---- refusals that pass ---- */

static void test_write_job_run__rate_limit(void **state)
{
    struct fixture f;
    char trouble[GATE_TEXT_MAX];
    begin(&f, LONG_LEASE_MS);
    add_inserts(&f, 20);
    milvus_model_trouble(f.model, "Insert", TROUBLE_STATUS, RATE_LIMIT, "rate limit exceeded");
    milvus_model_trouble(f.model, "Insert", TROUBLE_STATUS, RATE_LIMIT, "rate limit exceeded");
    int64_t start = clock_mono_ms();
    assert_int_equal(run(&f), JOB_DONE);
    assert_true(clock_mono_ms() - start >= 240 + 480); /* 300 and 600 ms, ±20 % */
    assert_inserts(&f, 20);
    assert_int_equal(calls(&f, "Insert"), 3);
    assert_int_equal(calls(&f, "Upsert"), 0);
    assert_int_equal(f.job->repeated, 0);
    assert_int_equal(f.job->inserted, 20);
    assert_false(target_gate_trouble(f.gate, trouble));
    end(&f);
}

static void test_write_job_run__login_refused_for_a_while(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add_inserts(&f, 2);
    milvus_model_trouble(f.model, "Insert", TROUBLE_GRPC, UNAUTHENTICATED, "auth check failure");
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 2);
    assert_int_equal(calls(&f, "Insert"), 2);
    end(&f);
}

/* ---- refusals for good ---- */

static void test_write_job_run__bad_rows_are_found(void **state)
{
    struct fixture f;
    bool bad[61] = {[1] = true, [17] = true, [18] = true, [60] = true};
    begin(&f, LONG_LEASE_MS);
    f.job->dead_letters = true;
    for (int64_t key = 1; key <= 60; key++)
        add(&f, 'c', key, bad[key] ? MODEL_BAD_VALUE : key * 10);
    assert_int_equal(run(&f), JOB_DONE);
    assert_int_equal(f.job->bad_count, 4);
    for (size_t i = 0; i < f.job->bad_count; i++) {
        assert_true(bad[f.job->bad[i].row->pk_int]);
        assert_non_null(strstr(f.job->bad[i].message, "invalid parameter"));
        bad[f.job->bad[i].row->pk_int] = false; /* each once */
    }
    assert_int_equal(milvus_model_rows(f.model, "default", "a"), 56);
    assert_int_equal(f.job->inserted, 56);
    for (int64_t key = 2; key < 17; key++)
        assert_int_equal(milvus_model_copies(f.model, "default", "a", key), 1);
    assert_false(f.broken);
    end(&f);
}

static void test_write_job_run__bad_row_without_dead_letters(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add(&f, 'c', 1, 10);
    add(&f, 'c', 2, MODEL_BAD_VALUE);
    assert_int_equal(run(&f), JOB_FAILED);
    assert_non_null(strstr(f.job->reason, "v of id 2"));
    assert_int_equal(f.job->bad_count, 0);
    assert_int_equal(milvus_model_rows(f.model, "default", "a"), 0);
    assert_true(f.broken);
    end(&f);
}

static const char null_image[] = "{\"id\":2,\"v\":null}";

static void test_write_job_run__row_that_fits_no_request(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    f.job->dead_letters = true;
    add(&f, 'c', 1, 10);
    add_image(&f, 'c', null_image);
    add(&f, 'c', 3, 30);
    assert_int_equal(run(&f), JOB_DONE);
    assert_int_equal(f.job->bad_count, 1);
    assert_int_equal(f.job->bad[0].row->pk_int, 2);
    assert_non_null(strstr(f.job->bad[0].message, "field v is null"));
    assert_int_equal(milvus_model_rows(f.model, "default", "a"), 2);
    assert_int_equal(calls(&f, "Insert"), 1);
    end(&f);
}

/* Of a key only the last row is sent; if the target cannot take it, the one before it counts. */
static void test_write_job_run__last_row_of_a_key_is_bad(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    f.job->dead_letters = true;
    add(&f, 'u', 1, 5);
    add(&f, 'u', 2, 20);
    add(&f, 'u', 1, 10);
    add(&f, 'u', 1, MODEL_BAD_VALUE);
    add(&f, 'u', 3, MODEL_BAD_VALUE); /* and later a good one, which alone is sent */
    add(&f, 'u', 3, 30);
    add_image(&f, 'u', null_image); /* of key 2, and fits no request */
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 3);
    assert_int_equal(f.job->bad_count, 2);
    end(&f);
}

static void test_write_job_run__only_the_first_row_of_a_key_is_good(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    f.job->dead_letters = true;
    add(&f, 'u', 1, 10);
    add(&f, 'u', 1, MODEL_BAD_VALUE);
    add(&f, 'u', 1, MODEL_BAD_VALUE);
    add(&f, 'u', 2, MODEL_BAD_VALUE);
    add(&f, 'u', 2, MODEL_BAD_VALUE);
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 1);
    assert_int_equal(f.job->bad_count, 4);
    end(&f);
}

/* The row that counts instead is written before what follows in the stream. */
static void test_write_job_run__last_row_of_a_key_is_bad_then_deleted(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    f.job->dead_letters = true;
    add(&f, 'u', 1, 10);
    add(&f, 'u', 2, 20);
    add(&f, 'u', 2, MODEL_BAD_VALUE);
    add(&f, 'd', 2, 0);
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 1);
    end(&f);
}

static void test_write_job_run__ambiguous_insert_whose_last_row_is_bad(void **state)
{
    struct fixture f;
    begin(&f, SHORT_LEASE_MS);
    f.job->dead_letters = true;
    add(&f, 'c', 1, 10);
    add(&f, 'c', 1, MODEL_BAD_VALUE);
    milvus_model_trouble(f.model, "Insert", TROUBLE_GRPC, UNAVAILABLE, "going down");
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 1);
    assert_int_equal(f.job->bad_count, 1);
    end(&f);
}

static void test_write_job_run__row_that_fits_no_request_without_dead_letters(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add(&f, 'c', 1, 10);
    add_image(&f, 'c', null_image);
    assert_int_equal(run(&f), JOB_FAILED);
    assert_non_null(strstr(f.job->reason, "t partition 0 offset 1"));
    end(&f);
}

/* Dead letters are for rows: nothing of this is one row's fault. */
static void test_write_job_run__not_the_rows_fault(void **state)
{
    static const struct {
        int code;
        const char *text;
    } refusals[] = {
        {109, "collection schema mismatch"},
        {108, "can't operate on the collection under standby mode"},
        {101, "collection not loaded"},
        {65535, "STREAMING_CODE_REPLICATE_VIOLATION: secondary cluster"},
        {10, "not implemented"},
    };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        struct fixture f;
        begin(&f, LONG_LEASE_MS);
        f.job->dead_letters = true;
        add_inserts(&f, 10);
        milvus_model_trouble(f.model, "Insert", TROUBLE_STATUS, refusals[i].code, refusals[i].text);
        assert_int_equal(run(&f), JOB_FAILED);
        assert_int_equal(f.job->bad_count, 0);
        assert_non_null(strstr(f.job->reason, refusals[i].text));
        end(&f);
    }
}

static void test_write_job_run__collection_is_gone(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    f.job->dead_letters = true;
    add_inserts(&f, 1);
    milvus_drop_collection(f.client, "default", "a", LONG_LEASE_MS);
    assert_int_equal(run(&f), JOB_FAILED);
    assert_non_null(strstr(f.job->reason, "collection not found"));
    assert_int_equal(f.job->bad_count, 0);
    end(&f);
}

static void test_write_job_run__partition_is_gone(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add(&f, 'c', 1, 10);
    add(&f, 'c', 2, 20);
    add(&f, 'd', 3, 0);
    f.job->rows[1].partition_name = f.job->rows[2].partition_name = (struct ks_slice){"p", 1};
    assert_int_equal(run(&f), JOB_FAILED);
    assert_non_null(strstr(f.job->reason, "partition not found"));
    end(&f);
}

static void test_write_job_run__partition_that_the_configuration_leaves_out(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    f.job->skip_absent_partitions = true;
    add(&f, 'c', 1, 10);
    add(&f, 'c', 2, 20);
    add(&f, 'd', 3, 0);
    f.job->rows[1].partition_name = f.job->rows[2].partition_name = (struct ks_slice){"p", 1};
    assert_int_equal(run(&f), JOB_DONE);
    assert_int_equal(f.job->skipped, 2);
    assert_int_equal(f.job->inserted, 1);
    assert_inserts(&f, 1);
    end(&f);
}

/* ---- too large ---- */

static void test_write_job_run__request_too_large(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add_inserts(&f, 100);
    milvus_model_trouble_above(f.model, 30, TROUBLE_GRPC, RESOURCE_EXHAUSTED,
                               "received message larger than max");
    assert_int_equal(run(&f), JOB_DONE);
    assert_inserts(&f, 100);
    assert_int_equal(calls(&f, "Insert"), 1 + 2 + 4);
    assert_int_equal(calls(&f, "Upsert"), 0);
    end(&f);
}

static void test_write_job_run__row_too_large(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    f.job->dead_letters = true;
    add_inserts(&f, 1);
    milvus_model_trouble(f.model, "Insert", TROUBLE_GRPC, RESOURCE_EXHAUSTED, "larger than max");
    assert_int_equal(run(&f), JOB_DONE);
    assert_int_equal(f.job->bad_count, 1);
    end_job(&f);
    new_job(&f);
    add_inserts(&f, 1);
    milvus_model_trouble(f.model, "Insert", TROUBLE_GRPC, RESOURCE_EXHAUSTED, "larger than max");
    assert_int_equal(run(&f), JOB_FAILED);
    end(&f);
}

/* ---- stopping ---- */

static void *run_elsewhere(void *arg)
{
    run(arg);
    return NULL;
}

/* Stops the gate while the job waits after its first Insert. */
static void check_stop(struct fixture *f, bool cancel)
{
    pthread_t thread;
    pthread_create(&thread, NULL, run_elsewhere, f);
    assert_true(milvus_model_wait_calls(f->model, "Insert", 1));
    int64_t start = clock_mono_ms();
    target_gate_stop(f->gate);
    if (cancel)
        milvus_client_cancel_all(f->client);
    pthread_join(thread, NULL);
    assert_true(clock_mono_ms() - start < LONG_LEASE_MS / 4);
    assert_int_equal(f->job->result, JOB_STOPPED);
    assert_true(f->broken);
    assert_int_equal(calls(f, "Upsert"), 0);
}

static void test_write_job_run__stopped_after_an_ambiguous_answer(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add_inserts(&f, 3);
    milvus_model_trouble(f.model, "Insert", TROUBLE_GRPC_AFTER, UNAVAILABLE, "going down");
    check_stop(&f, false);
    end(&f);
}

static void test_write_job_run__stopped_while_the_quota_is_used_up(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add_inserts(&f, 3);
    milvus_model_trouble(f.model, "Insert", TROUBLE_STATUS, 9, "quota exceeded");
    check_stop(&f, false);
    end(&f);
}

static void test_write_job_run__stopped_within_a_call(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add_inserts(&f, 3);
    milvus_model_trouble(f.model, "Insert", TROUBLE_HANG, 0, "");
    check_stop(&f, true);
    end(&f);
}

static void test_write_job_run__stopped_at_the_gate(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add_inserts(&f, 3);
    target_gate_stop(f.gate);
    assert_int_equal(run(&f), JOB_STOPPED);
    assert_int_equal(calls(&f, "Insert"), 0);
    end(&f);
}

static void test_write_job_run__not_after_a_job_that_did_not_end(void **state)
{
    struct fixture f;
    begin(&f, LONG_LEASE_MS);
    add(&f, 'c', 1, MODEL_BAD_VALUE);
    assert_int_equal(run(&f), JOB_FAILED);
    end_job(&f);
    new_job(&f);
    add_inserts(&f, 3);
    assert_int_equal(run(&f), JOB_STOPPED);
    assert_int_equal(milvus_model_rows(f.model, "default", "a"), 0);
    end(&f);
}

/* ---- anything, in any order ---- */

enum { KEYS = 40, ROWS = 200 };

/* What a source does with unique keys. */
static void add_random_rows(struct fixture *f, unsigned *seed, int64_t expected[KEYS])
{
    for (int i = 0; i < ROWS; i++) {
        int key = rand_r(seed) % KEYS;
        bool there = expected[key] >= 0;
        char op = !there ? 'c' : rand_r(seed) % 2 ? 'u' : 'd';
        add(f, op, key, i);
        expected[key] = op == 'd' ? -1 : i;
    }
}

static void add_random_trouble(struct fixture *f, unsigned *seed)
{
    static const char *const methods[] = {"Insert", "Upsert", "Delete"};
    static const enum trouble kinds[] = {TROUBLE_NONE, TROUBLE_NONE, TROUBLE_GRPC,
                                         TROUBLE_GRPC_AFTER, TROUBLE_HANG_AFTER};
    for (int i = 0; i < 9; i++)
        milvus_model_trouble(f->model, methods[i % 3], kinds[rand_r(seed) % 5], UNAVAILABLE,
                             "going down");
}

static void test_write_job_run__any_trouble_ends_in_the_sources_rows(void **state)
{
    for (unsigned round = 1; round <= 2; round++) {
        struct fixture f;
        unsigned seed = round;
        int64_t expected[KEYS];
        for (int i = 0; i < KEYS; i++)
            expected[i] = -1;
        begin(&f, 900);
        add_random_rows(&f, &seed, expected);
        add_random_trouble(&f, &seed);
        assert_int_equal(run(&f), JOB_DONE);
        for (int key = 0; key < KEYS; key++) {
            assert_int_equal(milvus_model_copies(f.model, "default", "a", key), expected[key] >= 0);
            if (expected[key] >= 0)
                assert_int_equal(milvus_model_value(f.model, "default", "a", key), expected[key]);
        }
        end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_job_run__every_kind_in_order),
        cmocka_unit_test(test_write_job_run__duplicates_stay_duplicates),
        cmocka_unit_test(test_write_job_run__upserts_after_an_unclean_start),
        cmocka_unit_test(test_write_job_run__ambiguous_and_written),
        cmocka_unit_test(test_write_job_run__ambiguous_and_not_written),
        cmocka_unit_test(test_write_job_run__ambiguous_status),
        cmocka_unit_test(test_write_job_run__deadline_and_written),
        cmocka_unit_test(test_write_job_run__deadline_and_not_written),
        cmocka_unit_test(test_write_job_run__deadline_of_one_row),
        cmocka_unit_test(test_write_job_run__ambiguous_delete),
        cmocka_unit_test(test_write_job_run__ambiguous_insert_with_a_key_twice),
        cmocka_unit_test(test_write_job_run__rate_limit),
        cmocka_unit_test(test_write_job_run__login_refused_for_a_while),
        cmocka_unit_test(test_write_job_run__bad_rows_are_found),
        cmocka_unit_test(test_write_job_run__bad_row_without_dead_letters),
        cmocka_unit_test(test_write_job_run__row_that_fits_no_request),
        cmocka_unit_test(test_write_job_run__last_row_of_a_key_is_bad),
        cmocka_unit_test(test_write_job_run__only_the_first_row_of_a_key_is_good),
        cmocka_unit_test(test_write_job_run__last_row_of_a_key_is_bad_then_deleted),
        cmocka_unit_test(test_write_job_run__ambiguous_insert_whose_last_row_is_bad),
        cmocka_unit_test(test_write_job_run__row_that_fits_no_request_without_dead_letters),
        cmocka_unit_test(test_write_job_run__not_the_rows_fault),
        cmocka_unit_test(test_write_job_run__collection_is_gone),
        cmocka_unit_test(test_write_job_run__partition_is_gone),
        cmocka_unit_test(test_write_job_run__partition_that_the_configuration_leaves_out),
        cmocka_unit_test(test_write_job_run__request_too_large),
        cmocka_unit_test(test_write_job_run__row_too_large),
        cmocka_unit_test(test_write_job_run__stopped_after_an_ambiguous_answer),
        cmocka_unit_test(test_write_job_run__stopped_while_the_quota_is_used_up),
        cmocka_unit_test(test_write_job_run__stopped_within_a_call),
        cmocka_unit_test(test_write_job_run__stopped_at_the_gate),
        cmocka_unit_test(test_write_job_run__not_after_a_job_that_did_not_end),
        cmocka_unit_test(test_write_job_run__any_trouble_ends_in_the_sources_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
