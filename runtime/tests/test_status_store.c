/* The status topic's records as a table, mostly without a topic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "helper_mock_kafka.h"
#include "status_store.h"

#define DEADLINE_MS 20000

static int setup(void **state)
{
    *state = status_store_new("me:1");
    return 0;
}

static int teardown(void **state)
{
    status_store_close(*state);
    return 0;
}

static void record(struct status_store *s, const char *key, const char *value)
{
    status_store_apply(s, (struct ks_slice){key, strlen(key)},
                       (struct ks_slice){value, value ? strlen(value) : 0});
}

static void put(struct status_store *s, int task, enum task_state state, int64_t generation)
{
    struct task_status status = {.state = state, .generation = generation};
    status_store_put(s, "c", task, &status);
}

static void assert_state(struct status_store *s, int task, enum task_state state,
                         const char *worker)
{
    struct task_status found;
    assert_true(status_store_get(s, "c", task, &found));
    assert_int_equal(found.state, state);
    assert_string_equal(found.worker_id, worker);
    task_status_release(&found);
}

static void test_apply__all_members(void **state)
{
    struct task_status found;
    record(*state, "status-task-c-3",
           "{\"state\":\"FAILED\",\"trace\":\"boom\",\"worker_id\":\"other:1\",\"generation\":4,"
           "\"version\":\"1.2\",\"waiting\":\"rain\"}");
    assert_true(status_store_get(*state, "c", 3, &found));
    assert_int_equal(found.state, TASK_FAILED);
    assert_string_equal(found.trace, "boom");
    assert_string_equal(found.waiting, "rain");
    assert_string_equal(found.version, "1.2");
    assert_string_equal(found.worker_id, "other:1");
    assert_int_equal(found.generation, 4);
    task_status_release(&found);
    assert_int_equal(status_store_task_count(*state, "c"), 4);
    assert_int_equal(status_store_task_count(*state, "c-3"), 0);
}

static void test_put__shows_at_once_and_ignores_its_echo(void **state)
{
    put(*state, STATUS_CONNECTOR, TASK_RUNNING, 1);
    put(*state, STATUS_CONNECTOR, TASK_PAUSED, 1);
    record(*state, "status-connector-c",
           "{\"state\":\"RUNNING\",\"trace\":null,\"worker_id\":\"me:1\",\"generation\":1}");
    assert_state(*state, STATUS_CONNECTOR, TASK_PAUSED, "me:1");
}

static void test_apply__newer_owner_wins_over_older(void **state)
{
    put(*state, 0, TASK_RUNNING, 2);
    record(*state, "status-task-c-0",
           "{\"state\":\"UNASSIGNED\",\"worker_id\":\"other:1\",\"generation\":1}");
    assert_state(*state, 0, TASK_RUNNING, "me:1");
    record(*state, "status-task-c-0",
           "{\"state\":\"PAUSED\",\"worker_id\":\"other:1\",\"generation\":3}");
    assert_state(*state, 0, TASK_PAUSED, "other:1");
    put(*state, 0, TASK_UNASSIGNED, 2); /* a late report of ours */
    assert_state(*state, 0, TASK_PAUSED, "other:1");
}

static void test_delete__and_put_again_before_the_tombstone_is_read(void **state)
{
    struct task_status found;
    put(*state, 0, TASK_RUNNING, 1);
    put(*state, 1, TASK_RUNNING, 1);
    status_store_delete_tasks(*state, "c", 1);
    assert_false(status_store_get(*state, "c", 1, &found));
    assert_int_equal(status_store_task_count(*state, "c"), 1);
    put(*state, 1, TASK_RUNNING, 2);
    record(*state, "status-task-c-1", NULL);
    assert_state(*state, 1, TASK_RUNNING, "me:1");
}

static void test_task_count__follows_the_last_task(void **state)
{
    static const char running[] = "{\"state\":\"RUNNING\",\"worker_id\":\"other:1\"}";
    record(*state, "status-task-c-7", running);
    record(*state, "status-task-c-2", running);
    record(*state, "status-task-c-d-1", running);
    record(*state, "status-task-c-", running);
    record(*state, "status-task-c-x", running);
    record(*state, "status-task-c--5", running);
    record(*state, "status-task--0", running);
    record(*state, "status-task-0", running);
    assert_int_equal(status_store_task_count(*state, "c"), 8);
    assert_int_equal(status_store_task_count(*state, "c-d"), 2);
    assert_int_equal(status_store_task_count(*state, ""), 1);
    record(*state, "status-task-c-7", NULL);
    assert_int_equal(status_store_task_count(*state, "c"), 3);
    record(*state, "status-task-c-2", NULL);
    assert_int_equal(status_store_task_count(*state, "c"), 0);
    put(*state, 4, TASK_RUNNING, 1);
    assert_int_equal(status_store_task_count(*state, "c"), 5);
}

static void test_connectors__that_have_a_status(void **state)
{
    static const char running[] = "{\"state\":\"RUNNING\",\"worker_id\":\"other:1\"}";
    char **names;
    struct task_status status = {.state = TASK_RUNNING};
    record(*state, "status-connector-other", running);
    record(*state, "status-connector-gone", running);
    record(*state, "status-connector-gone", NULL);
    record(*state, "status-task-only-0", running);
    status_store_put(*state, "mine", STATUS_CONNECTOR, &status);
    assert_int_equal(status_store_connectors(*state, &names), 2);
    assert_true((strcmp(names[0], "other") == 0 && strcmp(names[1], "mine") == 0) ||
                (strcmp(names[0], "mine") == 0 && strcmp(names[1], "other") == 0));
    free(names);
}

static void test_apply__tombstone_of_another_worker(void **state)
{
    struct task_status found;
    record(*state, "status-task-c-0",
           "{\"state\":\"RUNNING\",\"worker_id\":\"other:1\",\"generation\":3}");
    record(*state, "status-task-c-0", NULL);
    assert_false(status_store_get(*state, "c", 0, &found));
}

static void test_apply__what_cannot_be_read_has_no_effect(void **state)
{
    static const char *const values[] = {"", "{", "[]", "{\"state\":\"?\"}", "{\"state\":7}"};
    put(*state, 0, TASK_RUNNING, 1);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        record(*state, "status-task-c-0", values[i]);
    record(*state, "status-topic-t:connector-c", "{}");
    assert_state(*state, 0, TASK_RUNNING, "me:1");
}

static void test_put__text_that_is_not_utf8(void **state)
{
    struct task_status found;
    char trace[] = "bad \xff byte";
    struct task_status status = {.state = TASK_FAILED, .trace = trace};
    status_store_put(*state, "c", 0, &status);
    assert_true(status_store_get(*state, "c", 0, &found));
    assert_string_equal(found.trace, trace);
    task_status_release(&found);
}

static size_t topic_count(struct status_store *s, const char *connector)
{
    char **topics;
    size_t count = status_store_topics(s, connector, &topics);
    free(topics);
    return count;
}

static void test_topics__ours_and_those_of_other_workers(void **state)
{
    char **topics;
    status_store_add_topic(*state, "c", 0, "b");
    status_store_add_topic(*state, "c", 1, "b");
    record(*state, "status-topic-a:connector-c", "{}");
    assert_int_equal(status_store_topics(*state, "c", &topics), 2);
    assert_string_equal(topics[0], "a");
    assert_string_equal(topics[1], "b");
    free(topics);
}

static void test_forget_topics__tells_who_remembers_them(void **state)
{
    const _Atomic unsigned *epoch = status_store_topics_epoch(*state);
    unsigned before = *epoch;
    status_store_add_topic(*state, "c", 0, "a");
    status_store_add_topic(*state, "d", 0, "a");
    assert_int_equal(*epoch, before);
    status_store_forget_topics(*state, "c");
    assert_int_equal(topic_count(*state, "c"), 0);
    assert_int_equal(topic_count(*state, "d"), 1);
    assert_int_not_equal(*epoch, before);
    before = *epoch;
    record(*state, "status-topic-a:connector-d", NULL);
    assert_int_equal(topic_count(*state, "d"), 0);
    assert_int_not_equal(*epoch, before);
}

/* The newest record of the key says that. */
static bool ends_with(struct mock_kafka *kafka, const char *key, const char *what)
{
    struct mock_records records = {0};
    const rd_kafka_message_t *last = NULL;
    mock_kafka_read(kafka, "statuses", 1, &records);
    for (size_t i = 0; i < records.count; i++)
        if (records.list[i]->key_len == strlen(key) &&
            memcmp(records.list[i]->key, key, strlen(key)) == 0)
            last = records.list[i];
    bool does =
        last && last->payload && memmem(last->payload, last->len, what, strlen(what)) != NULL;
    mock_records_release(&records);
    return does;
}

static void await_end(struct mock_kafka *kafka, const char *key, const char *what)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (!ends_with(kafka, key, what) && clock_mono_ms() < deadline_ms)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_true(ends_with(kafka, key, what));
}

/* Else a compaction would leave only what is no longer so. */
static void test_apply__what_an_old_owner_wrote_last_is_outdone(void **state)
{
    static const char key[] = "status-task-c-0";
    struct mock_kafka kafka;
    struct status_store *store = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "status.storage.topic: statuses\nstatus.storage.partitions: 1\n");
    mock_kafka_topic(&kafka, "statuses", 1);
    assert_int_equal(status_store_open(&kafka.worker, &store, &err), KS_OK);
    put(store, 0, TASK_RUNNING, 6);
    await_end(&kafka, key, "RUNNING");
    mock_kafka_write(&kafka, "statuses", 0, key,
                     "{\"state\":\"UNASSIGNED\",\"worker_id\":\"other:1\",\"generation\":5}");
    await_end(&kafka, key, "RUNNING");
    mock_kafka_write(&kafka, "statuses", 0, key, NULL);
    await_end(&kafka, key, "RUNNING");
    struct task_status found;
    assert_true(status_store_get(store, "c", 0, &found));
    assert_int_equal(found.state, TASK_RUNNING);
    task_status_release(&found);
    status_store_close(store);
    mock_kafka_stop(&kafka);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_apply__all_members),
        TEST(test_put__shows_at_once_and_ignores_its_echo),
        TEST(test_apply__newer_owner_wins_over_older),
        TEST(test_delete__and_put_again_before_the_tombstone_is_read),
        TEST(test_task_count__follows_the_last_task),
        TEST(test_connectors__that_have_a_status),
        TEST(test_apply__tombstone_of_another_worker),
        TEST(test_apply__what_an_old_owner_wrote_last_is_outdone),
        TEST(test_apply__what_cannot_be_read_has_no_effect),
        TEST(test_put__text_that_is_not_utf8),
        TEST(test_topics__ours_and_those_of_other_workers),
        TEST(test_forget_topics__tells_who_remembers_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
