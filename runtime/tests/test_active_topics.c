/* Keys in, topics of a connector out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "active_topics.h"

static void add(struct active_topics *t, const char *connector, const char *topic)
{
    char *key = active_topics_key(connector, topic);
    assert_true(active_topics_owns(key));
    assert_true(active_topics_set(t, key, true));
    assert_false(active_topics_set(t, key, true));
    free(key);
}

static void test_of__sorted_and_only_of_the_connector(void **state)
{
    struct active_topics t = {0};
    char **topics;
    add(&t, "c", "b.two");
    add(&t, "c", "a");
    add(&t, "d", "a");
    add(&t, "c:connector-c", "z");
    assert_int_equal(active_topics_of(&t, "c", &topics), 2);
    assert_string_equal(topics[0], "a");
    assert_string_equal(topics[1], "b.two");
    free(topics);
    assert_int_equal(active_topics_of(&t, "c:connector-c", &topics), 1);
    assert_string_equal(topics[0], "z");
    free(topics);
    assert_int_equal(active_topics_of(&t, "none", &topics), 0);
    free(topics);
    active_topics_release(&t);
}

static void test_set__a_topic_that_is_forgotten(void **state)
{
    struct active_topics t = {0};
    char **topics;
    add(&t, "c", "a");
    assert_true(active_topics_set(&t, "status-topic-a:connector-c", false));
    assert_false(active_topics_set(&t, "status-topic-a:connector-c", false));
    assert_int_equal(active_topics_of(&t, "c", &topics), 0);
    free(topics);
    active_topics_release(&t);
}

static void test_owns__other_keys(void **state)
{
    assert_false(active_topics_owns("status-connector-c"));
    assert_false(active_topics_owns("status-topic-a"));
    assert_false(active_topics_owns("status-task-topic-a:connector-c"));
}

static void test_value__as_connect_has_it(void **state)
{
    char *text = active_topics_value("c", "a", 3, 1700000000000);
    json_t *topic = json_loads(text, 0, NULL), *inner = json_object_get(topic, "topic");
    assert_string_equal(json_string_value(json_object_get(inner, "name")), "a");
    assert_string_equal(json_string_value(json_object_get(inner, "connector")), "c");
    assert_int_equal(json_integer_value(json_object_get(inner, "task")), 3);
    assert_int_equal(json_integer_value(json_object_get(inner, "discoverTimestamp")),
                     1700000000000);
    json_decref(topic);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of__sorted_and_only_of_the_connector),
        cmocka_unit_test(test_set__a_topic_that_is_forgotten),
        cmocka_unit_test(test_owns__other_keys),
        cmocka_unit_test(test_value__as_connect_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
