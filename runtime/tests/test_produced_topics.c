#include "produced_topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_configs__only_options_of_topics(void **state)
{
    const struct ks_config_entry entries[] = {
        {"topic.creation.default.partitions", "3"},
        {"topic.creation.default.replication.factor", "1"},
        {"topic.creation.default.retention.ms", "1000"},
        {"topic.creation.groups", ""},
    };
    const struct ks_config config = {entries, 4};
    struct string_map configs = produced_topics_configs(&config);
    struct ks_config view = string_map_view(&configs);
    assert_int_equal(view.count, 1);
    assert_string_equal(view.entries[0].key, "retention.ms");
    assert_string_equal(view.entries[0].value, "1000");
    string_map_release(&configs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_configs__only_options_of_topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
