/* In: a client, the name of a group, a member; out: what the coordinator's list says of it. Next:
 * slot_group. */
#include "group_members.h"

#include <string.h>

#include "kitestream/sdk/util.h"

/* The broker makes a static member's id: <group.instance.id>-<UUID>. */
#define UUID_CHARS 36

static enum ks_status list(rd_kafka_t *rk, const char *group, int timeout_ms,
                           const struct rd_kafka_group_list **ret, struct ks_error *err)
{
    *ret = NULL;
    rd_kafka_resp_err_t code = rd_kafka_list_groups(rk, group, ret, timeout_ms);
    if (*ret && (*ret)->group_cnt == 1)
        code = (*ret)->groups[0].err;
    if (!code)
        return KS_OK;
    if (*ret)
        rd_kafka_group_list_destroy(*ret);
    return ks_error_set(err, KS_ERR_RETRIABLE, "the members of group %s: %s", group,
                        rd_kafka_err2str(code));
}

/* NULL: in good standing. */
static const char *fault_of(const struct rd_kafka_group_list *groups, const char *member_id)
{
    if (groups->group_cnt != 1)
        return "it has no members";
    const struct rd_kafka_group_info *group = &groups->groups[0];
    if (strcmp(group->state, "Stable") != 0)
        return "slots are on the move";
    for (int i = 0; i < group->member_cnt; i++)
        if (strcmp(group->members[i].member_id, member_id) == 0)
            return NULL;
    return "this worker is no member any more";
}

enum ks_status group_members_confirm(rd_kafka_t *rk, const char *group, const char *member_id,
                                     int timeout_ms, struct ks_error *err)
{
    const struct rd_kafka_group_list *groups;
    enum ks_status status = list(rk, group, timeout_ms, &groups, err);
    if (status != KS_OK)
        return status;
    const char *fault = fault_of(groups, member_id);
    rd_kafka_group_list_destroy(groups);
    return fault ? ks_error_set(err, KS_ERR_RETRIABLE, "group %s: %s", group, fault) : KS_OK;
}

static bool is_of_instance(const char *member_id, const char *instance_id)
{
    size_t len = strlen(instance_id);
    return strncmp(member_id, instance_id, len) == 0 && member_id[len] == '-' &&
           strlen(member_id) == len + 1 + UUID_CHARS;
}

enum ks_status group_members_use(rd_kafka_t *rk, const char *group, const char *instance_id,
                                 int timeout_ms, bool *ret, struct ks_error *err)
{
    const struct rd_kafka_group_list *groups;
    enum ks_status status = list(rk, group, timeout_ms, &groups, err);
    if (status != KS_OK)
        return status;
    *ret = false;
    for (int g = 0; g < groups->group_cnt; g++)
        for (int i = 0; i < groups->groups[g].member_cnt; i++)
            if (is_of_instance(groups->groups[g].members[i].member_id, instance_id))
                *ret = true;
    rd_kafka_group_list_destroy(groups);
    return KS_OK;
}
