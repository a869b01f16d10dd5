/* What runs on this worker for one connector, moved step by step towards what is wanted. Never
 * blocks: a task that takes its time to stop holds up its own connector only. Thread: the
 * herder's. */
#ifndef RUNTIME_HERD_CONNECTOR_H
#define RUNTIME_HERD_CONNECTOR_H

#include "config_store.h"
#include "metrics.h"
#include "plugin_loader.h"
#include "status_store.h"
#include "task_threads.h"

/* What all connectors of a herder need. */
struct herd {
    const struct worker_config *worker;
    const struct plugin_set *plugins;
    struct config_store *configs;
    struct status_store *statuses;
    struct metrics *metrics;
    struct task_thread_owner owner;
    task_run_fn *run; /* for the tests; NULL: the real loops */
    int abandoned;    /* tasks that did not stop */
};

enum herd_wish {
    HERD_RUN,     /* as config.target says, STOPPED included */
    HERD_RELEASE, /* the slot is not ours, or the worker stops */
    HERD_DELETE,  /* the connector is gone */
};

struct herd_connector;
struct herd_connector *herd_connector_new(struct herd *herd, const char *name);
void herd_connector_free(struct herd_connector *c); /* idle */
/* config: NULL with HERD_DELETE. Returns when to call again at the latest (monotonic ms). */
int64_t herd_connector_step(struct herd_connector *c, enum herd_wish wish,
                            const struct connector_config *config, int64_t now_ms);
/* No thread of it runs. */
bool herd_connector_idle(const struct herd_connector *c);

#endif
