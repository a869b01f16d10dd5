/* One-shot reading of a topic, as every owner does it after fencing the one before. The end is the
 * read_uncommitted high watermark at the call: with the end of the committed records alone, records
 * behind another connector's open transaction would be missed. */
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "compacted_topic.h"
#include "kitestream/sdk/util.h"
#include "topic_admin.h"
#include "topic_reader.h"

/* Longer than any transaction of ours may hang. */
#define STALL_MS 30000
#define POLL_MS 100

static int32_t first_unfinished(const struct topic_reader *reader, const int64_t *ends,
                                int32_t partitions)
{
    int32_t i = 0;
    while (i < partitions && topic_reader_position(reader, i) >= ends[i])
        i++;
    return i;
}

static enum ks_status stalled(const struct topic_reader *reader, const char *topic,
                              const int64_t *ends, int32_t partition, struct ks_error *err)
{
    struct ks_error trouble = {0};
    bool troubled = topic_reader_trouble(reader, &trouble) != KS_OK;
    return ks_error_set(
        err, KS_ERR_RETRIABLE, "topic %s: partition %d stands at offset %lld of %lld for %d s; %s",
        topic, (int)partition, (long long)topic_reader_position(reader, partition),
        (long long)ends[partition], STALL_MS / 1000,
        troubled ? trouble.message : "another client's transaction may be hanging there");
}

static enum ks_status read_until(struct topic_reader *reader, const char *topic,
                                 const int64_t *ends, int32_t partitions,
                                 void (*fn)(void *arg, const void *rd_kafka_message), void *arg,
                                 const _Atomic bool *stop, struct ks_error *err)
{
    int64_t progress_ms = clock_mono_ms();
    int32_t unfinished, before = -1;
    int64_t position_before = -1;
    while ((unfinished = first_unfinished(reader, ends, partitions)) < partitions) {
        if (stop && *stop)
            return ks_error_set(err, KS_ERR_RETRIABLE, "reading topic %s was stopped", topic);
        rd_kafka_message_t *message = topic_reader_poll(reader, POLL_MS);
        int64_t position = topic_reader_position(reader, unfinished), now_ms = clock_mono_ms();
        if (message || unfinished != before || position != position_before)
            progress_ms = now_ms;
        before = unfinished;
        position_before = position;
        if (message) {
            /* Records behind the end are passed on too: they are committed, and later ones of the
             * same key win. */
            fn(arg, message);
            rd_kafka_message_destroy(message);
            continue;
        }
        if (topic_reader_trouble(reader, err) == KS_ERR_FATAL)
            return KS_ERR_FATAL;
        if (now_ms - progress_ms > STALL_MS)
            return stalled(reader, topic, ends, unfinished, err);
    }
    return KS_OK;
}

enum ks_status topic_read_all(const struct worker_config *config, const char *topic,
                              void (*fn)(void *arg, const void *rd_kafka_message), void *arg,
                              const _Atomic bool *stop, struct ks_error *err)
{
    struct topic_admin *admin = NULL;
    struct topic_reader *reader = NULL;
    int64_t *ends = NULL;
    int32_t partitions = 0;
    enum ks_status status = topic_admin_open(config, NULL, &admin, err);
    if (status == KS_OK)
        status = topic_admin_partitions(admin, topic, &partitions, err);
    if (status != KS_OK || partitions == 0)
        goto out;
    ends = xcalloc((size_t)partitions, sizeof *ends);
    status = topic_admin_ends(admin, topic, partitions, ends, err);
    if (status == KS_OK)
        status = topic_reader_open(config, topic, partitions, &reader, err);
    if (status == KS_OK)
        status = read_until(reader, topic, ends, partitions, fn, arg, stop, err);
out:
    topic_reader_close(reader);
    topic_admin_close(admin);
    free(ends);
    return status;
}
