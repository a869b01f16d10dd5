/* In: the worker's options; out: a consumer in the workers' group, joined, left, ended. Next:
 * slot_group. Order: leaving comes after the slots were given up. Death: the session ends
 * SLOT_SESSION_MS later. */
#include "slot_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "worker_client.h"

#define LEAVE_POLL_MS 10
#define LEAVE_TIMEOUT_MS 1500

static enum ks_status make_conf(const struct slot_client_spec *spec, rd_kafka_conf_t **ret,
                                struct ks_error *err)
{
    char session[16];
    snprintf(session, sizeof session, "%d", SLOT_SESSION_MS);
    const struct worker_client_option options[] = {
        {"group.id", spec->worker->group_id},
        {"group.instance.id", spec->instance_id},
        {"session.timeout.ms", session},
        {"heartbeat.interval.ms", "1000"},
        {"max.poll.interval.ms", "60000"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.auto.commit", "false"},
        {"auto.offset.reset", "latest"},
        {NULL, NULL},
    };
    enum ks_status status =
        worker_client_conf(spec->worker, "consumer", NULL, options, spec->opaque, ret, err);
    if (status == KS_OK)
        rd_kafka_conf_set_rebalance_cb(*ret, spec->rebalance);
    return status;
}

enum ks_status slot_client_join(rd_kafka_t *rk, const struct slot_client_spec *spec,
                                struct ks_error *err)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, spec->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code ? kafka_error_set(err, spec->what, code, rd_kafka_err2str(code)) : KS_OK;
}

enum ks_status slot_client_open(const struct slot_client_spec *spec, rd_kafka_t **ret,
                                struct ks_error *err)
{
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *rk = NULL;
    enum ks_status status = make_conf(spec, &conf, err);
    if (status == KS_OK)
        status = worker_client_open(RD_KAFKA_CONSUMER, conf, spec->what, &rk, err);
    if (status != KS_OK)
        return status;
    rd_kafka_poll_set_consumer(rk);
    status = slot_client_join(rk, spec, err);
    if (status == KS_OK)
        *ret = rk;
    else
        rd_kafka_destroy(rk);
    return status;
}

char *slot_client_member_id(rd_kafka_t *rk)
{
    char *id = rd_kafka_memberid(rk), *copy = xstrdup(id ? id : "");
    if (id)
        rd_kafka_mem_free(rk, id);
    return copy;
}

static bool is_member(rd_kafka_t *rk)
{
    char *id = slot_client_member_id(rk);
    bool is = *id != '\0';
    free(id);
    return is;
}

void slot_client_leave(rd_kafka_t *rk)
{
    int64_t deadline_ms = clock_mono_ms() + LEAVE_TIMEOUT_MS;
    rd_kafka_unsubscribe(rk);
    while (is_member(rk) && clock_mono_ms() < deadline_ms)
        nanosleep(&(struct timespec){.tv_nsec = LEAVE_POLL_MS * 1000000L}, NULL);
}

/* Calls the rebalance callback for what is held. Bounded: Kafka may not answer. */
static bool close_consumer(rd_kafka_t *rk)
{
    int64_t deadline_ms = clock_mono_ms() + LEAVE_TIMEOUT_MS;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, queue);
    while (!error && !rd_kafka_consumer_closed(rk) && clock_mono_ms() < deadline_ms)
        rd_kafka_queue_poll_callback(queue, LEAVE_POLL_MS);
    bool closed = !error && rd_kafka_consumer_closed(rk);
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
    return closed;
}

/* librdkafka before 2.3 aborts the process when a member that was never assigned anything is
 * destroyed. */
bool slot_client_close(rd_kafka_t *rk, bool was_assigned)
{
    static rd_kafka_t *left_behind; /* so that no leak is seen in it */
    if (close_consumer(rk) && was_assigned) {
        rd_kafka_destroy(rk);
        return true;
    }
    left_behind = rk;
    (void)left_behind;
    return false;
}
