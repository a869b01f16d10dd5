/* The config topic's records as a table, without a topic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_store.h"
#include "log_levels.h"

struct fixture {
    struct config_store *store;
    int64_t offset;
    int changes;
};

static void on_change(void *arg)
{
    ((struct fixture *)arg)->changes++;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->store = config_store_new(on_change, f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    config_store_close(f->store);
    free(f);
    return 0;
}

static void record(struct fixture *f, const char *key, const char *value)
{
    config_store_apply(f->store, (struct ks_slice){key, strlen(key)},
                       (struct ks_slice){value, value ? strlen(value) : 0}, f->offset++);
}

static void assert_option(struct fixture *f, const char *connector, const char *option,
                          const char *value)
{
    struct connector_config c;
    assert_true(config_store_get(f->store, connector, &c));
    assert_string_equal(string_map_get(&c.config, option), value);
    connector_config_release(&c);
}

static void test_apply__connector_is_there(void **state)
{
    struct fixture *f = *state;
    record(f, "connector-a-b", "{\"properties\":{\"tasks.max\":\"2\",\"x\":\"${env:X}\"}}");
    struct connector_config c;
    assert_true(config_store_get(f->store, "a-b", &c));
    assert_string_equal(c.name, "a-b");
    assert_string_equal(string_map_get(&c.config, "x"), "${env:X}");
    assert_int_equal(c.target, TARGET_STARTED);
    assert_int_equal(c.auto_restart, AUTO_RESTART_OFF);
    assert_int_equal(c.task_count, 0);
    connector_config_release(&c);
    assert_false(config_store_get(f->store, "a", &c));
    assert_int_equal(f->changes, 1);
}

static void test_apply__second_create_has_no_effect(void **state)
{
    struct fixture *f = *state;
    record(f, "connector-c", "{\"properties\":{\"v\":\"1\"},\"create\":true,\"nonce\":\"a\"}");
    record(f, "connector-c", "{\"properties\":{\"v\":\"2\"},\"create\":true,\"nonce\":\"b\"}");
    assert_option(f, "c", "v", "1");
    record(f, "connector-c", "{\"properties\":{\"v\":\"3\"},\"nonce\":\"c\"}");
    assert_option(f, "c", "v", "3");
}

static void test_apply__create_counts_again_after_a_deletion(void **state)
{
    struct fixture *f = *state;
    record(f, "connector-c", "{\"properties\":{\"v\":\"1\"},\"create\":true}");
    record(f, "connector-c", NULL);
    struct connector_config c;
    assert_false(config_store_get(f->store, "c", &c));
    record(f, "connector-c", "{\"properties\":{\"v\":\"2\"},\"create\":true}");
    assert_option(f, "c", "v", "2");
}

/* Two creators, a change, and what the loser repeats of it: whatever a compaction has removed, who
 * reads from the start knows in the end what everybody knew who read along. */
static void test_apply__repetitions_survive_compaction(void **state)
{
    static const char *const log[] = {
        "{\"properties\":{\"v\":\"1\"},\"create\":true,\"new\":true,\"nonce\":\"a\"}",
        "{\"properties\":{\"v\":\"2\"},\"create\":true,\"new\":true,\"nonce\":\"b\"}",
        "{\"properties\":{\"v\":\"3\"},\"nonce\":\"c\"}",
        "{\"properties\":{\"v\":\"1\"},\"as.of\":2,\"nonce\":\"d\"}", /* void: too late */
        "{\"properties\":{\"v\":\"3\"},\"as.of\":4,\"nonce\":\"e\"}",
    };
    enum { LAST = sizeof log / sizeof *log - 1 };
    static const char *const known[] = {"1", "1", "3", "3", "3"};
    struct fixture *f = *state;
    for (size_t i = 0; i <= LAST; i++) {
        record(f, "connector-c", log[i]);
        assert_option(f, "c", "v", known[i]);
    }
    for (unsigned kept = 0; kept < 1U << LAST; kept++) {
        struct config_store *late = config_store_new(NULL, NULL);
        struct connector_config c;
        for (size_t i = 0; i <= LAST; i++)
            if (i == LAST || kept >> i & 1)
                config_store_apply(late, (struct ks_slice){"connector-c", 11},
                                   (struct ks_slice){log[i], strlen(log[i])}, (int64_t)i);
        assert_true(config_store_get(late, "c", &c));
        assert_string_equal(string_map_get(&c.config, "v"), "3");
        connector_config_release(&c);
        config_store_close(late);
    }
}

static void test_apply__repetition_does_not_undo_a_deletion(void **state)
{
    struct fixture *f = *state;
    struct connector_config c;
    record(f, "connector-c", "{\"properties\":{\"v\":\"1\"},\"create\":true}");
    record(f, "connector-c", NULL);
    record(f, "connector-c", "{\"properties\":{\"v\":\"1\"},\"as.of\":1}");
    assert_false(config_store_get(f->store, "c", &c));
}

static void test_apply__initial_state(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *key, *value;
        enum target_state target;
    } cases[] = {
        {"connector-c",
         "{\"properties\":{},\"create\":true,\"new\":true,\"initial.state\":\"STOPPED\"}",
         TARGET_STOPPED},
        {"connector-c",
         "{\"properties\":{},\"create\":true,\"new\":true,\"initial.state\":\"PAUSED\"}",
         TARGET_STOPPED}, /* came second */
        {"target-state-c", "{\"state\":\"STARTED\"}", TARGET_STARTED},
        {"connector-c", "{\"properties\":{},\"initial.state\":\"STOPPED\"}", TARGET_STARTED},
    };
    record(f, "target-state-c", "{\"state\":\"PAUSED\"}"); /* of one that is deleted */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct connector_config c;
        record(f, cases[i].key, cases[i].value);
        assert_true(config_store_get(f->store, "c", &c));
        assert_int_equal(c.target, cases[i].target);
        connector_config_release(&c);
    }
}

static void test_apply__version_grows(void **state)
{
    struct fixture *f = *state;
    struct connector_config first, second;
    record(f, "connector-c", "{\"properties\":{}}");
    assert_true(config_store_get(f->store, "c", &first));
    record(f, "connector-c", "{\"properties\":{}}");
    assert_true(config_store_get(f->store, "c", &second));
    assert_true(second.version > first.version);
    connector_config_release(&first);
    connector_config_release(&second);
}

static void test_apply__target_state(void **state)
{
    static const struct {
        const char *value;
        enum target_state target;
    } cases[] = {
        {"{\"state\":\"PAUSED\"}", TARGET_PAUSED},
        {"{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}", TARGET_STOPPED},
        {"{\"state\":\"no such state\"}", TARGET_STOPPED}, /* has no effect */
        {"{\"state\":\"STARTED\"}", TARGET_STARTED},
        {"{\"state\":\"STOPPED\"}", TARGET_STOPPED},
        {NULL, TARGET_STARTED},
    };
    struct fixture *f = *state;
    record(f, "target-state-c", "{\"state\":\"PAUSED\"}"); /* goes before its connector */
    record(f, "connector-c", "{\"properties\":{}}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct connector_config c;
        record(f, "target-state-c", cases[i].value);
        assert_true(config_store_get(f->store, "c", &c));
        assert_int_equal(c.target, cases[i].target);
        connector_config_release(&c);
    }
}

static void test_apply__tasks_count_from_their_commit_on(void **state)
{
    struct fixture *f = *state;
    struct connector_config c;
    record(f, "connector-a-1", "{\"properties\":{}}");
    record(f, "task-a-1-0", "{\"properties\":{\"t\":\"zero\"}}");
    record(f, "task-a-1-1", "{\"properties\":{\"t\":\"one\"}}");
    assert_true(config_store_get(f->store, "a-1", &c));
    assert_int_equal(c.task_count, 0);
    connector_config_release(&c);
    record(f, "commit-a-1", "{\"tasks\":2}");
    assert_true(config_store_get(f->store, "a-1", &c));
    assert_int_equal(c.task_count, 2);
    assert_string_equal(string_map_get(&c.tasks[1], "t"), "one");
    connector_config_release(&c);
    /* One is written anew, the other kept; a commit of tasks that never came has no effect. */
    record(f, "task-a-1-0", "{\"properties\":{\"t\":\"new\"}}");
    record(f, "commit-a-1", "{\"tasks\":2}");
    record(f, "commit-a-1", "{\"tasks\":3}");
    assert_true(config_store_get(f->store, "a-1", &c));
    assert_int_equal(c.task_count, 2);
    assert_string_equal(string_map_get(&c.tasks[0], "t"), "new");
    assert_string_equal(string_map_get(&c.tasks[1], "t"), "one");
    connector_config_release(&c);
}

static void test_apply__restart_requests_are_numbered(void **state)
{
    struct fixture *f = *state;
    struct connector_config c;
    record(f, "connector-c", "{\"properties\":{}}");
    record(f, "restart-connector-c", "{\"include-tasks\":true,\"only-failed\":true}");
    assert_true(config_store_get(f->store, "c", &c));
    struct restart_request first = c.restart;
    connector_config_release(&c);
    assert_true(first.seq > 0 && first.connector && first.include_tasks && first.only_failed);
    record(f, "restart-connector-c", "{\"include-tasks\":false,\"only-failed\":false,\"task\":3}");
    assert_true(config_store_get(f->store, "c", &c));
    assert_true(c.restart.seq > first.seq && !c.restart.connector);
    assert_int_equal(c.restart.task, 3);
    connector_config_release(&c);
}

static void test_apply__auto_restart(void **state)
{
    struct fixture *f = *state;
    struct connector_config c;
    record(f, "connector-c", "{\"properties\":{},\"auto.restart\":7}");
    assert_true(config_store_get(f->store, "c", &c));
    assert_int_equal(c.auto_restart, 7);
    connector_config_release(&c);
}

static void test_apply__what_cannot_be_read_has_no_effect(void **state)
{
    static const char *const keys[] = {
        "connector-c", "target-state-c",      "task-c-0",    "task-c", "commit-c",
        "connector-",  "restart-connector-c", "session-key", ""};
    static const char *const values[] = {"",
                                         "{",
                                         "[]",
                                         "{\"properties\":[]}",
                                         "{\"state\":1}",
                                         "{\"tasks\":-1}",
                                         "{\"tasks\":99999999999}"};
    struct fixture *f = *state;
    record(f, "connector-c", "{\"properties\":{\"v\":\"1\"}}");
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++)
            record(f, keys[k], values[v]);
    assert_option(f, "c", "v", "1");
    char **names;
    assert_int_equal(config_store_names(f->store, &names), 1);
    assert_string_equal(names[0], "c");
    free(names);
}

static void test_names__sorted(void **state)
{
    struct fixture *f = *state;
    record(f, "connector-b", "{\"properties\":{}}");
    record(f, "target-state-x", "{\"state\":\"PAUSED\"}");
    record(f, "connector-a", "{\"properties\":{}}");
    char **names;
    assert_int_equal(config_store_names(f->store, &names), 2);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "b");
    free(names);
}

static void test_pipeline__last_hash(void **state)
{
    struct fixture *f = *state;
    char hash[65], found[65];
    memset(hash, 'a', 64);
    hash[64] = '\0';
    char value[100];
    assert_false(config_store_pipeline(f->store, "/p.yaml", found));
    snprintf(value, sizeof value, "{\"sha256\":\"%s\"}", hash);
    record(f, "pipeline-/p.yaml", value);
    assert_true(config_store_pipeline(f->store, "/p.yaml", found));
    assert_string_equal(found, hash);
    record(f, "pipeline-/p.yaml", "{\"sha256\":\"short\"}");
    assert_false(config_store_pipeline(f->store, "/p.yaml", found));
}

static void test_apply__levels_from_before_the_start_are_over(void **state)
{
    struct fixture *f = *state;
    log_levels_init(KS_LOG_INFO);
    record(f, "logger-cluster-a", "{\"level\":\"DEBUG\"}");
    assert_int_equal(log_levels_get("a").level, KS_LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_apply__connector_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply__second_create_has_no_effect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply__repetitions_survive_compaction, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_apply__repetition_does_not_undo_a_deletion, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_apply__initial_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply__create_counts_again_after_a_deletion, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_apply__version_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply__target_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply__tasks_count_from_their_commit_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_apply__restart_requests_are_numbered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply__auto_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply__what_cannot_be_read_has_no_effect, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_apply__levels_from_before_the_start_are_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_names__sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pipeline__last_hash, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
