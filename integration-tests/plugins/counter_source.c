/* test.CounterSource: the numbers 0, 1, 2 … as strings on a topic, in transactions of its own. Its
 * offset {"n": next} is what it goes on from: a number that is missing or twice on the topic is the
 * runtime's fault. Several counters take turns, each with an offset and a partition of its own.
 * Options: topic, numbers (how many of each), counters, batch, batches.per.transaction, pause.ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kitestream/plugin.h"

#define CELL 64
#define COUNTERS_MAX 16

struct counter {
    const struct ks_task_host *host;
    const struct ks_schema *schema;
    char topic[250];
    long numbers, batch, per_transaction, pause_ms, batches;
    int counters, turn;
    long next[COUNTERS_MAX];
};

struct counter_batch {
    struct ks_source_batch batch;
    struct ks_source_offset offsets[COUNTERS_MAX]; /* of all: any batch may end a transaction */
    char partition_json[COUNTERS_MAX][32], offset_json[COUNTERS_MAX][64];
    struct ks_record *records;
    char *bytes;
};

static const char *option(const struct ks_config *config, const char *key)
{
    for (size_t i = 0; i < config->count; i++)
        if (strcmp(config->entries[i].key, key) == 0)
            return config->entries[i].value;
    return "";
}

static enum ks_status read_offsets(struct counter *c, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    for (int i = 0; i < c->counters && status == KS_OK; i++) {
        char partition[32], *offset = NULL;
        snprintf(partition, sizeof partition, "{\"counter\":%d}", i + 1);
        status = c->host->offset_read(c->host->task, partition, &offset, err);
        if (offset)
            sscanf(offset, "{\"n\":%ld}", &c->next[i]);
        c->host->free(offset);
    }
    return status;
}

static enum ks_status counter_start(const struct ks_task_host *host, const struct ks_config *config,
                                    void **ret_task, struct ks_error *err)
{
    struct counter *c = calloc(1, sizeof *c);
    c->host = host;
    snprintf(c->topic, sizeof c->topic, "%s", option(config, "topic"));
    c->numbers = atol(option(config, "numbers"));
    c->batch = atol(option(config, "batch"));
    c->per_transaction = atol(option(config, "batches.per.transaction"));
    c->pause_ms = atol(option(config, "pause.ms"));
    c->counters = atoi(option(config, "counters"));
    enum ks_status status = host->schema_intern(host->task, "\"string\"", 8, &c->schema, err);
    if (status == KS_OK)
        status = host->topic_create(host->task, c->topic, c->counters > 1 ? c->counters : 2, NULL,
                                    NULL, err);
    if (status == KS_OK)
        status = read_offsets(c, err);
    if (status != KS_OK) {
        free(c);
        return status;
    }
    *ret_task = c;
    return KS_OK;
}

static void release(struct ks_source_batch *batch)
{
    struct counter_batch *b = batch->owner;
    free(b->records);
    free(b->bytes);
    free(b);
}

static struct ks_slice text_at(char *cell, long number)
{
    int len = snprintf(cell + KS_RECORD_HEADROOM + 1, CELL - KS_RECORD_HEADROOM - 1, "%ld", number);
    cell[KS_RECORD_HEADROOM] = (char)(len << 1); /* Avro's length */
    return (struct ks_slice){cell + KS_RECORD_HEADROOM, (size_t)len + 1};
}

static bool take_turn(struct counter *c)
{
    for (int i = 0; i < c->counters; i++) {
        c->turn = (c->turn + 1) % c->counters;
        if (c->next[c->turn] < c->numbers)
            return true;
    }
    return false;
}

static void set_offsets(const struct counter *c, struct counter_batch *b)
{
    for (int i = 0; i < c->counters; i++) {
        snprintf(b->partition_json[i], sizeof *b->partition_json, "{\"counter\":%d}", i + 1);
        snprintf(b->offset_json[i], sizeof *b->offset_json, "{\"n\":%ld}", c->next[i]);
        b->offsets[i] = (struct ks_source_offset){b->partition_json[i], b->offset_json[i]};
    }
}

static enum ks_status counter_poll(void *task, struct ks_source_batch **ret_batch,
                                   struct ks_error *err)
{
    struct counter *c = task;
    if (!take_turn(c)) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        return KS_OK;
    }
    if (c->pause_ms > 0)
        nanosleep(&(struct timespec){.tv_nsec = c->pause_ms * 1000000}, NULL);
    struct counter_batch *b = calloc(1, sizeof *b);
    long *next = &c->next[c->turn];
    long count = c->numbers - *next < c->batch ? c->numbers - *next : c->batch;
    b->records = calloc((size_t)count, sizeof *b->records);
    b->bytes = malloc((size_t)count * 2 * CELL);
    for (long i = 0; i < count; i++) {
        struct ks_record *r = &b->records[i];
        *r = (struct ks_record){.topic = c->topic, .partition = -1, .timestamp_ms = -1};
        if (c->counters > 1)
            r->partition = c->turn;
        r->key = text_at(b->bytes + 2 * i * CELL, *next + i);
        r->value = text_at(b->bytes + (2 * i + 1) * CELL, *next + i);
        r->key_schema = r->value_schema = c->schema;
    }
    *next += count;
    set_offsets(c, b);
    b->batch =
        (struct ks_source_batch){b->records,
                                 (size_t)count,
                                 b->offsets,
                                 (size_t)c->counters,
                                 ++c->batches % c->per_transaction == 0 || *next == c->numbers,
                                 release,
                                 b};
    *ret_batch = &b->batch;
    return KS_OK;
}

static void counter_destroy(void *task)
{
    free(task);
}

static const struct ks_source_task_ops ops = {
    .start = counter_start, .poll = counter_poll, .destroy = counter_destroy};
static const struct ks_config_def defs[] = {
    {.name = "topic", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED, .doc = "Where to."},
    {.name = "numbers", .type = KS_CONFIG_LONG, .default_value = "1000", .doc = "How many."},
    {.name = "counters",
     .type = KS_CONFIG_LONG,
     .flags = KS_CONFIG_RANGE,
     .default_value = "1",
     .min = 1,
     .max = COUNTERS_MAX,
     .doc = "How many count."},
    {.name = "batch", .type = KS_CONFIG_LONG, .default_value = "10", .doc = "Records of a poll."},
    {.name = "batches.per.transaction",
     .type = KS_CONFIG_LONG,
     .default_value = "3",
     .doc = "Polls of a transaction."},
    {.name = "pause.ms", .type = KS_CONFIG_LONG, .default_value = "0", .doc = "Before a poll."},
    {0}};
static const struct ks_connector_class class = {.struct_size = sizeof class,
                                                .name = "test.CounterSource",
                                                .version = "1",
                                                .kind = KS_CLASS_SOURCE,
                                                .flags = KS_CLASS_OWN_TRANSACTIONS,
                                                .doc = "Counts.",
                                                .config_defs = defs,
                                                .source = &ops};
static const struct ks_connector_class *const classes[] = {&class, NULL};
static const struct ks_plugin plugin = {KS_ABI_MAJOR, KS_ABI_MINOR, sizeof plugin,
                                        "counter",    "1",          classes};

KS_EXPORT const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err);
const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err)
{
    return &plugin;
}
