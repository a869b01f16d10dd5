/* test.CounterSource: the numbers 0, 1, 2 … as strings on a topic, in transactions of its own. Its
 * offset {"n": next} is what it goes on from: a number that is missing or twice on the topic is the
 * runtime's fault. Options: topic, numbers (how many), batch, batches.per.transaction, pause.ms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kitestream/plugin.h"

#define CELL 64

struct counter {
    const struct ks_task_host *host;
    const struct ks_schema *schema;
    char topic[250];
    long numbers, batch, per_transaction, pause_ms;
    long next, batches;
};

struct counter_batch {
    struct ks_source_batch batch;
    struct ks_source_offset offset;
    char offset_json[64];
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

static enum ks_status counter_start(const struct ks_task_host *host, const struct ks_config *config,
                                    void **ret_task, struct ks_error *err)
{
    struct counter *c = calloc(1, sizeof *c);
    char *offset = NULL;
    c->host = host;
    snprintf(c->topic, sizeof c->topic, "%s", option(config, "topic"));
    c->numbers = atol(option(config, "numbers"));
    c->batch = atol(option(config, "batch"));
    c->per_transaction = atol(option(config, "batches.per.transaction"));
    c->pause_ms = atol(option(config, "pause.ms"));
    enum ks_status status = host->schema_intern(host->task, "\"string\"", 8, &c->schema, err);
    if (status == KS_OK)
        status = host->topic_create(host->task, c->topic, 2, NULL, NULL, err);
    if (status == KS_OK)
        status = host->offset_read(host->task, "{\"counter\":1}", &offset, err);
    if (status != KS_OK) {
        free(c);
        return status;
    }
    if (offset)
        sscanf(offset, "{\"n\":%ld}", &c->next);
    host->free(offset);
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

static enum ks_status counter_poll(void *task, struct ks_source_batch **ret_batch,
                                   struct ks_error *err)
{
    struct counter *c = task;
    if (c->next >= c->numbers) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        return KS_OK;
    }
    if (c->pause_ms > 0)
        nanosleep(&(struct timespec){.tv_nsec = c->pause_ms * 1000000}, NULL);
    struct counter_batch *b = calloc(1, sizeof *b);
    long count = c->numbers - c->next < c->batch ? c->numbers - c->next : c->batch;
    b->records = calloc((size_t)count, sizeof *b->records);
    b->bytes = malloc((size_t)count * 2 * CELL);
    for (long i = 0; i < count; i++) {
        struct ks_record *r = &b->records[i];
        *r = (struct ks_record){.topic = c->topic, .partition = -1, .timestamp_ms = -1};
        r->key = text_at(b->bytes + 2 * i * CELL, c->next + i);
        r->value = text_at(b->bytes + (2 * i + 1) * CELL, c->next + i);
        r->key_schema = r->value_schema = c->schema;
    }
    c->next += count;
    snprintf(b->offset_json, sizeof b->offset_json, "{\"n\":%ld}", c->next);
    b->offset = (struct ks_source_offset){"{\"counter\":1}", b->offset_json};
    b->batch =
        (struct ks_source_batch){b->records,
                                 (size_t)count,
                                 &b->offset,
                                 1,
                                 ++c->batches % c->per_transaction == 0 || c->next == c->numbers,
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
