#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../source_options.h"

static enum ks_status parse(const char *start_from, struct source_options *ret,
                            struct ks_error *err)
{
    struct ks_config_entry entries[] = {
        {"milvus.etcd.root.path", "root"}, {"start.from", start_from}, {"topic.prefix", "p"}};
    return source_options_parse(&(struct ks_config){entries, 3}, ret, err);
}

static void test_parse__start_from(void **state)
{
    static const struct {
        const char *text;
        enum start_from kind;
        int64_t ms;
    } cases[] = {
        {"latest", START_LATEST, 0},
        {"earliest", START_EARLIEST, 0},
        {"2025-03-01T12:00:00Z", START_TIME, 1740830400000},
        {"2025-03-01T12:00:00.250Z", START_TIME, 1740830400250},
        {"2025-03-01T13:30:00+01:30", START_TIME, 1740830400000},
        {"2025-03-01T10:00:00-02:00", START_TIME, 1740830400000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct source_options o;
        struct ks_error err;
        assert_int_equal(parse(cases[i].text, &o, &err), KS_OK);
        assert_int_equal(o.start_from, cases[i].kind);
        if (o.start_from == START_TIME)
            assert_int_equal(o.start_ms, cases[i].ms);
        source_options_release(&o);
    }
}

static void test_parse__refuses_other_times(void **state)
{
    static const char *const bad[] = {"",
                                      "now",
                                      "2025-03-01",
                                      "2025-03-01T12:00:00",
                                      "2025-03-01T12:00:00Zx",
                                      "2025-03-01T12:00:00*01:00"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct source_options o;
        struct ks_error err;
        assert_int_equal(parse(bad[i], &o, &err), KS_ERR_FATAL);
        assert_non_null(strstr(err.message, "start.from"));
    }
}

static void test_parse__the_cluster_is_the_root_path(void **state)
{
    struct source_options o;
    struct ks_error err;
    assert_int_equal(parse("latest", &o, &err), KS_OK);
    assert_string_equal(o.cluster, "root");
    assert_string_equal(o.change.cluster, "root");
    assert_string_equal(o.change.prefix, "p");
    source_options_release(&o);
}

static void test_parse__selection(void **state)
{
    struct source_options o;
    struct ks_error err;
    struct ks_config_entry entries[] = {{"field.exclude.list", "default.c.x"},
                                        {"milvus.etcd.root.path", "root"},
                                        {"row.filter", "id > 3"},
                                        {"topic.prefix", "p"},
                                        {"vector.encoding", "bytes"}};
    assert_int_equal(source_options_parse(&(struct ks_config){entries, 5}, &o, &err), KS_OK);
    assert_ptr_equal(o.change.fields, &o.fields);
    assert_int_equal(o.change.fields->exclude.count, 1);
    assert_int_equal(o.change.fields->vectors, VECTORS_BYTES);
    assert_non_null(o.change.filters);
    source_options_release(&o);
    entries[2].value = "id >";
    assert_int_equal(source_options_parse(&(struct ks_config){entries, 5}, &o, &err), KS_ERR_FATAL);
}

static void add_issue(void *ctx, const char *option, const char *message)
{
    strcat(ctx, option);
    strcat(ctx, " ");
}

static void test_validate__names_the_options(void **state)
{
    char text[200] = "";
    struct ks_config_issues issues = {text, add_issue};
    struct ks_config_entry entries[] = {
        {"field.mask.hash.list", "a"}, {"milvus.etcd.endpoints", "https://a:1,b:2"},
        {"row.filter", "id <"},        {"row.filter.default.c", "id = 1"},
        {"start.from", "soon"},        {"topic.prefix", "a b"}};
    source_options_validate(&(struct ks_config){entries, 6}, &issues);
    assert_string_equal(text, "start.from topic.prefix milvus.etcd.endpoints "
                              "field.mask.hash.salt row.filter row.filter.default.c ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__start_from),
        cmocka_unit_test(test_parse__refuses_other_times),
        cmocka_unit_test(test_parse__the_cluster_is_the_root_path),
        cmocka_unit_test(test_parse__selection),
        cmocka_unit_test(test_validate__names_the_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
