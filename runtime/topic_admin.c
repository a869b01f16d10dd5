/* Questions to the brokers and topic creation. In: topic names; out: partitions, watermarks. Next:
 * compacted_topic, topic_read, slot_group, the host services of tasks. Every answer is asked fresh:
 * a cached watermark would let "read to the end" stop early. */
#include "topic_admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "worker_client.h"

#define REQUEST_TIMEOUT_MS 5000
#define DESCRIBE_TIMEOUT_MS 3000
#define CREATE_TIMEOUT_MS 20000
#define SETTLE_POLL_MS 50

struct topic_admin {
    rd_kafka_conf_t *conf;
    rd_kafka_t *rk; /* NULL: at rest */
    char *bootstrap;
    /* What librdkafka last said of the brokers: more than "timed out". */
    rd_kafka_resp_err_t trouble;
    char trouble_reason[512];
};

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct topic_admin *a = opaque;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && a->trouble)
        return;
    a->trouble = (rd_kafka_resp_err_t)code;
    snprintf(a->trouble_reason, sizeof a->trouble_reason, "%s", reason);
}

enum ks_status topic_admin_open(const struct worker_config *config,
                                const struct ks_config *override_config, struct topic_admin **ret,
                                struct ks_error *err)
{
    /* librdkafka asks for watermarks with the client's own isolation level. */
    static const struct worker_client_option options[] = {{"isolation.level", "read_uncommitted"},
                                                          {NULL, NULL}};
    struct topic_admin *a = xcalloc(1, sizeof *a);
    enum ks_status status =
        worker_client_conf(config, "admin", override_config, options, a, &a->conf, err);
    if (status != KS_OK) {
        free(a);
        return status;
    }
    rd_kafka_conf_set_error_cb(a->conf, on_error);
    a->bootstrap = xstrdup(config->bootstrap_servers);
    *ret = a;
    return KS_OK;
}

void topic_admin_close(struct topic_admin *a)
{
    if (!a)
        return;
    topic_admin_rest(a);
    rd_kafka_conf_destroy(a->conf);
    free(a->bootstrap);
    free(a);
}

void topic_admin_rest(struct topic_admin *a)
{
    if (a->rk)
        rd_kafka_destroy(a->rk);
    a->rk = NULL;
    a->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
}

static enum ks_status wake(struct topic_admin *a, struct ks_error *err)
{
    if (a->rk)
        return KS_OK;
    return worker_client_open(RD_KAFKA_CONSUMER, rd_kafka_conf_dup(a->conf), "client for topics",
                              &a->rk, err);
}

/* A request that found no broker: the connections know why. */
static bool knows_better(struct topic_admin *a, rd_kafka_resp_err_t code)
{
    rd_kafka_poll(a->rk, 0); /* on_error */
    return a->trouble &&
           (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
            code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
}

static enum ks_status fail(struct topic_admin *a, struct ks_error *err, const char *doing,
                           const char *topic, rd_kafka_resp_err_t code, const char *reason)
{
    char *what =
        xasprintf("%s topic %s at Kafka %s (bootstrap.servers)", doing, topic, a->bootstrap);
    enum ks_status status = knows_better(a, code)
                                ? kafka_error_set(err, what, a->trouble, a->trouble_reason)
                                : kafka_error_set(err, what, code, reason);
    free(what);
    return status;
}

/* Usable: how many partitions have a leader. */
static enum ks_status describe(struct topic_admin *a, const char *topic, int32_t *ret_partitions,
                               int32_t *ret_usable, struct ks_error *err)
{
    if (wake(a, err) != KS_OK)
        return err->status;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(a->rk, topic, NULL);
    if (!rkt)
        return ks_error_set(err, KS_ERR_FATAL, "'%s' is not a valid topic name", topic);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(a->rk, 0, rkt, &metadata, REQUEST_TIMEOUT_MS);
    rd_kafka_topic_destroy(rkt);
    if (code)
        return fail(a, err, "look up", topic, code, NULL);
    enum ks_status status = KS_OK;
    int32_t partitions = 0, usable = 0;
    if (metadata->topic_cnt == 1) {
        const struct rd_kafka_metadata_topic *found = &metadata->topics[0];
        if (found->err && found->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            status = fail(a, err, "look up", topic, found->err, NULL);
        else if (!found->err)
            partitions = found->partition_cnt;
        for (int32_t i = 0; i < partitions; i++)
            usable += found->partitions[i].leader >= 0;
    }
    rd_kafka_metadata_destroy(metadata);
    if (status != KS_OK)
        return status;
    *ret_partitions = partitions;
    *ret_usable = usable;
    return KS_OK;
}

enum ks_status topic_admin_partitions(struct topic_admin *a, const char *topic, int32_t *ret,
                                      struct ks_error *err)
{
    int32_t usable;
    return describe(a, topic, ret, &usable, err);
}

static rd_kafka_event_t *wait_event(struct topic_admin *a, rd_kafka_queue_t *queue)
{
    return rd_kafka_queue_poll(queue, CREATE_TIMEOUT_MS + 1000);
}

static enum ks_status created(struct topic_admin *a, const char *topic, int replication,
                              rd_kafka_event_t *event, struct ks_error *err)
{
    if (!event)
        return fail(a, err, "create", topic, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *reason = rd_kafka_event_error_string(event);
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    if (!code && result) {
        size_t count;
        const rd_kafka_topic_result_t **topics =
            rd_kafka_CreateTopics_result_topics(result, &count);
        code = count == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
        reason = count == 1 ? rd_kafka_topic_result_error_string(topics[0]) : NULL;
    }
    if (!code || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return KS_OK;
    enum ks_status status = fail(a, err, "create", topic, code, reason);
    if (code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR)
        ks_error_prefix(err,
                        "replication factor %d (see the options that end in replication.factor)",
                        replication);
    return status;
}

static enum ks_status create(struct topic_admin *a, const char *topic, int32_t partitions,
                             int replication, const struct ks_config *configs, struct ks_error *err)
{
    char reason[512];
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(topic, partitions, replication, reason, sizeof reason);
    if (!wanted)
        return ks_error_set(err, KS_ERR_FATAL, "create topic %s: %s", topic, reason);
    for (size_t i = 0; configs && i < configs->count; i++)
        rd_kafka_NewTopic_set_config(wanted, configs->entries[i].key, configs->entries[i].value);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(a->rk);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(a->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, CREATE_TIMEOUT_MS, NULL, 0);
    rd_kafka_CreateTopics(a->rk, &wanted, 1, options, queue);
    rd_kafka_event_t *event = wait_event(a, queue);
    enum ks_status status = created(a, topic, replication, event, err);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wanted);
    return status;
}

enum ks_status topic_admin_ensure(struct topic_admin *a, const char *topic, int32_t partitions,
                                  int replication, const struct ks_config *configs,
                                  int32_t *ret_partitions, struct ks_error *err)
{
    int32_t found = 0, usable = 0;
    enum ks_status status = describe(a, topic, &found, &usable, err);
    if (status == KS_OK && found == 0)
        status = create(a, topic, partitions, replication, configs, err);
    /* A new topic shows up, and gets its leaders, a moment later. */
    int64_t deadline = clock_mono_ms() + CREATE_TIMEOUT_MS;
    while (status == KS_OK && (found == 0 || usable < found)) {
        if (clock_mono_ms() > deadline)
            return ks_error_set(err, KS_ERR_RETRIABLE,
                                "topic %s at Kafka %s: %d of %d partitions have a leader; look at "
                                "the brokers that hold the others",
                                topic, a->bootstrap, (int)usable, (int)found);
        nanosleep(&(struct timespec){.tv_nsec = SETTLE_POLL_MS * 1000000}, NULL);
        status = describe(a, topic, &found, &usable, err);
    }
    if (status == KS_OK && ret_partitions)
        *ret_partitions = found;
    return status;
}

enum ks_status topic_admin_watermarks(struct topic_admin *a, const char *topic, int32_t partition,
                                      int64_t *ret_low, int64_t *ret_high, struct ks_error *err)
{
    int64_t low, high;
    if (wake(a, err) != KS_OK)
        return err->status;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(a->rk, topic, partition, &low, &high, REQUEST_TIMEOUT_MS);
    if (code) {
        enum ks_status status = fail(a, err, "ask the offsets of", topic, code, NULL);
        ks_error_prefix(err, "partition %d", (int)partition);
        return status;
    }
    *ret_low = low;
    *ret_high = high;
    return KS_OK;
}

enum ks_status topic_admin_ends(struct topic_admin *a, const char *topic, int32_t count,
                                int64_t *ret_ends, struct ks_error *err)
{
    for (int32_t i = 0; i < count; i++) {
        int64_t low;
        enum ks_status status = topic_admin_watermarks(a, topic, i, &low, &ret_ends[i], err);
        if (status != KS_OK)
            return status;
    }
    return KS_OK;
}

/* *ret is NULL when the brokers do not tell; then ret_code and ret_reason say why. */
static void find_value(rd_kafka_event_t *event, const char *name, char **ret,
                       rd_kafka_resp_err_t *ret_code, const char **ret_reason)
{
    *ret = NULL;
    *ret_code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    *ret_reason = event ? rd_kafka_event_error_string(event) : NULL;
    const rd_kafka_DescribeConfigs_result_t *result =
        *ret_code ? NULL : rd_kafka_event_DescribeConfigs_result(event);
    size_t count = 0;
    const rd_kafka_ConfigResource_t **resources =
        result ? rd_kafka_DescribeConfigs_result_resources(result, &count) : NULL;
    if (count != 1)
        return;
    *ret_code = rd_kafka_ConfigResource_error(resources[0]);
    *ret_reason = rd_kafka_ConfigResource_error_string(resources[0]);
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resources[0], &count);
    for (size_t i = 0; i < count && !*ret; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value && strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
            *ret = xstrdup(value);
    }
}

static enum ks_status judge_value(struct topic_admin *a, const char *topic, const char *name,
                                  rd_kafka_resp_err_t code, const char *reason,
                                  struct ks_error *err)
{
    struct ks_error why;
    if (code && fail(a, &why, "ask the settings of", topic, code, reason) == KS_ERR_RETRIABLE) {
        *err = why;
        return err->status;
    }
    log_warn("topic %s: %s is not known (%s)", topic, name,
             reason && *reason ? reason : "not among its settings");
    return KS_OK;
}

enum ks_status topic_admin_config(struct topic_admin *a, const char *topic, const char *name,
                                  char **ret, struct ks_error *err)
{
    if (wake(a, err) != KS_OK)
        return err->status;
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(a->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(options, DESCRIBE_TIMEOUT_MS, NULL, 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(a->rk);
    rd_kafka_DescribeConfigs(a->rk, &resource, 1, options, queue);
    rd_kafka_event_t *event = wait_event(a, queue);
    rd_kafka_resp_err_t code;
    const char *reason;
    find_value(event, name, ret, &code, &reason);
    enum ks_status status = *ret ? KS_OK : judge_value(a, topic, name, code, reason, err);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    return status;
}

enum ks_status topic_admin_check_compacted(struct topic_admin *a, const char *topic,
                                           struct ks_error *err)
{
    char *policy = NULL;
    enum ks_status status = topic_admin_config(a, topic, "cleanup.policy", &policy, err);
    if (status == KS_ERR_RETRIABLE) {
        log_warn("%s; its cleanup.policy must be compact", err->message);
        status = KS_OK;
    }
    if (status == KS_OK && policy && strcmp(policy, "compact") != 0)
        status =
            ks_error_set(err, KS_ERR_FATAL,
                         "topic %s at Kafka %s has cleanup.policy=%s, which would delete state "
                         "by age: set it to `compact`, or name another topic",
                         topic, a->bootstrap, policy);
    free(policy);
    return status;
}
