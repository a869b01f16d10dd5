#include "worker_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"

static void test_cluster_id__as_the_brokers_say(void **state)
{
    struct mock_kafka kafka;
    mock_kafka_start(&kafka, "");
    char *id = worker_client_cluster_id(&kafka.worker, 10000);
    assert_non_null(id);
    assert_true(strlen(id) > 0);
    free(id);
    mock_kafka_stop(&kafka);
}

static void test_cluster_id__brokers_away(void **state)
{
    struct worker_config worker;
    struct ks_error err;
    assert_int_equal(worker_config_load(NULL, &worker, &err), KS_OK);
    string_map_set(&worker.all, "bootstrap.servers", "127.0.0.1:1");
    assert_null(worker_client_cluster_id(&worker, 10));
    worker_config_release(&worker);
}

static void test_conf__bad_option_is_named(void **state)
{
    struct worker_config worker;
    struct ks_error err;
    rd_kafka_conf_t *conf = NULL;
    const struct worker_client_option options[] = {{"no.such.option", "x"}, {0}};
    assert_int_equal(worker_config_load(NULL, &worker, &err), KS_OK);
    assert_int_not_equal(worker_client_conf(&worker, "admin", NULL, options, NULL, &conf, &err),
                         KS_OK);
    assert_null(conf);
    assert_non_null(strstr(err.message, "no.such.option"));
    worker_config_release(&worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cluster_id__as_the_brokers_say),
        cmocka_unit_test(test_cluster_id__brokers_away),
        cmocka_unit_test(test_conf__bad_option_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
