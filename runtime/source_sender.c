/* A plugin's batch in; framed records in the producer's queue out, in the topics that the
 * connector's transforms say. The batch's memory is the
 * producer's until the last delivery report (one count per record, and one while it is still being
 * sent), then the plugin's again. Next: worker_source commits. */
#include "source_sender.h"

#include <stdlib.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

struct source_batch {
    struct delivery delivery; /* first: done() gets it */
    struct ks_source_batch *batch;
};

struct source_sender {
    struct ks_task *task;
    struct ks_buf key, value;  /* of converters that can't work in place */
    struct ks_header *headers; /* of a record whose converters add some */
    size_t header_cap;
};

struct source_sender *source_sender_new(struct ks_task *task)
{
    struct source_sender *s = xcalloc(1, sizeof *s);
    s->task = task;
    return s;
}

void source_sender_free(struct source_sender *s)
{
    if (!s)
        return;
    ks_buf_release(&s->key);
    ks_buf_release(&s->value);
    free(s->headers);
    free(s);
}

static void release_batch(struct delivery *d)
{
    struct source_batch *b = (struct source_batch *)d;
    b->batch->release(b->batch);
    free(b);
}

struct source_batch *source_batch_hold(struct ks_source_batch *take_batch)
{
    struct source_batch *b = xmalloc(sizeof *b);
    *b = (struct source_batch){{.pending = 1, .done = release_batch}, take_batch};
    return b;
}

void source_batch_drop(struct source_batch *b)
{
    delivery_drop(&b->delivery);
}

/* The record's own headers, then those of the converters. */
static void add_headers(struct source_sender *s, struct ks_record *record)
{
    const struct ks_header *more[] = {converter_header(s->task->keys),
                                      converter_header(s->task->values)};
    if (!more[0] && !more[1])
        return;
    size_t count = 0;
    for (size_t i = 0; i < record->header_count + 2; i++) {
        const struct ks_header *h =
            i < record->header_count ? &record->headers[i] : more[i - record->header_count];
        s->headers = xgrow(s->headers, count, &s->header_cap, sizeof *s->headers);
        if (h)
            s->headers[count++] = *h;
    }
    record->headers = s->headers;
    record->header_count = count;
}

static enum ks_status convert(struct source_sender *s, const struct ks_record *record,
                              struct ks_record *ret, const char **ret_stage, const char **ret_class,
                              struct ks_error *err)
{
    struct ks_task *t = s->task;
    *ret = *record;
    *ret_stage = STAGE_KEY_CONVERTER;
    *ret_class = converter_class(t->keys);
    enum ks_status status = converter_from_record(t->keys, record->topic, record->key,
                                                  record->key_schema, &s->key, &ret->key, err);
    if (status != KS_OK)
        return status;
    *ret_stage = STAGE_VALUE_CONVERTER;
    *ret_class = converter_class(t->values);
    status = converter_from_record(t->values, record->topic, record->value, record->value_schema,
                                   &s->value, &ret->value, err);
    if (status == KS_OK)
        add_headers(s, ret);
    return status;
}

static enum ks_status send_one(struct source_sender *s, struct source_batch *b,
                               const struct ks_record *record, struct ks_error *err)
{
    struct ks_record bytes, routed;
    const char *stage, *class_name, *topic;
    enum ks_status status = ks_task_route(s->task, record->topic, &topic, err);
    if (status != KS_OK)
        return status;
    if (topic != record->topic) {
        routed = *record;
        routed.topic = topic;
        record = &routed;
    }
    status = convert(s, record, &bytes, &stage, &class_name, err);
    if (status == KS_OK) {
        /* librdkafka copies keys anyway; a value in the scratch buffer must be copied too. */
        bool copy = s->value.len > 0;
        stage = STAGE_KAFKA_PRODUCE;
        class_name = s->task->ctx->cls->name;
        status = producer_send(s->task->producer, &bytes, &b->delivery, copy, err);
    }
    if (status == KS_OK)
        used_topics_note(&s->task->used, s->task->ctx, record->topic);
    if (status != KS_ERR_DATA)
        return status;
    struct ks_error reason = *err;
    return errant_records_add(s->task->errant, record, stage, class_name, &reason, err);
}

enum ks_status source_sender_send(struct source_sender *s, struct source_batch *b, size_t *next,
                                  struct ks_error *err)
{
    enum ks_status status = KS_OK;
    while (status == KS_OK && *next < b->batch->record_count) {
        status = send_one(s, b, &b->batch->records[*next], err);
        if (status == KS_OK && ++*next % 1024 == 0) {
            producer_poll(s->task->producer, 0);
            status = producer_check(s->task->producer, err);
        }
    }
    return status;
}
