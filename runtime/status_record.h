/* A state as a record of the status topic; status_store's own. Thread: any. */
#ifndef RUNTIME_STATUS_RECORD_H
#define RUNTIME_STATUS_RECORD_H

#include <jansson.h>

#include "kitestream/record.h"
#include "status_store.h"

struct task_status task_status_copy(const struct task_status *status);
/* False: it is not a state. */
bool task_status_parse(struct ks_slice value, struct task_status *ret);
/* New reference; null for NULL. Plugins may say anything: bytes that are not UTF-8 become '?'. */
json_t *status_text_json(const char *text);
/* malloc'd JSON. */
char *task_status_format(const struct task_status *status);

#endif
