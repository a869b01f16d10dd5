/* The herder owns the wanted state and makes what runs on this worker follow it: config topic and
 * slots in, task threads and statuses out. Every change goes through the config topic, also one
 * made on this worker, so that any worker may be asked. Thread: any, open and close excepted. */
#ifndef RUNTIME_HERDER_H
#define RUNTIME_HERDER_H

#include "config_def.h"
#include "config_store.h"
#include "metrics.h"
#include "pipeline_yaml.h"
#include "plugin_loader.h"
#include "status_store.h"

struct herder;

/* Opens the stores, reads them to their end, joins the group. While the brokers are away it logs
 * why and keeps trying until *stop. Errors: FATAL; RETRIABLE only when stopped. */
enum ks_status herder_open(const struct worker_config *worker, const struct plugin_set *plugins,
                           const _Atomic bool *stop, struct herder **ret, struct ks_error *err);
/* Stops all tasks and leaves the group, as herder_close does, but frees nothing: operations may go
 * on, and change what other workers run. */
void herder_stop(struct herder *h);
/* Stops all tasks, each within task.shutdown.graceful.timeout.ms, and leaves. Returns false if a
 * task did not end: then its thread still uses worker and plugins, and the process must end by
 * _exit, without freeing them. */
bool herder_close(struct herder *h);

/* Applies a pipeline file if its hash differs from when it was last applied: each connector is
 * created or changed, and gets the file's state. What has changed by REST since stays, until the
 * file itself changes. A connector that is no longer in the file is not deleted. Errors: FATAL,
 * with file:line for every fault, and then nothing is applied; RETRIABLE when brokers are away. */
enum ks_status herder_apply_pipeline(struct herder *h, const struct pipeline_file *file,
                                     bool *ret_applied, struct ks_error *err);
/* Only the checks, for `kitestream check`. */
enum ks_status herder_check_pipeline(const struct plugin_set *plugins,
                                     const struct pipeline_file *file, struct ks_error *err);

/* What the operations answer; err holds a sentence for all but HERDER_OK. */
enum herder_answer {
    HERDER_OK,
    HERDER_CREATED,
    HERDER_NOT_FOUND,
    HERDER_CONFLICT,    /* it exists already */
    HERDER_INVALID,     /* the configuration has faults */
    HERDER_UNAVAILABLE, /* Kafka does not answer: the change may or may not have been written */
};

/* Before a change of a connector: reads on in the config topic if there is none of that name here,
 * since another worker may have made it a moment ago. */
void herder_expect(struct herder *h, const char *name);

/* What put checks; options that nobody knows are no fault. Waits some seconds for the class's own
 * check. INVALID: the faults are in `issues`; UNAVAILABLE: the check has not returned. */
enum herder_answer herder_check(struct herder *h, const char *name, const struct string_map *config,
                                struct config_issues *issues, struct ks_error *err);
/* `config` gets name = `name`. target: of a new connector. */
enum herder_answer herder_put_connector(struct herder *h, const char *name,
                                        const struct string_map *config, enum target_state target,
                                        bool only_create, struct ks_error *err);
/* The same without the check. */
enum herder_answer herder_store_connector(struct herder *h, const char *name,
                                          const struct string_map *config, enum target_state target,
                                          bool only_create, struct ks_error *err);
enum herder_answer herder_delete(struct herder *h, const char *name, struct ks_error *err);
/* Pause, resume, stop. */
enum herder_answer herder_set_target(struct herder *h, const char *name, enum target_state target,
                                     struct ks_error *err);
/* task -1: the connector, and its tasks as include_tasks and only_failed say. */
enum herder_answer herder_restart(struct herder *h, const char *name, int task, bool include_tasks,
                                  bool only_failed, struct ks_error *err);

/* A level for that logger of every worker (log_levels.h). */
enum herder_answer herder_put_logger(struct herder *h, const char *logger, const char *level,
                                     struct ks_error *err);

/* Sorted; one allocation, free(*ret). */
size_t herder_names(struct herder *h, char ***ret);
/* False: there is none. Release with connector_config_release. */
bool herder_config(struct herder *h, const char *name, struct connector_config *ret);
/* Kind of a connector's class; false if no plugin here has it. */
bool herder_kind(struct herder *h, const char *name, enum ks_class_kind *ret);

/* Milliseconds that the herder's round takes which goes on now; 0 while it waits for something to
 * do. A round waits for nothing, so a long one means that it hangs. */
int64_t herder_round_ms(struct herder *h);
/* Of the connectors that run on this worker; valid while the herder is open. */
struct metrics *herder_metrics(struct herder *h);

/* Owns: all. */
struct connector_status {
    char *name;
    struct task_status connector;
    struct task_status *tasks; /* state UNASSIGNED where none is known */
    size_t task_count;
    const struct ks_connector_class *cls; /* NULL: no plugin here has it */
};
bool herder_status(struct herder *h, const char *name, struct connector_status *ret);
void connector_status_release(struct connector_status *status);

/* Topics that the connector has used, sorted; one allocation, free(*ret). */
size_t herder_topics(struct herder *h, const char *name, char ***ret);
void herder_forget_topics(struct herder *h, const char *name);

#endif
