/* Planning a connector's tasks on a thread of its own, since it calls the plugin; herd_connector's.
 */
#ifndef RUNTIME_HERD_PLANNING_H
#define RUNTIME_HERD_PLANNING_H

#include "connector_plan.h"
#include "herd_connector.h"

struct herd_planning;

/* Tells herd->owner.ended when it is done. `config` is copied. */
struct herd_planning *herd_planning_start(const struct herd *herd, const char *name,
                                          const struct string_map *config);
bool herd_planning_done(struct herd_planning *p);
/* Once, and only when done. Errors: as connector_plan_make. */
enum ks_status herd_planning_result(struct herd_planning *p, struct connector_plan *ret,
                                    struct ks_error *err);
/* Returns false if it still runs and was abandoned: then plugins must stay loaded. */
bool herd_planning_free(struct herd_planning *p);

#endif
