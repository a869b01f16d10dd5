/* FileStreamSink. In: records; out: one line of text for each, appended to a file or to standard
 * output. At least once: a batch is written before put returns, and synced before its offsets are
 * committed (pre_commit); after a crash the uncommitted lines are written again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filestream.h"
#include "kitestream/sdk/avro.h"
#include "kitestream/sdk/util.h"

struct sink_task {
    const struct ks_task_host *host;
    char *file;
    int fd;
    struct ks_buf pending;          /* lines of the batch at hand that are not written yet */
    const struct ks_schema *schema; /* of the last record, and the same parsed */
    struct ks_avro_schema *parsed;
    struct ks_avro_decoder *decoder; /* only for strings */
    struct ks_arena arena;
};

static void forget_schema(struct sink_task *t)
{
    ks_avro_decoder_free(t->decoder);
    ks_avro_schema_free(t->parsed);
    t->decoder = NULL;
    t->parsed = NULL;
    t->schema = NULL;
}

static void sink_destroy(void *arg)
{
    struct sink_task *t = arg;
    if (t->file && t->fd >= 0)
        close(t->fd);
    forget_schema(t);
    ks_arena_release(&t->arena);
    ks_buf_release(&t->pending);
    free(t->file);
    free(t);
}

static enum ks_status sink_start(const struct ks_task_host *host, const struct ks_config *config,
                                 void **ret_task, struct ks_error *err)
{
    const char *file = ks_config_get(config, "file");
    struct sink_task *t = calloc(1, sizeof *t);
    if (!t)
        return ks_error_set(err, KS_ERR_FATAL, "out of memory");
    t->host = host;
    t->file = file && *file ? strdup(file) : NULL;
    t->fd =
        t->file ? open(t->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : STDOUT_FILENO;
    if (t->fd < 0) {
        ks_error_set(err, KS_ERR_FATAL, "cannot open %s: %s", t->file, strerror(errno));
        sink_destroy(t);
        return KS_ERR_FATAL;
    }
    *ret_task = t;
    return KS_OK;
}

static enum ks_status use_schema(struct sink_task *t, const struct ks_schema *schema,
                                 struct ks_error *err)
{
    if (schema == t->schema)
        return KS_OK;
    forget_schema(t);
    const char *json = t->host->schema_json(schema);
    enum ks_status status = ks_avro_schema_parse(json, strlen(json), &t->parsed, err);
    if (status == KS_OK && ks_avro_schema_type(t->parsed) == KS_AVRO_STRING)
        status = ks_avro_decoder_new(t->parsed, t->parsed, &t->decoder, err);
    if (status == KS_OK)
        t->schema = schema;
    else
        forget_schema(t);
    return status;
}

/* A string as it is, anything else as JSON, Kafka's null as "null". */
static enum ks_status add_value(struct sink_task *t, const struct ks_record *record,
                                struct ks_error *err)
{
    if (!record->value.data) {
        ks_buf_add_str(&t->pending, "null");
        return KS_OK;
    }
    if (!record->value_schema) {
        ks_buf_add(&t->pending, record->value.data, record->value.len);
        return KS_OK;
    }
    enum ks_status status = use_schema(t, record->value_schema, err);
    if (status != KS_OK)
        return status;
    if (!t->decoder)
        return ks_avro_to_json(t->parsed, record->value, &t->pending, err);
    struct ks_cell cell;
    status = ks_avro_decode(t->decoder, record->value, &cell, &t->arena, err);
    if (status == KS_OK)
        ks_buf_add(&t->pending, cell.u.data, cell.count);
    return status;
}

static enum ks_status add_record(struct sink_task *t, const struct ks_record *record,
                                 struct ks_error *err)
{
    size_t before = t->pending.len;
    struct ks_error reason;
    enum ks_status status = add_value(t, record, &reason);
    if (status == KS_OK) {
        ks_buf_add_byte(&t->pending, '\n');
        return KS_OK;
    }
    t->pending.len = before;
    return t->host->report_errant(t->host->task, record, "TASK_PUT", &reason, err);
}

static enum ks_status write_pending(struct sink_task *t, struct ks_error *err)
{
    size_t done = 0;
    while (done < t->pending.len) {
        ssize_t written = write(t->fd, t->pending.data + done, t->pending.len - done);
        if (written < 0 && errno != EINTR)
            break;
        done += written > 0 ? (size_t)written : 0;
    }
    int reason = errno;
    memmove(t->pending.data, t->pending.data + done, t->pending.len - done);
    t->pending.len -= done;
    if (t->pending.len == 0)
        return KS_OK;
    return ks_error_set(err, reason == EBADF || reason == EPIPE ? KS_ERR_FATAL : KS_ERR_RETRIABLE,
                        "cannot write to %s: %s", t->file ? t->file : "standard output",
                        strerror(reason));
}

static enum ks_status sink_put(void *arg, struct ks_sink_batch *take_batch, struct ks_error *err)
{
    struct sink_task *t = arg;
    enum ks_status status = KS_OK;
    /* Not empty: the host gives the same batch again after a failed write; its lines are here. */
    if (t->pending.len == 0)
        for (size_t i = 0; status == KS_OK && i < take_batch->record_count; i++)
            status = add_record(t, &take_batch->records[i], err);
    ks_arena_reset(&t->arena, 64 * 1024);
    if (status != KS_OK) {
        ks_buf_reset(&t->pending);
        return status;
    }
    if (t->pending.len > 0)
        status = write_pending(t, err);
    if (status == KS_OK)
        take_batch->release(take_batch);
    return status;
}

static enum ks_status sink_pre_commit(void *arg, struct ks_topic_partition *offsets, size_t count,
                                      struct ks_error *err)
{
    struct sink_task *t = arg;
    /* EINVAL: a terminal or pipe, which has nothing to sync. */
    if (fdatasync(t->fd) != 0 && errno != EINVAL && errno != EROFS)
        return ks_error_set(err, KS_ERR_RETRIABLE, "cannot sync %s: %s",
                            t->file ? t->file : "standard output", strerror(errno));
    return KS_OK;
}

/* Each task appends what it reads; the host shares the partitions among them. */
static enum ks_status plan(const struct ks_config *config, int32_t max_tasks,
                           const struct ks_task_configs *configs, struct ks_error *err)
{
    const struct ks_config nothing_more = {0};
    for (int32_t i = 0; i < max_tasks; i++)
        configs->add(configs->ctx, &nothing_more);
    return KS_OK;
}

static const struct ks_config_def options[] = {
    {.name = "file",
     .type = KS_CONFIG_STRING,
     .doc = "File to append to. Without it lines go to the worker's standard output."},
    {0},
};

static const struct ks_sink_task_ops ops = {
    .start = sink_start,
    .put = sink_put,
    .pre_commit = sink_pre_commit,
    .destroy = sink_destroy,
};

const struct ks_connector_class filestream_sink = {
    .struct_size = sizeof filestream_sink,
    .name = "org.apache.kafka.connect.file.FileStreamSinkConnector",
    .version = FILESTREAM_VERSION,
    .kind = KS_CLASS_SINK,
    .doc = "Writes each record's value as a line of text to a file or to standard output.",
    .config_defs = options,
    .sink = &ops,
    .task_configs = plan,
};
