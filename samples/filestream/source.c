/* FileStreamSource. In: lines of a file; out: records with a string value, one transaction for each
 * batch, and in it the offset {"filename": f} -> {"position": behind the last line}. If the process
 * dies anywhere, the next one reads on from the committed position: nothing is lost or repeated. */
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filestream.h"
#include "kitestream/sdk/avro.h"
#include "kitestream/sdk/util.h"
#include "line_reader.h"
#include "utf8.h"

#define POLL_WAIT_MS 100
#define BATCH_MAX_BYTES (1024 * 1024)

static const char string_schema[] = "\"string\"";

struct source_task {
    const struct ks_task_host *host;
    char *file, *topic, *partition_json;
    size_t batch_size;
    struct line_reader reader;
    const struct ks_schema *schema;
    struct ks_avro_schema *parsed;
    struct ks_avro_encoder *encoder;
    struct ks_buf line; /* scratch */
    bool waiting;       /* the status says so */
    int wake[2];        /* a pipe: stop() writes, a waiting poll() reads */
};

/* Owns: what its records and its offset point to. */
struct source_batch {
    struct ks_source_batch base;
    struct ks_source_offset offset;
    struct ks_buf bytes;
    char position_json[48];
    struct ks_record records[];
};

static void batch_release(struct ks_source_batch *base)
{
    struct source_batch *batch = base->owner;
    ks_buf_release(&batch->bytes);
    free(batch);
}

static void source_destroy(void *arg)
{
    struct source_task *t = arg;
    line_reader_release(&t->reader);
    ks_avro_encoder_free(t->encoder);
    ks_avro_schema_free(t->parsed);
    ks_buf_release(&t->line);
    if (t->wake[0] >= 0)
        close(t->wake[0]);
    if (t->wake[1] >= 0)
        close(t->wake[1]);
    free(t->file);
    free(t->topic);
    free(t->partition_json);
    free(t);
}

static char *make_partition(const char *file)
{
    json_t *partition = json_pack("{s:s}", "filename", file);
    char *text = partition ? json_dumps(partition, JSON_COMPACT) : NULL;
    json_decref(partition);
    return text;
}

static enum ks_status read_position(struct source_task *t, int64_t *ret, struct ks_error *err)
{
    char *text = NULL;
    enum ks_status status = t->host->offset_read(t->host->task, t->partition_json, &text, err);
    if (status != KS_OK || !text)
        return status;
    json_t *offset = json_loads(text, 0, NULL);
    const json_t *position = json_object_get(offset, "position");
    if (json_is_integer(position) && json_integer_value(position) >= 0)
        *ret = json_integer_value(position);
    else
        status = ks_error_set(err, KS_ERR_FATAL,
                              "the committed offset %s of %s has no \"position\" that is a number; "
                              "reset the connector's offsets",
                              text, t->file);
    json_decref(offset);
    t->host->free(text);
    return status;
}

static enum ks_status prepare(struct source_task *t, struct ks_error *err)
{
    if (!t->file || !*t->file)
        return ks_error_set(err, KS_ERR_FATAL,
                            "option \"file\" is missing: reading standard input "
                            "is not supported");
    if (!t->topic || !t->partition_json)
        return ks_error_set(err, KS_ERR_FATAL,
                            "option \"topic\" is missing, or \"file\" is not UTF-8");
    if (pipe(t->wake) != 0)
        return ks_error_set(err, KS_ERR_RETRIABLE, "cannot make a pipe");
    size_t len = strlen(string_schema);
    enum ks_status status =
        t->host->schema_intern(t->host->task, string_schema, len, &t->schema, err);
    if (status == KS_OK)
        status = ks_avro_schema_parse(string_schema, len, &t->parsed, err);
    if (status == KS_OK)
        status = ks_avro_encoder_new(t->parsed, &t->encoder, err);
    int64_t position = 0;
    if (status == KS_OK)
        status = read_position(t, &position, err);
    if (status == KS_OK)
        line_reader_init(&t->reader, t->file, position);
    return status;
}

static char *copy_option(const struct ks_config *config, const char *name)
{
    const char *value = ks_config_get(config, name);
    return value ? strdup(value) : NULL;
}

static enum ks_status source_start(const struct ks_task_host *host, const struct ks_config *config,
                                   void **ret_task, struct ks_error *err)
{
    struct source_task *t = calloc(1, sizeof *t);
    if (!t)
        return ks_error_set(err, KS_ERR_FATAL, "out of memory");
    t->host = host;
    t->reader.fd = t->wake[0] = t->wake[1] = -1;
    t->file = copy_option(config, "file");
    t->topic = copy_option(config, "topic");
    t->batch_size = (size_t)ks_config_long(config, "batch.size", 2000);
    t->partition_json = t->file ? make_partition(t->file) : NULL;
    enum ks_status status = prepare(t, err);
    if (status != KS_OK) {
        source_destroy(t);
        return status;
    }
    *ret_task = t;
    return KS_OK;
}

static void wait_a_little(struct source_task *t)
{
    struct pollfd wake = {.fd = t->wake[0], .events = POLLIN};
    (void)poll(&wake, 1, POLL_WAIT_MS);
}

/* Appends headroom and body; the record keeps the place, for bytes.data may still move. */
static enum ks_status add_line(struct source_task *t, struct source_batch *batch,
                               const uint8_t *line, size_t len, struct ks_error *err)
{
    ks_buf_reset(&t->line);
    utf8_append(&t->line, line, len);
    memset(ks_buf_reserve(&batch->bytes, KS_RECORD_HEADROOM), 0, KS_RECORD_HEADROOM);
    batch->bytes.len += KS_RECORD_HEADROOM;
    size_t begin = batch->bytes.len;
    struct ks_cell cell = {.kind = KS_CELL_BYTES, .count = (uint32_t)t->line.len};
    cell.u.data = t->line.len ? (const void *)t->line.data : "";
    enum ks_status status = ks_avro_encode(t->encoder, &cell, &batch->bytes, err);
    if (status != KS_OK)
        return status;
    batch->records[batch->base.record_count++] = (struct ks_record){
        .topic = t->topic,
        .partition = -1,
        .timestamp_ms = -1,
        .value = {.data = (const void *)(uintptr_t)begin, .len = batch->bytes.len - begin},
        .value_schema = t->schema,
    };
    return KS_OK;
}

static void finish_batch(struct source_task *t, struct source_batch *batch)
{
    for (size_t i = 0; i < batch->base.record_count; i++) {
        struct ks_slice *value = &batch->records[i].value;
        value->data = batch->bytes.data + (uintptr_t)value->data;
    }
    snprintf(batch->position_json, sizeof batch->position_json, "{\"position\":%" PRId64 "}",
             t->reader.position);
    batch->offset = (struct ks_source_offset){.partition_json = t->partition_json,
                                              .offset_json = batch->position_json};
    batch->base.records = batch->records;
    batch->base.offsets = &batch->offset;
    batch->base.offset_count = 1;
    batch->base.commit = true;
    batch->base.release = batch_release;
    batch->base.owner = batch;
}

static enum ks_status take_lines(struct source_task *t, struct ks_source_batch **ret_batch,
                                 struct ks_error *err)
{
    const uint8_t *line;
    size_t len;
    if (!line_reader_next(&t->reader, &line, &len))
        return KS_OK;
    struct source_batch *batch =
        calloc(1, sizeof *batch + t->batch_size * sizeof(struct ks_record));
    if (!batch)
        return ks_error_set(err, KS_ERR_FATAL, "out of memory");
    enum ks_status status;
    do
        status = add_line(t, batch, line, len, err);
    while (status == KS_OK && batch->base.record_count < t->batch_size &&
           batch->bytes.len < BATCH_MAX_BYTES && line_reader_next(&t->reader, &line, &len));
    finish_batch(t, batch);
    if (status == KS_OK)
        *ret_batch = &batch->base;
    else
        batch_release(&batch->base);
    return status;
}

static void tell_waiting(struct source_task *t, const char *what)
{
    if (t->waiting == (what != NULL))
        return;
    t->waiting = what != NULL;
    t->host->status(t->host->task, what);
}

static enum ks_status source_poll(void *arg, struct ks_source_batch **ret_batch,
                                  struct ks_error *err)
{
    struct source_task *t = arg;
    *ret_batch = NULL;
    enum ks_status status = take_lines(t, ret_batch, err);
    if (status != KS_OK || *ret_batch)
        return status;
    bool got;
    struct ks_error wait;
    status = line_reader_fill(&t->reader, &got, &wait);
    tell_waiting(t, status == KS_ERR_RETRIABLE ? wait.message : NULL);
    if (status == KS_ERR_RETRIABLE || (status == KS_OK && !got)) {
        wait_a_little(t);
        return KS_OK;
    }
    return status == KS_OK ? take_lines(t, ret_batch, err)
                           : ks_error_set(err, status, "%s", wait.message);
}

static void source_stop(void *arg)
{
    struct source_task *t = arg;
    ssize_t written = write(t->wake[1], "", 1);
    (void)written; /* a full pipe wakes as well */
}

static void source_validate(const struct ks_config *config, const struct ks_config_issues *issues)
{
    const char *file = ks_config_get(config, "file");
    if (!file || !*file)
        issues->add(issues->ctx, "file",
                    "A file is needed: reading standard input is not supported");
}

static const struct ks_config_def options[] = {
    {.name = "file",
     .type = KS_CONFIG_STRING,
     .doc = "File to read. It may appear later and may grow."},
    {.name = "topic",
     .type = KS_CONFIG_STRING,
     .flags = KS_CONFIG_REQUIRED | KS_CONFIG_NON_EMPTY,
     .doc = "Topic to write the lines to."},
    {.name = "batch.size",
     .type = KS_CONFIG_INT,
     .importance = KS_CONFIG_LOW,
     .flags = KS_CONFIG_RANGE,
     .default_value = "2000",
     .min = 1,
     .max = 1000000,
     .doc = "Most lines in one transaction."},
    {0},
};

static const struct ks_source_task_ops ops = {
    .start = source_start,
    .poll = source_poll,
    .stop = source_stop,
    .destroy = source_destroy,
};

const struct ks_connector_class filestream_source = {
    .struct_size = sizeof filestream_source,
    .name = "org.apache.kafka.connect.file.FileStreamSourceConnector",
    .version = FILESTREAM_VERSION,
    .kind = KS_CLASS_SOURCE,
    .doc = "Follows a text file: each complete line becomes a record with a string value and no "
           "key. Its offset is the position in the file.",
    .config_defs = options,
    .source = &ops,
    .validate = source_validate,
    .check_offset = filestream_check_offset,
};
