/* Offsets from outside. In: records of the offset topic and group offsets; out: one transaction.
 * Next: the connector's next start, which reads them after fencing this writer. Death before the
 * commit: nothing is changed; in it: all or nothing; a started task's init_transactions waits for
 * which. */
#include "offset_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "offset_store.h"
#include "worker_client.h"

#define CALL_TIMEOUT_MS 20000

struct offset_writer {
    const struct worker_config *worker;
    char *connector;
    rd_kafka_t *rk; /* with the transactional id of task 0 */
};

static enum ks_status failed(const char *what, rd_kafka_error_t *take_error, struct ks_error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(take_error);
    enum ks_status status = kafka_error_set(err, what, code, rd_kafka_error_string(take_error));
    if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
        code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED)
        status = ks_error_set(err, KS_ERR_RESTART,
                              "%s: the connector was started meanwhile, nothing was changed", what);
    else if (rd_kafka_error_is_retriable(take_error))
        status = err->status = KS_ERR_RETRIABLE;
    rd_kafka_error_destroy(take_error);
    return status;
}

/* A producer with the id of a task: once it is there, that task can commit no more. */
static enum ks_status open_as(const struct worker_config *worker, const char *transactional_id,
                              const struct ks_config *config, rd_kafka_t **ret,
                              struct ks_error *err)
{
    char timeout_ms[32];
    snprintf(timeout_ms, sizeof timeout_ms, "%lld", (long long)worker->transaction_timeout_ms);
    const struct worker_client_option options[] = {
        {"transactional.id", transactional_id}, {"transaction.timeout.ms", timeout_ms},
        {"message.timeout.ms", timeout_ms},     {"linger.ms", "0"},
        {"partitioner", "murmur2_random"},      {"enable.idempotence", "true"},
        {"allow.auto.create.topics", "false"},  {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *rk = NULL;
    enum ks_status status =
        worker_client_conf(worker, "producer", config, options, NULL, &conf, err);
    if (status == KS_OK)
        status = worker_client_open(RD_KAFKA_PRODUCER, conf, transactional_id, &rk, err);
    if (status != KS_OK)
        return status;
    rd_kafka_error_t *error = rd_kafka_init_transactions(rk, CALL_TIMEOUT_MS);
    if (error) {
        status = failed("fencing the connector's tasks", error, err);
        rd_kafka_destroy(rk);
        return status;
    }
    *ret = rk;
    return KS_OK;
}

enum ks_status offset_writer_open(const struct worker_config *worker, const char *connector,
                                  enum ks_class_kind kind, int64_t task_count,
                                  const struct ks_config *config, struct offset_writer **ret,
                                  struct ks_error *err)
{
    enum ks_status status = KS_OK;
    rd_kafka_t *first = NULL;
    for (int64_t task = 0; status == KS_OK && (task == 0 || task < task_count); task++) {
        rd_kafka_t *rk = NULL;
        char *id = xasprintf("%s-%s-%lld%s", worker->group_id, connector, (long long)task,
                             kind == KS_CLASS_SINK ? "-sink" : "");
        status = open_as(worker, id, config, &rk, err);
        free(id);
        if (task == 0)
            first = rk;
        else if (rk)
            rd_kafka_destroy(rk);
    }
    if (status != KS_OK) {
        if (first)
            rd_kafka_destroy(first);
        return status;
    }
    struct offset_writer *w = xcalloc(1, sizeof *w);
    *w = (struct offset_writer){worker, xstrdup(connector), first};
    *ret = w;
    return KS_OK;
}

void offset_writer_close(struct offset_writer *w)
{
    if (!w)
        return;
    rd_kafka_destroy(w->rk);
    free(w->connector);
    free(w);
}

static enum ks_status send_record(struct offset_writer *w, const struct ks_source_offset *record,
                                  struct ks_error *err)
{
    struct ks_buf key = {0};
    enum ks_status status = offset_store_key(w->connector, record->partition_json, &key, err);
    if (status == KS_OK) {
        const char *value = record->offset_json;
        rd_kafka_resp_err_t code = rd_kafka_producev(
            w->rk, RD_KAFKA_V_TOPIC(w->worker->offset_topic),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data, key.len),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value ? strlen(value) : 0), RD_KAFKA_V_END);
        if (code)
            status = kafka_error_set(err, w->worker->offset_topic, code, rd_kafka_err2str(code));
    }
    ks_buf_release(&key);
    return status;
}

static enum ks_status add_group(struct offset_writer *w,
                                const rd_kafka_topic_partition_list_t *offsets,
                                struct ks_error *err)
{
    char *name = xasprintf("connect-%s", w->connector);
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata_new(name);
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(w->rk, offsets, group, CALL_TIMEOUT_MS);
    rd_kafka_consumer_group_metadata_destroy(group);
    free(name);
    return error ? failed("offsets of the consumer group", error, err) : KS_OK;
}

static enum ks_status fill(struct offset_writer *w, const struct ks_source_offset *records,
                           size_t count, const rd_kafka_topic_partition_list_t *group,
                           struct ks_error *err)
{
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < count && status == KS_OK; i++)
        status = send_record(w, &records[i], err);
    if (status == KS_OK && group && group->cnt > 0)
        status = add_group(w, group, err);
    return status;
}

enum ks_status offset_writer_commit(struct offset_writer *w, const struct ks_source_offset *records,
                                    size_t count, const rd_kafka_topic_partition_list_t *group,
                                    struct ks_error *err)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(w->rk);
    if (error)
        return failed("begin of a transaction", error, err);
    enum ks_status status = fill(w, records, count, group, err);
    if (status == KS_OK) {
        error = rd_kafka_commit_transaction(w->rk, CALL_TIMEOUT_MS);
        if (!error)
            return KS_OK;
        status = failed("commit of the offsets", error, err);
        if (status == KS_ERR_RETRIABLE) /* open: nobody may abort it now */
            return status;
    }
    error = rd_kafka_abort_transaction(w->rk, CALL_TIMEOUT_MS);
    if (error) /* the next owner's init_transactions does it */
        rd_kafka_error_destroy(error);
    return status;
}
