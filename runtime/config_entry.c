/* One connector's records in the config topic, folded. In: JSON values in log order; out: the
 * connector as it is wanted now. Next: config_store. */
#include "config_entry.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "map.h"

struct config_entry {
    bool exists;
    char *raw; /* the record that counts, for a repetition */
    struct string_map config;
    int64_t version, created;
    int auto_restart;
    enum target_state initial; /* what it was created with */
    enum target_state target;  /* has_target: what it was told since */
    bool has_target;
    struct restart_request restart;
    struct map pending; /* task number to struct string_map *, not committed yet */
    struct string_map *tasks;
    size_t task_count;
};

const char *target_state_name(enum target_state state)
{
    static const char *const names[] = {"STARTED", "PAUSED", "STOPPED"};
    return names[state];
}

struct config_entry *config_entry_new(void)
{
    struct config_entry *e = xcalloc(1, sizeof *e);
    e->auto_restart = AUTO_RESTART_OFF;
    return e;
}

static void release_tasks(struct string_map *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        string_map_release(&tasks[i]);
    free(tasks);
}

static void release_pending(struct config_entry *e)
{
    size_t pos = 0;
    uint64_t number;
    void *value;
    while (map_next(&e->pending, &pos, &number, &value)) {
        string_map_release(value);
        free(value);
    }
    map_release(&e->pending);
}

void config_entry_free(struct config_entry *e)
{
    if (!e)
        return;
    release_pending(e);
    release_tasks(e->tasks, e->task_count);
    string_map_release(&e->config);
    free(e->raw);
    free(e);
}

void connector_config_release(struct connector_config *c)
{
    release_tasks(c->tasks, c->task_count);
    string_map_release(&c->config);
    free(c->name);
    *c = (struct connector_config){0};
}

bool config_entry_exists(const struct config_entry *e)
{
    return e->exists;
}

enum target_state config_entry_initial(const struct config_entry *e)
{
    return e->initial;
}

const char *config_entry_raw(const struct config_entry *e)
{
    return e->raw;
}

static struct string_map copy_map(const struct string_map *m)
{
    struct ks_config view = string_map_view(m);
    return string_map_copy(&view);
}

void config_entry_copy(const struct config_entry *e, const char *name, struct connector_config *ret)
{
    *ret = (struct connector_config){.name = xstrdup(name),
                                     .config = copy_map(&e->config),
                                     .version = e->version,
                                     .created = e->created,
                                     .target = e->has_target ? e->target : e->initial,
                                     .auto_restart = e->auto_restart,
                                     .restart = e->restart,
                                     .task_count = e->task_count};
    ret->tasks = xcalloc(e->task_count + 1, sizeof *ret->tasks);
    for (size_t i = 0; i < e->task_count; i++)
        ret->tasks[i] = copy_map(&e->tasks[i]);
}

/* A connector made again later under this name begins with nothing. */
static void forget(struct config_entry *e)
{
    release_pending(e);
    release_tasks(e->tasks, e->task_count);
    string_map_release(&e->config);
    free(e->raw);
    *e = (struct config_entry){.auto_restart = AUTO_RESTART_OFF, .version = e->version};
}

static bool parse_target(const char *name, enum target_state *ret)
{
    for (enum target_state t = TARGET_STARTED; name && t <= TARGET_STOPPED; t++) {
        if (strcmp(name, target_state_name(t)) != 0)
            continue;
        *ret = t;
        return true;
    }
    return false;
}

/* Whether the log knew better when this record came: a create that came second, or a repetition of
 * what has changed since. */
static bool is_void(const struct config_entry *e, const json_t *value)
{
    const json_t *as_of = json_object_get(value, "as.of");
    return (e->exists && json_is_true(json_object_get(value, "create"))) ||
           (as_of && e->version > json_integer_value(as_of));
}

/* A repetition is as old as what it repeats, so that a later one outdoes it. */
static int64_t version_of(const json_t *value, int64_t offset)
{
    const json_t *as_of = json_object_get(value, "as.of");
    return as_of ? json_integer_value(as_of) : offset + 1;
}

static void begin(struct config_entry *e, const json_t *value, int64_t offset)
{
    /* What a late request has told the one before it. */
    if (json_is_true(json_object_get(value, "new")))
        e->has_target = false;
    e->created = offset + 1;
    e->exists = true;
}

bool config_entry_set_connector(struct config_entry *e, const json_t *value, struct ks_slice raw,
                                int64_t offset, bool *refused)
{
    if (!value) {
        forget(e);
        e->version = offset + 1;
        return true;
    }
    *refused = is_void(e, value);
    if (*refused)
        return true;
    struct string_map config = {0};
    struct ks_error ignored;
    if (string_map_from_json(json_object_get(value, "properties"), &config, &ignored) != KS_OK)
        return false;
    string_map_release(&e->config);
    free(e->raw);
    e->config = config;
    e->raw = xstrndup(raw.data, raw.len);
    if (!e->exists)
        begin(e, value, offset);
    parse_target(json_string_value(json_object_get(value, "initial.state")), &e->initial);
    e->version = version_of(value, offset);
    const json_t *auto_restart = json_object_get(value, "auto.restart");
    e->auto_restart = json_is_integer(auto_restart) && json_integer_value(auto_restart) >= 0
                          ? (int)json_integer_value(auto_restart)
                          : AUTO_RESTART_OFF;
    return true;
}

bool config_entry_set_target(struct config_entry *e, const json_t *value)
{
    if (!value) {
        e->has_target = false;
        return true;
    }
    /* Connect writes "state.v2" beside an older spelling that does not know STOPPED. */
    const char *name = json_string_value(json_object_get(value, "state.v2"));
    if (!name)
        name = json_string_value(json_object_get(value, "state"));
    if (!parse_target(name, &e->target))
        return false;
    e->has_target = true;
    return true;
}

static void drop_pending(struct config_entry *e, int task)
{
    struct string_map *old = map_remove(&e->pending, (uint64_t)task);
    if (old)
        string_map_release(old);
    free(old);
}

bool config_entry_set_task(struct config_entry *e, int task, const json_t *value)
{
    if (!value) {
        drop_pending(e, task);
        return true;
    }
    struct string_map config = {0};
    struct ks_error ignored;
    if (string_map_from_json(json_object_get(value, "properties"), &config, &ignored) != KS_OK)
        return false;
    drop_pending(e, task);
    struct string_map *kept = xmalloc(sizeof *kept);
    *kept = config;
    map_put(&e->pending, (uint64_t)task, kept);
    return true;
}

bool config_entry_commit_tasks(struct config_entry *e, const json_t *value)
{
    const json_t *number = json_object_get(value, "tasks");
    if (value && (!json_is_integer(number) || json_integer_value(number) < 0))
        return false;
    size_t count = value ? (size_t)json_integer_value(number) : 0;
    /* Unchanged tasks need no new record: compaction keeps their old one in front. */
    for (size_t i = 0; i < count; i++) {
        if (!map_find(&e->pending, i) && i >= e->task_count)
            return false;
    }
    struct string_map *tasks = xcalloc(count + 1, sizeof *tasks);
    for (size_t i = 0; i < count; i++) {
        struct string_map *pending = map_remove(&e->pending, i);
        tasks[i] = pending ? *pending : copy_map(&e->tasks[i]);
        free(pending);
    }
    release_tasks(e->tasks, e->task_count);
    release_pending(e);
    e->tasks = tasks;
    e->task_count = count;
    return true;
}

bool config_entry_set_restart(struct config_entry *e, const json_t *value, int64_t offset)
{
    if (!value) /* the tombstone of a request asks for nothing */
        return true;
    const json_t *task = json_object_get(value, "task");
    e->restart = (struct restart_request){
        .seq = offset + 1,
        .connector = !task,
        .include_tasks = json_is_true(json_object_get(value, "include-tasks")),
        .only_failed = json_is_true(json_object_get(value, "only-failed")),
        .task = json_is_integer(task) ? (int)json_integer_value(task) : -1,
    };
    return true;
}
