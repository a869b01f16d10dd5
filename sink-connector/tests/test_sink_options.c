#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sink_options.h"

/* ---- configurations: pairs of key and value, as a user gives them ---- */

struct given {
    struct ks_config_entry entries[16];
    struct ks_config config;
    struct sink_options options;
    struct ks_error err;
};

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct ks_config_entry *)a)->key,
                  ((const struct ks_config_entry *)b)->key);
}

static void add_pairs(struct given *g, const char *const *pairs)
{
    for (; *pairs; pairs += 2)
        g->entries[g->config.count++] = (struct ks_config_entry){pairs[0], pairs[1]};
    qsort(g->entries, g->config.count, sizeof(*g->entries), compare_keys);
}

static enum ks_status parse(struct given *g, const char *const *pairs)
{
    *g = (struct given){.config.entries = g->entries};
    g->entries[g->config.count++] = (struct ks_config_entry){"topic.prefix", "shop"};
    add_pairs(g, pairs);
    return sink_options_parse(&g->config, &g->options, &g->err);
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_sink_options_parse__defaults(void **state)
{
    struct given g;
    assert_int_equal(parse(&g, PAIRS("milvus.uri", "h:1", "milvus.token", "")), KS_OK);
    assert_string_equal(g.options.ddl_topic, "shop.ddl");
    assert_string_equal(g.options.milvus.uri, "h:1");
    assert_null(g.options.milvus.token);
    assert_false(g.options.milvus.tls.enabled);
    assert_false(g.options.always_upsert || g.options.dead_letters || g.options.allow_missing);
    assert_int_equal(g.options.threads, 4);
    assert_int_equal(g.options.request_rows, 10000);
    assert_int_equal(g.options.request_bytes, 8 << 20);
    assert_int_equal(g.options.buffer_bytes, 12 << 20);
    assert_int_equal(g.options.lease_ms, 30000);
    for (int kind = 0; kind < DDL_KIND_COUNT; kind++)
        assert_int_equal(g.options.policy[kind], POLICY_APPLY);
    sink_options_release(&g.options);
}

static void test_sink_options_parse__everything(void **state)
{
    struct given g;
    assert_int_equal(parse(&g, PAIRS("milvus.uri", "https://h", "milvus.token", "root:secret",
                                     "milvus.tls.enabled", "true", "milvus.tls.ca.file", "ca",
                                     "milvus.tls.cert.file", "cert", "milvus.tls.key.file", "key",
                                     "milvus.tls.server.name", "name", "write.mode", "upsert",
                                     "errors.tolerance", "all", "missing.records", "skip",
                                     "collection.exclude.list", "default\\.b.*", "lease.ms", "6000",
                                     "collection.mapping", "a:b")),
                     KS_OK);
    assert_string_equal(g.options.milvus.token, "root:secret");
    assert_true(g.options.milvus.tls.enabled);
    assert_string_equal(g.options.milvus.tls.ca_file, "ca");
    assert_string_equal(g.options.milvus.tls.cert_file, "cert");
    assert_string_equal(g.options.milvus.tls.key_file, "key");
    assert_string_equal(g.options.milvus.tls.server_name, "name");
    assert_true(g.options.always_upsert && g.options.dead_letters && g.options.allow_missing);
    assert_int_equal(g.options.lease_ms, 6000);
    assert_string_equal(name_map_db(g.options.names, "a"), "b");
    assert_true(name_filter_match(g.options.filter, "default", "a"));
    assert_false(name_filter_match(g.options.filter, "default", "b1"));
    sink_options_release(&g.options);
}

/* Every kind of DDL has an option of its own in the table. */
static void test_sink_options_parse__policies(void **state)
{
    for (int kind = 0; kind < DDL_KIND_COUNT; kind++) {
        struct given g;
        char option[64];
        const struct ks_config_def *def = sink_option_table;
        snprintf(option, sizeof(option), "ddl.policy.%s", ddl_kind_name((enum ddl_kind)kind));
        while (def->name && strcmp(def->name, option) != 0)
            def++;
        assert_non_null(def->name);
        assert_int_equal(parse(&g, PAIRS(option, kind % 2 ? "skip" : "fail")), KS_OK);
        for (int other = 0; other < DDL_KIND_COUNT; other++)
            assert_int_equal(g.options.policy[other], other != kind ? POLICY_APPLY
                                                      : kind % 2    ? POLICY_SKIP
                                                                    : POLICY_FAIL);
        sink_options_release(&g.options);
    }
}

static void test_sink_options_parse__two_databases_onto_one(void **state)
{
    struct given g;
    assert_int_equal(parse(&g, PAIRS("collection.mapping", "a:c,b:c")), KS_ERR_FATAL);
    assert_non_null(strstr(g.err.message, "ddl.policy.drop_database=skip"));
    assert_int_equal(
        parse(&g, PAIRS("collection.mapping", "a:c,b:c", "ddl.policy.drop_database", "skip")),
        KS_OK);
    sink_options_release(&g.options);
}

static void test_sink_options_parse__bad_values(void **state)
{
    struct given g;
    assert_int_equal(parse(&g, PAIRS("collection.mapping", "a")), KS_ERR_FATAL);
    assert_int_equal(parse(&g, PAIRS("collection.include.list", "a(")), KS_ERR_FATAL);
}

/* ---- validation ---- */

struct issues {
    char text[2048];
    int count;
};

static void add_issue(void *ctx, const char *option, const char *message)
{
    struct issues *issues = ctx;
    size_t len = strlen(issues->text);
    issues->count++;
    snprintf(issues->text + len, sizeof(issues->text) - len, "[%s] %s\n", option, message);
}

static void validate(const char *const *pairs, struct issues *ret)
{
    struct given g = {.config.entries = g.entries};
    *ret = (struct issues){.count = 0};
    add_pairs(&g, pairs);
    sink_options_validate(&g.config, &(struct ks_config_issues){ret, add_issue});
}

static void test_sink_options_validate__good(void **state)
{
    struct issues issues;
    validate(PAIRS("milvus.uri", "http://127.0.0.1:19530", "topic.prefix", "p"), &issues);
    assert_int_equal(issues.count, 0);
    /* Required options that are missing are the table's to report. */
    validate(PAIRS("collection.mapping", ""), &issues);
    assert_int_equal(issues.count, 0);
    validate(PAIRS("milvus.uri", "${env:TARGET}"), &issues);
    assert_int_equal(issues.count, 0);
}

static void test_sink_options_validate__names_the_option(void **state)
{
    struct issues issues;
    validate(PAIRS("milvus.uri", "http://127.0.0.1:x"), &issues);
    assert_int_equal(issues.count, 1);
    assert_ptr_equal(strstr(issues.text, "[milvus.uri]"), issues.text);
    validate(PAIRS("collection.mapping", "a:b:c"), &issues);
    assert_ptr_equal(strstr(issues.text, "[collection.mapping]"), issues.text);
    validate(PAIRS("collection.exclude.list", "["), &issues);
    assert_ptr_equal(strstr(issues.text, "[collection.exclude.list]"), issues.text);
}

static void test_sink_options_validate__no_secret_in_the_message(void **state)
{
    struct issues issues;
    validate(PAIRS("milvus.uri", "https://root:hunter2@host:1"), &issues);
    assert_int_equal(issues.count, 1);
    assert_null(strstr(issues.text, "hunter2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sink_options_parse__defaults),
        cmocka_unit_test(test_sink_options_parse__everything),
        cmocka_unit_test(test_sink_options_parse__policies),
        cmocka_unit_test(test_sink_options_parse__two_databases_onto_one),
        cmocka_unit_test(test_sink_options_parse__bad_values),
        cmocka_unit_test(test_sink_options_validate__good),
        cmocka_unit_test(test_sink_options_validate__names_the_option),
        cmocka_unit_test(test_sink_options_validate__no_secret_in_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
