/* Schemas in; ids out; records of the schema topic in between:
 *   key   {"keytype":"SCHEMA","subject":S,"version":V,"magic":1,"id":I}
 *   value {"subject":S,"version":V,"id":I,"schema":TEXT,"deleted":false}
 * The id is in the key so that two workers which choose the same version at the same moment never
 * overwrite each other's schema when the topic is compacted. Order: write, wait for the
 * acknowledgement, read back; only then is the id given out. Death before: nobody has used the id;
 * after: it is there for good. Two schemas that meet on one id: the first in the log has it, the
 * other's writer sees that when it reads back, and takes the next candidate. */
#include "schema_store.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../sdk/avro_normal.h"
#include "alloc.h"
#include "compacted_topic.h"
#include "kitestream/sdk/avro.h"
#include "kitestream/sdk/util.h"
#include "log.h"

#define SYNC_TIMEOUT_MS 30000

struct schema_store {
    struct compacted_topic *topic;
    pthread_mutex_t lock; /* guards the index; the reader's thread fills it */
    struct schema_index index;
    pthread_mutex_t refresh; /* one at a time: each opens a client */
};

uint32_t schema_store_first_id(uint64_t fingerprint)
{
    uint32_t id = (uint32_t)(fingerprint ^ fingerprint >> 32) & INT32_MAX;
    return id ? id : 1;
}

uint32_t schema_store_next_id(uint32_t id)
{
    return id == INT32_MAX ? 1 : id + 1;
}

/* meaning may be NULL. */
static enum ks_status measure(const char *json, uint64_t *fingerprint, uint64_t *meaning,
                              struct ks_error *err)
{
    struct ks_avro_schema *schema;
    enum ks_status status = ks_avro_schema_parse(json, strlen(json), &schema, err);
    if (status != KS_OK)
        return status;
    *fingerprint = ks_avro_schema_fingerprint(schema);
    if (meaning)
        *meaning = avro_normal_fingerprint(schema);
    ks_avro_schema_free(schema);
    return KS_OK;
}

/* ---- reading; thread: the topic's ---- */

static void on_schema(struct schema_store *s, const json_t *value)
{
    const char *subject = json_string_value(json_object_get(value, "subject"));
    const char *schema = json_string_value(json_object_get(value, "schema"));
    json_int_t id = json_integer_value(json_object_get(value, "id"));
    json_int_t version = json_integer_value(json_object_get(value, "version"));
    uint64_t fingerprint, meaning;
    struct ks_error err;
    if (!subject || !schema || id < 1 || id > INT32_MAX || version < 1 || version > INT32_MAX) {
        log_warn("schema topic: a record lacks subject, version, id or schema; it is ignored");
        return;
    }
    if (measure(schema, &fingerprint, &meaning, &err) != KS_OK) {
        log_warn("schema topic: id %lld of subject %s is ignored: %s", (long long)id, subject,
                 err.message);
        return;
    }
    pthread_mutex_lock(&s->lock);
    schema_index_add(&s->index, subject, (uint32_t)version, (uint32_t)id, schema, fingerprint,
                     meaning);
    pthread_mutex_unlock(&s->lock);
}

/* Schemas are never deleted: records that carry their id may be read at any time. */
static void on_record(void *arg, struct ks_slice key, struct ks_slice value, int32_t partition,
                      int64_t offset)
{
    struct schema_store *s = arg;
    json_t *key_json = json_loadb(key.data ? key.data : "", key.len, 0, NULL);
    const char *keytype = json_string_value(json_object_get(key_json, "keytype"));
    json_t *value_json = NULL;
    if (keytype && strcmp(keytype, "SCHEMA") == 0 && value.data)
        value_json = json_loadb(value.data, value.len, 0, NULL);
    if (value_json)
        on_schema(s, value_json);
    json_decref(value_json);
    json_decref(key_json);
}

/* ---- registering ---- */

/* The id that the fingerprint has, or its first free candidate. */
static uint32_t choose_id(const struct schema_store *s, uint64_t fingerprint)
{
    uint32_t id = schema_store_first_id(fingerprint);
    const struct indexed_schema *known;
    while ((known = schema_index_get(&s->index, id)) && known->fingerprint != fingerprint)
        id = schema_store_next_id(id);
    return id;
}

static enum ks_status put_schema(struct schema_store *s, const char *subject, uint32_t version,
                                 uint32_t id, const char *schema_json, struct ks_error *err)
{
    json_t *key = json_pack("{s:s, s:s, s:i, s:i, s:i}", "keytype", "SCHEMA", "subject", subject,
                            "version", (int)version, "magic", 1, "id", (int)id);
    json_t *value = json_pack("{s:s, s:i, s:i, s:s, s:b}", "subject", subject, "version",
                              (int)version, "id", (int)id, "schema", schema_json, "deleted", 0);
    char *key_text = key ? json_dumps(key, JSON_COMPACT) : NULL;
    char *value_text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    enum ks_status status;
    if (key_text && value_text)
        status = compacted_topic_put(s->topic, (struct ks_slice){key_text, strlen(key_text)},
                                     (struct ks_slice){value_text, strlen(value_text)}, err);
    else
        status = ks_error_set(err, KS_ERR_DATA, "subject or schema is not UTF-8");
    free(key_text);
    free(value_text);
    json_decref(key);
    json_decref(value);
    return status;
}

enum ks_status schema_store_register(struct schema_store *s, const char *subject,
                                     const char *schema_json, uint32_t *ret_id,
                                     struct ks_error *err)
{
    uint64_t fingerprint;
    enum ks_status status = measure(schema_json, &fingerprint, NULL, err);
    while (status == KS_OK) {
        pthread_mutex_lock(&s->lock);
        uint32_t id = choose_id(s, fingerprint);
        bool registered = schema_index_version(&s->index, subject, id) != 0;
        uint32_t version = schema_index_next_version(&s->index, subject);
        pthread_mutex_unlock(&s->lock);
        if (registered) {
            *ret_id = id;
            return KS_OK;
        }
        status = put_schema(s, subject, version, id, schema_json, err);
        if (status == KS_OK)
            status = compacted_topic_sync(s->topic, SYNC_TIMEOUT_MS, err);
    }
    ks_error_prefix(err, "registering the schema of %s", subject);
    return status;
}

/* ---- asking ---- */

static const char *find_json(struct schema_store *s, uint32_t id)
{
    pthread_mutex_lock(&s->lock);
    const struct indexed_schema *known = schema_index_get(&s->index, id);
    pthread_mutex_unlock(&s->lock);
    return known ? known->json : NULL;
}

enum ks_status schema_store_get(struct schema_store *s, uint32_t id, const char **ret_json,
                                struct ks_error *err)
{
    const char *json = find_json(s, id);
    if (!json) {
        enum ks_status status = schema_store_refresh(s, err);
        if (status != KS_OK)
            return status;
        json = find_json(s, id);
    }
    if (!json)
        return ks_error_set(err, KS_ERR_DATA,
                            "not in the worker's schema topic; if the records were written with a "
                            "schema registry, set schema.registry.url for the converter");
    *ret_json = json;
    return KS_OK;
}

size_t schema_store_list(struct schema_store *s, const struct schema_wanted *wanted,
                         struct stored_version **ret)
{
    pthread_mutex_lock(&s->lock);
    size_t count = schema_index_list(&s->index, wanted, ret);
    pthread_mutex_unlock(&s->lock);
    return count;
}

uint32_t schema_store_max_id(struct schema_store *s)
{
    size_t pos = 0;
    uint64_t id, max = 0;
    void *schema;
    pthread_mutex_lock(&s->lock);
    while (map_next(&s->index.by_id, &pos, &id, &schema))
        max = id > max ? id : max;
    pthread_mutex_unlock(&s->lock);
    return (uint32_t)max;
}

enum ks_status schema_store_refresh(struct schema_store *s, struct ks_error *err)
{
    pthread_mutex_lock(&s->refresh);
    enum ks_status status = compacted_topic_sync(s->topic, SYNC_TIMEOUT_MS, err);
    pthread_mutex_unlock(&s->refresh);
    return status;
}

/* ---- life ---- */

enum ks_status schema_store_open(const struct worker_config *worker, struct schema_store **ret,
                                 struct ks_error *err)
{
    struct schema_store *s = xcalloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->refresh, NULL);
    enum ks_status status = compacted_topic_open(
        worker, worker->schema_topic, 1, worker->config_replication, on_record, s, &s->topic, err);
    if (status == KS_OK)
        status = compacted_topic_sync(s->topic, SYNC_TIMEOUT_MS, err);
    if (status != KS_OK) {
        schema_store_close(s);
        return status;
    }
    *ret = s;
    return KS_OK;
}

void schema_store_close(struct schema_store *s)
{
    if (!s)
        return;
    if (s->topic)
        compacted_topic_close(s->topic);
    schema_index_release(&s->index);
    pthread_mutex_destroy(&s->refresh);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
