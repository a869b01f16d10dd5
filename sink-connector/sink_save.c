#include "sink_core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"

/* How long progress may stay uncommitted: what a crash makes the next owner read again. */
enum { SAVE_EVERY_MS = 1000, COUNT_EVERY_MS = 1000 };

int64_t sink_position(struct sink_core *s, const struct partition_queue *q)
{
    int64_t offset = partition_queue_unacknowledged(q);
    return offset >= 0 ? offset : s->host->position(s->host->task, q->topic, q->partition);
}

bool sink_save_due(struct sink_core *s)
{
    return s->must_save || target_gate_renewal_due(s->gate, clock_boot_ms()) ||
           (s->dirty && clock_mono_ms() - s->saved_ms >= SAVE_EVERY_MS);
}

/* Partitions whose position moved since the last commit, and the DDL topic. */
static size_t collect(struct sink_core *s, struct ks_topic_partition *offsets,
                      struct ks_source_offset *state)
{
    size_t count = 0;
    for (size_t i = 0; i < s->partition_count; i++) {
        struct partition_queue *q = s->partitions[i];
        int64_t position = q->lost ? -1 : sink_position(s, q);
        if (position < 0 || position == q->committed || q->late)
            continue;
        offsets[count] = (struct ks_topic_partition){q->topic, q->partition, position};
        state[count].partition_json = sink_offset_partition(&s->arena, q->topic, q->partition);
        state[count].offset_json = sink_offset_json(&s->arena, position);
        count++;
    }
    return count;
}

static void mark_committed(struct sink_core *s, const struct ks_topic_partition *offsets,
                           size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < s->partition_count && at < count; i++)
        if (s->partitions[i]->topic == offsets[at].topic &&
            s->partitions[i]->partition == offsets[at].partition)
            s->partitions[i]->committed = offsets[at++].offset;
}

enum ks_status sink_save(struct sink_core *s, struct ks_error *err)
{
    size_t cap = s->partition_count + 1;
    ks_arena_reset(&s->arena, 1 << 16);
    struct ks_topic_partition *offsets = ks_arena_alloc(&s->arena, cap * sizeof(*offsets));
    struct ks_source_offset *state = ks_arena_alloc(&s->arena, cap * sizeof(*state));
    size_t count = collect(s, offsets, state), data = count;
    state[count] =
        (struct ks_source_offset){sink_state_partition, sink_state_json(&s->state, &s->arena)};
    if (s->ddl_position > 0)
        offsets[count++] = (struct ks_topic_partition){s->options.ddl_topic, 0, s->ddl_position};
    int64_t sent = clock_boot_ms();
    enum ks_status status = s->host->commit(s->host->task, offsets, count, state, data + 1, err);
    if (status == KS_ERR_RETRIABLE) {
        snprintf(s->trouble, sizeof(s->trouble), "%.*s", GATE_TEXT_MAX - 1, err->message);
        return KS_OK; /* the lease runs out by itself if this lasts */
    }
    if (status)
        return status;
    target_gate_renewed(s->gate, sent);
    mark_committed(s, offsets, data);
    s->trouble[0] = '\0';
    s->saved_ms = clock_mono_ms();
    s->must_save = s->dirty = false;
    return KS_OK;
}

/* ---- what people see ---- */

static void count_metric(struct sink_core *s, const char *name, uint64_t *counted, uint64_t now)
{
    if (now > *counted)
        s->host->metric(s->host->task, KS_METRIC_COUNTER, name, NULL, (double)(now - *counted));
    *counted = now;
}

static void count_metrics(struct sink_core *s)
{
    struct sink_counters *c = &s->counted, *n = &s->counters;
    if (clock_mono_ms() - s->counted_ms < COUNT_EVERY_MS)
        return;
    s->counted_ms = clock_mono_ms();
    count_metric(s, "rows_inserted_total", &c->inserted, n->inserted);
    count_metric(s, "rows_upserted_total", &c->upserted, n->upserted);
    count_metric(s, "rows_deleted_total", &c->deleted, n->deleted);
    count_metric(s, "calls_repeated_total", &c->repeated, n->repeated);
    count_metric(s, "rows_upserted_for_safety_total", &c->upserts_for_safety,
                 n->upserts_for_safety);
    count_metric(s, "rows_skipped_total", &c->skipped, n->skipped);
    s->host->metric(s->host->task, KS_METRIC_GAUGE, "ddl_pending", NULL,
                    (double)ddl_queue_count(s->queue));
    s->host->metric(s->host->task, KS_METRIC_GAUGE, "collections_quarantined", NULL,
                    (double)s->quarantined.len);
    sink_lags_report(s);
}

/* DDL that failed without a collection to quarantine, and those that are tried again. */
static void add_pending(struct sink_core *s, struct ks_buf *text)
{
    for (const struct queued_ddl *i = NULL; (i = ddl_queue_each(s->queue, i));)
        if (i->reason[0] && (i->state != QUEUED_FAILED || !i->ddl->collection_id))
            ks_buf_printf(text, "%sseq %" PRId64 " of %s %s: %s", text->len ? "; " : "",
                          i->ddl->seq, s->options.ddl_topic,
                          i->state == QUEUED_FAILED ? "failed" : "is tried again", i->reason);
}

static void add_quarantined(struct sink_core *s, struct ks_buf *text)
{
    uint64_t id;
    void *reason;
    for (size_t pos = 0; map_next(&s->quarantined, &pos, &id, &reason);)
        ks_buf_printf(text, "%scollection %" PRIu64 " is quarantined: %s", text->len ? "; " : "",
                      id, (const char *)reason);
    for (size_t i = 0; i < s->partition_count; i++)
        if (s->partitions[i]->blocked)
            ks_buf_printf(text, "%s%s partition %d is blocked: %s", text->len ? "; " : "",
                          s->partitions[i]->topic, (int)s->partitions[i]->partition,
                          s->partitions[i]->blocked);
}

void sink_report(struct sink_core *s)
{
    struct ks_buf text = {0};
    char trouble[GATE_TEXT_MAX];
    int64_t wait = target_gate_wait_ms(s->gate, clock_boot_ms());
    if (wait > 0)
        ks_buf_printf(&text,
                      "the lease of an old owner that may still be writing: %" PRId64 " s left",
                      (wait + 999) / 1000);
    add_pending(s, &text);
    if (target_gate_trouble(s->gate, trouble) && !strstr(ks_buf_str(&text), trouble))
        ks_buf_printf(&text, "%sthe target %s: %s", text.len ? "; " : "", s->options.milvus.uri,
                      trouble);
    if (s->trouble[0])
        ks_buf_printf(&text, "%s%s", text.len ? "; " : "", s->trouble);
    add_quarantined(s, &text);
    if (strcmp(ks_buf_str(&text), s->status ? s->status : "") != 0) {
        s->host->status(s->host->task, text.len ? ks_buf_str(&text) : NULL);
        free(s->status);
        s->status = xstrdup(ks_buf_str(&text));
    }
    ks_buf_release(&text);
    count_metrics(s);
}
