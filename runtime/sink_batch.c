/* Messages in; records that point into them out. The messages (their fetch buffers) live until both
 * the plugin and the loop let go: the loop needs their offsets after put, when the plugin may have
 * released them already. Next: worker_sink hands the batch to put. */
#include "sink_batch.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "consumer.h"
#include "message_record.h"

void sink_batch_drop(struct sink_batch *b)
{
    if (atomic_fetch_sub(&b->holders, 1) != 1)
        return;
    _Atomic size_t *outstanding = b->outstanding;
    for (size_t i = 0; i < b->message_count; i++)
        rd_kafka_message_destroy(b->messages[i]);
    ks_arena_release(&b->arena);
    free(b->messages);
    free(b->records);
    free(b);
    atomic_fetch_sub(outstanding, 1);
}

static void release(struct ks_sink_batch *batch)
{
    sink_batch_drop((struct sink_batch *)batch);
}

struct sink_batch *sink_batch_new(rd_kafka_message_t *const *take_messages, size_t count,
                                  _Atomic size_t *outstanding)
{
    struct sink_batch *b = xcalloc(1, sizeof *b);
    b->batch.release = release;
    b->messages = xmalloc(count * sizeof(rd_kafka_message_t *));
    memcpy(b->messages, take_messages, count * sizeof(rd_kafka_message_t *));
    b->message_count = count;
    b->records = xmalloc(count * sizeof *b->records);
    b->arena.chunk_bytes = 4096;
    b->outstanding = outstanding;
    atomic_fetch_add(outstanding, 1);
    atomic_init(&b->holders, 2);
    return b;
}

static enum ks_status convert_one(struct sink_batch *b, struct ks_task *task,
                                  const rd_kafka_message_t *message, const char *topic,
                                  struct ks_error *err)
{
    const char *stage;
    struct ks_record raw = message_record_raw(message, topic, &b->arena), record = raw;
    enum ks_status status =
        message_record_convert(&record, task->keys, task->values, &b->arena, &stage, err);
    if (status == KS_OK)
        b->records[b->record_count++] = record;
    if (status != KS_ERR_DATA)
        return status;
    bool is_key = strcmp(stage, STAGE_KEY_CONVERTER) == 0;
    struct ks_error reason = *err;
    return errant_records_add(task->errant, &raw, stage,
                              converter_class(is_key ? task->keys : task->values), &reason, err);
}

enum ks_status sink_batch_convert(struct sink_batch *b, struct ks_task *task, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    while (status == KS_OK && b->converted < b->message_count) {
        const rd_kafka_message_t *message = b->messages[b->converted];
        const char *topic = message->err ? NULL : consumer_topic_of(task->consumer, message);
        if (topic)
            status = convert_one(b, task, message, topic, err);
        b->converted += status == KS_OK;
    }
    b->batch.records = b->records;
    b->batch.record_count = b->record_count;
    return status;
}
