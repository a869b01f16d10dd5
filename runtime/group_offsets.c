/* The group of a sink, asked and changed by a client that never joins it. In: partitions; out:
 * offsets, or their deletion. Next: connector_offsets. Pending transactions are waited for
 * (read_committed), so what was just committed is seen. */
#include "group_offsets.h"

#include <stdlib.h>

#include "alloc.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "worker_client.h"

#define CALL_TIMEOUT_MS 20000

struct group_offsets {
    char *group;
    rd_kafka_t *rk;
};

enum ks_status group_offsets_open(const struct worker_config *worker, const char *connector,
                                  const struct ks_config *config, struct group_offsets **ret,
                                  struct ks_error *err)
{
    struct group_offsets *g = xcalloc(1, sizeof *g);
    g->group = xasprintf("connect-%s", connector);
    const struct worker_client_option options[] = {{"group.id", g->group},
                                                   {"enable.auto.commit", "false"},
                                                   {"isolation.level", "read_committed"},
                                                   {"allow.auto.create.topics", "false"},
                                                   {NULL, NULL}};
    rd_kafka_conf_t *conf = NULL;
    enum ks_status status =
        worker_client_conf(worker, "consumer", config, options, NULL, &conf, err);
    if (status == KS_OK)
        status =
            worker_client_open(RD_KAFKA_CONSUMER, conf, "client for group offsets", &g->rk, err);
    if (status != KS_OK) {
        group_offsets_close(g);
        return status;
    }
    *ret = g;
    return KS_OK;
}

void group_offsets_close(struct group_offsets *g)
{
    if (!g)
        return;
    if (g->rk)
        rd_kafka_destroy(g->rk);
    free(g->group);
    free(g);
}

static enum ks_status failed(const struct group_offsets *g, const char *doing,
                             rd_kafka_resp_err_t code, const char *reason, struct ks_error *err)
{
    char *what = xasprintf("%s the offsets of consumer group %s", doing, g->group);
    enum ks_status status = kafka_error_set(err, what, code, reason);
    free(what);
    return status;
}

enum ks_status group_offsets_read(struct group_offsets *g, rd_kafka_topic_partition_list_t *list,
                                  struct ks_error *err)
{
    if (list->cnt == 0)
        return KS_OK;
    rd_kafka_resp_err_t code = rd_kafka_committed(g->rk, list, CALL_TIMEOUT_MS);
    for (int i = 0; !code && i < list->cnt; i++)
        code = list->elems[i].err;
    return code ? failed(g, "reading", code, rd_kafka_err2str(code), err) : KS_OK;
}

/* Of an answer with one group in it: the group's error. */
static rd_kafka_resp_err_t group_error(rd_kafka_event_t *event, const char **ret_reason)
{
    size_t count = 0;
    const rd_kafka_group_result_t **groups = NULL;
    const rd_kafka_DeleteGroups_result_t *deleted = rd_kafka_event_DeleteGroups_result(event);
    const rd_kafka_DeleteConsumerGroupOffsets_result_t *removed =
        rd_kafka_event_DeleteConsumerGroupOffsets_result(event);
    if (deleted)
        groups = rd_kafka_DeleteGroups_result_groups(deleted, &count);
    else if (removed)
        groups = rd_kafka_DeleteConsumerGroupOffsets_result_groups(removed, &count);
    const rd_kafka_error_t *error = count == 1 ? rd_kafka_group_result_error(groups[0]) : NULL;
    *ret_reason = error ? rd_kafka_error_string(error) : NULL;
    return error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

static enum ks_status await(struct group_offsets *g, rd_kafka_queue_t *queue, struct ks_error *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, CALL_TIMEOUT_MS + 1000);
    if (!event)
        return failed(g, "deleting", RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err);
    enum ks_status status = KS_OK;
    const char *reason = rd_kafka_event_error_string(event);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (!code)
        code = group_error(event, &reason);
    if (code && code != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
        status = failed(g, "deleting", code, reason, err);
    rd_kafka_event_destroy(event);
    return status;
}

enum ks_status group_offsets_remove(struct group_offsets *g,
                                    const rd_kafka_topic_partition_list_t *list,
                                    struct ks_error *err)
{
    if (list->cnt == 0)
        return KS_OK;
    rd_kafka_DeleteConsumerGroupOffsets_t *request =
        rd_kafka_DeleteConsumerGroupOffsets_new(g->group, list);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(g->rk, RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS);
    rd_kafka_AdminOptions_set_request_timeout(options, CALL_TIMEOUT_MS, NULL, 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(g->rk);
    rd_kafka_DeleteConsumerGroupOffsets(g->rk, &request, 1, options, queue);
    enum ks_status status = await(g, queue, err);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_DeleteConsumerGroupOffsets_destroy(request);
    return status;
}

enum ks_status group_offsets_delete(struct group_offsets *g, struct ks_error *err)
{
    rd_kafka_DeleteGroup_t *request = rd_kafka_DeleteGroup_new(g->group);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(g->rk, RD_KAFKA_ADMIN_OP_DELETEGROUPS);
    rd_kafka_AdminOptions_set_request_timeout(options, CALL_TIMEOUT_MS, NULL, 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(g->rk);
    rd_kafka_DeleteGroups(g->rk, &request, 1, options, queue);
    enum ks_status status = await(g, queue, err);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_DeleteGroup_destroy(request);
    return status;
}
