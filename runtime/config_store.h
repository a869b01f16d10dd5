/* The wanted state of all connectors: the config topic as a table. Connect's keys and values
 * (connector-<c>, task-<c>-<n>, commit-<c>, target-state-<c>, restart-connector-<c>), plus a nonce
 * in every value, by which a writer recognises its own record in the log, and our key
 * pipeline-<path>, and logger-cluster-<name>. Configurations are kept unresolved: no secret reaches
 * the topic.
 *
 * Who was first is decided by the log: a record with "create" is void for every reader if the
 * connector exists at that point. Its writer then repeats the winner's record, so that compaction
 * keeps the right one. A repetition says of which moment of the log it is ("as.of"); it is void if
 * the connector has changed since, and then its writer repeats that. What a connector is created
 * with ("initial.state") stands in its configuration's record, so that of two creators never one
 * gives the configuration and the other the state.
 *
 * Thread: any. Everything is read to its end when open returns. */
#ifndef RUNTIME_CONFIG_STORE_H
#define RUNTIME_CONFIG_STORE_H

#include "string_map.h"
#include "worker_config.h"

enum target_state { TARGET_STARTED, TARGET_PAUSED, TARGET_STOPPED };
const char *target_state_name(enum target_state state); /* "STARTED" */

#define AUTO_RESTART_OFF (-1)

/* One request to restart; `seq` grows with each. */
struct restart_request {
    int64_t seq;    /* 0: none so far */
    bool connector; /* the connector itself (plans anew) */
    bool include_tasks;
    bool only_failed;
    int task; /* this one alone; -1: as include_tasks says */
};

/* A connector as the log has it. Owns: all. */
struct connector_config {
    char *name;
    struct string_map config;
    int64_t version; /* grows with every record of this configuration */
    int64_t created; /* another one after a deletion: it is another connector */
    enum target_state target;
    int auto_restart; /* AUTO_RESTART_OFF, or how often at most; 0: no limit */
    struct restart_request restart;
    struct string_map *tasks; /* the last committed set */
    size_t task_count;
};
void connector_config_release(struct connector_config *c);

struct config_store;
/* Called on the reader's thread after a change. */
typedef void config_store_changed_fn(void *arg);

enum ks_status config_store_open(const struct worker_config *worker,
                                 config_store_changed_fn *changed, void *arg,
                                 struct config_store **ret, struct ks_error *err);
void config_store_close(struct config_store *s);

/* Reads to the present end, so that what was written by another worker before this call is seen.
 * Errors: RETRIABLE. */
enum ks_status config_store_refresh(struct config_store *s, struct ks_error *err);

/* False: there is none of that name. */
bool config_store_get(struct config_store *s, const char *connector, struct connector_config *ret);
/* Sorted; one allocation, free(*ret). */
size_t config_store_names(struct config_store *s, char ***ret);

/* The writers return when the record has been read back, so that the next get sees it. Errors:
 * RETRIABLE when the brokers are away. */

/* only_create: DATA if it exists, also when another worker was first. A connector that is new gets
 * `target`; an existing one keeps its state. */
enum ks_status config_store_put_connector(struct config_store *s, const char *connector,
                                          const struct string_map *config, int auto_restart,
                                          enum target_state target, bool only_create,
                                          struct ks_error *err);
enum ks_status config_store_put_target(struct config_store *s, const char *connector,
                                       enum target_state target, struct ks_error *err);
/* request->seq is ignored. */
enum ks_status config_store_put_restart(struct config_store *s, const char *connector,
                                        const struct restart_request *request,
                                        struct ks_error *err);
enum ks_status config_store_delete(struct config_store *s, const char *connector,
                                   struct ks_error *err);

/* Does not wait: only for others to read. Its owner plans anew at every start. */
void config_store_post_tasks(struct config_store *s, const char *connector,
                             const struct string_map *tasks, size_t count);

/* Hash of a pipeline file when it was last applied; false if it never was. */
bool config_store_pipeline(struct config_store *s, const char *name, char ret_sha256[65]);
enum ks_status config_store_put_pipeline(struct config_store *s, const char *name,
                                         const char *sha256, struct ks_error *err);

/* A level (log_levels.h) for that logger of every worker that runs now: who starts later begins
 * with the level of its own file. */
enum ks_status config_store_put_logger(struct config_store *s, const char *logger,
                                       const char *level, struct ks_error *err);

/* For the tests: a store without a topic, and one record of it. */
struct config_store *config_store_new(config_store_changed_fn *changed, void *arg);
void config_store_apply(struct config_store *s, struct ks_slice key, struct ks_slice value,
                        int64_t offset);

#endif
