/* The worker's own schema store for those who ask by REST. It is opened by the first question, so
 * that a worker that nobody asks does not read the topic. Thread: any. */
#ifndef RUNTIME_SCHEMA_DESK_H
#define RUNTIME_SCHEMA_DESK_H

#include "schema_store.h"

struct schema_desk;

struct schema_desk *schema_desk_new(const struct worker_config *worker);
void schema_desk_free(struct schema_desk *d);
/* The desk's store, until the desk is freed. Errors: as schema_store_open; the next call tries
 * again. */
enum ks_status schema_desk_store(struct schema_desk *d, struct schema_store **ret,
                                 struct ks_error *err);

#endif
