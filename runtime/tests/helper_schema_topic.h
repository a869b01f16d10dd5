/* The schema topic as a list, in place of compacted_topic.c, so that a test can put another
 * worker's record where it likes. For one .c file of a test or fuzzer: it defines what the linker
 * would take from there. The real topic is used in integration-tests. */
#ifndef HELPER_SCHEMA_TOPIC_H
#define HELPER_SCHEMA_TOPIC_H

#include <stdlib.h>
#include <string.h>

#include "compacted_topic.h"
#include "kitestream/sdk/util.h"

struct log_record {
    char *key, *value;
};
static struct {
    struct log_record list[64];
    size_t count;
    const char *before_put[2]; /* another worker's record, once */
    enum ks_status open_status, put_status, sync_status;
    size_t opened, synced;
} topic;

struct compacted_topic {
    compacted_fn *fn;
    void *arg;
    size_t passed;
};

static void topic_append(const char *key, const char *value)
{
    topic.list[topic.count++] = (struct log_record){strdup(key), value ? strdup(value) : NULL};
}

static inline void topic_clear(void)
{
    for (size_t i = 0; i < topic.count; i++) {
        free(topic.list[i].key);
        free(topic.list[i].value);
    }
    memset(&topic, 0, sizeof topic);
}

enum ks_status compacted_topic_open(const struct worker_config *config, const char *name,
                                    int partitions, int replication, compacted_fn *fn, void *arg,
                                    struct compacted_topic **ret, struct ks_error *err)
{
    topic.opened++;
    if (strcmp(name, "schemas") != 0)
        abort();
    if (topic.open_status != KS_OK)
        return ks_error_set(err, topic.open_status, "the brokers are away");
    struct compacted_topic *t = calloc(1, sizeof *t);
    *t = (struct compacted_topic){fn, arg, 0};
    *ret = t;
    return KS_OK;
}

enum ks_status compacted_topic_sync(struct compacted_topic *t, int64_t timeout_ms,
                                    struct ks_error *err)
{
    topic.synced++;
    if (topic.sync_status != KS_OK)
        return ks_error_set(err, topic.sync_status, "the brokers are away");
    for (; t->passed < topic.count; t->passed++) {
        const struct log_record *r = &topic.list[t->passed];
        t->fn(t->arg, (struct ks_slice){r->key, strlen(r->key)},
              (struct ks_slice){r->value, r->value ? strlen(r->value) : 0}, 0, (int64_t)t->passed);
    }
    return KS_OK;
}

enum ks_status compacted_topic_put(struct compacted_topic *t, struct ks_slice key,
                                   struct ks_slice value, struct ks_error *err)
{
    if (topic.put_status != KS_OK)
        return ks_error_set(err, topic.put_status, "the brokers are away");
    if (topic.before_put[0])
        topic_append(topic.before_put[0], topic.before_put[1]);
    topic.before_put[0] = NULL;
    char *key_text = strndup(key.data, key.len), *value_text = strndup(value.data, value.len);
    topic_append(key_text, value_text);
    free(key_text);
    free(value_text);
    return KS_OK;
}

void compacted_topic_close(struct compacted_topic *t)
{
    free(t);
}

/* The schema store calls neither; other stores of the runtime do. */
void compacted_topic_put_async(struct compacted_topic *t, struct ks_slice key,
                               struct ks_slice value)
{
    abort();
}
void compacted_topic_on_lost(struct compacted_topic *t, compacted_lost_fn *fn)
{
    abort();
}

#endif
