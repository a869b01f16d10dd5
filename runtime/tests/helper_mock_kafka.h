/* A Kafka inside the test (librdkafka's mock cluster), a worker configured for it, and a task
 * context that notes what a loop reports. What the mock lacks (isolation, fencing, offsets in
 * transactions) is tested with a real Kafka in integration-tests. */
#ifndef HELPER_MOCK_KAFKA_H
#define HELPER_MOCK_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>

#include "task_context.h"

struct mock_kafka {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    struct worker_config worker;
};
/* worker_yaml: more lines of the worker's file, or "". */
void mock_kafka_start(struct mock_kafka *k, const char *worker_yaml);
void mock_kafka_stop(struct mock_kafka *k);
void mock_kafka_topic(struct mock_kafka *k, const char *topic, int partitions);

/* Everything in the topic, partition by partition. */
struct mock_records {
    rd_kafka_message_t *list[4096];
    size_t count;
    rd_kafka_t *rk;
};
void mock_kafka_read(struct mock_kafka *k, const char *topic, int partitions,
                     struct mock_records *ret);
void mock_records_release(struct mock_records *r);
void mock_kafka_write(struct mock_kafka *k, const char *topic, int partition, const char *key,
                      const char *value);

/* A task whose loop runs on a thread of its own. */
struct test_task {
    struct task_context ctx; /* first: the callbacks get it */
    pthread_t thread;
    enum ks_status (*run)(struct task_context *, struct ks_error *);
    enum ks_status status;
    struct ks_error error;
    pthread_mutex_t lock;
    enum task_state state;
    int running_count;
    char waiting[KS_ERROR_MESSAGE_MAX];
    char topics[256];       /* in use, a blank after each */
    int64_t still_since_ms; /* 0: it moves */
    char still_at[256];
    int waited; /* how often something was waited for */
    bool ended;
};
/* Only the context, for tests of the parts: no thread. */
void test_task_init(struct test_task *t, struct mock_kafka *k, const struct ks_connector_class *cls,
                    const struct ks_config *config);
void test_task_start(struct test_task *t, struct mock_kafka *k,
                     const struct ks_connector_class *cls, const struct ks_config *config,
                     enum ks_status (*run)(struct task_context *, struct ks_error *));
/* Waits for what `cond` says, at most 30 s, or until the loop has ended; false then. */
bool test_task_wait(struct test_task *t, bool (*cond)(struct test_task *t));
bool test_task_is_running(struct test_task *t);
bool test_task_is_paused(struct test_task *t);
bool test_task_has_ended(struct test_task *t);
bool test_task_is_still(struct test_task *t);
bool test_task_moves(struct test_task *t);
/* Waits for the end of the loop, which stop asks for. */
void test_task_join(struct test_task *t, bool stop);

#endif
