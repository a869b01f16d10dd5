#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "helper_mock_kafka.h"
#include "kitestream/sdk/util.h"

/* A source in the test's hands: it emits `batches` batches of `rows` records, then nothing. */
struct fake {
    const struct ks_task_host *host;
    const struct ks_schema *schema;
    size_t batches, rows;
    size_t commit_every;        /* batches per transaction, for own boundaries; 0: never commits */
    bool bad_rows;              /* every third record has raw bytes that the converter refuses */
    _Atomic int start_failures; /* RETRIABLE so often */
    int poll_failures;
    enum ks_status end_with; /* once all is emitted */
    const char *topic;
    _Atomic int lag_seconds; /* as it reports; 0: none */
    _Atomic size_t polled, released, committed, idle, destroyed;
    char start_offset[128];
    int64_t next_offset_sum; /* by next_offsets, after the last batch */
};
static struct fake *fake; /* of the test that runs: start() has no other way to it */

struct fake_batch {
    struct ks_source_batch batch;
    struct fake *fake;
    struct ks_source_offset offset;
    char offset_json[64];
    char bytes[][64];
};

static void release(struct ks_source_batch *batch)
{
    struct fake_batch *b = batch->owner;
    b->fake->released++;
    free(b->batch.records);
    free(b);
}

static struct ks_slice text_at(char *place, const char *text)
{
    size_t len = strlen(text);
    place[KS_RECORD_HEADROOM] = (char)(len << 1);
    memcpy(place + KS_RECORD_HEADROOM + 1, text, len);
    return (struct ks_slice){place + KS_RECORD_HEADROOM, len + 1};
}

static enum ks_status fake_start(const struct ks_task_host *host, const struct ks_config *config,
                                 void **ret_task, struct ks_error *err)
{
    if (fake->start_failures-- > 0)
        return ks_error_set(err, KS_ERR_RETRIABLE, "not yet");
    char *offset;
    fake->host = host;
    assert_int_equal(host->offset_read(host->task, "{\"file\":\"f\"}", &offset, err), KS_OK);
    snprintf(fake->start_offset, sizeof fake->start_offset, "%s", offset ? offset : "none");
    host->free(offset);
    assert_int_equal(host->schema_intern(host->task, "\"string\"", 8, &fake->schema, err), KS_OK);
    *ret_task = fake;
    return KS_OK;
}

static struct ks_source_batch *make_batch(struct fake *f)
{
    struct fake_batch *b = calloc(1, sizeof *b + f->rows * 2 * 64);
    struct ks_record *records = calloc(f->rows, sizeof *records);
    static const struct ks_header header = {"h", {"v", 1}};
    for (size_t i = 0; i < f->rows; i++) {
        char key[32], value[32];
        snprintf(key, sizeof key, "k%zu", i);
        snprintf(value, sizeof value, "%zu.%zu", (size_t)f->polled, i);
        records[i] = (struct ks_record){.topic = f->topic,
                                        .partition = 0,
                                        .timestamp_ms = 1700000000000,
                                        .key = text_at(b->bytes[2 * i], key),
                                        .key_schema = f->schema,
                                        .value = text_at(b->bytes[2 * i + 1], value),
                                        .value_schema = f->schema,
                                        .headers = &header,
                                        .header_count = 1};
        if (f->bad_rows && i % 3 == 0)
            records[i].value.len--; /* the length inside says more than there is */
    }
    snprintf(b->offset_json, sizeof b->offset_json, "{\"position\":%zu}", (size_t)f->polled + 1);
    b->offset = (struct ks_source_offset){"{\"file\":\"f\"}", b->offset_json};
    b->fake = f;
    b->batch = (struct ks_source_batch){.records = records,
                                        .record_count = f->rows,
                                        .offsets = &b->offset,
                                        .offset_count = 1,
                                        .release = release,
                                        .owner = b};
    return &b->batch;
}

static enum ks_status fake_poll(void *task, struct ks_source_batch **ret_batch,
                                struct ks_error *err)
{
    struct fake *f = task;
    if (f->poll_failures-- > 0)
        return ks_error_set(err, KS_ERR_RETRIABLE, "the source is away");
    f->host->metric(f->host->task, KS_METRIC_GAUGE, "lag_seconds", NULL, f->lag_seconds);
    if (f->polled == f->batches) {
        if (f->idle++ == 0 && f->end_with == KS_OK) {
            struct ks_topic_partition tps[4];
            size_t count = 0;
            assert_int_equal(f->host->next_offsets(f->host->task, f->topic, tps, 4, &count, err),
                             KS_OK);
            for (size_t i = 0; i < count; i++)
                f->next_offset_sum += tps[i].offset;
        }
        if (f->end_with != KS_OK)
            return ks_error_set(err, f->end_with, "the end");
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        return KS_OK;
    }
    *ret_batch = make_batch(f);
    f->polled++;
    (*ret_batch)->commit = f->commit_every && f->polled % f->commit_every == 0;
    return KS_OK;
}

static void fake_committed(void *task)
{
    ((struct fake *)task)->committed++;
}

static void fake_destroy(void *task)
{
    struct fake *f = task;
    assert_int_equal(f->released, f->polled);
    f->destroyed++;
}

static const struct ks_source_task_ops ops = {
    .start = fake_start, .poll = fake_poll, .committed = fake_committed, .destroy = fake_destroy};
static const struct ks_connector_class poll_class = {.struct_size = sizeof poll_class,
                                                     .name = "test.Source",
                                                     .kind = KS_CLASS_SOURCE,
                                                     .source = &ops};
static const struct ks_connector_class own_class = {.struct_size = sizeof own_class,
                                                    .name = "test.Source",
                                                    .kind = KS_CLASS_SOURCE,
                                                    .flags = KS_CLASS_OWN_TRANSACTIONS,
                                                    .source = &ops};
static const struct ks_config no_config = {0};

static bool is_idle(struct test_task *t)
{
    return fake->idle > 0;
}

static void begin(struct mock_kafka *k, struct fake *f, const char *yaml)
{
    mock_kafka_start(k, yaml);
    mock_kafka_topic(k, "out", 1);
    f->topic = "out";
    fake = f;
}

static void assert_value(const rd_kafka_message_t *m, const char *text)
{
    assert_int_equal(m->len, strlen(text));
    assert_memory_equal(m->payload, text, m->len);
}

static void test_run__records_and_offsets(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 20, .rows = 50};
    struct test_task t;
    struct mock_records r;
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    assert_int_equal(f.committed, 20);
    assert_int_equal(f.destroyed, 1);
    assert_int_equal(f.next_offset_sum, 1000);
    mock_kafka_read(&k, "out", 1, &r);
    assert_int_equal(r.count, 1000);
    assert_value(r.list[0], "0.0");
    assert_value(r.list[999], "19.49");
    assert_memory_equal(r.list[50]->key, "k0", 2);
    assert_int_equal(rd_kafka_message_timestamp(r.list[7], NULL), 1700000000000);
    rd_kafka_headers_t *headers;
    assert_int_equal(rd_kafka_message_headers(r.list[7], &headers), 0);
    assert_int_equal(rd_kafka_header_cnt(headers), 1);
    mock_records_release(&r);
    mock_kafka_read(&k, k.worker.offset_topic, 2, &r);
    assert_int_equal(r.count, 20);
    assert_memory_equal(r.list[19]->key, "[\"test\",{\"file\":\"f\"}]", r.list[19]->key_len);
    assert_value(r.list[19], "{\"position\":20}");
    mock_records_release(&r);
    /* The next run begins where this one ended. */
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, test_task_is_running));
    test_task_join(&t, true);
    assert_string_equal(f.start_offset, "{\"position\":20}");
    mock_kafka_stop(&k);
}

static void test_run__own_boundaries(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 10, .rows = 5, .commit_every = 4};
    struct test_task t;
    struct mock_records r;
    begin(&k, &f, "");
    test_task_start(&t, &k, &own_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    /* 4 + 4; the last two batches belong to a transaction that was never closed. */
    assert_int_equal(f.committed, 2);
    mock_kafka_read(&k, k.worker.offset_topic, 2, &r);
    assert_int_equal(r.count, 2);
    assert_value(r.list[1], "{\"position\":8}");
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

static void test_run__at_least_once(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 5, .rows = 100};
    struct test_task t;
    struct mock_records r;
    struct ks_config_entry off = {"exactly.once.support", "off"};
    struct ks_config config = {&off, 1};
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    test_task_join(&t, true);
    assert_int_equal(f.committed, 5);
    mock_kafka_read(&k, "out", 1, &r);
    assert_int_equal(r.count, 500);
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

static void test_run__required_but_disabled(void **state)
{
    struct mock_kafka k;
    struct fake f = {0};
    struct test_task t;
    struct ks_config_entry required = {"exactly.once.support", "required"};
    struct ks_config config = {&required, 1};
    begin(&k, &f, "exactly.once.source.support: disabled\n");
    test_task_start(&t, &k, &poll_class, &config, worker_source_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_non_null(strstr(t.error.message, "exactly.once.source.support"));
    mock_kafka_stop(&k);
}

static void test_run__retriable(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 1, .rows = 1, .start_failures = 1, .poll_failures = 1};
    struct test_task t;
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    assert_true(t.waited >= 2);
    assert_string_equal(t.waiting, "");
    test_task_join(&t, true);
    assert_int_equal(f.committed, 1);
    mock_kafka_stop(&k);
}

static void test_run__stop_while_it_waits(void **state)
{
    struct mock_kafka k;
    struct fake f = {.start_failures = 1000};
    struct test_task t;
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    while (f.start_failures == 1000)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    mock_kafka_stop(&k);
}

static void test_run__plugin_ends_with(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct fake fatal = {.batches = 1, .rows = 3, .end_with = KS_ERR_FATAL};
    begin(&k, &fatal, "");
    test_task_start(&t, &k, &own_class, &no_config, worker_source_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_string_equal(t.error.message, "the end");
    assert_int_equal(fatal.committed, 0);
    struct fake data = {.topic = "out", .end_with = KS_ERR_DATA};
    fake = &data;
    test_task_start(&t, &k, &own_class, &no_config, worker_source_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    mock_kafka_stop(&k);
}

static int64_t paused_until_ms;

static bool has_been_paused(struct test_task *t)
{
    return clock_mono_ms() >= paused_until_ms;
}

static void test_run__pause(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 3, .rows = 3};
    struct test_task t;
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    t.ctx.pause = true;
    assert_true(test_task_wait(&t, test_task_is_paused));
    size_t idle = f.idle;
    paused_until_ms = clock_mono_ms() + 100;
    assert_true(test_task_wait(&t, has_been_paused));
    assert_int_equal(f.idle, idle);
    t.ctx.pause = false;
    assert_true(test_task_wait(&t, test_task_is_running));
    test_task_join(&t, true);
    assert_int_equal(t.running_count, 2);
    mock_kafka_stop(&k);
}

static void test_run__bad_record_fails_the_task(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 1, .rows = 9, .bad_rows = true};
    struct test_task t;
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_non_null(strstr(t.error.message, "VALUE_CONVERTER"));
    assert_int_equal(f.committed, 0);
    mock_kafka_stop(&k);
}

static void test_run__bad_record_is_dead_lettered(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 2, .rows = 9, .bad_rows = true};
    struct test_task t;
    struct mock_records r;
    struct ks_config_entry entries[] = {{"errors.deadletterqueue.topic.name", "dead"},
                                        {"errors.tolerance", "all"}};
    struct ks_config config = {entries, 2};
    begin(&k, &f, "");
    mock_kafka_topic(&k, "dead", 1);
    test_task_start(&t, &k, &poll_class, &config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    test_task_join(&t, true);
    assert_int_equal(f.committed, 2);
    mock_kafka_read(&k, "out", 1, &r);
    assert_int_equal(r.count, 12);
    mock_records_release(&r);
    mock_kafka_read(&k, "dead", 1, &r);
    assert_int_equal(r.count, 6);
    rd_kafka_headers_t *headers;
    const void *text;
    size_t len;
    assert_int_equal(rd_kafka_message_headers(r.list[0], &headers), 0);
    assert_int_equal(rd_kafka_header_get_last(headers, "__connect.errors.stage", &text, &len), 0);
    assert_memory_equal(text, "VALUE_CONVERTER", len);
    assert_int_equal(rd_kafka_header_get_last(headers, "h", &text, &len), 0);
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

static void test_run__gives_up_after_the_retry_timeout(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 1, .rows = 1};
    struct test_task t;
    struct ks_config_entry entries[] = {
        {"errors.retry.timeout", "0"},
        {"value.converter", "io.confluent.connect.avro.AvroConverter"},
        {"value.converter.schema.registry.url", "http://127.0.0.1:1"}};
    struct ks_config config = {entries, 3};
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &config, worker_source_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_non_null(strstr(t.error.message, "given up after errors.retry.timeout=0 ms: "));
    assert_int_equal(f.committed, 0);
    mock_kafka_stop(&k);
}

static void test_run__fenced(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 1000000, .rows = 1};
    struct test_task t;
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, test_task_is_running));
    rd_kafka_mock_push_request_errors(k.cluster, 26 /* EndTxn */, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_RESTART);
    assert_true(t.ctx.fenced);
    assert_int_equal(f.destroyed, 1);
    mock_kafka_stop(&k);
}

static void test_run__commit_with_unknown_outcome(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 3, .rows = 2};
    struct test_task t;
    begin(&k, &f, "");
    rd_kafka_mock_push_request_errors(
        k.cluster, 26 /* EndTxn */, 3, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    assert_int_equal(f.committed, 3);
    mock_kafka_stop(&k);
}

static void test_run__delivery_refused(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 1000000, .rows = 1};
    struct test_task t;
    begin(&k, &f, "");
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, test_task_is_running));
    rd_kafka_mock_push_request_errors(k.cluster, 0 /* Produce */, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_non_null(strstr(t.error.message, "topic "));
    mock_kafka_stop(&k);
}

static bool is_waiting(struct test_task *t)
{
    pthread_mutex_lock(&t->lock);
    bool waiting = strstr(t->waiting, "bootstrap.servers") != NULL;
    pthread_mutex_unlock(&t->lock);
    return waiting;
}

static void test_run__brokers_away_at_start(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 1, .rows = 1};
    struct test_task t;
    begin(&k, &f, "");
    rd_kafka_mock_broker_set_down(k.cluster, 1);
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, is_waiting));
    rd_kafka_mock_broker_set_up(k.cluster, 1);
    assert_true(test_task_wait(&t, is_idle));
    test_task_join(&t, true);
    assert_int_equal(f.committed, 1);
    mock_kafka_stop(&k);
}

/* ---- without progress ---- */

static void test_run__a_transaction_that_is_never_closed(void **state)
{
    struct mock_kafka k;
    struct fake f = {.batches = 10, .rows = 5, .commit_every = 4};
    struct test_task t;
    begin(&k, &f, "");
    test_task_start(&t, &k, &own_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    assert_true(test_task_is_still(&t)); /* the last two */
    assert_string_equal(t.still_at,
                        "the last committed offset is {\"position\":8} of {\"file\":\"f\"}");
    test_task_join(&t, true);
    mock_kafka_stop(&k);
}

static void test_run__falls_behind_and_commits_nothing(void **state)
{
    struct mock_kafka k;
    struct fake f = {.lag_seconds = 59};
    struct test_task t;
    begin(&k, &f, "");
    int64_t begin_ms = clock_mono_ms();
    test_task_start(&t, &k, &poll_class, &no_config, worker_source_run);
    assert_true(test_task_wait(&t, is_idle));
    assert_false(test_task_is_still(&t));
    f.lag_seconds = 60;
    assert_true(test_task_wait(&t, test_task_is_still));
    assert_true(t.still_since_ms >= begin_ms);
    assert_string_equal(t.still_at, "no offset was committed in this run");
    t.ctx.pause = true;
    assert_true(test_task_wait(&t, test_task_moves));
    t.ctx.pause = false;
    assert_true(test_task_wait(&t, test_task_is_still));
    f.lag_seconds = 1;
    assert_true(test_task_wait(&t, test_task_moves));
    test_task_join(&t, true);
    mock_kafka_stop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run__records_and_offsets),
        cmocka_unit_test(test_run__own_boundaries),
        cmocka_unit_test(test_run__at_least_once),
        cmocka_unit_test(test_run__required_but_disabled),
        cmocka_unit_test(test_run__retriable),
        cmocka_unit_test(test_run__stop_while_it_waits),
        cmocka_unit_test(test_run__plugin_ends_with),
        cmocka_unit_test(test_run__pause),
        cmocka_unit_test(test_run__bad_record_fails_the_task),
        cmocka_unit_test(test_run__bad_record_is_dead_lettered),
        cmocka_unit_test(test_run__gives_up_after_the_retry_timeout),
        cmocka_unit_test(test_run__fenced),
        cmocka_unit_test(test_run__commit_with_unknown_outcome),
        cmocka_unit_test(test_run__delivery_refused),
        cmocka_unit_test(test_run__brokers_away_at_start),
        cmocka_unit_test(test_run__a_transaction_that_is_never_closed),
        cmocka_unit_test(test_run__falls_behind_and_commits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
