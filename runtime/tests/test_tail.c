#include "tail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_mock_kafka.h"

static int show(struct mock_kafka *k, struct tail_options options, char *out, size_t size)
{
    memset(out, 0, size);
    options.out = fmemopen(out, size, "w");
    int status = tail_main(&k->worker, &options);
    fclose(options.out);
    return status;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void test_main__to_the_end(void **state)
{
    struct mock_kafka k;
    char out[8192];
    mock_kafka_start(&k, "");
    mock_kafka_topic(&k, "t", 3);
    mock_kafka_write(&k, "t", 0, "k", "text");
    mock_kafka_write(&k, "t", 2, NULL, "{\"a\": [1, 2]}");
    struct tail_options options = {.topic = "t", .from_beginning = true, .exit_at_end = true};
    assert_int_equal(show(&k, options, out, sizeof out), 0);
    assert_int_equal(count_lines(out), 2);
    assert_non_null(strstr(out, "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"timestamp\":"));
    assert_non_null(strstr(out, ",\"key\":\"k\",\"value\":\"text\"}\n"));
    assert_non_null(strstr(out, ",\"key\":null,\"value\":{\"a\":[1,2]}}\n"));
    options.value_only = true;
    assert_int_equal(show(&k, options, out, sizeof out), 0);
    assert_non_null(strstr(out, "\"text\"\n"));
    assert_null(strstr(out, "topic"));
    mock_kafka_stop(&k);
}

static void test_main__so_many(void **state)
{
    struct mock_kafka k;
    char out[8192];
    mock_kafka_start(&k, "");
    mock_kafka_topic(&k, "t", 1);
    for (int i = 0; i < 5; i++)
        mock_kafka_write(&k, "t", 0, "k", "v");
    struct tail_options options = {.topic = "t", .from_beginning = true, .max_messages = 3};
    assert_int_equal(show(&k, options, out, sizeof out), 0);
    assert_int_equal(count_lines(out), 3);
    mock_kafka_stop(&k);
}

static void test_main__only_what_is_new(void **state)
{
    struct mock_kafka k;
    char out[8192];
    mock_kafka_start(&k, "");
    mock_kafka_topic(&k, "t", 1);
    mock_kafka_write(&k, "t", 0, "k", "old");
    struct tail_options options = {.topic = "t", .exit_at_end = true};
    assert_int_equal(show(&k, options, out, sizeof out), 0);
    assert_string_equal(out, "");
    mock_kafka_stop(&k);
}

static void test_main__no_such_topic(void **state)
{
    struct mock_kafka k;
    char out[64];
    mock_kafka_start(&k, "");
    rd_kafka_mock_topic_set_error(k.cluster, "nope", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    struct tail_options options = {.topic = "nope", .exit_at_end = true};
    assert_int_equal(show(&k, options, out, sizeof out), 1);
    mock_kafka_stop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_main__to_the_end),
        cmocka_unit_test(test_main__so_many),
        cmocka_unit_test(test_main__only_what_is_new),
        cmocka_unit_test(test_main__no_such_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
