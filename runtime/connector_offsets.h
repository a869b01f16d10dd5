/* A connector's offsets, as REST shows and changes them: of a source its records in the offset
 * topic; of a sink the offsets of its group where it has such records. Only a
 * stopped connector's may be changed; a task of it that still runs is fenced first. Thread: any. */
#ifndef RUNTIME_CONNECTOR_OFFSETS_H
#define RUNTIME_CONNECTOR_OFFSETS_H

#include <jansson.h>

#include "kitestream/plugin.h"
#include "worker_config.h"

/* Borrowed. */
struct connector_offsets {
    const struct worker_config *worker;
    const char *connector;
    const struct ks_connector_class *cls;
    const struct ks_config *config; /* resolved */
    char *const *topics;            /* that it has used */
    size_t topic_count;
};

/* *ret: array of {"partition", "offset"}. Errors, in all: RETRIABLE, FATAL. */
enum ks_status connector_offsets_read(const struct connector_offsets *c, json_t **ret,
                                      struct ks_error *err);
/* `list`: the same shape; offset null: forget it. Errors: also DATA for what is wrong with the
 * list; RESTART if the connector was started meanwhile. */
enum ks_status connector_offsets_alter(const struct connector_offsets *c, const json_t *list,
                                       struct ks_error *err);
/* Forgets all, the state of a sink that keeps its own included. */
enum ks_status connector_offsets_reset(const struct connector_offsets *c, struct ks_error *err);

#endif
