#include "partition_queue.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

struct batch_ref *batch_ref_new(struct ks_sink_batch *take_batch)
{
    struct batch_ref *ref = xcalloc(1, sizeof(*ref));
    ref->batch = take_batch;
    ref->refs = 1;
    return ref;
}

void batch_ref_drop(struct batch_ref *ref)
{
    if (--ref->refs > 0)
        return;
    ref->batch->release(ref->batch);
    free(ref);
}

size_t queued_record_bytes(const struct ks_record *record)
{
    return sizeof(*record) + record->key.len + record->value.len;
}

struct partition_queue *partition_queue_new(const char *topic, int32_t partition)
{
    struct partition_queue *q = xcalloc(1, sizeof(*q));
    q->topic = topic;
    q->partition = partition;
    q->committed = -1;
    q->last_job = &q->jobs;
    return q;
}

static void job_free(struct partition_job *pj)
{
    for (size_t i = 0; i < pj->count; i++)
        batch_ref_drop(pj->records[i].batch);
    free(pj->records);
    write_job_free(pj->job);
    free(pj);
}

void partition_queue_free(struct partition_queue *q)
{
    if (!q)
        return;
    while (q->count > 0)
        partition_queue_skip(q);
    for (struct partition_job *pj = q->jobs, *next; pj; pj = next) {
        next = pj->next;
        job_free(pj);
    }
    free(q->records);
    free(q->ends);
    free(q->blocked);
    free(q);
}

static struct queued_record *slot(const struct partition_queue *q, size_t i)
{
    return &q->records[(q->head + i) & (q->cap - 1)];
}

static void grow(struct partition_queue *q)
{
    size_t cap = q->cap ? q->cap * 2 : 256;
    struct queued_record *records = xmalloc(cap * sizeof(*records));
    for (size_t i = 0; i < q->count; i++)
        records[i] = *slot(q, i);
    free(q->records);
    q->records = records;
    q->cap = cap;
    q->head = 0;
}

void partition_queue_push(struct partition_queue *q, const struct ks_record *record,
                          struct batch_ref *ref)
{
    if (q->count == q->cap)
        grow(q);
    ref->refs++;
    *slot(q, q->count) = (struct queued_record){record, ref};
    q->count++;
    q->queued_bytes += queued_record_bytes(record);
}

const struct ks_record *partition_queue_at(const struct partition_queue *q, size_t i)
{
    return slot(q, i)->record;
}

static struct queued_record pop(struct partition_queue *q)
{
    struct queued_record r = *slot(q, 0);
    q->head = (q->head + 1) & (q->cap - 1);
    q->count--;
    q->queued_bytes -= queued_record_bytes(r.record);
    q->waits_for_seq = 0;
    return r;
}

void partition_queue_skip(struct partition_queue *q)
{
    batch_ref_drop(pop(q).batch);
}

void partition_queue_take(struct partition_queue *q, struct partition_job *pj, size_t count)
{
    pj->records = xmalloc(count * sizeof(*pj->records));
    pj->first_offset = slot(q, 0)->record->offset;
    for (; pj->count < count; pj->count++) {
        pj->records[pj->count] = pop(q);
        pj->bytes += queued_record_bytes(pj->records[pj->count].record);
    }
    pj->queue = q;
    pj->next = NULL;
    *q->last_job = pj;
    q->last_job = &pj->next;
    q->job_count++;
}

void partition_queue_finish(struct partition_queue *q, struct partition_job *pj)
{
    q->jobs = pj->next;
    if (!q->jobs)
        q->last_job = &q->jobs;
    q->job_count--;
    job_free(pj);
}

size_t partition_queue_give_up(struct partition_queue *q, int64_t collection_id)
{
    size_t records = 0;
    while (q->jobs && q->jobs->ended && q->jobs->collection_id == collection_id) {
        records += q->jobs->count;
        partition_queue_finish(q, q->jobs);
    }
    if (!q->jobs && q->broken) {
        q->broken = false;
        partition_queue_block(q, NULL);
    }
    return records;
}

int64_t partition_queue_unacknowledged(const struct partition_queue *q)
{
    if (q->jobs)
        return q->jobs->first_offset;
    return q->count ? slot(q, 0)->record->offset : -1;
}

void partition_queue_block(struct partition_queue *q, const char *reason)
{
    if (q->blocked && reason && strcmp(q->blocked, reason) == 0)
        return;
    free(q->blocked);
    q->blocked = reason ? xstrdup(reason) : NULL;
}
