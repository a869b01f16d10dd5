#include "helper_stream.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/avro.h"
#include "kitestream/sdk/util.h"
#include "map.h"

struct ks_schema {
    char *json;
    struct ks_avro_schema *schema;
};

struct stored {
    struct ks_record record;
    struct stored *next;
};

struct ks_task {
    struct strmap schemas, offsets;
    struct strmap next;   /* topic -> next offset of partition 0 */
    struct strmap routes; /* topic -> what transforms make of it; borrowed */
    struct stored *first, **last, **committed;
    struct strmap metrics; /* name -> double */
    struct ks_buf log;
    char *status;
    enum ks_status errant_next, errant_later;
    size_t letters;
    bool stop;
};

struct stream_host {
    struct ks_task_host ops;
    struct ks_task task;
};

static void keep_log(struct ks_task *t, enum ks_log_level level, const char *message)
{
    ks_buf_printf(&t->log, "%s\n", message);
}

static void keep_metric(struct ks_task *t, enum ks_metric_kind kind, const char *name,
                        const char *labels, double value)
{
    double *kept = strmap_get(&t->metrics, name);
    if (!kept) {
        kept = xcalloc(1, sizeof(*kept));
        strmap_put(&t->metrics, name, kept);
    }
    *kept = kind == KS_METRIC_COUNTER ? *kept + value : value;
}

static void keep_status(struct ks_task *t, const char *waiting_for)
{
    free(t->status);
    t->status = waiting_for ? xstrdup(waiting_for) : NULL;
}

static bool stop_requested(struct ks_task *t)
{
    return t->stop;
}

static enum ks_status report_errant(struct ks_task *t, const struct ks_record *record,
                                    const char *stage, const struct ks_error *reason,
                                    struct ks_error *err)
{
    enum ks_status answer = t->errant_next;
    t->errant_next = t->errant_later;
    if (answer)
        return ks_error_set(err, answer, "no dead letter now");
    t->letters++;
    return KS_OK;
}

static enum ks_status offset_read(struct ks_task *t, const char *partition_json, char **ret,
                                  struct ks_error *err)
{
    const char *text = strmap_get(&t->offsets, partition_json);
    *ret = text ? xstrdup(text) : NULL;
    return KS_OK;
}

static enum ks_status schema_intern(struct ks_task *t, const char *json, size_t len,
                                    const struct ks_schema **ret, struct ks_error *err)
{
    struct ks_schema *s = strmap_get(&t->schemas, json);
    if (!s) {
        struct ks_avro_schema *avro;
        enum ks_status status = ks_avro_schema_parse(json, len, &avro, err);
        if (status)
            return status;
        s = xcalloc(1, sizeof(*s));
        s->schema = avro;
        s->json = xstrndup(json, len);
        strmap_put(&t->schemas, json, s);
    }
    *ret = s;
    return KS_OK;
}

static const char *schema_json(const struct ks_schema *s)
{
    return s->json;
}

static enum ks_status topic_create(struct ks_task *t, const char *topic, int32_t partitions,
                                   const struct ks_config *configs, int32_t *ret,
                                   struct ks_error *err)
{
    if (!strmap_find(&t->next, topic))
        strmap_put(&t->next, topic, NULL);
    *ret = partitions;
    return KS_OK;
}

static enum ks_status topic_require(struct ks_task *t, const char *topic, int32_t partitions,
                                    const struct ks_config *configs, int32_t *ret,
                                    struct ks_error *err)
{
    return topic_create(t, topic, partitions, configs, ret, err);
}

static enum ks_status topic_routed(struct ks_task *t, const char *topic, const char **ret,
                                   struct ks_error *err)
{
    const char *routed = strmap_get(&t->routes, topic);
    *ret = routed ? routed : topic;
    return KS_OK;
}

static enum ks_status topic_read(struct ks_task *t, const char *topic, ks_record_fn *fn, void *arg,
                                 struct ks_error *err)
{
    for (const struct stored *s = t->first; s; s = s->next)
        if (strcmp(s->record.topic, topic) == 0)
            fn(arg, &s->record);
    return KS_OK;
}

/* Every topic has one. */
static enum ks_status topic_partitions(struct ks_task *t, const char *topic, int32_t *ret,
                                       struct ks_error *err)
{
    *ret = strmap_find(&t->next, topic) != NULL;
    return KS_OK;
}

static enum ks_status watermarks(struct ks_task *t, const char *topic, int32_t partition,
                                 int64_t *ret_low, int64_t *ret_high, struct ks_error *err)
{
    void **next = strmap_find(&t->next, topic);
    if (!next || partition != 0)
        return ks_error_set(err, KS_ERR_RETRIABLE, "no topic %s", topic);
    *ret_low = 0;
    *ret_high = (int64_t)(intptr_t)*next;
    return KS_OK;
}

static enum ks_status next_offsets(struct ks_task *t, const char *topic,
                                   struct ks_topic_partition *ret, size_t cap, size_t *ret_count,
                                   struct ks_error *err)
{
    void **next = strmap_find(&t->next, topic);
    if (!next)
        return ks_error_set(err, KS_ERR_DATA, "no topic %s", topic);
    ret[0] = (struct ks_topic_partition){topic, 0, (int64_t)(intptr_t)*next};
    *ret_count = 1;
    return KS_OK;
}

struct stream_host *stream_host_new(void)
{
    struct stream_host *h = xcalloc(1, sizeof(*h));
    h->task.last = h->task.committed = &h->task.first;
    h->task.errant_next = h->task.errant_later = KS_ERR_FATAL;
    h->ops = (struct ks_task_host){
        .abi_major = KS_ABI_MAJOR,
        .abi_minor = KS_ABI_MINOR,
        .struct_size = sizeof(h->ops),
        .task = &h->task,
        .connector_name = "test",
        .log = keep_log,
        .metric = keep_metric,
        .status = keep_status,
        .stop_requested = stop_requested,
        .free = free,
        .offset_read = offset_read,
        .schema_intern = schema_intern,
        .schema_json = schema_json,
        .topic_create = topic_create,
        .topic_read = topic_read,
        .next_offsets = next_offsets,
        .report_errant = report_errant,
        .topic_partitions = topic_partitions,
        .watermarks = watermarks,
        .topic_require = topic_require,
        .topic_routed = topic_routed,
    };
    return h;
}

static void free_from(struct stored **at)
{
    for (struct stored *s = *at, *next; s; s = next) {
        next = s->next;
        free((void *)s->record.topic);
        free((void *)s->record.key.data);
        free((void *)s->record.value.data);
        free(s);
    }
    *at = NULL;
}

void stream_host_free(struct stream_host *h)
{
    const char *key;
    void *value;
    for (size_t pos = 0; strmap_next(&h->task.schemas, &pos, &key, &value);) {
        struct ks_schema *s = value;
        ks_avro_schema_free(s->schema);
        free(s->json);
        free(s);
    }
    for (size_t pos = 0; strmap_next(&h->task.offsets, &pos, &key, &value);)
        free(value);
    for (size_t pos = 0; strmap_next(&h->task.metrics, &pos, &key, &value);)
        free(value);
    free_from(&h->task.first);
    strmap_release(&h->task.schemas);
    strmap_release(&h->task.offsets);
    strmap_release(&h->task.next);
    strmap_release(&h->task.routes);
    strmap_release(&h->task.metrics);
    ks_buf_release(&h->task.log);
    free(h->task.status);
    free(h);
}

const struct ks_task_host *stream_host_ops(struct stream_host *h)
{
    return &h->ops;
}

static json_t *to_json(struct ks_slice body, const struct ks_schema *schema)
{
    struct ks_buf text = {0};
    struct ks_error err;
    if (!body.data)
        return json_null();
    if (ks_avro_to_json(schema->schema, body, &text, &err)) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    json_t *json = json_loads(ks_buf_str(&text), JSON_DECODE_ANY, NULL);
    if (!json)
        abort();
    ks_buf_release(&text);
    return json;
}

static json_t *stored_json(const struct ks_record *record)
{
    return json_pack("{s:s, s:i, s:I, s:o, s:o}", "topic", record->topic, "partition",
                     (int)record->partition, "offset", (json_int_t)record->offset, "key",
                     to_json(record->key, record->key_schema), "value",
                     to_json(record->value, record->value_schema));
}

static struct ks_slice copy_slice(struct ks_slice slice)
{
    if (!slice.data)
        return slice;
    void *copy = xmalloc(slice.len + 1);
    memcpy(copy, slice.data, slice.len);
    return (struct ks_slice){copy, slice.len};
}

json_t *stream_host_deliver(struct stream_host *h, const struct ks_record *record)
{
    void **next = strmap_find(&h->task.next, record->topic);
    intptr_t offset = next ? (intptr_t)*next : 0;
    struct stored *s = xcalloc(1, sizeof(*s));
    s->record = *record;
    s->record.topic = xstrdup(record->topic);
    s->record.offset = offset;
    s->record.key = copy_slice(record->key);
    s->record.value = copy_slice(record->value);
    *h->task.last = s;
    h->task.last = &s->next;
    strmap_put(&h->task.next, record->topic, (void *)(offset + 1));
    return stored_json(&s->record);
}

void stream_host_commit(struct stream_host *h, const struct ks_source_batch *batch)
{
    for (size_t i = 0; i < batch->offset_count; i++)
        stream_host_set_offset(h, batch->offsets[i].partition_json, batch->offsets[i].offset_json);
    h->task.committed = h->task.last;
}

void stream_host_abort(struct stream_host *h)
{
    for (const struct stored *s = *h->task.committed; s; s = s->next) {
        void **next = strmap_find(&h->task.next, s->record.topic);
        *next = (void *)((intptr_t)*next - 1);
    }
    free_from(h->task.committed);
    h->task.last = h->task.committed;
}

json_t *stream_host_records(const struct stream_host *h)
{
    json_t *records = json_array();
    for (const struct stored *s = h->task.first; s; s = s->next)
        json_array_append_new(records, stored_json(&s->record));
    return records;
}

const char *stream_host_status(const struct stream_host *h)
{
    return h->task.status;
}

const char *stream_host_log(struct stream_host *h)
{
    return ks_buf_str(&h->task.log);
}

double stream_host_metric(const struct stream_host *h, const char *name)
{
    const double *value = strmap_get(&h->task.metrics, name);
    return value ? *value : 0;
}

size_t stream_host_letters(const struct stream_host *h)
{
    return h->task.letters;
}

void stream_host_answer_errant(struct stream_host *h, enum ks_status next, enum ks_status later)
{
    h->task.errant_next = next;
    h->task.errant_later = later;
}

void stream_host_delete_topic(struct stream_host *h, const char *topic)
{
    strmap_remove(&h->task.next, topic);
}

void stream_host_route(struct stream_host *h, const char *topic, const char *routed)
{
    strmap_put(&h->task.routes, topic, (void *)(uintptr_t)routed);
}

void stream_host_stop(struct stream_host *h, bool stop)
{
    h->task.stop = stop;
}

void stream_host_set_offset(struct stream_host *h, const char *partition_json,
                            const char *offset_json)
{
    free(strmap_put(&h->task.offsets, partition_json, xstrdup(offset_json)));
}
