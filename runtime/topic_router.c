/* In: names of topics as a connector, or Kafka, has them; out: as its RegexRouters change them, one
 * after another. Next: source_sender and the services of task_host on the way to Kafka; worker_sink
 * on the way to a plugin. */
#include "topic_router.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "java_regex.h"
#include "kitestream/sdk/util.h"
#include "map.h"
#include "topic_name.h"

struct step {
    char *alias, *replacement;
    struct java_regex *regex;
};

struct route {
    char *topic, *routed;
};

struct topic_router {
    struct step *steps;
    size_t step_count;
    struct strmap routes;     /* topic -> struct route */
    const struct route *last; /* records come in runs of one topic */
};

static const char *option_of(const struct ks_config *config, const char *alias, const char *name)
{
    char *key = xasprintf("transforms.%s.%s", alias, name);
    const char *value = ks_config_get(config, key);
    free(key);
    return value ? value : "";
}

static enum ks_status step_open(const struct ks_config *config, const char *alias, struct step *ret,
                                struct ks_error *err)
{
    *ret = (struct step){.alias = xstrdup(alias),
                         .replacement = xstrdup(option_of(config, alias, "replacement"))};
    if (java_regex_new(option_of(config, alias, "regex"), &ret->regex, err) != KS_OK) {
        ks_error_prefix(err, "transforms.%s.regex", alias);
        return err->status = KS_ERR_FATAL;
    }
    char *fault = java_regex_replacement_fault(ret->regex, ret->replacement);
    enum ks_status status =
        fault ? ks_error_set(err, KS_ERR_FATAL, "transforms.%s.replacement: %s", alias, fault)
              : KS_OK;
    free(fault);
    return status;
}

enum ks_status topic_router_new(const struct ks_config *config, struct topic_router **ret,
                                struct ks_error *err)
{
    char **aliases;
    enum ks_status status = KS_OK;
    size_t count = ks_config_list(config, "transforms", &aliases);
    *ret = NULL;
    if (count == 0) {
        free(aliases);
        return KS_OK;
    }
    struct topic_router *r = xcalloc(1, sizeof *r);
    r->steps = xcalloc(count, sizeof *r->steps);
    while (status == KS_OK && r->step_count < count) {
        struct step *step = &r->steps[r->step_count++];
        status = step_open(config, aliases[r->step_count - 1], step, err);
    }
    free(aliases);
    if (status != KS_OK)
        topic_router_free(r);
    else
        *ret = r;
    return status;
}

void topic_router_free(struct topic_router *r)
{
    size_t pos = 0;
    const char *key;
    void *value;
    if (!r)
        return;
    while (strmap_next(&r->routes, &pos, &key, &value)) {
        struct route *route = value;
        free(route->topic);
        free(route->routed);
        free(route);
    }
    strmap_release(&r->routes);
    for (size_t i = 0; i < r->step_count; i++) {
        java_regex_free(r->steps[i].regex);
        free(r->steps[i].replacement);
        free(r->steps[i].alias);
    }
    free(r->steps);
    free(r);
}

/* One step; *name is replaced where the expression matches. */
static enum ks_status take_step(const struct step *step, char **name, struct ks_error *err)
{
    struct ks_buf out = {0};
    enum java_match match = java_regex_matches(step->regex, *name);
    if (match == JAVA_MATCH)
        match = java_regex_replace_first(step->regex, *name, step->replacement, &out);
    enum ks_status status = KS_OK;
    if (match == JAVA_GAVE_UP) {
        status = ks_error_set(err, KS_ERR_FATAL,
                              "transforms.%s.regex: no answer for the topic %s after very many "
                              "steps; write it with fewer nested repetitions",
                              step->alias, *name);
    } else if (match == JAVA_MATCH) {
        free(*name);
        *name = ks_buf_take_str(&out);
    }
    ks_buf_release(&out);
    return status;
}

static enum ks_status work_out(const struct topic_router *r, const char *topic, char **ret,
                               struct ks_error *err)
{
    char *name = xstrdup(topic);
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < r->step_count && status == KS_OK; i++)
        status = take_step(&r->steps[i], &name, err);
    const char *fault = status == KS_OK ? topic_name_fault(name) : NULL;
    if (fault)
        status =
            ks_error_set(err, KS_ERR_FATAL, "transforms: the name \"%s\" that the topic %s gets %s",
                         name, topic, fault);
    if (status == KS_OK)
        *ret = name;
    else
        free(name);
    return status;
}

enum ks_status topic_router_route(struct topic_router *r, const char *topic, const char **ret,
                                  struct ks_error *err)
{
    *ret = topic;
    if (!r)
        return KS_OK;
    if (!r->last || strcmp(r->last->topic, topic) != 0) {
        struct route *route = strmap_get(&r->routes, topic);
        if (!route) {
            char *routed;
            if (work_out(r, topic, &routed, err) != KS_OK)
                return err->status;
            route = xcalloc(1, sizeof *route);
            *route = (struct route){xstrdup(topic), routed};
            strmap_put(&r->routes, topic, route);
        }
        r->last = route;
    }
    *ret = r->last->routed;
    return KS_OK;
}

const char *topic_router_original(const struct topic_router *r, const char *routed)
{
    size_t pos = 0;
    const char *key;
    void *value;
    while (r && strmap_next(&r->routes, &pos, &key, &value)) {
        const struct route *route = value;
        if (route->routed == routed)
            return route->topic;
    }
    return routed;
}
