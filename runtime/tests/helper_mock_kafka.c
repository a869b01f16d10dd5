#include "helper_mock_kafka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define DEADLINE_MS 30000

void mock_kafka_start(struct mock_kafka *k, const char *worker_yaml)
{
    char reason[256], path[] = "/tmp/kitestream-test-XXXXXX";
    struct ks_error err;
    memset(k, 0, sizeof *k);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", reason, sizeof reason);
    k->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(k->rk);
    k->cluster = rd_kafka_handle_mock_cluster(k->rk);
    assert_non_null(k->cluster);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "bootstrap.servers: \"%s\"\nkey.converter: %s\nvalue.converter: %s\n%s",
            rd_kafka_mock_cluster_bootstraps(k->cluster),
            "org.apache.kafka.connect.storage.StringConverter",
            "org.apache.kafka.connect.storage.StringConverter", worker_yaml);
    close(fd);
    enum ks_status status = worker_config_load(path, &k->worker, &err);
    unlink(path);
    if (status != KS_OK)
        fail_msg("%s", err.message);
    mock_kafka_topic(k, k->worker.offset_topic, 2);
}

void mock_kafka_stop(struct mock_kafka *k)
{
    worker_config_release(&k->worker);
    rd_kafka_destroy(k->rk);
}

void mock_kafka_topic(struct mock_kafka *k, const char *topic, int partitions)
{
    assert_int_equal(rd_kafka_mock_topic_create(k->cluster, topic, partitions, 1), 0);
}

static rd_kafka_t *client(struct mock_kafka *k, rd_kafka_type_t type)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(k->cluster),
                      reason, sizeof reason);
    if (type == RD_KAFKA_CONSUMER) {
        rd_kafka_conf_set(conf, "group.id", "helper", reason, sizeof reason);
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", reason, sizeof reason);
        rd_kafka_conf_set(conf, "enable.partition.eof", "true", reason, sizeof reason);
    }
    rd_kafka_t *rk = rd_kafka_new(type, conf, reason, sizeof reason);
    assert_non_null(rk);
    return rk;
}

void mock_kafka_read(struct mock_kafka *k, const char *topic, int partitions,
                     struct mock_records *ret)
{
    int ends = 0;
    int64_t deadline = clock_mono_ms() + DEADLINE_MS;
    ret->count = 0;
    ret->rk = client(k, RD_KAFKA_CONSUMER);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = 0;
    rd_kafka_assign(ret->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    while (ends < partitions) {
        assert_true(clock_mono_ms() < deadline);
        rd_kafka_message_t *m = rd_kafka_consumer_poll(ret->rk, 1000);
        if (m && !m->err) {
            ret->list[ret->count++] = m;
            continue;
        }
        ends += m && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (m)
            rd_kafka_message_destroy(m);
    }
}

void mock_records_release(struct mock_records *r)
{
    for (size_t i = 0; i < r->count; i++)
        rd_kafka_message_destroy(r->list[i]);
    rd_kafka_consumer_close(r->rk);
    rd_kafka_destroy(r->rk);
}

void mock_kafka_write(struct mock_kafka *k, const char *topic, int partition, const char *key,
                      const char *value)
{
    rd_kafka_t *rk = client(k, RD_KAFKA_PRODUCER);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value ? strlen(value) : 0), RD_KAFKA_V_END);
    assert_int_equal(code, 0);
    assert_int_equal(rd_kafka_flush(rk, DEADLINE_MS), 0);
    rd_kafka_destroy(rk);
}

/* ---- tasks ---- */

static void on_state(struct task_context *ctx, enum task_state state)
{
    struct test_task *t = (struct test_task *)ctx;
    pthread_mutex_lock(&t->lock);
    t->state = state;
    t->running_count += state == TASK_RUNNING;
    pthread_mutex_unlock(&t->lock);
}

static void on_waiting(struct task_context *ctx, const char *text)
{
    struct test_task *t = (struct test_task *)ctx;
    pthread_mutex_lock(&t->lock);
    t->waited += text != NULL;
    snprintf(t->waiting, sizeof t->waiting, "%s", text ? text : "");
    pthread_mutex_unlock(&t->lock);
}

static void on_metric(struct task_context *ctx, enum ks_metric_kind kind, const char *name,
                      const char *labels, double value)
{
}

static void on_topic(struct task_context *ctx, const char *topic)
{
    struct test_task *t = (struct test_task *)ctx;
    pthread_mutex_lock(&t->lock);
    strncat(t->topics, topic, sizeof t->topics - strlen(t->topics) - 1);
    strncat(t->topics, " ", sizeof t->topics - strlen(t->topics) - 1);
    pthread_mutex_unlock(&t->lock);
}

static void on_still(struct task_context *ctx, int64_t since_ms, const char *at)
{
    struct test_task *t = (struct test_task *)ctx;
    pthread_mutex_lock(&t->lock);
    t->still_since_ms = since_ms;
    snprintf(t->still_at, sizeof t->still_at, "%s", since_ms ? at : "");
    pthread_mutex_unlock(&t->lock);
}

static void on_plugin_task(struct task_context *ctx, void *plugin_task)
{
}

static void *run(void *arg)
{
    struct test_task *t = arg;
    enum ks_status status = t->run(&t->ctx, &t->error);
    pthread_mutex_lock(&t->lock);
    t->status = status;
    t->ended = true;
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

void test_task_init(struct test_task *t, struct mock_kafka *k, const struct ks_connector_class *cls,
                    const struct ks_config *config)
{
    memset((void *)t, 0, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    t->ctx.worker = &k->worker;
    t->ctx.connector = "test";
    t->ctx.cls = cls;
    t->ctx.config = *config;
    t->ctx.transactional_id = "group-test-0";
    t->ctx.on_state = on_state;
    t->ctx.on_waiting = on_waiting;
    t->ctx.on_metric = on_metric;
    t->ctx.on_topic = on_topic;
    t->ctx.on_still = on_still;
    t->ctx.on_plugin_task = on_plugin_task;
}

void test_task_start(struct test_task *t, struct mock_kafka *k,
                     const struct ks_connector_class *cls, const struct ks_config *config,
                     enum ks_status (*loop)(struct task_context *, struct ks_error *))
{
    test_task_init(t, k, cls, config);
    t->run = loop;
    assert_int_equal(pthread_create(&t->thread, NULL, run, t), 0);
}

bool test_task_is_still(struct test_task *t)
{
    pthread_mutex_lock(&t->lock);
    bool is_still = t->still_since_ms > 0;
    pthread_mutex_unlock(&t->lock);
    return is_still;
}

bool test_task_moves(struct test_task *t)
{
    return !test_task_is_still(t);
}

bool test_task_has_ended(struct test_task *t)
{
    pthread_mutex_lock(&t->lock);
    bool ended = t->ended;
    pthread_mutex_unlock(&t->lock);
    return ended;
}

static bool has_state(struct test_task *t, enum task_state state)
{
    pthread_mutex_lock(&t->lock);
    bool has = t->state == state;
    pthread_mutex_unlock(&t->lock);
    return has;
}

bool test_task_is_running(struct test_task *t)
{
    return has_state(t, TASK_RUNNING);
}

bool test_task_is_paused(struct test_task *t)
{
    return has_state(t, TASK_PAUSED);
}

bool test_task_wait(struct test_task *t, bool (*cond)(struct test_task *t))
{
    int64_t deadline = clock_mono_ms() + DEADLINE_MS;
    while (!cond(t)) {
        if (test_task_has_ended(t))
            return cond(t);
        if (clock_mono_ms() > deadline)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return true;
}

void test_task_join(struct test_task *t, bool stop)
{
    if (stop)
        t->ctx.stop = true;
    assert_true(test_task_wait(t, test_task_has_ended));
    pthread_join(t->thread, NULL);
    pthread_mutex_destroy(&t->lock);
}
