#include "helper_sink_host.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"
#include "map.h"
#include "sink_task.h"

enum { TOPICS = 8, PARTITIONS = 4, OPTIONS = 16, RUN_MS = 30000, ROUND_MS = 2, BATCH = 50 };

static const char row_schema[] =
    "{\"type\":\"record\",\"name\":\"Value\",\"fields\":["
    "{\"name\":\"id\",\"type\":{\"type\":\"long\",\"milvus.primary_key\":true}},"
    "{\"name\":\"v\",\"type\":\"long\"}]}";

struct held_partition {
    struct ks_record *records;
    size_t count, cap;
    int64_t committed; /* of the group */
    /* of the running task */
    bool assigned, paused;
    size_t next;
};

struct held_topic {
    char name[64];
    bool deleted;
    int asked_in_vain;
    int32_t partitions;
    bool compacted;
    struct held_partition parts[PARTITIONS];
};

struct ks_task {
    struct ks_task_host host;
    struct changes changes; /* schemas, and the memory of records */
    struct ddl_codec *codec;
    const struct ks_schema *rows, *ddl;
    struct held_topic topics[TOPICS];
    size_t topic_count;
    int64_t last_seq, last_tick;
    struct strmap state;  /* partition JSON -> offset JSON */
    struct strmap gauges; /* name{labels} -> double */
    struct ks_config_entry options[OPTIONS];
    size_t option_count;
    int failing_commits;
    size_t errants;
    char status[2048];
    void *running;
};

struct sink_host {
    struct ks_task task;
};

/* ---- topics ---- */

static struct held_topic *topic_of(struct ks_task *t, const char *name)
{
    for (size_t i = 0; i < t->topic_count; i++)
        if (strcmp(t->topics[i].name, name) == 0)
            return &t->topics[i];
    return NULL;
}

static struct held_partition *part_of(struct ks_task *t, const char *topic, int32_t partition)
{
    struct held_topic *held = topic_of(t, topic);
    assert_non_null(held);
    assert_true(partition < held->partitions);
    return &held->parts[partition];
}

void sink_host_topic(struct sink_host *h, const char *topic, int32_t partitions)
{
    struct held_topic *held = &h->task.topics[h->task.topic_count++];
    snprintf(held->name, sizeof(held->name), "%s", topic);
    held->partitions = partitions;
    for (int32_t i = 0; i < PARTITIONS; i++)
        held->parts[i].committed = -1;
}

void sink_host_compact(struct sink_host *h, const char *topic, int32_t partition, int64_t offset)
{
    struct held_partition *p = part_of(&h->task, topic, partition);
    topic_of(&h->task, topic)->compacted = true;
    p->records[offset].offset = -1;
}

void sink_host_grow(struct sink_host *h, const char *topic, int32_t partitions)
{
    topic_of(&h->task, topic)->partitions = partitions;
}

void sink_host_delete(struct sink_host *h, const char *topic)
{
    topic_of(&h->task, topic)->deleted = true;
}

int sink_host_asked_in_vain(struct sink_host *h, const char *topic)
{
    return topic_of(&h->task, topic)->asked_in_vain;
}

bool sink_host_is_assigned(struct sink_host *h, const char *topic, int32_t partition)
{
    return part_of(&h->task, topic, partition)->assigned;
}

static int64_t add_record(struct ks_task *t, const char *topic, int32_t partition,
                          struct ks_record record)
{
    struct held_partition *p = part_of(t, topic, partition);
    record.topic = topic_of(t, topic)->name;
    record.partition = partition;
    record.offset = (int64_t)p->count;
    p->records = xgrow(p->records, p->count, &p->cap, sizeof(*p->records));
    p->records[p->count++] = record;
    return record.offset;
}

int64_t sink_host_ddl(struct sink_host *h, const struct ddl *ddl)
{
    struct ks_task *t = &h->task;
    struct ks_buf body = {0};
    struct ddl numbered = *ddl;
    numbered.seq = ++t->last_seq;
    ddl_encode(t->codec, &numbered, &body);
    add_record(t, "p.ddl", 0,
               (struct ks_record){
                   .value = {ks_arena_copy(&t->changes.arena, body.data, body.len), body.len},
                   .value_schema = t->ddl,
               });
    ks_buf_release(&body);
    return numbered.seq;
}

static struct ks_header header(struct ks_task *t, const char *key, int64_t value)
{
    char *text = ks_arena_printf(&t->changes.arena, "%" PRId64, value);
    return (struct ks_header){key, {text, strlen(text)}};
}

int64_t sink_host_row(struct sink_host *h, const char *topic, int32_t partition, char op,
                      int64_t collection_id, int64_t ddl_seq, int64_t key, int64_t value)
{
    struct ks_task *t = &h->task;
    struct ks_header *headers = ks_arena_alloc(&t->changes.arena, 6 * sizeof(*headers));
    char image[96];
    headers[0] = (struct ks_header){"__op", {ks_arena_copy(&t->changes.arena, &op, 1), 1}};
    headers[1] = header(t, "__source.collection_id", collection_id);
    headers[2] = header(t, "__source.partition_id", 1);
    headers[3] = header(t, "__source.ddl_seq", ddl_seq);
    headers[4] = header(t, "__source.tick", ++t->last_tick);
    headers[5] = (struct ks_header){"__source.partition", {"_default", 8}};
    snprintf(image, sizeof(image), "{\"id\":%" PRId64 ",\"v\":%" PRId64 "}", key, value);
    return add_record(t, topic, partition,
                      (struct ks_record){.value = changes_body(&t->changes, t->rows, image),
                                         .value_schema = t->rows,
                                         .headers = headers,
                                         .header_count = 6});
}

int64_t sink_host_tombstone(struct sink_host *h, const char *topic, int32_t partition)
{
    return add_record(&h->task, topic, partition, (struct ks_record){.timestamp_ms = 1000});
}

void sink_host_garbage(struct sink_host *h, const char *topic, int32_t partition)
{
    add_record(&h->task, topic, partition,
               (struct ks_record){.value = {"?", 1}, .timestamp_ms = 1000});
}

/* ---- services ---- */

/* For people who look for the cause of a failure. */
static void log_line(struct ks_task *t, enum ks_log_level level, const char *message)
{
    if (getenv("SINK_TEST_LOG"))
        print_message("# %s\n", message);
}

static void metric(struct ks_task *t, enum ks_metric_kind kind, const char *name,
                   const char *labels, double value)
{
    char key[256];
    snprintf(key, sizeof key, "%s{%s}", name, labels ? labels : "");
    if (kind == KS_METRIC_GAUGE) {
        double *kept = xmalloc(sizeof *kept);
        *kept = value;
        free(strmap_put(&t->gauges, key, kept));
    } else if (kind == KS_METRIC_GONE) {
        assert_non_null(strmap_find(&t->gauges, key));
        free(strmap_remove(&t->gauges, key));
    }
}

double sink_host_gauge(const struct sink_host *h, const char *name, const char *labels)
{
    char key[256];
    snprintf(key, sizeof key, "%s{%s}", name, labels);
    const double *kept = strmap_get(&h->task.gauges, key);
    return kept ? *kept : -1;
}

static void set_status(struct ks_task *t, const char *waiting_for)
{
    snprintf(t->status, sizeof(t->status), "%s", waiting_for ? waiting_for : "");
}

static bool stop_requested(struct ks_task *t)
{
    return false;
}

static enum ks_status offset_read(struct ks_task *t, const char *partition_json, char **ret,
                                  struct ks_error *err)
{
    const char *text = strmap_get(&t->state, partition_json);
    *ret = text ? xstrdup(text) : NULL;
    return KS_OK;
}

static enum ks_status topic_read(struct ks_task *t, const char *topic, ks_record_fn *fn, void *arg,
                                 struct ks_error *err)
{
    struct held_partition *p = part_of(t, topic, 0);
    for (size_t i = 0; i < p->count; i++)
        fn(arg, &p->records[i]);
    return KS_OK;
}

static enum ks_status report_errant(struct ks_task *t, const struct ks_record *record,
                                    const char *stage, const struct ks_error *reason,
                                    struct ks_error *err)
{
    for (size_t i = 0; i < t->option_count; i++)
        if (strcmp(t->options[i].key, "errors.tolerance") == 0) {
            t->errants++;
            return KS_OK;
        }
    err->status = KS_ERR_FATAL;
    return KS_ERR_FATAL;
}

static enum ks_status topic_partitions(struct ks_task *t, const char *topic, int32_t *ret,
                                       struct ks_error *err)
{
    struct held_topic *held = topic_of(t, topic);
    *ret = held && !held->deleted ? held->partitions : 0;
    if (held)
        held->asked_in_vain += held->deleted;
    return KS_OK;
}

static enum ks_status topic_config(struct ks_task *t, const char *topic, const char *config,
                                   char **ret, struct ks_error *err)
{
    assert_string_equal(config, "cleanup.policy");
    *ret = xstrdup(topic_of(t, topic)->compacted ? "compact,delete" : "delete");
    return KS_OK;
}

static enum ks_status watermarks(struct ks_task *t, const char *topic, int32_t partition,
                                 int64_t *ret_low, int64_t *ret_high, struct ks_error *err)
{
    *ret_low = 0;
    *ret_high = (int64_t)part_of(t, topic, partition)->count;
    return KS_OK;
}

static enum ks_status committed(struct ks_task *t, struct ks_topic_partition *tps, size_t count,
                                struct ks_error *err)
{
    for (size_t i = 0; i < count; i++)
        tps[i].offset = part_of(t, tps[i].topic, tps[i].partition)->committed;
    return KS_OK;
}

static enum ks_status assign(struct ks_task *t, const struct ks_topic_partition *tp,
                             struct ks_error *err)
{
    struct held_partition *p = part_of(t, tp->topic, tp->partition);
    p->assigned = true;
    p->next = (size_t)tp->offset;
    return KS_OK;
}

static enum ks_status unassign(struct ks_task *t, const char *topic, int32_t partition,
                               struct ks_error *err)
{
    struct held_partition *p = part_of(t, topic, partition);
    assert_true(p->assigned);
    p->assigned = false;
    return KS_OK;
}

static enum ks_status pause_partition(struct ks_task *t, const char *topic, int32_t partition,
                                      struct ks_error *err)
{
    assert_true(part_of(t, topic, partition)->assigned);
    part_of(t, topic, partition)->paused = true;
    return KS_OK;
}

static enum ks_status resume_partition(struct ks_task *t, const char *topic, int32_t partition,
                                       struct ks_error *err)
{
    assert_true(part_of(t, topic, partition)->assigned);
    part_of(t, topic, partition)->paused = false;
    return KS_OK;
}

static int64_t position(struct ks_task *t, const char *topic, int32_t partition)
{
    struct held_partition *p = part_of(t, topic, partition);
    return p->assigned ? (int64_t)p->next : -1;
}

static enum ks_status commit(struct ks_task *t, const struct ks_topic_partition *offsets,
                             size_t offset_count, const struct ks_source_offset *state,
                             size_t state_count, struct ks_error *err)
{
    assert_true(state_count > 0);
    if (t->failing_commits != 0) {
        t->failing_commits -= t->failing_commits > 0;
        snprintf(err->message, sizeof(err->message), "the brokers are away");
        return err->status = KS_ERR_RETRIABLE;
    }
    for (size_t i = 0; i < offset_count; i++)
        assert_false(topic_of(t, offsets[i].topic)->deleted); /* Kafka refuses all of it */
    for (size_t i = 0; i < offset_count; i++)
        part_of(t, offsets[i].topic, offsets[i].partition)->committed = offsets[i].offset;
    for (size_t i = 0; i < state_count; i++)
        free(strmap_put(&t->state, state[i].partition_json, xstrdup(state[i].offset_json)));
    return KS_OK;
}

/* ---- life ---- */

struct sink_host *sink_host_new(const char *uri)
{
    struct sink_host *h = xcalloc(1, sizeof(*h));
    struct ks_task *t = &h->task;
    changes_open(&t->changes);
    t->codec = ddl_codec_new();
    t->rows = changes_schema_of(&t->changes, row_schema);
    t->ddl = changes_schema_of(&t->changes, ddl_value_avsc);
    t->host = (struct ks_task_host){
        .abi_major = KS_ABI_MAJOR,
        .struct_size = sizeof(t->host),
        .task = t,
        .connector_name = "sink",
        .log = log_line,
        .metric = metric,
        .status = set_status,
        .stop_requested = stop_requested,
        .free = free,
        .offset_read = offset_read,
        .schema_json = t->changes.host.schema_json,
        .topic_read = topic_read,
        .report_errant = report_errant,
        .topic_partitions = topic_partitions,
        .watermarks = watermarks,
        .committed = committed,
        .assign = assign,
        .unassign = unassign,
        .pause = pause_partition,
        .resume = resume_partition,
        .position = position,
        .commit = commit,
        .topic_config = topic_config,
    };
    sink_host_topic(h, "p.ddl", 1);
    sink_host_option(h, "topic.prefix", "p");
    sink_host_option(h, "milvus.uri", uri);
    sink_host_option(h, "lease.ms", "900");
    return h;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct ks_config_entry *)a)->key,
                  ((const struct ks_config_entry *)b)->key);
}

void sink_host_connector(struct sink_host *h, const char *name)
{
    h->task.host.connector_name = name;
}

void sink_host_option(struct sink_host *h, const char *key, const char *value)
{
    struct ks_task *t = &h->task;
    for (size_t i = 0; i < t->option_count; i++)
        if (strcmp(t->options[i].key, key) == 0) {
            t->options[i].value = value;
            return;
        }
    t->options[t->option_count++] = (struct ks_config_entry){key, value};
    qsort(t->options, t->option_count, sizeof(*t->options), compare_keys);
}

enum ks_status sink_host_try_start(struct sink_host *h, struct ks_error *err)
{
    struct ks_task *t = &h->task;
    for (size_t i = 0; i < t->topic_count; i++)
        for (int32_t k = 0; k < t->topics[i].partitions; k++)
            t->topics[i].parts[k].assigned = t->topics[i].parts[k].paused = false;
    t->status[0] = '\0';
    return sink_task_ops.start(&t->host, &(struct ks_config){t->options, t->option_count},
                               &t->running, err);
}

void sink_host_start(struct sink_host *h)
{
    struct ks_error err;
    if (sink_host_try_start(h, &err))
        fail_msg("%s", err.message);
}

void sink_host_kill(struct sink_host *h)
{
    if (h->task.running)
        sink_task_ops.destroy(h->task.running);
    h->task.running = NULL;
}

void sink_host_close(struct sink_host *h)
{
    struct ks_error err;
    if (sink_task_ops.close(h->task.running, &err))
        fail_msg("%s", err.message);
    sink_host_kill(h);
}

void sink_host_free(struct sink_host *h)
{
    struct ks_task *t = &h->task;
    const char *key;
    void *value;
    sink_host_kill(h);
    for (size_t i = 0; i < t->topic_count; i++)
        for (int32_t k = 0; k < t->topics[i].partitions; k++)
            free(t->topics[i].parts[k].records);
    for (size_t pos = 0; strmap_next(&t->state, &pos, &key, &value);)
        free(value);
    strmap_release(&t->state);
    for (size_t pos = 0; strmap_next(&t->gauges, &pos, &key, &value);)
        free(value);
    strmap_release(&t->gauges);
    ddl_codec_free(t->codec);
    changes_close(&t->changes);
    free(h);
}

/* ---- rounds ---- */

/* A batch has copies of its own, as a host's has. */
struct delivered {
    struct ks_sink_batch batch; /* first */
    struct ks_record records[BATCH];
};

static void release_batch(struct ks_sink_batch *batch)
{
    free(batch);
}

static void deliver(struct ks_task *t, struct held_partition *p)
{
    struct ks_error err;
    size_t left = p->count - p->next, count = left < BATCH ? left : BATCH;
    if (!p->assigned || p->paused || count == 0)
        return;
    struct delivered *d = xmalloc(sizeof(*d));
    d->batch = (struct ks_sink_batch){d->records, 0, release_batch};
    for (size_t i = 0; i < count; i++)
        if (p->records[p->next + i].offset >= 0) /* not compacted away */
            d->records[d->batch.record_count++] = p->records[p->next + i];
    p->next += count;
    assert_int_equal(sink_task_ops.put(t->running, &d->batch, &err), KS_OK);
}

/* With the pause of a poll that finds nothing. */
static void one_round(struct sink_host *h)
{
    struct ks_task *t = &h->task;
    struct ks_error err;
    for (size_t i = 0; i < t->topic_count; i++)
        for (int32_t k = 0; k < t->topics[i].partitions && !t->topics[i].deleted; k++)
            deliver(t, &t->topics[i].parts[k]);
    enum ks_status status = sink_task_ops.maintain(t->running, &err);
    if (status && status != KS_ERR_RETRIABLE)
        fail_msg("%s", err.message);
    nanosleep(&(struct timespec){.tv_nsec = ROUND_MS * 1000000}, NULL);
}

void sink_host_run(struct sink_host *h, bool (*done)(struct sink_host *h))
{
    int64_t until = clock_mono_ms() + RUN_MS;
    while (!done(h)) {
        if (clock_mono_ms() > until)
            fail_msg("not done; the status is: %s", h->task.status);
        one_round(h);
    }
}

void sink_host_rounds(struct sink_host *h, int rounds)
{
    while (rounds-- > 0)
        one_round(h);
}

/* ---- what became of it ---- */

void sink_host_fail_commits(struct sink_host *h, int count)
{
    h->task.failing_commits = count;
}

int64_t sink_host_committed(struct sink_host *h, const char *topic, int32_t partition)
{
    return part_of(&h->task, topic, partition)->committed;
}

void sink_host_set_committed(struct sink_host *h, const char *topic, int32_t partition,
                             int64_t offset)
{
    part_of(&h->task, topic, partition)->committed = offset;
}

const char *sink_host_state(struct sink_host *h)
{
    const char *text = strmap_get(&h->task.state, "{\"sink\":\"state\"}");
    return text ? text : "";
}

void sink_host_forget_state(struct sink_host *h)
{
    const char *key;
    void *value;
    for (size_t pos = 0; strmap_next(&h->task.state, &pos, &key, &value);)
        free(value);
    strmap_release(&h->task.state);
    h->task.state = (struct strmap){0};
    for (size_t i = 0; i < h->task.topic_count; i++)
        for (int32_t k = 0; k < PARTITIONS; k++)
            h->task.topics[i].parts[k].committed = -1;
}

const char *sink_host_status(const struct sink_host *h)
{
    return h->task.status;
}

size_t sink_host_errants(const struct sink_host *h)
{
    return h->task.errants;
}

bool sink_host_is_paused(struct sink_host *h, const char *topic, int32_t partition)
{
    return part_of(&h->task, topic, partition)->paused;
}

bool sink_host_has_applied_all(struct sink_host *h)
{
    char applied[64];
    snprintf(applied, sizeof(applied), "\"applied\":\"%" PRId64 "\"", h->task.last_seq);
    return strstr(sink_host_state(h), applied) != NULL;
}

bool sink_host_is_idle(struct sink_host *h)
{
    for (size_t i = 0; i < h->task.topic_count; i++)
        for (int32_t k = 0; k < h->task.topics[i].partitions; k++) {
            const struct held_partition *p = &h->task.topics[i].parts[k];
            if (p->count > 0 && p->committed != (int64_t)p->count)
                return false;
        }
    return sink_host_has_applied_all(h);
}
