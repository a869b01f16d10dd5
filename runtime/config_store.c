/* Wanted state in the config topic. In: its records, in log order; out: a table of connectors.
 * Next: herder. config_store_write.c writes such records. */
#include "config_store.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_store_parts.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "log_levels.h"
#include "mono_cond.h"

#define SYNC_TIMEOUT_MS 60000
#define REFRESH_TIMEOUT_MS 10000

/* ---- reading ---- */

static void wake_waiter(struct config_store *s, const char *nonce, bool refused)
{
    for (struct nonce_waiter *w = s->waiters; w && nonce; w = w->next) {
        if (strcmp(w->nonce, nonce) != 0)
            continue;
        /* A write that librdkafka has tried twice may be there twice. */
        if (!w->seen)
            w->refused = refused;
        w->seen = true;
        pthread_cond_broadcast(&s->seen);
    }
}

/* Levels from before this worker's start are over. */
static bool apply_logger(const struct config_store *s, const char *key, const json_t *value)
{
    const char *level = json_string_value(json_object_get(value, "level"));
    int parsed;
    if (!value || !s->is_open)
        return true;
    return level && log_level_parse(level, &parsed) &&
           log_levels_set(key + strlen(LOGGER_PREFIX), parsed);
}

void config_store_apply(struct config_store *s, struct ks_slice key, struct ks_slice value,
                        int64_t offset)
{
    char *name = xstrndup(key.data ? key.data : "", key.len);
    json_t *json = value.data ? json_loadb(value.data, value.len, 0, NULL) : NULL;
    bool ok = false, refused = false;
    if (!value.data || json_is_object(json)) {
        pthread_mutex_lock(&s->lock);
        ok = strncmp(name, LOGGER_PREFIX, strlen(LOGGER_PREFIX)) == 0
                 ? apply_logger(s, name, json)
                 : config_table_apply(&s->table, name, json, value, offset, &refused);
        s->position = offset + 1;
        wake_waiter(s, json_string_value(json_object_get(json, "nonce")), refused);
        pthread_mutex_unlock(&s->lock);
    }
    if (!ok)
        log_warn("config topic: record %s at offset %lld is not understood and has no effect", name,
                 (long long)offset);
    json_decref(json);
    free(name);
    if (s->changed)
        s->changed(s->changed_arg);
}

static void on_record(void *arg, struct ks_slice key, struct ks_slice value, int32_t partition,
                      int64_t offset)
{
    config_store_apply(arg, key, value, offset);
}

/* ---- open and close ---- */

struct config_store *config_store_new(config_store_changed_fn *changed, void *arg)
{
    struct config_store *s = xcalloc(1, sizeof *s);
    s->changed = changed;
    s->changed_arg = arg;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->write_lock, NULL);
    mono_cond_init(&s->seen);
    return s;
}

enum ks_status config_store_open(const struct worker_config *worker,
                                 config_store_changed_fn *changed, void *arg,
                                 struct config_store **ret, struct ks_error *err)
{
    struct config_store *s = config_store_new(changed, arg);
    s->worker = worker;
    enum ks_status status = compacted_topic_open(
        worker, worker->config_topic, 1, worker->config_replication, on_record, s, &s->topic, err);
    if (status == KS_OK)
        status = compacted_topic_sync(s->topic, SYNC_TIMEOUT_MS, err);
    if (status != KS_OK) {
        config_store_close(s);
        return status;
    }
    pthread_mutex_lock(&s->lock);
    s->is_open = true;
    pthread_mutex_unlock(&s->lock);
    *ret = s;
    return KS_OK;
}

void config_store_close(struct config_store *s)
{
    if (!s)
        return;
    compacted_topic_close(s->topic);
    config_table_release(&s->table);
    pthread_cond_destroy(&s->seen);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->write_lock);
    free(s);
}

enum ks_status config_store_refresh(struct config_store *s, struct ks_error *err)
{
    return s->topic ? compacted_topic_sync(s->topic, REFRESH_TIMEOUT_MS, err) : KS_OK;
}

/* ---- questions ---- */

bool config_store_get(struct config_store *s, const char *connector, struct connector_config *ret)
{
    pthread_mutex_lock(&s->lock);
    const struct config_entry *entry = config_table_find(&s->table, connector);
    if (entry)
        config_entry_copy(entry, connector, ret);
    pthread_mutex_unlock(&s->lock);
    return entry != NULL;
}

size_t config_store_names(struct config_store *s, char ***ret)
{
    pthread_mutex_lock(&s->lock);
    size_t count = config_table_names(&s->table, ret);
    pthread_mutex_unlock(&s->lock);
    return count;
}

bool config_store_pipeline(struct config_store *s, const char *name, char ret_sha256[65])
{
    pthread_mutex_lock(&s->lock);
    const char *found = config_table_pipeline(&s->table, name);
    if (found)
        memcpy(ret_sha256, found, 65);
    pthread_mutex_unlock(&s->lock);
    return found != NULL;
}
