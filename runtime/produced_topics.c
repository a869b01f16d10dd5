/* Topic names in; handles that are ready to be produced to, and next offsets, out. Next: producer.
 * A high watermark is asked once for a partition, and then is ours to count on: nobody else writes
 * there. Asked within a transaction it holds the transaction's own records too, which is right. */
#include "produced_topics.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"

#define METADATA_TIMEOUT_MS 10000

static void topic_free(struct produced_topic *t)
{
    if (t->rkt)
        rd_kafka_topic_destroy(t->rkt);
    free(t->name);
    free(t->next);
    free(t);
}

void produced_topics_release(struct produced_topics *ts)
{
    size_t pos = 0;
    const char *name;
    void *topic;
    while (strmap_next(&ts->by_name, &pos, &name, &topic))
        topic_free(topic);
    strmap_release(&ts->by_name);
}

static void grow_partitions(struct produced_topic *t, int32_t count)
{
    if (count <= t->partitions)
        return;
    t->next = xrealloc(t->next, (size_t)count * sizeof *t->next);
    for (int32_t i = t->partitions; i < count; i++)
        t->next[i] = -1;
    t->partitions = count;
}

void produced_topic_delivered(struct produced_topic *t, int32_t partition, int64_t offset)
{
    grow_partitions(t, partition + 1);
    if (offset + 1 > t->next[partition])
        t->next[partition] = offset + 1;
}

static enum ks_status fetch_metadata(struct produced_topics *ts, struct produced_topic *t,
                                     struct ks_error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(ts->client->rk, 0, t->rkt, &metadata, METADATA_TIMEOUT_MS);
    if (code)
        return kafka_error_set(err, t->name, code, rd_kafka_err2str(code));
    if (metadata->topic_cnt == 1)
        grow_partitions(t, metadata->topics[0].partition_cnt);
    rd_kafka_metadata_destroy(metadata);
    return KS_OK;
}

static enum ks_status topic_open(struct produced_topics *ts, const char *name,
                                 struct produced_topic **ret, struct ks_error *err)
{
    static const struct topic_request any = {.partitions = -1};
    enum ks_status status = topic_creation_ensure(ts->creation, ts->admin, name, &any, NULL, err);
    if (status != KS_OK)
        return status;
    struct produced_topic *t = xcalloc(1, sizeof *t);
    t->name = xstrdup(name);
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(ts->client->rk);
    rd_kafka_topic_conf_set_opaque(conf, t);
    t->rkt = rd_kafka_topic_new(ts->client->rk, name, conf);
    if (!t->rkt) {
        rd_kafka_topic_conf_destroy(conf);
        status = ks_error_set(err, KS_ERR_FATAL, "'%s' is not a valid topic name", name);
    }
    if (status == KS_OK)
        status = fetch_metadata(ts, t, err);
    if (status != KS_OK) {
        topic_free(t);
        return status;
    }
    strmap_put(&ts->by_name, name, t);
    *ret = t;
    return KS_OK;
}

enum ks_status produced_topics_get(struct produced_topics *ts, const char *name,
                                   struct produced_topic **ret, struct ks_error *err)
{
    if (ts->last && strcmp(ts->last->name, name) == 0) {
        *ret = ts->last;
        return KS_OK;
    }
    struct produced_topic *t = strmap_get(&ts->by_name, name);
    if (!t) {
        enum ks_status status = topic_open(ts, name, &t, err);
        if (status != KS_OK)
            return status;
    }
    ts->last = *ret = t;
    return KS_OK;
}

static enum ks_status fill_watermarks(struct produced_topics *ts, struct produced_topic *t,
                                      struct ks_error *err)
{
    enum ks_status status = KS_OK;
    for (int32_t i = 0; i < t->partitions && status == KS_OK; i++) {
        int64_t low;
        if (t->next[i] < 0)
            status = topic_admin_watermarks(ts->admin, t->name, i, &low, &t->next[i], err);
    }
    return status;
}

enum ks_status produced_topics_next(struct produced_topics *ts, const char *name,
                                    struct ks_topic_partition *ret, size_t cap, size_t *ret_count,
                                    struct ks_error *err)
{
    int32_t partitions = 0;
    struct produced_topic *t = NULL;
    enum ks_status status = topic_admin_partitions(ts->admin, name, &partitions, err);
    if (status == KS_OK && partitions == 0)
        status = ks_error_set(err, KS_ERR_DATA, "topic %s does not exist", name);
    if (status == KS_OK)
        status = produced_topics_get(ts, name, &t, err);
    if (status != KS_OK)
        return status;
    grow_partitions(t, partitions);
    if ((size_t)t->partitions > cap)
        return ks_error_set(err, KS_ERR_FATAL,
                            "topic %s has %d partitions, more than the %zu that the connector can "
                            "take",
                            name, (int)t->partitions, cap);
    status = fill_watermarks(ts, t, err);
    if (status != KS_OK)
        return status;
    for (int32_t i = 0; i < t->partitions; i++)
        ret[i] = (struct ks_topic_partition){name, i, t->next[i]};
    *ret_count = (size_t)t->partitions;
    return KS_OK;
}
