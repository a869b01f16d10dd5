/* The group of a sink, asked by a client that never joins it. In: partitions; out: offsets. Next:
 * connector_offsets. Pending transactions are waited for (read_committed), so what was just
 * committed is seen. Nothing here uses librdkafka's requests to delete offsets: when they fail they
 * may abort the process (librdkafka issue 3663). */
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
