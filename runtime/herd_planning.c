/* Planning that may hang. In: a configuration; out: a plan, or what is wrong with it. Next:
 * herd_connector, which starts the tasks. */
#include "herd_planning.h"

#include <stdlib.h>

#include "alloc.h"
#include "bounded_call.h"
#include "kitestream/sdk/util.h"

struct plan_request {
    const struct plugin_set *plugins;
    char *name;
    struct string_map config;
    struct connector_plan plan;
    enum ks_status status;
    struct ks_error err;
};

struct herd_planning {
    struct bounded_call *call; /* NULL: no thread could be started */
};

static void make_plan(void *arg)
{
    struct plan_request *r = arg;
    r->status = connector_plan_make(r->plugins, r->name, &r->config, &r->plan, &r->err);
}

static void release_request(void *arg)
{
    struct plan_request *r = arg;
    connector_plan_release(&r->plan);
    string_map_release(&r->config);
    free(r->name);
    free(r);
}

struct herd_planning *herd_planning_start(const struct herd *herd, const char *name,
                                          const struct string_map *config)
{
    struct herd_planning *p = xcalloc(1, sizeof *p);
    struct plan_request *r = xcalloc(1, sizeof *r);
    struct ks_config view = string_map_view(config);
    r->plugins = herd->plugins;
    r->name = xstrdup(name);
    r->config = string_map_copy(&view);
    const struct bounded_call_spec spec = {make_plan, r, release_request, herd->owner.ended,
                                           herd->owner.arg};
    p->call = bounded_call_start(&spec);
    return p;
}

bool herd_planning_done(struct herd_planning *p)
{
    return !p->call || bounded_call_done(p->call);
}

enum ks_status herd_planning_result(struct herd_planning *p, struct connector_plan *ret,
                                    struct ks_error *err)
{
    if (!p->call)
        return ks_error_set(err, KS_ERR_FATAL,
                            "no thread could be started: look at the limits of processes and "
                            "memory");
    struct plan_request *r = bounded_call_arg(p->call);
    *ret = r->plan;
    r->plan = (struct connector_plan){0};
    *err = r->err;
    return r->status;
}

bool herd_planning_free(struct herd_planning *p)
{
    bool ended = !p->call || bounded_call_free(p->call);
    free(p);
    return ended;
}
