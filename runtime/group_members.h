/* What the coordinator says of the members of a consumer group. Asked by listing, not by committing
 * an offset: during a rebalance librdkafka 2.0 may take the refusal for the end of the whole
 * membership. Nor by its admin requests, which abort where a broker lacks them. Thread: any.
 * Errors: RETRIABLE: no answer, with the reason. */
#ifndef RUNTIME_GROUP_MEMBERS_H
#define RUNTIME_GROUP_MEMBERS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "kitestream/error.h"

/* KS_OK if the group is stable and `member_id` one of its members; else RETRIABLE, saying why not.
 */
enum ks_status group_members_confirm(rd_kafka_t *rk, const char *group, const char *member_id,
                                     int timeout_ms, struct ks_error *err);
/* Has any member this group.instance.id? */
enum ks_status group_members_use(rd_kafka_t *rk, const char *group, const char *instance_id,
                                 int timeout_ms, bool *ret, struct ks_error *err);

#endif
