/* In: a connector of the config topic and the statuses of a pair; out: the task as milvus-cdc knows
 * tasks. A failed connector is milvus-cdc's Paused, with the trace as the reason: it has no failed
 * state, and pauses what cannot go on. */
#include "cdc_task.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "milvus_uri.h"

#define SOURCE_SUFFIX "-source"
#define HALF_MADE                                                                                  \
    "the task is half made: send the create request again with this task_id, or delete it"

char *cdc_source_name(const char *task_id)
{
    return xasprintf("%s" SOURCE_SUFFIX, task_id);
}

char *cdc_sink_name(const char *task_id)
{
    return xasprintf("%s-sink", task_id);
}

char *cdc_task_of(const struct connector_config *config, json_t **ret_record)
{
    const char *text = string_map_get(&config->config, CDC_TASK_OPTION);
    size_t len = strlen(config->name), suffix = strlen(SOURCE_SUFFIX);
    if (!text || len <= suffix || strcmp(config->name + len - suffix, SOURCE_SUFFIX) != 0)
        return NULL;
    json_t *record = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(record)) {
        json_decref(record);
        return NULL;
    }
    *ret_record = record;
    return xstrndup(config->name, len - suffix);
}

void cdc_task_release(struct cdc_task *t)
{
    free(t->id);
    json_decref(t->record);
    connector_status_release(&t->source.status);
    connector_status_release(&t->sink.status);
    *t = (struct cdc_task){0};
}

/* ---- state ---- */

static bool has_failed(const struct task_status *status, const char **ret_trace)
{
    if (status->state != TASK_FAILED)
        return false;
    if (ret_trace)
        *ret_trace = status->trace ? status->trace : "failed, without a trace";
    return true;
}

static bool side_has_failed(const struct cdc_side *side, const char **ret_trace)
{
    if (!side->exists)
        return false;
    bool failed = has_failed(&side->status.connector, ret_trace);
    for (size_t i = 0; i < side->status.task_count && !failed; i++)
        failed = has_failed(&side->status.tasks[i], ret_trace);
    return failed;
}

bool cdc_task_has_failed(const struct cdc_task *t, const char **ret_trace)
{
    return side_has_failed(&t->source, ret_trace) || side_has_failed(&t->sink, ret_trace);
}

static bool side_is_running(const struct cdc_side *side)
{
    bool running = side->status.connector.state == TASK_RUNNING && side->status.task_count > 0;
    for (size_t i = 0; i < side->status.task_count; i++)
        running = running && side->status.tasks[i].state == TASK_RUNNING;
    return running;
}

bool cdc_task_is_half(const struct cdc_task *t)
{
    bool is_stopped = t->source.target == TARGET_STOPPED;
    if (!t->needs_sink)
        return is_stopped;
    return !t->sink.exists || (is_stopped && t->sink.target == TARGET_STARTED);
}

enum cdc_state cdc_task_state(const struct cdc_task *t, const char **ret_reason)
{
    *ret_reason = NULL;
    if (cdc_task_is_half(t)) {
        *ret_reason = HALF_MADE;
        return CDC_INITIAL;
    }
    bool wanted =
        t->source.target == TARGET_STARTED && (!t->needs_sink || t->sink.target == TARGET_STARTED);
    if (!wanted) {
        *ret_reason = "paused by request";
        return CDC_PAUSED;
    }
    if (cdc_task_has_failed(t, ret_reason))
        return CDC_PAUSED;
    return side_is_running(&t->source) && (!t->needs_sink || side_is_running(&t->sink))
               ? CDC_RUNNING
               : CDC_INITIAL;
}

json_t *cdc_task_json(const struct cdc_task *t)
{
    static const char *const names[] = {"Initial", "Running", "Paused"};
    const char *reason;
    enum cdc_state state = cdc_task_state(t, &reason);
    json_t *json = json_copy(t->record);
    json_object_del(json, "excludes");
    json_object_set_new(json, "task_id", json_string(t->id));
    json_object_set_new(json, "state", json_string(names[state]));
    if (reason)
        json_object_set_new(json, "reason", json_string(reason));
    return json;
}

char *cdc_target_key(const struct cdc_create *c)
{
    struct milvus_uri uri;
    if (!cdc_has_milvus(&c->milvus))
        return xstrdup(c->kafka.address);
    char *text = cdc_milvus_uri(&c->milvus);
    if (milvus_uri_parse(text, &uri, NULL) != KS_OK)
        return text;
    free(text);
    return uri.target;
}
