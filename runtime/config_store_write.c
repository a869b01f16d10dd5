/* Records of ours for the config topic. In: a wish by REST or a pipeline file; out: its records,
 * read back. Next: config_store, in every worker. Order: a new connector and its first target state
 * are one record, so that it never runs for a moment when it should not; task records go before
 * their commit record, which alone makes them valid; a deletion begins with the configuration.
 * Death in between: an uncommitted task set (void), leftovers of a deleted connector (void). Death
 * of a writer that lost a create, before it repeated the winner's record: a compaction may keep the
 * loser's. */
#include "config_store.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alloc.h"
#include "clock.h"
#include "config_store_parts.h"
#include "kitestream/sdk/util.h"
#include "mono_cond.h"

#define READ_BACK_TIMEOUT_MS 30000

static void make_nonce(char ret[NONCE_SIZE])
{
    unsigned char bytes[NONCE_BYTES];
    while (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        ;
    for (size_t i = 0; i < NONCE_BYTES; i++) {
        static const char digits[] = "0123456789abcdef";
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * NONCE_BYTES] = '\0';
}

static void add_waiter(struct config_store *s, struct nonce_waiter *waiter)
{
    pthread_mutex_lock(&s->lock);
    waiter->next = s->waiters;
    s->waiters = waiter;
    pthread_mutex_unlock(&s->lock);
}

static bool await_waiter(struct config_store *s, struct nonce_waiter *waiter, int64_t timeout_ms)
{
    int64_t at_ms = clock_mono_ms() + timeout_ms;
    bool late = false;
    pthread_mutex_lock(&s->lock);
    while (!waiter->seen && !late)
        late = !mono_cond_wait(&s->seen, &s->lock, at_ms);
    struct nonce_waiter **link = &s->waiters;
    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    pthread_mutex_unlock(&s->lock);
    return waiter->seen;
}

/* Writes {…, "nonce"} and waits until it is read back. */
static enum ks_status put(struct config_store *s, const char *prefix, const char *name,
                          json_t *take_value, bool *ret_refused, struct ks_error *err)
{
    struct nonce_waiter waiter = {0};
    make_nonce(waiter.nonce);
    json_object_set_new(take_value, "nonce", json_string(waiter.nonce));
    char *text = json_dumps(take_value, JSON_COMPACT), *key = xasprintf("%s%s", prefix, name);
    add_waiter(s, &waiter);
    enum ks_status status = compacted_topic_put(s->topic, (struct ks_slice){key, strlen(key)},
                                                (struct ks_slice){text, strlen(text)}, err);
    bool seen = await_waiter(s, &waiter, status == KS_OK ? READ_BACK_TIMEOUT_MS : 0);
    if (status == KS_OK && !seen)
        status =
            ks_error_set(err, KS_ERR_RETRIABLE,
                         "config topic %s: the record %s was written but not read back in %d s",
                         s->worker->config_topic, key, READ_BACK_TIMEOUT_MS / 1000);
    if (status == KS_OK && ret_refused)
        *ret_refused = waiter.refused;
    json_decref(take_value);
    free(text);
    free(key);
    return status;
}

static enum ks_status put_null(struct config_store *s, const char *prefix, const char *name,
                               struct ks_error *err)
{
    char *key = xasprintf("%s%s", prefix, name);
    enum ks_status status = compacted_topic_put(s->topic, (struct ks_slice){key, strlen(key)},
                                                (struct ks_slice){0}, err);
    free(key);
    return status;
}

/* What the log says of a connector at this moment, as a record that says so; NULL: deleted. */
static json_t *repetition_of(struct config_store *s, const char *connector)
{
    pthread_mutex_lock(&s->lock);
    const struct config_entry *entry = config_table_find(&s->table, connector);
    json_t *value = entry ? json_loads(config_entry_raw(entry), 0, NULL) : NULL;
    int64_t position = s->position;
    pthread_mutex_unlock(&s->lock);
    json_object_del(value, "create");
    if (value)
        json_object_set_new(value, "as.of", json_integer(position));
    return value;
}

/* So that compaction keeps the record that every reader went by. What changed after our own void
 * record is behind it anyway; what changed before a void repetition is not. */
static enum ks_status repeat_winner(struct config_store *s, const char *connector,
                                    struct ks_error *err)
{
    enum ks_status status = KS_OK;
    bool is_void = true;
    for (int round = 0; is_void && status == KS_OK; round++) {
        json_t *value = repetition_of(s, connector);
        is_void = false;
        if (value)
            status = put(s, "connector-", connector, value, &is_void, err);
        else if (round > 0)
            status = put_null(s, "connector-", connector, err);
    }
    return status;
}

static enum ks_status exists_error(const char *connector, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_DATA, "Connector %s already exists", connector);
}

static bool exists(struct config_store *s, const char *connector)
{
    pthread_mutex_lock(&s->lock);
    bool found = config_table_find(&s->table, connector) != NULL;
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* `target`: of a new one. An old one keeps what it was created with, in case that its first record
 * is compacted away and it was never told otherwise. */
static json_t *connector_record(struct config_store *s, const char *connector,
                                const struct string_map *config, int auto_restart,
                                enum target_state target)
{
    json_t *value = json_object();
    pthread_mutex_lock(&s->lock);
    const struct config_entry *entry = config_table_find(&s->table, connector);
    if (entry)
        target = config_entry_initial(entry);
    pthread_mutex_unlock(&s->lock);
    json_object_set_new(value, "properties", string_map_to_json(config));
    json_object_set_new(value, "initial.state", json_string(target_state_name(target)));
    if (auto_restart != AUTO_RESTART_OFF)
        json_object_set_new(value, "auto.restart", json_integer(auto_restart));
    if (!entry)
        json_object_set_new(value, "new", json_true());
    return value;
}

static enum ks_status put_connector(struct config_store *s, const char *connector,
                                    const struct string_map *config, int auto_restart,
                                    enum target_state target, bool only_create,
                                    struct ks_error *err)
{
    bool refused = false;
    enum ks_status status = KS_OK;
    /* It may have been deleted on another worker a moment ago. */
    if (only_create && exists(s, connector))
        status = config_store_refresh(s, err);
    if (status == KS_OK && only_create && exists(s, connector))
        return exists_error(connector, err);
    if (status != KS_OK)
        return status;
    json_t *value = connector_record(s, connector, config, auto_restart, target);
    if (only_create)
        json_object_set_new(value, "create", json_true());
    status = put(s, "connector-", connector, value, &refused, err);
    if (status != KS_OK || !refused)
        return status;
    status = repeat_winner(s, connector, err);
    return status == KS_OK ? exists_error(connector, err) : status;
}

enum ks_status config_store_put_connector(struct config_store *s, const char *connector,
                                          const struct string_map *config, int auto_restart,
                                          enum target_state target, bool only_create,
                                          struct ks_error *err)
{
    pthread_mutex_lock(&s->write_lock);
    enum ks_status status =
        put_connector(s, connector, config, auto_restart, target, only_create, err);
    pthread_mutex_unlock(&s->write_lock);
    return status;
}

enum ks_status config_store_put_target(struct config_store *s, const char *connector,
                                       enum target_state target, struct ks_error *err)
{
    json_t *value = json_pack("{s:s}", "state", target_state_name(target));
    return put(s, "target-state-", connector, value, NULL, err);
}

static void post(struct config_store *s, char *take_key, json_t *take_value)
{
    char *text = json_dumps(take_value, JSON_COMPACT);
    if (s->topic)
        compacted_topic_put_async(s->topic, (struct ks_slice){take_key, strlen(take_key)},
                                  (struct ks_slice){text, strlen(text)});
    json_decref(take_value);
    free(take_key);
    free(text);
}

void config_store_post_tasks(struct config_store *s, const char *connector,
                             const struct string_map *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        post(s, xasprintf("task-%s-%zu", connector, i),
             json_pack("{s:o}", "properties", string_map_to_json(&tasks[i])));
    post(s, xasprintf("commit-%s", connector), json_pack("{s:I}", "tasks", (json_int_t)count));
}

enum ks_status config_store_put_restart(struct config_store *s, const char *connector,
                                        const struct restart_request *request, struct ks_error *err)
{
    json_t *value = json_pack("{s:b,s:b}", "include-tasks", request->include_tasks, "only-failed",
                              request->only_failed);
    if (request->task >= 0)
        json_object_set_new(value, "task", json_integer(request->task));
    return put(s, "restart-connector-", connector, value, NULL, err);
}

static enum ks_status delete_connector(struct config_store *s, const char *connector,
                                       struct ks_error *err)
{
    struct connector_config found = {0};
    size_t tasks = 0;
    if (config_store_get(s, connector, &found))
        tasks = found.task_count;
    connector_config_release(&found);
    static const char *const prefixes[] = {"connector-", "target-state-", "commit-",
                                           "restart-connector-"};
    enum ks_status status = KS_OK;
    for (size_t i = 0; status == KS_OK && i < sizeof prefixes / sizeof *prefixes; i++)
        status = put_null(s, prefixes[i], connector, err);
    for (size_t i = 0; status == KS_OK && i < tasks; i++) {
        char *name = xasprintf("%s-%zu", connector, i);
        status = put_null(s, "task-", name, err);
        free(name);
    }
    return status == KS_OK ? compacted_topic_sync(s->topic, READ_BACK_TIMEOUT_MS, err) : status;
}

enum ks_status config_store_delete(struct config_store *s, const char *connector,
                                   struct ks_error *err)
{
    pthread_mutex_lock(&s->write_lock);
    enum ks_status status = delete_connector(s, connector, err);
    pthread_mutex_unlock(&s->write_lock);
    return status;
}

enum ks_status config_store_put_pipeline(struct config_store *s, const char *name,
                                         const char *sha256, struct ks_error *err)
{
    return put(s, "pipeline-", name, json_pack("{s:s}", "sha256", sha256), NULL, err);
}

enum ks_status config_store_put_logger(struct config_store *s, const char *logger,
                                       const char *level, struct ks_error *err)
{
    return put(s, LOGGER_PREFIX, logger, json_pack("{s:s}", "level", level), NULL, err);
}
