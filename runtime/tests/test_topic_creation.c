#include "../topic_creation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct ks_config_entry groups[] = {
    {"topic.creation.default.partitions", "3"},
    {"topic.creation.default.replication.factor", "2"},
    {"topic.creation.default.retention.ms", "1000"},
    {"topic.creation.groups", "rows, lines"},
    {"topic.creation.lines.exclude", "shop\\.private\\..*"},
    {"topic.creation.lines.include", "shop\\..*, log"},
    {"topic.creation.lines.partitions", "-1"},
    {"topic.creation.rows.cleanup.policy", "compact,delete"},
    {"topic.creation.rows.include", "shop\\.db\\..*"},
    {"topic.creation.rows.replication.factor", "1"},
};
static const struct ks_config all = {groups, sizeof groups / sizeof *groups};

static const struct ks_config_entry kept[] = {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}};
static const struct ks_config keep = {kept, 2};

static struct new_topic planned(const struct ks_config *config, const char *topic,
                                struct topic_request asked)
{
    struct topic_creation *c;
    struct new_topic t;
    struct ks_error err;
    if (topic_creation_new("test", config, &c, &err) ||
        topic_creation_plan(c, topic, &asked, &t, &err))
        fail_msg("%s", err.message);
    t.group = NULL; /* goes with the groups */
    topic_creation_free(c);
    return t;
}

static void expect(const char *topic, int32_t partitions, int replication, const char *policy,
                   const char *retention)
{
    struct new_topic t =
        planned(&all, topic, (struct topic_request){.partitions = 7, .configs = &keep});
    assert_int_equal(t.partitions, partitions);
    assert_int_equal(t.replication, replication);
    assert_string_equal(string_map_get(&t.configs, "cleanup.policy"), policy);
    assert_string_equal(string_map_get(&t.configs, "retention.ms"), retention);
    assert_int_equal(t.configs.count, 2);
    assert_null(t.overruled);
    new_topic_release(&t);
}

static void test_plan__the_first_group_that_fits(void **state)
{
    expect("shop.db.books", 3, 1, "compact,delete", "-1");
    expect("shop.other.books", 7, 2, "delete", "-1");
    expect("log", 7, 2, "delete", "-1");
    expect("shop.private.books", 3, 2, "delete", "1000");
    expect("logs", 3, 2, "delete", "1000");
}

static void test_plan__what_the_connector_wants_where_nothing_is_said(void **state)
{
    static const struct ks_config none = {0};
    struct new_topic t =
        planned(&none, "t", (struct topic_request){.partitions = 5, .configs = &keep});
    assert_int_equal(t.partitions, 5);
    assert_int_equal(t.replication, -1);
    assert_string_equal(string_map_get(&t.configs, "retention.ms"), "-1");
    new_topic_release(&t);
    t = planned(&none, "t", (struct topic_request){.partitions = -1});
    assert_int_equal(t.partitions, -1);
    assert_int_equal(t.configs.count, 0);
    new_topic_release(&t);
}

static void test_plan__what_must_be_stays(void **state)
{
    struct new_topic t = planned(
        &all, "logs", (struct topic_request){.partitions = 1, .configs = &keep, .fixed = true});
    assert_int_equal(t.partitions, 1);
    assert_int_equal(t.replication, 2);
    assert_string_equal(string_map_get(&t.configs, "retention.ms"), "-1");
    assert_string_equal(t.overruled, "partitions=3, retention.ms=1000");
    new_topic_release(&t);
}

static void check(const char *option, const char *value, const char *expected)
{
    struct ks_config_entry entries[] = {
        {"topic.creation.a.include", "x"}, {"topic.creation.groups", "a"}, {option, value}};
    struct config_issues issues = {0};
    struct ks_config config = {entries, 3};
    struct string_map sorted = string_map_copy(&config);
    string_map_set(&sorted, option, value);
    config = string_map_view(&sorted);
    topic_creation_check(&config, &issues);
    if (!expected) {
        assert_int_equal(issues.count, 0);
    } else {
        assert_int_equal(issues.count, 1);
        if (!strstr(issues.list[0].message, expected))
            fail_msg("%s", issues.list[0].message);
        assert_string_equal(issues.list[0].option, option);
    }
    config_issues_release(&issues);
    string_map_release(&sorted);
}

static void test_check__names_the_option(void **state)
{
    check("topic.creation.a.partitions", "4", NULL);
    check("topic.creation.a.retention.ms", "anything", NULL);
    check("topic.creation.a.exclude", "${env:X}", NULL);
    check("topic.creation.a.partitions", "0", "at least 1");
    check("topic.creation.a.partitions", "many", "Invalid value many");
    check("topic.creation.a.replication.factor", "-2", "Invalid value -2");
    check("topic.creation.default.partitions", "0", "at least 1");
    check("topic.creation.a.include", "(", "Invalid regex");
    check("topic.creation.a.include", "", "Missing required");
    check("topic.creation.a.exclude", "[a[b]]", "within another");
    check("topic.creation.default.include", "x", "default group");
    check("topic.creation.b.partitions", "3", "names no such group");
}

static void test_check__the_list_of_groups(void **state)
{
    struct ks_config_entry entries[] = {{"topic.creation.a.include", "x"},
                                        {"topic.creation.groups", "a,a"}};
    struct config_issues issues = {0};
    topic_creation_check(&(struct ks_config){entries, 2}, &issues);
    assert_int_equal(issues.count, 1);
    assert_non_null(strstr(issues.list[0].message, "twice"));
    config_issues_release(&issues);
    entries[1].value = "a,default";
    topic_creation_check(&(struct ks_config){entries, 2}, &issues);
    assert_int_equal(issues.count, 1);
    assert_non_null(strstr(issues.list[0].message, "always there"));
    config_issues_release(&issues);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__the_first_group_that_fits),
        cmocka_unit_test(test_plan__what_the_connector_wants_where_nothing_is_said),
        cmocka_unit_test(test_plan__what_must_be_stays),
        cmocka_unit_test(test_check__names_the_option),
        cmocka_unit_test(test_check__the_list_of_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
