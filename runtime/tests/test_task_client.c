#include "task_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"

static const struct ks_connector_class class = {.name = "test.Source"};

/* What librdkafka was told in the end. */
static const char *get(const rd_kafka_conf_t *conf, const char *name)
{
    static char value[256];
    size_t size = sizeof value;
    assert_int_equal(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    return value;
}

static void test_conf__who_wins(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct task_client c = {0};
    struct ks_error err;
    rd_kafka_conf_t *conf;
    mock_kafka_start(&k, "producer.linger.ms: 7\nproducer.batch.size: 70000\n");
    struct ks_config_entry entries[] = {{"producer.override.batch.size", "80000"},
                                        {"producer.override.enable.idempotence", "false"}};
    struct ks_config config = {entries, 2};
    test_task_init(&t, &k, &class, &config);
    const struct client_option options[] = {{"linger.ms", "5", false},
                                            {"batch.size", "60000", false},
                                            {"batch.num.messages", "123", false},
                                            {"enable.idempotence", "true", true},
                                            {"transactional.id", NULL, true},
                                            {NULL, NULL, false}};
    assert_int_equal(task_client_conf(&c, &t.ctx, "producer", options, &conf, &err), KS_OK);
    assert_string_equal(get(conf, "linger.ms"), "7");
    assert_string_equal(get(conf, "batch.size"), "80000");
    assert_string_equal(get(conf, "batch.num.messages"), "123");
    assert_string_equal(get(conf, "enable.idempotence"), "true");
    assert_string_equal(get(conf, "client.id"), "connector-producer-test-0");
    assert_string_equal(get(conf, "bootstrap.servers"), k.worker.bootstrap_servers);
    rd_kafka_conf_destroy(conf);
    mock_kafka_stop(&k);
}

static void test_conf__unknown_option(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct task_client c = {0};
    struct ks_error err;
    rd_kafka_conf_t *conf;
    struct ks_config_entry entry = {"consumer.override.fetch.min.bites", "1"};
    struct ks_config config = {&entry, 1};
    const struct client_option none = {NULL, NULL, false};
    mock_kafka_start(&k, "");
    test_task_init(&t, &k, &class, &config);
    assert_int_equal(task_client_conf(&c, &t.ctx, "consumer", &none, &conf, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "consumer.override.fetch.min.bites"));
    mock_kafka_stop(&k);
}

static void test_trouble__is_shown_once_and_cleared(void **state)
{
    struct mock_kafka k;
    struct test_task t;
    struct task_client c = {0};
    struct ks_error err;
    rd_kafka_conf_t *conf;
    struct ks_config config = {0};
    const struct client_option none = {NULL, NULL, false};
    mock_kafka_start(&k, "");
    test_task_init(&t, &k, &class, &config);
    assert_int_equal(task_client_conf(&c, &t.ctx, "producer", &none, &conf, &err), KS_OK);
    rd_kafka_mock_broker_set_down(k.cluster, 1);
    assert_int_equal(task_client_new(&c, RD_KAFKA_PRODUCER, conf, &err), KS_OK);
    for (int i = 0; i < 100 && t.waited == 0; i++)
        rd_kafka_poll(c.rk, 100);
    assert_int_equal(t.waited, 1);
    assert_non_null(strstr(t.waiting, k.worker.bootstrap_servers));
    rd_kafka_poll(c.rk, 1500);
    assert_int_equal(t.waited, 1);
    task_client_ok(&c);
    assert_string_equal(t.waiting, "");
    rd_kafka_destroy(c.rk);
    mock_kafka_stop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conf__who_wins),
        cmocka_unit_test(test_conf__unknown_option),
        cmocka_unit_test(test_trouble__is_shown_once_and_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
