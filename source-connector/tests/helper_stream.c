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
    struct strmap next; /* topic -> next offset of partition 0 */
    struct stored *first, **last;
};

struct stream_host {
    struct ks_task_host ops;
    struct ks_task task;
};

static void no_log(struct ks_task *t, enum ks_log_level level, const char *message)
{
}

static void no_metric(struct ks_task *t, enum ks_metric_kind kind, const char *name,
                      const char *labels, double value)
{
}

static void no_status(struct ks_task *t, const char *waiting_for)
{
}

static bool never_stop(struct ks_task *t)
{
    return false;
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

static enum ks_status topic_read(struct ks_task *t, const char *topic, ks_record_fn *fn, void *arg,
                                 struct ks_error *err)
{
    for (const struct stored *s = t->first; s; s = s->next)
        if (strcmp(s->record.topic, topic) == 0)
            fn(arg, &s->record);
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
    h->task.last = &h->task.first;
    h->ops = (struct ks_task_host){
        .abi_major = KS_ABI_MAJOR,
        .abi_minor = KS_ABI_MINOR,
        .struct_size = sizeof(h->ops),
        .task = &h->task,
        .connector_name = "test",
        .log = no_log,
        .metric = no_metric,
        .status = no_status,
        .stop_requested = never_stop,
        .free = free,
        .offset_read = offset_read,
        .schema_intern = schema_intern,
        .schema_json = schema_json,
        .topic_create = topic_create,
        .topic_read = topic_read,
        .next_offsets = next_offsets,
    };
    return h;
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
    for (struct stored *s = h->task.first, *next; s; s = next) {
        next = s->next;
        free((void *)s->record.topic);
        free((void *)s->record.value.data);
        free(s);
    }
    strmap_release(&h->task.schemas);
    strmap_release(&h->task.offsets);
    strmap_release(&h->task.next);
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

json_t *stream_host_deliver(struct stream_host *h, const struct ks_record *record)
{
    void **next = strmap_find(&h->task.next, record->topic);
    intptr_t offset = next ? (intptr_t)*next : 0;
    struct stored *s = xcalloc(1, sizeof(*s));
    s->record = *record;
    s->record.topic = xstrdup(record->topic);
    s->record.offset = offset;
    s->record.key = (struct ks_slice){0};
    if (record->value.data) {
        void *copy = xmalloc(record->value.len + 1);
        memcpy(copy, record->value.data, record->value.len);
        s->record.value.data = copy;
    }
    *h->task.last = s;
    h->task.last = &s->next;
    strmap_put(&h->task.next, record->topic, (void *)(offset + 1));
    return json_pack("{s:s, s:i, s:I, s:o, s:o}", "topic", record->topic, "partition",
                     (int)record->partition, "offset", (json_int_t)offset, "key",
                     to_json(record->key, record->key_schema), "value",
                     to_json(record->value, record->value_schema));
}

void stream_host_set_offset(struct stream_host *h, const char *partition_json,
                            const char *offset_json)
{
    free(strmap_put(&h->task.offsets, partition_json, xstrdup(offset_json)));
}
