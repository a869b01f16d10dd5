/* test.LedgerSink: adds up the numbers on a topic. What it has added is its state, committed with
 * the offsets: {"count", "sum", "partitions"}; if it is wrong, offsets and state were not one. It
 * assigns its partitions itself, commits every `commit.every` records, pauses a partition now and
 * then, and releases batches on another thread. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/plugin.h"

#define PARTITIONS_MAX 16
#define QUEUE_MAX 64

struct ledger {
    const struct ks_task_host *host;
    char topic[250];
    long commit_every, pending, puts, quiet;
    long long count, sum;
    int32_t partitions;
    bool stumbles; /* refuses batches, pauses partitions */
    int paused;    /* partition + 1 */
    int64_t next[PARTITIONS_MAX];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct ks_sink_batch *queue[QUEUE_MAX];
    int queued;
    bool end;
};

static const char *option(const struct ks_config *config, const char *key)
{
    for (size_t i = 0; i < config->count; i++)
        if (strcmp(config->entries[i].key, key) == 0)
            return config->entries[i].value;
    return "";
}

static void *release_loop(void *arg)
{
    struct ledger *l = arg;
    pthread_mutex_lock(&l->lock);
    while (!l->end || l->queued > 0) {
        if (l->queued == 0) {
            pthread_cond_wait(&l->wake, &l->lock);
            continue;
        }
        struct ks_sink_batch *batch = l->queue[--l->queued];
        pthread_cond_broadcast(&l->wake);
        pthread_mutex_unlock(&l->lock);
        batch->release(batch);
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static enum ks_status assign_all(struct ledger *l, struct ks_error *err)
{
    struct ks_topic_partition tps[PARTITIONS_MAX];
    enum ks_status status = l->host->topic_partitions(l->host->task, l->topic, &l->partitions, err);
    if (status == KS_OK && l->partitions == 0) {
        snprintf(err->message, sizeof err->message, "topic %s does not exist yet", l->topic);
        return err->status = KS_ERR_RETRIABLE;
    }
    for (int32_t i = 0; i < l->partitions; i++)
        tps[i] = (struct ks_topic_partition){l->topic, i, -1};
    if (status == KS_OK)
        status = l->host->committed(l->host->task, tps, (size_t)l->partitions, err);
    for (int32_t i = 0; i < l->partitions && status == KS_OK; i++) {
        int64_t low, high;
        status = l->host->watermarks(l->host->task, l->topic, i, &low, &high, err);
        if (tps[i].offset < 0)
            tps[i].offset = low;
        l->next[i] = tps[i].offset;
        if (status == KS_OK)
            status = l->host->assign(l->host->task, &tps[i], err);
    }
    return status;
}

static enum ks_status ledger_start(const struct ks_task_host *host, const struct ks_config *config,
                                   void **ret_task, struct ks_error *err)
{
    struct ledger *l = calloc(1, sizeof *l);
    char *state = NULL;
    l->host = host;
    snprintf(l->topic, sizeof l->topic, "%s", option(config, "topic"));
    l->commit_every = atol(option(config, "commit.every"));
    l->stumbles = strcmp(option(config, "stumbles"), "true") == 0;
    enum ks_status status = host->offset_read(host->task, "{\"ledger\":1}", &state, err);
    if (status == KS_OK)
        status = assign_all(l, err);
    if (status != KS_OK) {
        free(l);
        return status;
    }
    if (state)
        sscanf(state, "{\"count\":%lld,\"sum\":%lld}", &l->count, &l->sum);
    host->free(state);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->wake, NULL);
    pthread_create(&l->thread, NULL, release_loop, l);
    *ret_task = l;
    return KS_OK;
}

static enum ks_status commit(struct ledger *l, struct ks_error *err)
{
    char json[128];
    struct ks_topic_partition tps[PARTITIONS_MAX];
    struct ks_source_offset state = {"{\"ledger\":1}", json};
    snprintf(json, sizeof json, "{\"count\":%lld,\"sum\":%lld}", l->count, l->sum);
    for (int32_t i = 0; i < l->partitions; i++)
        tps[i] = (struct ks_topic_partition){l->topic, i, l->next[i]};
    enum ks_status status =
        l->host->commit(l->host->task, tps, (size_t)l->partitions, &state, 1, err);
    if (status == KS_OK)
        l->pending = 0;
    return status;
}

static void hand_over(struct ledger *l, struct ks_sink_batch *batch)
{
    pthread_mutex_lock(&l->lock);
    while (l->queued == QUEUE_MAX)
        pthread_cond_wait(&l->wake, &l->lock);
    l->queue[l->queued++] = batch;
    pthread_cond_broadcast(&l->wake);
    pthread_mutex_unlock(&l->lock);
}

static enum ks_status ledger_put(void *task, struct ks_sink_batch *batch, struct ks_error *err)
{
    struct ledger *l = task;
    l->quiet = 0;
    if (++l->puts % 7 == 0 && l->stumbles) { /* the same batch must come again */
        snprintf(err->message, sizeof err->message, "the ledger is closed for a moment");
        return err->status = KS_ERR_RETRIABLE;
    }
    for (size_t i = 0; i < batch->record_count; i++) {
        const struct ks_record *r = &batch->records[i];
        char text[32] = {0};
        if (r->offset < l->next[r->partition]) {
            snprintf(err->message, sizeof err->message, "offset %lld of partition %d came twice",
                     (long long)r->offset, (int)r->partition);
            return err->status = KS_ERR_FATAL;
        }
        memcpy(text, (const char *)r->value.data + 1,
               r->value.len - 1 < 31 ? r->value.len - 1 : 31);
        l->sum += atoll(text);
        l->count++;
        l->pending++;
        l->next[r->partition] = r->offset + 1;
    }
    hand_over(l, batch);
    return KS_OK;
}

static enum ks_status ledger_maintain(void *task, struct ks_error *err)
{
    struct ledger *l = task;
    enum ks_status status = KS_OK;
    if (l->paused)
        status = l->host->resume(l->host->task, l->topic, l->paused - 1, err);
    l->paused = l->stumbles && !l->paused && l->pending ? (int)(l->puts % l->partitions) + 1 : 0;
    if (status == KS_OK && l->paused)
        status = l->host->pause(l->host->task, l->topic, l->paused - 1, err);
    bool is_due = l->pending >= l->commit_every || (l->pending > 0 && ++l->quiet > 10);
    if (status == KS_OK && is_due)
        status = commit(l, err);
    return status;
}

static enum ks_status ledger_close(void *task, struct ks_error *err)
{
    return commit(task, err);
}

static void ledger_destroy(void *task)
{
    struct ledger *l = task;
    pthread_mutex_lock(&l->lock);
    l->end = true;
    pthread_cond_broadcast(&l->wake);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->wake);
    free(l);
}

static const struct ks_sink_task_ops ops = {.start = ledger_start,
                                            .put = ledger_put,
                                            .maintain = ledger_maintain,
                                            .close = ledger_close,
                                            .destroy = ledger_destroy};
static const struct ks_config_def defs[] = {
    {.name = "topic", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED, .doc = "Where from."},
    {.name = "commit.every", .type = KS_CONFIG_LONG, .default_value = "50", .doc = "Records."},
    {.name = "stumbles", .type = KS_CONFIG_BOOLEAN, .default_value = "true", .doc = "Is slow."},
    {0}};
static const struct ks_connector_class class = {.struct_size = sizeof class,
                                                .name = "test.LedgerSink",
                                                .version = "1",
                                                .kind = KS_CLASS_SINK,
                                                .flags = KS_CLASS_OWN_ASSIGNMENT,
                                                .doc = "Adds up.",
                                                .config_defs = defs,
                                                .sink = &ops};
static const struct ks_connector_class *const classes[] = {&class, NULL};
static const struct ks_plugin plugin = {KS_ABI_MAJOR, KS_ABI_MINOR, sizeof plugin,
                                        "ledger",     "1",          classes};

KS_EXPORT const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err);
const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err)
{
    return &plugin;
}
