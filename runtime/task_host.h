/* The host's side of one task: what both loops need, and the services that a plugin calls. */
#ifndef RUNTIME_TASK_HOST_H
#define RUNTIME_TASK_HOST_H

#include "converters.h"
#include "errant_records.h"
#include "offset_store.h"
#include "producer.h"
#include "sink_lag.h"
#include "task_context.h"
#include "task_metrics.h"
#include "topic_creation.h"
#include "topic_router.h"
#include "used_topics.h"

struct consumer;
struct sink_commit;

/* Owns: all but ctx. Lives on the loop's stack; zero-initialise. */
struct ks_task {
    struct task_context *ctx;
    struct ks_task_host host; /* what the plugin gets */
    struct topic_admin *admin;
    struct topic_creation *creation;
    struct topic_router *router; /* NULL: no transforms */
    struct producer *producer;
    struct offset_snapshot *offsets; /* as committed when the older owner was fenced */
    struct schema_cache *schemas;
    struct converter *keys, *values;
    struct errant_records *errant;
    struct used_topics used;
    struct task_metrics metrics;
    _Atomic int64_t source_lag_ms; /* as the plugin says in lag_seconds */
    struct sink_lag lag;           /* sinks */
    struct consumer *consumer;     /* sinks */
    struct sink_commit *commit;    /* sinks */
};

/* Order: fence the older owner (transactional_id; NULL: a plain producer), then read the offsets.
 * Waits for the brokers as long as the task is not stopped. */
enum ks_status ks_task_open(struct ks_task *t, struct task_context *ctx,
                            const char *transactional_id, struct ks_error *err);
void ks_task_close(struct ks_task *t);
/* What the host makes of a topic that a source's plugin gave it: its transforms' name, unless the
 * class names final topics. Errors: as topic_router_route. */
enum ks_status ks_task_route(struct ks_task *t, const char *topic, const char **ret,
                             struct ks_error *err);
/* Sends what waits for the dead-letter topic, and offset records, both copied. The letters stay
 * queued: the caller drops the first *ret_letters once they are committed. */
enum ks_status ks_task_send_letters(struct ks_task *t, size_t *ret_letters, struct ks_error *err);
enum ks_status ks_task_send_offset(struct ks_task *t, const struct ks_source_offset *offset,
                                   struct ks_error *err);
void ks_task_log(const struct ks_task *t, enum ks_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
