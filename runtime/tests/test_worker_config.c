#include "worker_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include "alloc.h"
#include "helper_files.h"

struct fixture {
    char *dir;
    struct worker_config config;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->dir = helper_dir_new();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    worker_config_release(&f->config);
    helper_dir_remove(f->dir);
    free(f);
    return 0;
}

static enum ks_status load(struct fixture *f, const char *yaml, struct ks_error *err)
{
    char *path = helper_file_new(f->dir, "worker.yaml", yaml);
    enum ks_status status = worker_config_load(path, &f->config, err);
    free(path);
    return status;
}

/* The message behind the folder. */
static void expect_error(struct fixture *f, const char *yaml, const char *message)
{
    struct ks_error err;
    assert_int_equal(load(f, yaml, &err), KS_ERR_FATAL);
    assert_memory_equal(err.message, f->dir, strlen(f->dir));
    assert_string_equal(err.message + strlen(f->dir) + 1, message);
    assert_null(f->config.group_id);
}

static void test_load__defaults(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(worker_config_load(NULL, &f->config, NULL), KS_OK);
    assert_string_equal(f->config.bootstrap_servers, "localhost:9092");
    assert_string_equal(f->config.group_id, "kitestream");
    assert_string_equal(f->config.worker_id, "127.0.0.1:8083");
    assert_string_equal(f->config.offset_topic, "kitestream-offsets");
    assert_int_equal(f->config.offset_partitions, 25);
    assert_int_equal(f->config.plugin_path_count, 1);
    assert_true(f->config.exactly_once_source);
    assert_int_equal(f->config.transaction_timeout_ms, 15000);
    assert_int_equal(f->config.log_level, KS_LOG_INFO);
    assert_false(f->config.log_json);
    assert_string_equal(string_map_get(&f->config.all, "status.storage.partitions"), "5");
}

static void test_load__nested_and_listed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f,
                          "bootstrap.servers: [a:1, b:2]\n"
                          "config: {storage: {topic: c, replication.factor: 1}}\n"
                          "plugin.path:\n  - /p1\n  - /p2\n"
                          "log: {level: debug, format: json}\n"
                          "listeners: http://127.0.0.1:9001\n"
                          "exactly.once.source.support: disabled\n"
                          "producer.linger.ms: 5\n",
                          NULL),
                     KS_OK);
    assert_string_equal(f->config.bootstrap_servers, "a:1,b:2");
    assert_string_equal(f->config.config_topic, "c");
    assert_int_equal(f->config.config_replication, 1);
    assert_int_equal(f->config.plugin_path_count, 2);
    assert_string_equal(f->config.plugin_path[1], "/p2");
    assert_int_equal(f->config.log_level, KS_LOG_DEBUG);
    assert_true(f->config.log_json);
    assert_string_equal(f->config.worker_id, "127.0.0.1:9001");
    assert_false(f->config.exactly_once_source);
}

static void test_load__worker_id(void **state)
{
    struct fixture *f = *state;
    char *id = xasprintf("127.0.0.1:%d", (int)getpid());
    assert_int_equal(load(f, "listeners: http://127.0.0.1:0\n", NULL), KS_OK);
    assert_string_equal(f->config.worker_id, id);
    free(id);
    worker_config_set_port(&f->config, 45678);
    assert_string_equal(f->config.worker_id, "127.0.0.1:45678");
    worker_config_release(&f->config);
    assert_int_equal(
        load(f, "rest.advertised: {host.name: w1, port: 80}\nlisteners: http://0.0.0.0:8083\n",
             NULL),
        KS_OK);
    assert_string_equal(f->config.worker_id, "w1:80");
    worker_config_set_port(&f->config, 45678);
    assert_string_equal(f->config.worker_id, "w1:80");
}

static void test_load__errors_have_file_line_and_nearest_name(void **state)
{
    struct fixture *f = *state;
    expect_error(f, "group.id: x\nbootstrap.server: y\n",
                 "worker.yaml:2: Unknown configuration \"bootstrap.server\"; did you mean "
                 "\"bootstrap.servers\"?");
    expect_error(f, "offset.storage.partitions: none\n\ntransaction.timeout.ms: 1\n",
                 "worker.yaml:1: Invalid value none for configuration offset.storage.partitions: "
                 "Not a number of type INT (and 1 more)");
    expect_error(f, "log:\n  level: info\nlog.level: warn\n",
                 "worker.yaml:3: \"log.level\" is there twice; the first is in line 2");
    expect_error(f, "- a\n", "worker.yaml:1: this is a list; a worker file is a map of options");
    expect_error(f, "a: [\n", "worker.yaml:2: did not find expected node content");
}

static void test_load__no_file(void **state)
{
    struct fixture *f = *state;
    struct ks_error err;
    assert_int_equal(worker_config_load("/nonexistent/w.yaml", &f->config, &err), KS_ERR_FATAL);
    assert_string_equal(err.message,
                        "/nonexistent/w.yaml: cannot open the file: No such file or directory");
}

static void test_load__placeholders(void **state)
{
    struct fixture *f = *state;
    setenv("KS_TEST_PARTITIONS", "7", 1);
    assert_int_equal(load(f, "offset.storage.partitions: ${env:KS_TEST_PARTITIONS}\n", NULL),
                     KS_OK);
    assert_int_equal(f->config.offset_partitions, 7);
    worker_config_release(&f->config);
    setenv("KS_TEST_PARTITIONS", "secret", 1);
    expect_error(f, "group.id: g\noffset.storage.partitions: ${env:KS_TEST_PARTITIONS}\n",
                 "worker.yaml:2: what this placeholder stands for does not fit the option");
}

/* They become part of connectors, which resolve them when they start. */
static void test_load__keeps_placeholders_that_are_for_connectors(void **state)
{
    struct fixture *f = *state;
    setenv("KS_TEST_SECRET", "secret", 1);
    unsetenv("KS_TEST_ABSENT");
    assert_int_equal(load(f,
                          "cdc.source.etcd.password: ${env:KS_TEST_SECRET}\n"
                          "cdc.source.kafka.sasl.password: ${env:KS_TEST_ABSENT}\n"
                          "group.id: ${env:KS_TEST_SECRET}\n",
                          NULL),
                     KS_OK);
    assert_string_equal(string_map_get(&f->config.all, "cdc.source.etcd.password"),
                        "${env:KS_TEST_SECRET}");
    assert_string_equal(string_map_get(&f->config.all, "cdc.source.kafka.sasl.password"),
                        "${env:KS_TEST_ABSENT}");
    assert_string_equal(f->config.group_id, "secret");
    worker_config_release(&f->config);
}

static void expect_conf(const rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[200];
    size_t size = sizeof text;
    assert_int_equal(rd_kafka_conf_get(conf, name, text, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(text, value);
}

static void test_kafka_conf__worker_role_connector(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f,
                          "bootstrap.servers: k:1\nsasl.mechanism: PLAIN\nproducer.linger.ms: 7\n"
                          "producer.batch.num.messages: 77\nconsumer.fetch.min.bytes: 2\n",
                          NULL),
                     KS_OK);
    struct ks_config_entry entry = {.key = "producer.override.linger.ms", .value = "8"};
    struct ks_config connector = {.entries = &entry, .count = 1};
    rd_kafka_conf_t *conf = NULL;
    assert_int_equal(
        worker_kafka_conf(&f->config, "producer.", &connector, "producer.override.", &conf, NULL),
        KS_OK);
    expect_conf(conf, "bootstrap.servers", "k:1");
    expect_conf(conf, "sasl.mechanism", "PLAIN");
    expect_conf(conf, "batch.num.messages", "77");
    expect_conf(conf, "linger.ms", "8");
    rd_kafka_conf_destroy(conf);
}

static void test_kafka_conf__bad_option_by_its_own_name(void **state)
{
    struct fixture *f = *state;
    struct ks_error err;
    rd_kafka_conf_t *conf = NULL;
    assert_int_equal(load(f, "producer.linger.ms: soon\n", NULL), KS_OK);
    assert_int_equal(worker_kafka_conf(&f->config, "producer.", NULL, NULL, &conf, &err),
                     KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "producer.linger.ms"));
    assert_null(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_load__defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load__nested_and_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load__worker_id, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load__errors_have_file_line_and_nearest_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_load__no_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load__placeholders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load__keeps_placeholders_that_are_for_connectors,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_kafka_conf__worker_role_connector, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kafka_conf__bad_option_by_its_own_name, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
