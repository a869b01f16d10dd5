/* States in the status topic. In: states from the herder and the task threads, records of other
 * workers; out: a table for REST and status records. Next: herder. Written without waiting; one
 * that the brokers did not take in time is written again as it is then. Death: the last state stays
 * until the slot's next owner overwrites it. */
#include "status_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "active_topics.h"
#include "alloc.h"
#include "clock.h"
#include "compacted_topic.h"
#include "log.h"
#include "map.h"
#include "status_record.h"

#define SYNC_TIMEOUT_MS 60000
#define TASK_PREFIX "status-task-"
#define MAX_TASKS 1000000

struct status_entry {
    struct task_status status;
    bool is_ours; /* written by this process: the topic only echoes it */
    bool deleted; /* by this process; the tombstone is still to be read */
};

struct status_store {
    char *worker_id;
    struct compacted_topic *topic; /* NULL in tests */
    pthread_mutex_t lock;
    struct strmap entries; /* record key to struct status_entry */
    struct strmap counts;  /* connector to a number of tasks: as many as there are, or more */
    struct active_topics topics;
    _Atomic unsigned topics_epoch;
};

static char *make_key(const char *connector, int task)
{
    return task == STATUS_CONNECTOR ? xasprintf("status-connector-%s", connector)
                                    : xasprintf(TASK_PREFIX "%s-%d", connector, task);
}

static void count_task(struct status_store *s, const char *key)
{
    size_t prefix = strlen(TASK_PREFIX);
    const char *dash = strrchr(key, '-');
    if (strncmp(key, TASK_PREFIX, prefix) != 0 || dash < key + prefix)
        return;
    char *end;
    long task = strtol(dash + 1, &end, 10);
    if (end == dash + 1 || *end || task < 0 || task >= MAX_TASKS)
        return;
    const char *connector = key + prefix;
    size_t len = (size_t)(dash - connector);
    void **count = strmap_find_n(&s->counts, connector, len);
    if (!count || (uintptr_t)*count <= (uintptr_t)task)
        strmap_put_n(&s->counts, connector, len, (void *)((uintptr_t)task + 1));
}

static void set_entry(struct status_store *s, const char *key, struct task_status take_status,
                      bool is_ours)
{
    struct status_entry *entry = strmap_get(&s->entries, key);
    if (!entry) {
        entry = xcalloc(1, sizeof *entry);
        strmap_put(&s->entries, key, entry);
    }
    count_task(s, key);
    task_status_release(&entry->status);
    *entry = (struct status_entry){.status = take_status, .is_ours = is_ours};
}

static void remove_entry(struct status_store *s, const char *key)
{
    struct status_entry *entry = strmap_remove(&s->entries, key);
    if (!entry)
        return;
    task_status_release(&entry->status);
    free(entry);
}

static void write_record(struct status_store *s, const char *key, const char *text)
{
    if (s->topic)
        compacted_topic_put_async(s->topic, (struct ks_slice){key, strlen(key)},
                                  (struct ks_slice){text, text ? strlen(text) : 0});
}

/* A compaction keeps what is last: not that of an old owner, or of an earlier connector of the
 * name.
 */
static void repeat_ours(struct status_store *s, const char *key, const struct status_entry *entry)
{
    char *text = task_status_format(&entry->status);
    write_record(s, key, text);
    free(text);
}

static void apply_status(struct status_store *s, const char *key, struct task_status take_status)
{
    const struct status_entry *entry = strmap_get(&s->entries, key);
    const char *writer = take_status.worker_id;
    bool is_echo =
        entry && (entry->is_ours || entry->deleted) && writer && strcmp(writer, s->worker_id) == 0;
    bool is_stale = entry && !entry->deleted && take_status.generation < entry->status.generation;
    if (is_stale && entry->is_ours && !is_echo)
        repeat_ours(s, key, entry);
    if (is_echo || is_stale)
        task_status_release(&take_status);
    else
        set_entry(s, key, take_status, false);
}

static void apply_tombstone(struct status_store *s, const char *key)
{
    const struct status_entry *entry = strmap_get(&s->entries, key);
    if (!entry)
        return;
    if (entry->is_ours) /* written here since */
        repeat_ours(s, key, entry);
    else
        remove_entry(s, key);
}

/* Under the lock. */
static void set_topic(struct status_store *s, const char *key, bool active)
{
    if (active_topics_set(&s->topics, key, active) && !active)
        atomic_fetch_add(&s->topics_epoch, 1);
}

static void apply_topic(struct status_store *s, const char *key, bool active)
{
    pthread_mutex_lock(&s->lock);
    set_topic(s, key, active);
    pthread_mutex_unlock(&s->lock);
}

void status_store_apply(struct status_store *s, struct ks_slice key, struct ks_slice value)
{
    char *name = xstrndup(key.data ? key.data : "", key.len);
    struct task_status status;
    if (active_topics_owns(name))
        apply_topic(s, name, value.data != NULL);
    bool known = strncmp(name, "status-connector-", 17) == 0 ||
                 strncmp(name, TASK_PREFIX, strlen(TASK_PREFIX)) == 0;
    if (known && !value.data) {
        pthread_mutex_lock(&s->lock);
        apply_tombstone(s, name);
        pthread_mutex_unlock(&s->lock);
    } else if (known && task_status_parse(value, &status)) {
        pthread_mutex_lock(&s->lock);
        apply_status(s, name, status);
        pthread_mutex_unlock(&s->lock);
    } else if (known) {
        log_warn("status topic: record %s is not understood and has no effect", name);
    }
    free(name);
}

static void on_record(void *arg, struct ks_slice key, struct ks_slice value, int32_t partition,
                      int64_t offset)
{
    status_store_apply(arg, key, value);
}

/* A newer record of the key may be on its way: the newest is written, whatever was lost. */
static void on_lost(void *arg, struct ks_slice key)
{
    struct status_store *s = arg;
    char *name = xstrndup(key.data, key.len);
    pthread_mutex_lock(&s->lock);
    const struct status_entry *entry = strmap_get(&s->entries, name);
    char *text = entry && entry->is_ours ? task_status_format(&entry->status) : NULL;
    if (text || (entry && entry->deleted))
        write_record(s, name, text);
    pthread_mutex_unlock(&s->lock);
    free(text);
    free(name);
}

/* ---- open and close ---- */

struct status_store *status_store_new(const char *worker_id)
{
    struct status_store *s = xcalloc(1, sizeof *s);
    s->worker_id = xstrdup(worker_id);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

enum ks_status status_store_open(const struct worker_config *worker, struct status_store **ret,
                                 struct ks_error *err)
{
    struct status_store *s = status_store_new(worker->worker_id);
    enum ks_status status =
        compacted_topic_open(worker, worker->status_topic, worker->status_partitions,
                             worker->status_replication, on_record, s, &s->topic, err);
    if (status == KS_OK) {
        compacted_topic_on_lost(s->topic, on_lost);
        status = compacted_topic_sync(s->topic, SYNC_TIMEOUT_MS, err);
    }
    if (status != KS_OK) {
        status_store_close(s);
        return status;
    }
    *ret = s;
    return KS_OK;
}

void status_store_close(struct status_store *s)
{
    if (!s)
        return;
    compacted_topic_close(s->topic);
    size_t pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&s->entries, &pos, &key, &value)) {
        struct status_entry *entry = value;
        task_status_release(&entry->status);
        free(entry);
    }
    strmap_release(&s->entries);
    strmap_release(&s->counts);
    active_topics_release(&s->topics);
    pthread_mutex_destroy(&s->lock);
    free(s->worker_id);
    free(s);
}

/* ---- table ---- */

void status_store_put(struct status_store *s, const char *connector, int task,
                      const struct task_status *status)
{
    char *key = make_key(connector, task);
    struct task_status copy = task_status_copy(status);
    free(copy.worker_id);
    copy.worker_id = xstrdup(s->worker_id);
    char *text = task_status_format(&copy);
    pthread_mutex_lock(&s->lock);
    const struct status_entry *entry = strmap_get(&s->entries, key);
    bool is_stale = entry && !entry->deleted && entry->status.generation > copy.generation;
    if (is_stale) {
        task_status_release(&copy);
    } else {
        set_entry(s, key, copy, true);
        /* Under the lock, so that records have the order of the table. */
        write_record(s, key, text);
    }
    pthread_mutex_unlock(&s->lock);
    free(text);
    free(key);
}

static void delete_key(struct status_store *s, const char *key)
{
    struct status_entry *entry = strmap_get(&s->entries, key);
    if (!entry || entry->deleted)
        return;
    entry->is_ours = false;
    entry->deleted = true;
    if (!s->topic)
        remove_entry(s, key);
    write_record(s, key, NULL);
}

void status_store_delete(struct status_store *s, const char *connector, int task)
{
    char *key = make_key(connector, task);
    pthread_mutex_lock(&s->lock);
    delete_key(s, key);
    pthread_mutex_unlock(&s->lock);
    free(key);
}

void status_store_delete_tasks(struct status_store *s, const char *connector, int first_task)
{
    int count = status_store_task_count(s, connector);
    for (int task = first_task; task < count; task++)
        status_store_delete(s, connector, task);
}

bool status_store_get(struct status_store *s, const char *connector, int task,
                      struct task_status *ret)
{
    char *key = make_key(connector, task);
    pthread_mutex_lock(&s->lock);
    const struct status_entry *entry = strmap_get(&s->entries, key);
    bool found = entry && !entry->deleted;
    if (found)
        *ret = task_status_copy(&entry->status);
    pthread_mutex_unlock(&s->lock);
    free(key);
    return found;
}

static bool has_task(struct status_store *s, const char *connector, int task)
{
    char *key = make_key(connector, task);
    const struct status_entry *entry = strmap_get(&s->entries, key);
    free(key);
    return entry && !entry->deleted;
}

/* NULL: it is no connector's, or deleted. */
static const char *connector_of(const char *key, const struct status_entry *entry)
{
    static const char prefix[] = "status-connector-";
    bool is = strncmp(key, prefix, sizeof prefix - 1) == 0 && !entry->deleted;
    return is ? key + sizeof prefix - 1 : NULL;
}

size_t status_store_connectors(struct status_store *s, char ***ret)
{
    size_t pos = 0, bytes = 0, count = 0;
    const char *key, *name;
    void *value;
    pthread_mutex_lock(&s->lock);
    while (strmap_next(&s->entries, &pos, &key, &value))
        bytes += sizeof(char *) + strlen(key) + 1;
    char **names = xmalloc(bytes + 1), *text = (char *)(names + s->entries.len);
    for (pos = 0; strmap_next(&s->entries, &pos, &key, &value);) {
        if (!(name = connector_of(key, value)))
            continue;
        names[count++] = strcpy(text, name);
        text += strlen(name) + 1;
    }
    pthread_mutex_unlock(&s->lock);
    *ret = names;
    return count;
}

int status_store_task_count(struct status_store *s, const char *connector)
{
    pthread_mutex_lock(&s->lock);
    void **bound = strmap_find(&s->counts, connector);
    int count = bound ? (int)(uintptr_t)*bound : 0;
    while (count > 0 && !has_task(s, connector, count - 1))
        count--;
    if (count > 0)
        *bound = (void *)(uintptr_t)count;
    else
        strmap_remove(&s->counts, connector);
    pthread_mutex_unlock(&s->lock);
    return count;
}

/* ---- topics ---- */

void status_store_add_topic(struct status_store *s, const char *connector, int task,
                            const char *topic)
{
    char *key = active_topics_key(connector, topic);
    pthread_mutex_lock(&s->lock);
    if (active_topics_set(&s->topics, key, true)) {
        char *text = active_topics_value(connector, topic, task, clock_wall_ms());
        write_record(s, key, text);
        free(text);
    }
    pthread_mutex_unlock(&s->lock);
    free(key);
}

void status_store_forget_topics(struct status_store *s, const char *connector)
{
    char **topics;
    pthread_mutex_lock(&s->lock);
    size_t count = active_topics_of(&s->topics, connector, &topics);
    for (size_t i = 0; i < count; i++) {
        char *key = active_topics_key(connector, topics[i]);
        set_topic(s, key, false);
        write_record(s, key, NULL);
        free(key);
    }
    pthread_mutex_unlock(&s->lock);
    free(topics);
}

size_t status_store_topics(struct status_store *s, const char *connector, char ***ret)
{
    pthread_mutex_lock(&s->lock);
    size_t count = active_topics_of(&s->topics, connector, ret);
    pthread_mutex_unlock(&s->lock);
    return count;
}

const _Atomic unsigned *status_store_topics_epoch(const struct status_store *s)
{
    return &s->topics_epoch;
}
