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

#include "alloc.h"
#include "compacted_topic.h"
#include "kitestream/sdk/avro.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "map.h"

#define SYNC_TIMEOUT_MS 30000

struct stored_schema {
    char *json;
    uint64_t fingerprint;
};

/* Versions of one subject. */
struct stored_subject {
    struct map versions; /* version -> id, as a number in the pointer */
    uint32_t last_version;
};

struct schema_store {
    struct compacted_topic *topic;
    pthread_mutex_t lock; /* guards the maps; the reader's thread fills them */
    struct map by_id;     /* struct stored_schema */
    struct strmap subjects;
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

static enum ks_status fingerprint_of(const char *json, uint64_t *ret, struct ks_error *err)
{
    struct ks_avro_schema *schema;
    enum ks_status status = ks_avro_schema_parse(json, strlen(json), &schema, err);
    if (status != KS_OK)
        return status;
    *ret = ks_avro_schema_fingerprint(schema);
    ks_avro_schema_free(schema);
    return KS_OK;
}

/* ---- reading; thread: the topic's ---- */

static struct stored_subject *get_subject(struct schema_store *s, const char *name)
{
    struct stored_subject *subject = strmap_get(&s->subjects, name);
    if (!subject) {
        subject = xcalloc(1, sizeof *subject);
        strmap_put(&s->subjects, name, subject);
    }
    return subject;
}

/* The version of `id` under the subject, or 0. */
static uint32_t find_version(const struct stored_subject *subject, uint32_t id)
{
    size_t pos = 0;
    uint64_t version;
    void *value;
    while (map_next(&subject->versions, &pos, &version, &value)) {
        if ((uintptr_t)value == id)
            return (uint32_t)version;
    }
    return 0;
}

static void add_version(struct schema_store *s, const char *name, uint32_t version, uint32_t id)
{
    struct stored_subject *subject = get_subject(s, name);
    if (find_version(subject, id))
        return;
    if (map_find(&subject->versions, version))
        version = subject->last_version + 1;
    map_put(&subject->versions, version, (void *)(uintptr_t)id);
    if (version > subject->last_version)
        subject->last_version = version;
}

/* False when another schema has the id. */
static bool add_schema(struct schema_store *s, uint32_t id, const char *json, uint64_t fingerprint)
{
    struct stored_schema *stored = map_get(&s->by_id, id);
    if (stored)
        return stored->fingerprint == fingerprint;
    stored = xcalloc(1, sizeof *stored);
    stored->json = xstrdup(json);
    stored->fingerprint = fingerprint;
    map_put(&s->by_id, id, stored);
    return true;
}

static void on_schema(struct schema_store *s, const json_t *value)
{
    const char *subject = json_string_value(json_object_get(value, "subject"));
    const char *schema = json_string_value(json_object_get(value, "schema"));
    json_int_t id = json_integer_value(json_object_get(value, "id"));
    json_int_t version = json_integer_value(json_object_get(value, "version"));
    uint64_t fingerprint;
    struct ks_error err;
    if (!subject || !schema || id < 1 || id > INT32_MAX || version < 1 || version > INT32_MAX) {
        log_warn("schema topic: a record lacks subject, version, id or schema; it is ignored");
        return;
    }
    if (fingerprint_of(schema, &fingerprint, &err) != KS_OK) {
        log_warn("schema topic: id %lld of subject %s is ignored: %s", (long long)id, subject,
                 err.message);
        return;
    }
    pthread_mutex_lock(&s->lock);
    if (add_schema(s, (uint32_t)id, schema, fingerprint))
        add_version(s, subject, (uint32_t)version, (uint32_t)id);
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
    const struct stored_schema *stored;
    while ((stored = map_get(&s->by_id, id)) && stored->fingerprint != fingerprint)
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
    enum ks_status status = fingerprint_of(schema_json, &fingerprint, err);
    while (status == KS_OK) {
        pthread_mutex_lock(&s->lock);
        uint32_t id = choose_id(s, fingerprint);
        const struct stored_subject *known = get_subject(s, subject);
        bool registered = map_find(&s->by_id, id) && find_version(known, id);
        uint32_t version = known->last_version + 1;
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

static const char *find_json(struct schema_store *s, uint32_t id)
{
    pthread_mutex_lock(&s->lock);
    const struct stored_schema *stored = map_get(&s->by_id, id);
    pthread_mutex_unlock(&s->lock);
    return stored ? stored->json : NULL;
}

enum ks_status schema_store_get(struct schema_store *s, uint32_t id, const char **ret_json,
                                struct ks_error *err)
{
    const char *json = find_json(s, id);
    if (!json) {
        enum ks_status status = compacted_topic_sync(s->topic, SYNC_TIMEOUT_MS, err);
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

/* ---- life ---- */

enum ks_status schema_store_open(const struct worker_config *worker, struct schema_store **ret,
                                 struct ks_error *err)
{
    struct schema_store *s = xcalloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
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
    size_t pos = 0;
    uint64_t id;
    const char *name;
    void *value;
    while (map_next(&s->by_id, &pos, &id, &value)) {
        free(((struct stored_schema *)value)->json);
        free(value);
    }
    pos = 0;
    while (strmap_next(&s->subjects, &pos, &name, &value)) {
        map_release(&((struct stored_subject *)value)->versions);
        free(value);
    }
    map_release(&s->by_id);
    strmap_release(&s->subjects);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
