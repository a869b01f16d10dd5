/* What /health says. */
#ifndef RUNTIME_REST_ROOT_H
#define RUNTIME_REST_ROOT_H

#include "rest.h"

#define REST_ROUND_LIMIT_MS 10000

/* round_ms: as herder_round_ms says; negative while there is no herder yet. */
void rest_root_answer_health(struct rest_response *res, int64_t round_ms);

#endif
