/* One record of the status topic. In: a state, as herder and task threads report it; out: Connect's
 * JSON, and back. Next: status_store. */
#include "status_record.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static bool state_from_name(const char *name, enum task_state *ret)
{
    for (enum task_state s = TASK_UNASSIGNED; name && s <= TASK_DESTROYED; s++) {
        if (strcmp(name, task_state_name(s)) != 0)
            continue;
        *ret = s;
        return true;
    }
    return false;
}

void task_status_release(struct task_status *status)
{
    free(status->trace);
    free(status->waiting);
    free(status->worker_id);
    free(status->version);
    *status = (struct task_status){0};
}

static char *copy_text(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

struct task_status task_status_copy(const struct task_status *status)
{
    return (struct task_status){.state = status->state,
                                .trace = copy_text(status->trace),
                                .waiting = copy_text(status->waiting),
                                .worker_id = copy_text(status->worker_id),
                                .version = copy_text(status->version),
                                .generation = status->generation};
}

bool task_status_parse(struct ks_slice value, struct task_status *ret)
{
    json_t *json = json_loadb(value.data, value.len, 0, NULL);
    struct task_status status = {0};
    bool ok = state_from_name(json_string_value(json_object_get(json, "state")), &status.state);
    if (ok) {
        status.trace = copy_text(json_string_value(json_object_get(json, "trace")));
        status.waiting = copy_text(json_string_value(json_object_get(json, "waiting")));
        status.worker_id = copy_text(json_string_value(json_object_get(json, "worker_id")));
        status.version = copy_text(json_string_value(json_object_get(json, "version")));
        status.generation = json_integer_value(json_object_get(json, "generation"));
        *ret = status;
    }
    json_decref(json);
    return ok;
}

json_t *status_text_json(const char *text)
{
    if (!text)
        return json_null();
    json_t *json = json_string(text);
    if (json)
        return json;
    char *copy = xstrdup(text);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    json = json_string(copy);
    free(copy);
    return json;
}

char *task_status_format(const struct task_status *status)
{
    json_t *json = json_object();
    json_object_set_new(json, "state", json_string(task_state_name(status->state)));
    json_object_set_new(json, "trace", status_text_json(status->trace));
    json_object_set_new(json, "worker_id", status_text_json(status->worker_id));
    json_object_set_new(json, "generation", json_integer(status->generation));
    if (status->version)
        json_object_set_new(json, "version", status_text_json(status->version));
    if (status->waiting)
        json_object_set_new(json, "waiting", status_text_json(status->waiting));
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}
