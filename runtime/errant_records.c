/* Records that failed in; dead letters out, in the order they failed. They wait here until the
 * transaction that carries them (and the offsets past their originals) is committed: dying before
 * leaves offsets before the originals, which then fail again; dying after leaves both. Next: the
 * source loop sends them at once, sink_commit with the offsets. */
#include "errant_records.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/arena.h"
#include "kitestream/sdk/util.h"
#include "log.h"

#define PENDING_MAX_BYTES (16u << 20)
#define HEADER_PREFIX "__connect.errors."
#define CONTEXT_HEADERS 10
#define EXCEPTION "org.apache.kafka.connect.errors.DataException"

struct dead_letter {
    struct ks_record record;
    struct ks_arena arena;
};

struct errant_records {
    struct task_context *ctx;
    const char *topic; /* NULL: none configured */
    bool tolerant, log_enabled, log_messages, context_headers;
    struct dead_letter **letters;
    size_t count, cap, bytes;
};

struct errant_records *errant_records_new(struct task_context *ctx)
{
    struct errant_records *e = xcalloc(1, sizeof *e);
    const struct ks_config *config = &ctx->config;
    const char *topic = ks_config_get(config, "errors.deadletterqueue.topic.name");
    const char *tolerance = ks_config_get(config, "errors.tolerance");
    e->ctx = ctx;
    e->topic = topic && *topic ? topic : NULL;
    e->tolerant = tolerance && strcmp(tolerance, "all") == 0;
    e->log_enabled = ks_config_bool(config, "errors.log.enable", false);
    e->log_messages = ks_config_bool(config, "errors.log.include.messages", false);
    e->context_headers =
        ks_config_bool(config, "errors.deadletterqueue.context.headers.enable", true);
    return e;
}

static void letter_free(struct dead_letter *letter)
{
    struct ks_arena arena = letter->arena;
    ks_arena_release(&arena);
}

void errant_records_free(struct errant_records *e)
{
    if (!e)
        return;
    errant_records_drop(e, e->count);
    free(e->letters);
    free(e);
}

const char *errant_records_topic(const struct errant_records *e)
{
    return e->topic;
}

static struct ks_slice copy_slice(struct ks_arena *arena, struct ks_slice slice)
{
    if (slice.data)
        slice.data = ks_arena_copy(arena, slice.data, slice.len);
    return slice;
}

static void add_text(struct ks_record *letter, struct ks_arena *arena, struct ks_header *headers,
                     const char *name, char *text)
{
    headers[letter->header_count++] =
        (struct ks_header){ks_arena_printf(arena, HEADER_PREFIX "%s", name), {text, strlen(text)}};
}

static void add_context(struct errant_records *e, struct ks_record *letter, struct ks_arena *arena,
                        struct ks_header *headers, const struct ks_record *original,
                        const char *stage, const char *class_name, const struct ks_error *reason)
{
    const struct {
        const char *name;
        char *text;
    } context[CONTEXT_HEADERS] = {
        {"topic", ks_arena_printf(arena, "%s", original->topic)},
        {"partition", ks_arena_printf(arena, "%d", (int)original->partition)},
        {"offset", ks_arena_printf(arena, "%lld", (long long)original->offset)},
        {"connector.name", ks_arena_printf(arena, "%s", e->ctx->connector)},
        {"task.id", ks_arena_printf(arena, "%d", e->ctx->task_id)},
        {"stage", ks_arena_printf(arena, "%s", stage)},
        {"class.name", ks_arena_printf(arena, "%s", class_name)},
        {"exception.class.name", ks_arena_printf(arena, "%s", EXCEPTION)},
        {"exception.message", ks_arena_printf(arena, "%s", reason->message)},
        {"exception.stacktrace", ks_arena_printf(arena, "%s: %s", EXCEPTION, reason->message)},
    };
    for (size_t i = 0; i < CONTEXT_HEADERS; i++)
        add_text(letter, arena, headers, context[i].name, context[i].text);
}

static struct dead_letter *letter_new(struct errant_records *e, const struct ks_record *original,
                                      const char *stage, const char *class_name,
                                      const struct ks_error *reason)
{
    struct ks_arena arena = {.chunk_bytes = 4096};
    struct dead_letter *letter = ks_arena_zalloc(&arena, sizeof *letter);
    struct ks_record *r = &letter->record;
    struct ks_header *headers =
        ks_arena_alloc(&arena, (original->header_count + CONTEXT_HEADERS) * sizeof *headers);
    *r = (struct ks_record){.topic = e->topic,
                            .partition = -1,
                            .timestamp_ms = original->timestamp_ms,
                            .key = copy_slice(&arena, original->key),
                            .value = copy_slice(&arena, original->value),
                            .headers = headers};
    for (size_t i = 0; i < original->header_count; i++)
        headers[r->header_count++] =
            (struct ks_header){ks_arena_printf(&arena, "%s", original->headers[i].key),
                               copy_slice(&arena, original->headers[i].value)};
    if (e->context_headers)
        add_context(e, r, &arena, headers, original, stage, class_name, reason);
    letter->arena = arena;
    return letter;
}

static void log_failure(struct errant_records *e, const struct ks_record *original,
                        const char *stage, const struct ks_error *reason)
{
    if (!e->log_enabled)
        return;
    log_line(KS_LOG_ERROR, e->ctx->connector, e->ctx->task_id,
             "record of topic %s, partition %d, offset %lld failed in stage %s: %s%s%.*s",
             original->topic, (int)original->partition, (long long)original->offset, stage,
             reason->message, e->log_messages ? "; value: " : "",
             e->log_messages ? (int)(original->value.len > 4096 ? 4096 : original->value.len) : 0,
             original->value.data ? (const char *)original->value.data : "");
}

static void count_error(struct errant_records *e)
{
    struct task_context *ctx = e->ctx;
    ctx->on_metric(ctx, KS_METRIC_COUNTER, "kafka_connect_task_error_total_record_failures", NULL,
                   1);
    ctx->on_metric(ctx, KS_METRIC_COUNTER, "kafka_connect_task_error_total_record_errors", NULL, 1);
    ctx->on_metric(ctx, KS_METRIC_GAUGE, "kafka_connect_task_error_last_error_timestamp", NULL,
                   (double)clock_wall_ms());
    if (e->log_enabled)
        ctx->on_metric(ctx, KS_METRIC_COUNTER, "kafka_connect_task_error_total_errors_logged", NULL,
                       1);
}

enum ks_status errant_records_add(struct errant_records *e, const struct ks_record *original,
                                  const char *stage, const char *class_name,
                                  const struct ks_error *reason, struct ks_error *err)
{
    if (!e->tolerant && !e->topic)
        return ks_error_set(
            err, KS_ERR_FATAL,
            "record of topic %s, partition %d, offset %lld failed in stage %s: %.700s"
            "; set errors.deadletterqueue.topic.name or errors.tolerance=all to go "
            "on without such records",
            original->topic, (int)original->partition, (long long)original->offset, stage,
            reason->message);
    if (e->bytes > PENDING_MAX_BYTES)
        return ks_error_set(err, KS_ERR_RETRIABLE, "%zu dead letters wait for the next commit",
                            e->count);
    log_failure(e, original, stage, reason);
    count_error(e);
    if (!e->topic) {
        e->ctx->on_metric(e->ctx, KS_METRIC_COUNTER,
                          "kafka_connect_task_error_total_records_skipped", NULL, 1);
        return KS_OK;
    }
    e->letters = xgrow(e->letters, e->count, &e->cap, sizeof(struct dead_letter *));
    e->letters[e->count++] = letter_new(e, original, stage, class_name, reason);
    e->bytes += original->key.len + original->value.len;
    e->ctx->on_metric(e->ctx, KS_METRIC_COUNTER,
                      "kafka_connect_task_error_deadletterqueue_produce_requests", NULL, 1);
    return KS_OK;
}

size_t errant_records_count(const struct errant_records *e)
{
    return e->count;
}

const struct ks_record *errant_records_at(const struct errant_records *e, size_t i)
{
    return &e->letters[i]->record;
}

void errant_records_drop(struct errant_records *e, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        e->bytes -= e->letters[i]->record.key.len + e->letters[i]->record.value.len;
        letter_free(e->letters[i]);
    }
    if (count > 0)
        memmove(e->letters, e->letters + count, (e->count - count) * sizeof(struct dead_letter *));
    e->count -= count;
}
