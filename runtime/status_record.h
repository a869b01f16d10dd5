/* A state as a record of the status topic; status_store's own. Thread: any. */
#ifndef RUNTIME_STATUS_RECORD_H
#define RUNTIME_STATUS_RECORD_H

#include "kitestream/record.h"
#include "status_store.h"

struct task_status task_status_copy(const struct task_status *status);
/* False: it is not a state. */
bool task_status_parse(struct ks_slice value, struct task_status *ret);
/* malloc'd JSON. */
char *task_status_format(const struct task_status *status);

#endif
