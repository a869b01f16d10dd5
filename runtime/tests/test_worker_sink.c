#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "helper_mock_kafka.h"
#include "kitestream/sdk/util.h"

/* A sink in the test's hands. */
struct fake {
    const struct ks_task_host *host;
    char values[8192][32]; /* in the order of put, per partition */
    int32_t partitions[8192];
    char topic[16]; /* of the last record */
    _Atomic size_t taken;
    _Atomic size_t maintained, pre_commits, closed, destroyed;
    int put_failures; /* RETRIABLE so often */
    enum ks_status put_with;
    bool report_odd;        /* every second record goes to the dead letters */
    bool release_late;      /* batches are released by another thread, after put */
    bool hold_back;         /* pre_commit agrees to nothing beyond offset 1 */
    bool position_ahead;    /* in some put, the host's was not that of the first record */
    int64_t position_after; /* in the last maintain */
    int64_t start_offset;
    _Atomic int start_failures; /* RETRIABLE so often, after the partition was assigned */
    enum ks_status (*on_maintain)(struct fake *f, struct ks_error *err);
    _Atomic int commits;
    _Atomic bool may_commit;
};
static struct fake *fake;

static void *release_batch(void *arg)
{
    struct ks_sink_batch *batch = arg;
    batch->release(batch);
    return NULL;
}

static enum ks_status fake_start(const struct ks_task_host *host, const struct ks_config *config,
                                 void **ret_task, struct ks_error *err)
{
    fake->host = host;
    if (!host->assign) {
        *ret_task = fake;
        return KS_OK;
    }
    struct ks_topic_partition tp = {"in", 0, fake->start_offset};
    int32_t partitions;
    int64_t low, high;
    assert_int_equal(host->topic_partitions(host->task, "in", &partitions, err), KS_OK);
    assert_int_equal(partitions, 2);
    assert_int_equal(host->watermarks(host->task, "in", 0, &low, &high, err), KS_OK);
    assert_int_equal(low, 0);
    enum ks_status status = host->assign(host->task, &tp, err);
    if (status == KS_OK && fake->start_failures-- > 0)
        status = ks_error_set(err, KS_ERR_RETRIABLE, "the target is away");
    if (status == KS_OK)
        *ret_task = fake;
    return status;
}

static enum ks_status take(struct fake *f, const struct ks_record *r, struct ks_error *err)
{
    struct ks_error reason = {KS_ERR_DATA, "not wanted"};
    if (f->report_odd && r->offset % 2)
        return f->host->report_errant(f->host->task, r, "TASK_PUT", &reason, err);
    assert_non_null(r->value_schema);
    assert_string_equal(f->host->schema_json(r->value_schema), "\"string\"");
    snprintf(f->values[f->taken], 32, "%.*s", (int)r->value.len - 1,
             (const char *)r->value.data + 1);
    snprintf(f->topic, sizeof f->topic, "%s", r->topic);
    f->partitions[f->taken++] = r->partition;
    return KS_OK;
}

static enum ks_status fake_put(void *task, struct ks_sink_batch *batch, struct ks_error *err)
{
    struct fake *f = task;
    if (f->put_failures-- > 0)
        return ks_error_set(err, KS_ERR_RETRIABLE, "the target is away");
    if (f->put_with != KS_OK)
        return ks_error_set(err, f->put_with, "no");
    if (f->host->position)
        f->position_ahead |= f->host->position(f->host->task, "in", 0) != batch->records[0].offset;
    for (size_t i = 0; i < batch->record_count; i++) {
        enum ks_status status = take(f, &batch->records[i], err);
        if (status != KS_OK)
            return status;
    }
    pthread_t thread;
    if (!f->release_late) {
        batch->release(batch);
    } else {
        assert_int_equal(pthread_create(&thread, NULL, release_batch, batch), 0);
        pthread_detach(thread);
    }
    return KS_OK;
}

static enum ks_status fake_maintain(void *task, struct ks_error *err)
{
    struct fake *f = task;
    f->maintained++;
    if (f->host->position)
        f->position_after = f->host->position(f->host->task, "in", 0);
    return f->on_maintain ? f->on_maintain(f, err) : KS_OK;
}

static enum ks_status fake_pre_commit(void *task, struct ks_topic_partition *offsets, size_t count,
                                      struct ks_error *err)
{
    struct fake *f = task;
    f->pre_commits++;
    for (size_t i = 0; i < count && f->hold_back; i++)
        offsets[i].offset = offsets[i].offset > 1 ? 1 : offsets[i].offset;
    return KS_OK;
}

static enum ks_status fake_close(void *task, struct ks_error *err)
{
    ((struct fake *)task)->closed++;
    return KS_OK;
}

static void fake_destroy(void *task)
{
    ((struct fake *)task)->destroyed++;
}

static const struct ks_sink_task_ops ops = {.start = fake_start,
                                            .put = fake_put,
                                            .maintain = fake_maintain,
                                            .pre_commit = fake_pre_commit,
                                            .close = fake_close,
                                            .destroy = fake_destroy};
static const struct ks_connector_class simple_class = {
    .struct_size = sizeof simple_class, .name = "test.Sink", .kind = KS_CLASS_SINK, .sink = &ops};
static const struct ks_connector_class own_class = {.struct_size = sizeof own_class,
                                                    .name = "test.Sink",
                                                    .kind = KS_CLASS_SINK,
                                                    .flags = KS_CLASS_OWN_ASSIGNMENT,
                                                    .sink = &ops};
static struct ks_config_entry topics_entry = {"topics", "in"};
static const struct ks_config topics_config = {&topics_entry, 1};
static const struct ks_config no_config = {0};

static size_t wanted; /* records */

static bool has_all(struct test_task *t)
{
    return fake->taken >= wanted;
}

static void begin(struct mock_kafka *k, struct fake *f, int records)
{
    mock_kafka_start(k, "");
    mock_kafka_topic(k, "in", 2);
    for (int i = 0; i < records; i++) {
        char key[16], value[32];
        snprintf(key, sizeof key, "k%d", i);
        snprintf(value, sizeof value, "v%d", i);
        mock_kafka_write(k, "in", i % 2, key, value);
    }
    memset(f, 0, sizeof *f);
    fake = f;
    wanted = (size_t)records;
}

static struct fake f; /* large */

static void test_run__simple_sink(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct mock_records r;
    begin(&k, &f, 20);
    test_task_start(&t, &k, &simple_class, &topics_config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    assert_int_equal(f.taken, 20);
    assert_int_equal(f.closed, 1);
    assert_int_equal(f.destroyed, 1);
    assert_true(f.pre_commits > 0);
    int next[2] = {0, 1};
    for (size_t i = 0; i < 20; i++) {
        char value[16];
        snprintf(value, sizeof value, "v%d", next[f.partitions[i]]);
        assert_string_equal(f.values[i], value);
        next[f.partitions[i]] += 2;
    }
    /* The same offsets stand in the offset topic. */
    mock_kafka_read(&k, k.worker.offset_topic, 2, &r);
    assert_int_equal(r.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(r.list[i]->payload, "{\"kafka_offset\":10}", r.list[i]->len);
        assert_memory_equal(r.list[i]->key, "[\"test\",{\"kafka_partition\":", 27);
    }
    mock_records_release(&r);
    /* The mock keeps no group offsets of transactions, so the next run goes by that record. */
    mock_kafka_write(&k, "in", 0, "k", "new");
    f.taken = 0;
    wanted = 1;
    test_task_start(&t, &k, &simple_class, &topics_config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    assert_int_equal(f.taken, 1);
    assert_string_equal(f.values[0], "new");
    mock_kafka_stop(&k);
}

static void test_run__pre_commit_lowers(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct mock_records r;
    begin(&k, &f, 8);
    f.hold_back = true;
    test_task_start(&t, &k, &simple_class, &topics_config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    mock_kafka_read(&k, k.worker.offset_topic, 2, &r);
    assert_int_equal(r.count, 2);
    assert_memory_equal(r.list[0]->payload, "{\"kafka_offset\":1}", r.list[0]->len);
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

static void test_run__topics_regex(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct ks_config_entry entry = {"topics.regex", "i."};
    struct ks_config config = {&entry, 1};
    begin(&k, &f, 6);
    mock_kafka_topic(&k, "inside", 1); /* the whole name must match */
    mock_kafka_write(&k, "inside", 0, "k", "no");
    test_task_start(&t, &k, &simple_class, &config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    assert_int_equal(f.taken, 6);
    mock_kafka_stop(&k);
}

/* The sink sees what transforms say; offsets are those of Kafka's topic. */
static void test_run__routed_once(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct mock_records r;
    struct ks_config_entry entries[] = {{"topics", "in"},
                                        {"transforms", "r"},
                                        {"transforms.r.regex", "(in|out).*"},
                                        {"transforms.r.replacement", "out$0"}};
    struct ks_config config = {entries, 4};
    begin(&k, &f, 6);
    f.put_failures = 1; /* the batch is given again */
    test_task_start(&t, &k, &simple_class, &config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    assert_string_equal(f.topic, "outin");
    mock_kafka_read(&k, k.worker.offset_topic, 2, &r);
    assert_int_equal(r.count, 2);
    assert_non_null(memmem(r.list[0]->key, r.list[0]->key_len, "\"in\"", 4));
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

/* A dead letter says where its record was in Kafka. */
static void test_run__routed_to_a_dead_letter(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct mock_records r;
    const void *topic;
    size_t len;
    rd_kafka_headers_t *headers;
    struct ks_config_entry entries[] = {{"errors.deadletterqueue.context.headers.enable", "true"},
                                        {"errors.deadletterqueue.topic.name", "dead"},
                                        {"topics", "in"},
                                        {"transforms", "r"},
                                        {"transforms.r.regex", "in"},
                                        {"transforms.r.replacement", "out"}};
    struct ks_config config = {entries, 6};
    begin(&k, &f, 6);
    mock_kafka_topic(&k, "dead", 1);
    f.report_odd = true;
    wanted = 4; /* offsets 0 and 2 of two partitions */
    test_task_start(&t, &k, &simple_class, &config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    mock_kafka_read(&k, "dead", 1, &r);
    assert_int_equal(r.count, 2);
    assert_int_equal(rd_kafka_message_headers(r.list[0], &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_get_last(headers, "__connect.errors.topic", &topic, &len),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(len, 2);
    assert_memory_equal(topic, "in", 2);
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

static void test_run__no_topics(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 0);
    test_task_start(&t, &k, &simple_class, &no_config, worker_sink_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_non_null(strstr(t.error.message, "topics.regex"));
    mock_kafka_stop(&k);
}

static void test_run__same_batch_again(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 10);
    f.put_failures = 2;
    f.release_late = true;
    test_task_start(&t, &k, &simple_class, &topics_config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    assert_int_equal(f.taken, 10);
    assert_true(t.waited >= 2);
    /* 300 ms and 600 ms of waiting, 20 times 50 ms. */
    assert_true(f.maintained >= 10);
    mock_kafka_stop(&k);
}

static void test_run__put_fails(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 4);
    f.put_with = KS_ERR_FATAL;
    test_task_start(&t, &k, &simple_class, &topics_config, worker_sink_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_int_equal(f.closed, 0);
    assert_int_equal(f.destroyed, 1);
    mock_kafka_stop(&k);
}

static enum ks_status pause_and_resume(struct fake *self, struct ks_error *err)
{
    const struct ks_task_host *h = self->host;
    enum ks_status status = KS_OK;
    if (self->maintained % 2)
        status = h->pause(h->task, "in", 0, err);
    else
        status = h->resume(h->task, "in", 0, err);
    return status;
}

static void test_run__own_assignment(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 20);
    f.start_offset = 3;
    f.on_maintain = pause_and_resume;
    wanted = 7;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    assert_int_equal(f.taken, 7);
    assert_string_equal(f.values[0], "v6");
    assert_string_equal(f.values[6], "v18");
    assert_int_equal(f.pre_commits, 0);
    mock_kafka_stop(&k);
}

static bool has_passed_the_end(struct test_task *t)
{
    return fake->maintained > 3 && fake->taken >= wanted;
}

static void test_run__start_fails_after_it_assigned(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 20);
    wanted = 10;
    f.start_failures = 3;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    mock_kafka_stop(&k);
}

static bool waits_for_the_target(struct test_task *t)
{
    return fake->start_failures < 1000;
}

static void test_run__stopped_before_it_could_start(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 20);
    f.start_failures = 1000;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    assert_true(test_task_wait(&t, waits_for_the_target));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    assert_int_equal(f.closed, 0);
    mock_kafka_stop(&k);
}

static void test_run__position_moves_after_put(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 20);
    wanted = 10;
    f.put_failures = 1;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    assert_true(test_task_wait(&t, has_passed_the_end));
    test_task_join(&t, true);
    assert_false(f.position_ahead);
    assert_int_equal(f.position_after, 10);
    mock_kafka_stop(&k);
}

static enum ks_status commit_often(struct fake *self, struct ks_error *err)
{
    const struct ks_task_host *h = self->host;
    struct ks_topic_partition tp = {"in", 0, self->position_after};
    char json[32];
    snprintf(json, sizeof json, "{\"n\":%d}", self->commits);
    struct ks_source_offset own_state = {"{\"sink\":1}", json};
    enum ks_status status = h->commit(h->task, &tp, 1, &own_state, 1, err);
    self->commits += status == KS_OK;
    return status;
}

static bool has_committed(struct test_task *t)
{
    return fake->taken >= wanted && fake->commits > 3;
}

static void test_run__own_commits_with_dead_letters(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct mock_records r;
    struct ks_config_entry entry = {"errors.deadletterqueue.topic.name", "dead"};
    struct ks_config config = {&entry, 1};
    begin(&k, &f, 20);
    mock_kafka_topic(&k, "dead", 1);
    f.report_odd = true;
    f.on_maintain = commit_often;
    wanted = 5;
    test_task_start(&t, &k, &own_class, &config, worker_sink_run);
    assert_true(test_task_wait(&t, has_committed));
    test_task_join(&t, true);
    assert_int_equal(t.status, KS_OK);
    mock_kafka_read(&k, k.worker.offset_topic, 2, &r);
    assert_int_equal(r.count, f.commits);
    mock_records_release(&r);
    mock_kafka_read(&k, "dead", 1, &r);
    assert_int_equal(r.count, 5);
    assert_memory_equal(r.list[0]->payload, "v2", 2); /* the raw bytes, offset 1 of partition 0 */
    assert_int_equal(r.list[0]->len, 2);
    assert_memory_equal(r.list[0]->key, "k2", 2);
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

static void test_run__errant_without_a_place(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 4);
    f.report_odd = true;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_non_null(strstr(t.error.message, "errors.deadletterqueue.topic.name"));
    mock_kafka_stop(&k);
}

static void test_run__fenced(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 2);
    f.on_maintain = commit_often;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    assert_true(test_task_wait(&t, test_task_is_running));
    rd_kafka_mock_push_request_errors(k.cluster, 26 /* EndTxn */, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_RESTART);
    assert_true(t.ctx.fenced);
    assert_int_equal(f.closed, 0);
    mock_kafka_stop(&k);
}

static void test_run__lost_position(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 2);
    f.start_offset = 1000;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    test_task_join(&t, false);
    assert_int_equal(t.status, KS_ERR_FATAL);
    assert_non_null(strstr(t.error.message, "position"));
    mock_kafka_stop(&k);
}

static void test_run__pause(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 4);
    test_task_start(&t, &k, &simple_class, &topics_config, worker_sink_run);
    assert_true(test_task_wait(&t, has_all));
    t.ctx.pause = true;
    assert_true(test_task_wait(&t, test_task_is_paused));
    size_t before = f.maintained;
    mock_kafka_write(&k, "in", 0, "k", "while paused");
    while (f.maintained < before + 5)
        sched_yield();
    assert_int_equal(f.taken, 4);
    t.ctx.pause = false;
    wanted = 5;
    assert_true(test_task_wait(&t, has_all));
    assert_string_equal(f.values[4], "while paused");
    test_task_join(&t, true);
    mock_kafka_stop(&k);
}

/* ---- without progress ---- */

static enum ks_status commit_if_allowed(struct fake *self, struct ks_error *err)
{
    return atomic_load(&self->may_commit) ? commit_often(self, err) : KS_OK;
}

static void test_run__takes_batches_and_never_commits(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 20);
    f.on_maintain = commit_if_allowed;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    assert_true(test_task_wait(&t, test_task_is_still));
    assert_string_equal(t.still_at,
                        "the next record to commit is offset 0 of topic in, partition 0");
    t.ctx.pause = true;
    assert_true(test_task_wait(&t, test_task_moves));
    t.ctx.pause = false;
    assert_true(test_task_wait(&t, test_task_is_still));
    atomic_store(&f.may_commit, true);
    assert_true(test_task_wait(&t, test_task_moves));
    test_task_join(&t, true);
    mock_kafka_stop(&k);
}

/* Between two commits of the host nothing moves, and that is no stall. */
static void test_run__never_agrees_to_a_commit(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 8);
    f.hold_back = true;
    k.worker.offset_flush_interval_ms = 10;
    int64_t begin_ms = clock_mono_ms();
    test_task_start(&t, &k, &simple_class, &topics_config, worker_sink_run);
    assert_true(test_task_wait(&t, test_task_is_still));
    assert_true(clock_mono_ms() - begin_ms > 5000);
    assert_non_null(strstr(t.still_at, "commit is offset 1 of topic in"));
    test_task_join(&t, true);
    mock_kafka_stop(&k);
}

static enum ks_status commit_and_turn_back(struct fake *self, struct ks_error *err)
{
    const struct ks_task_host *h = self->host;
    enum ks_status status = KS_OK;
    if (self->taken < wanted || self->commits > 0)
        return KS_OK;
    status = commit_often(self, err);
    struct ks_topic_partition tp = {"in", 0, 3};
    if (status == KS_OK)
        status = h->unassign(h->task, "in", 0, err);
    if (status == KS_OK)
        status = h->assign(h->task, &tp, err);
    return status == KS_OK ? h->pause(h->task, "in", 0, err) : status;
}

/* On a slow machine the commit before it may stand still, too. */
static bool reads_no_more(struct test_task *t)
{
    pthread_mutex_lock(&t->lock);
    bool found = t->still_since_ms > 0 && strstr(t->still_at, "read is offset 3 of topic in");
    pthread_mutex_unlock(&t->lock);
    return found;
}

static void test_run__does_not_read_what_there_is(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    begin(&k, &f, 20);
    wanted = 10;
    f.on_maintain = commit_and_turn_back;
    test_task_start(&t, &k, &own_class, &no_config, worker_sink_run);
    assert_true(test_task_wait(&t, reads_no_more));
    test_task_join(&t, true);
    mock_kafka_stop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run__simple_sink),
        cmocka_unit_test(test_run__pre_commit_lowers),
        cmocka_unit_test(test_run__topics_regex),
        cmocka_unit_test(test_run__routed_once),
        cmocka_unit_test(test_run__routed_to_a_dead_letter),
        cmocka_unit_test(test_run__no_topics),
        cmocka_unit_test(test_run__same_batch_again),
        cmocka_unit_test(test_run__put_fails),
        cmocka_unit_test(test_run__own_assignment),
        cmocka_unit_test(test_run__start_fails_after_it_assigned),
        cmocka_unit_test(test_run__stopped_before_it_could_start),
        cmocka_unit_test(test_run__position_moves_after_put),
        cmocka_unit_test(test_run__own_commits_with_dead_letters),
        cmocka_unit_test(test_run__errant_without_a_place),
        cmocka_unit_test(test_run__fenced),
        cmocka_unit_test(test_run__lost_position),
        cmocka_unit_test(test_run__pause),
        cmocka_unit_test(test_run__takes_batches_and_never_commits),
        cmocka_unit_test(test_run__never_agrees_to_a_commit),
        cmocka_unit_test(test_run__does_not_read_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
