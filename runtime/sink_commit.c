/* Offsets and state in; one committed transaction out. Phases, and what a death in each leaves:
 *  begun, records sent, offsets sent: an open transaction: the next owner's init_transactions
 * aborts it, the older offsets and state hold, what was applied since is applied again; committing:
 * the coordinator decides; offsets, state and dead letters show together or not at all; idle: all
 * of it is durable. An unknown outcome keeps its phase: the next call asks again on the same
 * transaction. Only an error that says "must abort" aborts, and nothing is lost by it: the caller
 * still holds the contents. */
#include "sink_commit.h"

#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "consumer.h"
#include "kitestream/sdk/util.h"
#include "transaction.h"

#define CALL_MS 5000

enum commit_phase { COMMIT_IDLE, COMMIT_RECORDS, COMMIT_OFFSETS, COMMIT_ABORTING };

struct sink_commit {
    struct ks_task *task;
    enum commit_phase phase;
    uint64_t contents; /* fingerprint of what the open transaction carries */
    size_t letters;    /* dead letters in it */
    rd_kafka_topic_partition_list_t *offsets;
    int64_t deadline_mono_ms; /* of this call */
};

struct sink_commit *sink_commit_new(struct ks_task *task)
{
    struct sink_commit *c = xcalloc(1, sizeof *c);
    c->task = task;
    return c;
}

static void forget_offsets(struct sink_commit *c)
{
    if (c->offsets)
        rd_kafka_topic_partition_list_destroy(c->offsets);
    c->offsets = NULL;
}

void sink_commit_free(struct sink_commit *c)
{
    if (!c)
        return;
    forget_offsets(c);
    free(c);
}

/* ---- contents ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return (hash ^ (text ? 1 : 2)) * 0x100000001b3u;
}

static uint64_t fingerprint(const struct ks_topic_partition *offsets, size_t offset_count,
                            const struct ks_source_offset *state, size_t state_count)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < offset_count; i++) {
        hash = hash_text(hash, offsets[i].topic);
        hash = (hash ^ (uint64_t)offsets[i].partition) * 0x100000001b3u;
        hash = (hash ^ (uint64_t)offsets[i].offset) * 0x100000001b3u;
    }
    for (size_t i = 0; i < state_count; i++)
        hash = hash_text(hash_text(hash, state[i].partition_json), state[i].offset_json);
    return hash;
}

static void keep_offsets(struct sink_commit *c, const struct ks_topic_partition *offsets,
                         size_t count)
{
    forget_offsets(c);
    c->offsets = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        if (offsets[i].offset >= 0)
            rd_kafka_topic_partition_list_add(c->offsets, offsets[i].topic, offsets[i].partition)
                ->offset = offsets[i].offset;
    }
}

/* ---- phases ---- */

static int time_left(const struct sink_commit *c)
{
    int64_t left = c->deadline_mono_ms - clock_mono_ms();
    return left > 100 ? (int)left : 100;
}

/* The transaction is void, its contents are not: the caller calls again. */
static enum ks_status give_up(struct sink_commit *c, enum ks_status status, struct ks_error *err)
{
    struct ks_error abort_error;
    c->phase = COMMIT_ABORTING;
    enum ks_status aborted = transaction_abort(c->task->producer, time_left(c), &abort_error);
    if (aborted == KS_OK)
        c->phase = COMMIT_IDLE;
    if (aborted != KS_OK && aborted != KS_ERR_RETRIABLE) {
        *err = abort_error;
        return aborted;
    }
    return err->status = status == KS_ERR_FATAL ? KS_ERR_FATAL : KS_ERR_RETRIABLE;
}

static enum ks_status end_abort(struct sink_commit *c, struct ks_error *err)
{
    enum ks_status status = transaction_abort(c->task->producer, time_left(c), err);
    if (status == KS_OK)
        c->phase = COMMIT_IDLE;
    return status;
}

static enum ks_status send_records(struct sink_commit *c, const struct ks_source_offset *state,
                                   size_t state_count, struct ks_error *err)
{
    enum ks_status status = ks_task_send_letters(c->task, &c->letters, err);
    for (size_t i = 0; i < state_count && status == KS_OK; i++)
        status = ks_task_send_offset(c->task, &state[i], err);
    return status;
}

static enum ks_status begin(struct sink_commit *c, const struct ks_source_offset *state,
                            size_t state_count, struct ks_error *err)
{
    c->letters = 0;
    enum ks_status status = transaction_begin(c->task->producer, err);
    if (status != KS_OK)
        return status;
    status = send_records(c, state, state_count, err);
    if (status != KS_OK)
        return give_up(c, status, err);
    c->phase = COMMIT_RECORDS;
    return KS_OK;
}

static enum ks_status add_offsets(struct sink_commit *c, struct ks_error *err)
{
    bool must_abort = false;
    enum ks_status status = KS_OK;
    if (c->offsets->cnt > 0) {
        rd_kafka_consumer_group_metadata_t *group =
            rd_kafka_consumer_group_metadata(consumer_handle(c->task->consumer));
        status = transaction_add_offsets(c->task->producer, c->offsets, group, time_left(c),
                                         &must_abort, err);
        rd_kafka_consumer_group_metadata_destroy(group);
    }
    if (must_abort)
        return give_up(c, status, err);
    if (status == KS_OK)
        c->phase = COMMIT_OFFSETS;
    return status;
}

static enum ks_status end(struct sink_commit *c, struct ks_error *err)
{
    bool must_abort = false;
    enum ks_status status = producer_wait(c->task->producer, c->deadline_mono_ms, err);
    if (status == KS_OK)
        status = transaction_commit(c->task->producer, time_left(c), &must_abort, err);
    else if (status != KS_ERR_RETRIABLE)
        must_abort = !rd_kafka_fatal_error(producer_handle(c->task->producer), NULL, 0);
    if (must_abort)
        return give_up(c, status, err);
    if (status != KS_OK)
        return status;
    c->phase = COMMIT_IDLE;
    errant_records_drop(c->task->errant, c->letters);
    return KS_OK;
}

static enum ks_status finish(struct sink_commit *c, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    if (c->phase == COMMIT_RECORDS)
        status = add_offsets(c, err);
    if (status == KS_OK && c->phase == COMMIT_OFFSETS)
        status = end(c, err);
    return status;
}

static enum ks_status run(struct sink_commit *c, const struct ks_topic_partition *offsets,
                          size_t offset_count, const struct ks_source_offset *state,
                          size_t state_count, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    uint64_t contents = fingerprint(offsets, offset_count, state, state_count);
    c->deadline_mono_ms = clock_mono_ms() + CALL_MS;
    if (state_count == 0)
        return ks_error_set(err, KS_ERR_FATAL,
                            "a sink's commit needs a state record: an empty transaction would "
                            "succeed even when fenced");
    if (c->phase == COMMIT_ABORTING) {
        status = end_abort(c, err);
    } else if (c->phase != COMMIT_IDLE) {
        status = finish(c, err);
        if (status == KS_OK && contents == c->contents)
            return KS_OK;
    }
    if (status != KS_OK)
        return status;
    c->contents = contents;
    keep_offsets(c, offsets, offset_count);
    status = begin(c, state, state_count, err);
    return status == KS_OK ? finish(c, err) : status;
}

enum ks_status sink_commit_run(struct sink_commit *c, const struct ks_topic_partition *offsets,
                               size_t offset_count, const struct ks_source_offset *state,
                               size_t state_count, struct ks_error *err)
{
    int64_t begin_us = task_metrics_clock_us();
    enum ks_status status = run(c, offsets, offset_count, state, state_count, err);
    task_metrics_commit(&c->task->metrics, status == KS_OK, begin_us);
    if (status == KS_OK)
        sink_lag_committed(&c->task->lag, offsets, offset_count);
    return status;
}
