#include "fetch_nudge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"

static void test_init__half_of_the_queue(void **state)
{
    struct fetch_nudge n;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "queued.max.messages.kbytes", "1000", NULL, 0);
    rd_kafka_conf_set(conf, "queued.min.messages", "100", NULL, 0);
    fetch_nudge_init(&n, conf);
    if (rd_kafka_version() < 0x020200ff) {
        assert_int_equal(n.every_bytes, 512001);
        assert_int_equal(n.every_messages, 51);
    } else {
        assert_int_equal(n.every_bytes, 0);
    }
    rd_kafka_conf_destroy(conf);
}

static void test_note__counts_and_wakes(void **state)
{
    struct mock_kafka k;
    struct mock_records r;
    mock_kafka_start(&k, "");
    mock_kafka_topic(&k, "t", 2);
    for (int i = 0; i < 6; i++)
        mock_kafka_write(&k, "t", i % 2, "k", "0123456789");
    mock_kafka_read(&k, "t", 2, &r);
    struct fetch_nudge n = {.every_bytes = 50, .every_messages = 100};
    fetch_nudge_note(&n, r.rk, r.list, 4);
    assert_int_equal(n.bytes, 44);
    assert_int_equal(n.messages, 4);
    assert_int_equal(n.busy_count, 1); /* one broker */
    assert_string_equal(n.busy[0].topic, "t");
    fetch_nudge_note(&n, r.rk, r.list + 4, 1);
    assert_int_equal(n.bytes, 0);
    assert_int_equal(n.busy_count, 0);
    n.every_bytes = 0;
    fetch_nudge_note(&n, r.rk, r.list + 4, 1);
    assert_int_equal(n.messages, 0);
    mock_records_release(&r);
    mock_kafka_stop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init__half_of_the_queue),
        cmocka_unit_test(test_note__counts_and_wakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
