/* Making a task. In: a create request; out: its two connectors in the config topic. Next: the
 * herder of whichever worker holds their slots.
 *
 * Order of the writes, and what a crash leaves:
 *   1. <task_id>-source, only if there is none, STOPPED. The log decides who was first; from here
 *      on the ID is taken, and another create of it answers with it.
 *   2. <task_id>-sink, STARTED, unless the task is for Kafka. It waits for the stream.
 *   3. the source is STARTED.
 * Between 1 and 3 the task is half made: `get` says so, and the same create again, or delete, puts
 * it right. delete takes the sink first and the source last, so that it can leave nothing but a
 * half made task either.
 *
 * Two workers may look at what other tasks cover at the same moment, see nothing, and both write
 * their 1. Each has read the log up to its own record then, so the later one finds the earlier: it
 * takes its record back and looks again, as if it had been asked later. If both die before they
 * find that out there are two half made tasks. The earlier one can be put right, since it passes
 * over the later one; the later one finds the earlier, and can be deleted. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alloc.h"
#include "cdc_names.h"
#include "cdc_ops.h"
#include "cdc_position.h"
#include "cdc_target.h"
#include "clock.h"
#include "connector_plan.h"
#include "kitestream/sdk/util.h"
#include "log.h"

/* How far the source's clock may be behind ours without rows being missed. */
#define CLOCK_MARGIN_MS 1000

/* On one worker, looking at what others cover and writing what this one covers is one step. */
static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

struct making {
    const struct rest_context *ctx;
    struct cdc_create create;
    char *task_id, *source_name, *sink_name;
    int64_t asked_ms;
    bool is_half;    /* an earlier try ended in the middle */
    int64_t created; /* of that try's record */
    /* What is found beside others. */
    int64_t newest; /* the `created` of the last task that was looked at */
    char *start_from, *mapping;
    json_t *excludes;
    struct cdc_plan plan;
    struct string_map source, sink;
};

static void forget_plan(struct making *m)
{
    string_map_release(&m->source);
    string_map_release(&m->sink);
    json_decref(m->excludes);
    free(m->start_from);
    free(m->mapping);
    m->excludes = NULL;
    m->start_from = m->mapping = NULL;
}

static void making_release(struct making *m)
{
    forget_plan(m);
    free(m->task_id);
    free(m->source_name);
    free(m->sink_name);
    cdc_create_release(&m->create);
}

static char *new_task_id(void)
{
    uint8_t bytes[16];
    struct ks_buf text = {0};
    for (size_t got = 0; got < sizeof bytes;) {
        ssize_t n = getrandom(bytes + got, sizeof bytes - got, 0);
        got += n > 0 ? (size_t)n : 0;
    }
    for (size_t i = 0; i < sizeof bytes; i++)
        ks_buf_printf(&text, "%02x", bytes[i]);
    return ks_buf_take_str(&text);
}

/* ---- alone ---- */

static bool has_option(const struct making *m, const char *name)
{
    const char *value = string_map_get(&m->ctx->worker->all, name);
    return value && *value;
}

static enum ks_status check_request(struct making *m, struct ks_error *err)
{
    struct ks_config all = string_map_view(&m->ctx->worker->all);
    const struct cdc_limits limits = {
        .name_length = ks_config_long(&all, "cdc.max.name.length", 256),
        .replicate_channel = ks_config_get(&all, "cdc.source.replicate.channel"),
    };
    enum ks_status status = cdc_create_check(&m->create, &limits, err);
    if (!status &&
        !(has_option(m, "cdc.source.etcd.address") && has_option(m, "cdc.source.kafka.address")))
        status = ks_error_set(err, KS_ERR_DATA,
                              "this worker does not know the source: set cdc.source.etcd.address "
                              "and cdc.source.kafka.address in its configuration");
    return status;
}

static enum ks_status check_target(const struct making *m, struct ks_error *err)
{
    rest_waits_for("the target of a new task");
    if (cdc_has_milvus(&m->create.milvus))
        return cdc_target_milvus(&m->create.milvus, err);
    return cdc_target_kafka(m->ctx->worker, &m->create.kafka, err);
}

/* ---- beside others ---- */

/* Tasks with the same target. Owns: the names, not the IDs and excludes. */
struct others {
    struct cdc_taken *list;
    size_t count;
};

static void add_other(struct others *others, const struct making *m, const struct cdc_task *t)
{
    struct cdc_limits limits = {.name_length = INT64_MAX};
    struct cdc_create c;
    if (strcmp(t->id, m->task_id) == 0 || cdc_create_read(json_incref(t->record), &c, NULL))
        return;
    char *ours = cdc_target_key(&m->create), *theirs = cdc_target_key(&c);
    if (strcmp(ours, theirs) == 0 && cdc_create_check(&c, &limits, NULL) == KS_OK)
        others->list[others->count++] = (struct cdc_taken){
            .task_id = t->id,
            .name = cdc_name(c.db, c.collection.name),
            .excludes = json_object_get(t->record, "excludes"),
        };
    free(ours);
    free(theirs);
    cdc_create_release(&c);
}

/* Its maker finds our record, as we would its one if it were the earlier. */
static bool must_give_way(const struct making *m, const struct cdc_task *t)
{
    return m->is_half && t->created > m->created && cdc_task_is_half(t);
}

/* Those made after `after` and before `before`. */
static struct others find_others(const struct making *m, const struct cdc_tasks *tasks,
                                 int64_t after, int64_t before)
{
    struct others others = {.list = xcalloc(tasks->count + 1, sizeof *others.list)};
    for (size_t i = 0; i < tasks->count; i++)
        if (tasks->list[i].created > after && tasks->list[i].created < before &&
            !must_give_way(m, &tasks->list[i]))
            add_other(&others, m, &tasks->list[i]);
    return others;
}

static void others_release(struct others *others)
{
    for (size_t i = 0; i < others->count; i++)
        free((char *)others->list[i].name);
    free(others->list);
}

static bool is_half_named(const struct cdc_tasks *tasks, const char *id)
{
    for (size_t i = 0; i < tasks->count; i++)
        if (strcmp(tasks->list[i].id, id) == 0)
            return cdc_task_is_half(&tasks->list[i]);
    return false;
}

static enum ks_status check_names(struct making *m, const struct cdc_tasks *tasks,
                                  struct ks_error *err)
{
    struct others others = find_others(m, tasks, -1, INT64_MAX);
    char *name = cdc_name(m->create.db, m->create.collection.name);
    const char *holder = cdc_taken_by(others.list, others.count, name);
    enum ks_status status = KS_OK;
    if (holder)
        status =
            ks_error_set(err, KS_ERR_DATA,
                         "%s is already covered by the task %s for the same target%s", name, holder,
                         is_half_named(tasks, holder) ? ", which is half made: send its create "
                                                        "request again, or delete it"
                                                      : "");
    else
        m->excludes = cdc_excludes(others.list, others.count, name);
    others_release(&others);
    free(name);
    return status;
}

static enum ks_status choose_start(struct making *m, struct ks_error *err)
{
    const struct cdc_create *c = &m->create;
    uint64_t tick;
    if (c->positions)
        return ks_error_set(err, KS_ERR_DATA,
                            "positions is no longer read: put them into the collection's entry");
    if (*c->rpc_position && !cdc_position_decode(c->rpc_position, &tick))
        return ks_error_set(err, KS_ERR_DATA,
                            "rpc_channel_info.position is not the base64 of a MsgPosition");
    if (c->collection.positions)
        return cdc_positions_start(c->collection.positions, &m->start_from, err);
    /* Not "latest", which is when the source has looked around: whoever was answered may write. */
    m->start_from = c->collection.use_start_position ? xstrdup("earliest")
                                                     : cdc_time_text(m->asked_ms - CLOCK_MARGIN_MS);
    return KS_OK;
}

static enum ks_status check_count(const struct making *m, const struct cdc_tasks *tasks,
                                  struct ks_error *err)
{
    struct ks_config all = string_map_view(&m->ctx->worker->all);
    int64_t max = ks_config_long(&all, "cdc.max.task.num", 100);
    if (m->is_half || (int64_t)tasks->count < max)
        return KS_OK;
    return ks_error_set(err, KS_ERR_DATA,
                        "there are %lld tasks, and cdc.max.task.num allows no "
                        "more",
                        (long long)max);
}

/* Two sources must not write one stream. */
static enum ks_status check_prefix(const struct making *m, struct ks_error *err)
{
    char **names, *prefix = cdc_topic_prefix(&m->plan);
    size_t count = herder_names(m->ctx->herder, &names);
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < count && !status; i++) {
        struct connector_config config;
        enum ks_class_kind kind;
        if (strcmp(names[i], m->source_name) == 0 ||
            !herder_kind(m->ctx->herder, names[i], &kind) || kind != KS_CLASS_SOURCE ||
            !herder_config(m->ctx->herder, names[i], &config))
            continue;
        const char *theirs = string_map_get(&config.config, "topic.prefix");
        if (theirs && strcmp(theirs, prefix) == 0)
            status = ks_error_set(err, KS_ERR_DATA,
                                  "connector %s publishes as %s already: choose another topic",
                                  names[i], prefix);
        connector_config_release(&config);
    }
    free(names);
    free(prefix);
    return status;
}

/* A sink of that name that reads another stream is not ours to overwrite. */
static enum ks_status check_sink_name(const struct making *m, struct ks_error *err)
{
    struct connector_config config;
    if (!herder_config(m->ctx->herder, m->sink_name, &config))
        return KS_OK;
    const char *theirs = string_map_get(&config.config, "topic.prefix");
    const char *ours = string_map_get(&m->sink, "topic.prefix");
    bool same = theirs && strcmp(theirs, ours) == 0;
    connector_config_release(&config);
    return same ? KS_OK
                : ks_error_set(err, KS_ERR_DATA, "there is a connector %s that is not of a task",
                               m->sink_name);
}

static enum ks_status check_config(const struct making *m, const char *name,
                                   const struct string_map *config, struct ks_error *err)
{
    struct config_issues issues = {0};
    enum herder_answer answer = herder_check(m->ctx->herder, name, config, &issues, err);
    if (answer == HERDER_INVALID)
        connector_plan_issues_error(&issues, err);
    config_issues_release(&issues);
    return cdc_status_of(answer);
}

static enum ks_status check_configs(struct making *m, struct ks_error *err)
{
    m->plan = (struct cdc_plan){.worker = m->ctx->worker,
                                .create = &m->create,
                                .task_id = m->task_id,
                                .excludes = m->excludes,
                                .start_from = m->start_from,
                                .mapping = m->mapping};
    m->source = cdc_source_config(&m->plan);
    enum ks_status status = check_prefix(m, err);
    if (!status)
        status = check_config(m, m->source_name, &m->source, err);
    if (status || !cdc_has_milvus(&m->create.milvus))
        return status;
    m->sink = cdc_sink_config(&m->plan);
    status = check_sink_name(m, err);
    return status ? status : check_config(m, m->sink_name, &m->sink, err);
}

static enum ks_status check_beside_others(struct making *m, struct ks_error *err)
{
    struct cdc_tasks tasks = cdc_tasks_read(m->ctx->herder);
    enum ks_status status = KS_OK;
    forget_plan(m);
    for (size_t i = 0; i < tasks.count; i++)
        if (tasks.list[i].created > m->newest)
            m->newest = tasks.list[i].created;
    if (m->create.enable_user_role)
        status = ks_error_set(err, KS_ERR_DATA,
                              "extra_info.enable_user_role: users, roles and grants are not "
                              "replicated yet; leave it out");
    if (!status)
        status = check_names(m, &tasks, err);
    if (!status)
        status = cdc_mapping(&m->create, &m->mapping, err);
    if (!status)
        status = choose_start(m, err);
    if (!status)
        status = check_count(m, &tasks, err);
    if (!status)
        status = check_configs(m, err);
    cdc_tasks_release(&tasks);
    return status;
}

/* ---- the writes ---- */

static enum ks_status write_sink(const struct making *m, struct ks_error *err)
{
    struct herder *h = m->ctx->herder;
    enum ks_status status = cdc_status_of(
        herder_store_connector(h, m->sink_name, &m->sink, TARGET_STARTED, false, err));
    if (!status && m->is_half) /* one that was there keeps its state */
        status = cdc_status_of(herder_set_target(h, m->sink_name, TARGET_STARTED, err));
    return status;
}

/* Did a task for the same target come between the look and our record? */
static bool came_between(const struct making *m)
{
    struct cdc_task own;
    if (!cdc_task_find(m->ctx->herder, m->task_id, &own))
        return false;
    struct cdc_tasks tasks = cdc_tasks_read(m->ctx->herder);
    struct others others = find_others(m, &tasks, m->newest, own.created);
    bool found = others.count > 0;
    others_release(&others);
    cdc_tasks_release(&tasks);
    cdc_task_release(&own);
    return found;
}

enum claim { CLAIM_LATE, CLAIM_OURS, CLAIM_OF_ANOTHER };

/* OF_ANOTHER: another worker's task has this ID. LATE: nothing is left of ours. */
static enum ks_status write_source(const struct making *m, enum claim *ret, struct ks_error *err)
{
    struct herder *h = m->ctx->herder;
    enum herder_answer answer =
        herder_store_connector(h, m->source_name, &m->source, TARGET_STOPPED, !m->is_half, err);
    *ret = answer == HERDER_CONFLICT ? CLAIM_OF_ANOTHER : CLAIM_OURS;
    if (answer == HERDER_CONFLICT)
        return KS_OK;
    enum ks_status status = cdc_status_of(answer);
    if (status || !came_between(m))
        return status;
    *ret = CLAIM_LATE;
    return cdc_status_of(herder_delete(h, m->source_name, err));
}

static enum ks_status write_all(struct making *m, struct ks_error *err)
{
    enum claim claim = CLAIM_LATE;
    enum ks_status status = KS_OK;
    while (!status && claim == CLAIM_LATE) {
        status = check_beside_others(m, err);
        if (!status)
            status = write_source(m, &claim, err);
    }
    if (status || claim == CLAIM_OF_ANOTHER)
        return status;
    if (m->sink.count > 0)
        status = write_sink(m, err);
    return status ? status
                  : cdc_status_of(
                        herder_set_target(m->ctx->herder, m->source_name, TARGET_STARTED, err));
}

/* ---- all of it ---- */

/* *ret_done: there is nothing to make. */
static enum ks_status look_for_task(struct making *m, bool *ret_done, struct ks_error *err)
{
    struct cdc_task task;
    struct connector_config config;
    *ret_done = false;
    if (cdc_task_find(m->ctx->herder, m->task_id, &task)) {
        m->is_half = cdc_task_is_half(&task);
        m->created = task.created;
        *ret_done = !m->is_half;
        cdc_task_release(&task);
        return KS_OK;
    }
    if (!herder_config(m->ctx->herder, m->source_name, &config))
        return KS_OK;
    connector_config_release(&config);
    return ks_error_set(err, KS_ERR_DATA,
                        "there is a connector %s that is not of a task: choose another task_id",
                        m->source_name);
}

static enum ks_status make(struct making *m, struct ks_error *err)
{
    enum ks_status status = check_request(m, err);
    if (!status)
        status = check_target(m, err);
    if (status)
        return status;
    rest_waits_for("Kafka, to write a new task");
    pthread_mutex_lock(&looking);
    status = write_all(m, err);
    pthread_mutex_unlock(&looking);
    if (!status)
        log_info("task %s of POST /cdc: made", m->task_id);
    return status;
}

enum ks_status cdc_op_create(const struct rest_context *ctx, json_t *data, json_t **ret,
                             struct ks_error *err)
{
    struct making m = {.ctx = ctx, .asked_ms = clock_wall_ms()};
    bool done = false;
    enum ks_status status =
        cdc_create_read(data ? json_incref(data) : json_object(), &m.create, err);
    if (!status)
        status = cdc_task_id_check(m.create.task_id, err);
    if (!status) {
        m.task_id = *m.create.task_id ? xstrdup(m.create.task_id) : new_task_id();
        m.source_name = cdc_source_name(m.task_id);
        m.sink_name = cdc_sink_name(m.task_id);
        status = look_for_task(&m, &done, err);
    }
    if (!status && !done)
        status = make(&m, err);
    if (!status)
        *ret = json_pack("{s:s}", "task_id", m.task_id);
    making_release(&m);
    return status;
}
