#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc_names.h"
#include "cdc_task.h"

/* ---- who covers what ---- */

static struct cdc_taken taken(const char *name, const char *exclude)
{
    return (struct cdc_taken){"t", name, exclude ? json_pack("[s]", exclude) : NULL};
}

static bool is_taken_beside(const char *name, const char *other, const char *exclude)
{
    struct cdc_taken one = taken(other, exclude);
    const char *found = cdc_taken_by(&one, 1, name);
    assert_true(!found || strcmp(found, "t") == 0);
    json_decref(one.excludes);
    return found;
}

static void test_is_taken__as_milvus_cdc_judges(void **state)
{
    assert_true(is_taken_beside("default.books", "default.books", NULL));
    assert_true(is_taken_beside("default.books", "default.*", NULL));
    assert_true(is_taken_beside("default.*", "*.*", NULL));
    assert_true(is_taken_beside("*.*", "*.*", NULL));
    assert_false(is_taken_beside("default.films", "default.books", NULL));
    assert_false(is_taken_beside("default.books", "*.*", "default.books"));
    assert_false(is_taken_beside("default.books", "*.*", "default.*"));
    assert_true(is_taken_beside("default.films", "*.*", "default.books"));
    assert_false(is_taken_beside("*.*", "default.*", NULL));
    assert_false(is_taken_beside("default.*", "default.books", NULL));
    assert_null(cdc_taken_by(NULL, 0, "*.*"));
}

static void test_excludes__what_others_have(void **state)
{
    const struct cdc_taken others[] = {{"1", "default.books", NULL},
                                       {"2", "library.*", NULL},
                                       {"3", "*.*", NULL},
                                       {"4", "a.b", NULL}};
    json_t *list = cdc_excludes(others, 4, "default.*");
    json_t *wanted = json_pack("[s]", "default.books");
    assert_true(json_equal(list, wanted));
    json_decref(list);
    json_decref(wanted);
    list = cdc_excludes(others, 2, "*.*");
    wanted = json_pack("[s, s]", "default.books", "library.*");
    assert_true(json_equal(list, wanted));
    json_decref(list);
    json_decref(wanted);
}

/* ---- name mapping ---- */

static struct cdc_create request(const char *db, const char *collection, const char *members)
{
    struct cdc_create c;
    struct ks_error err = {0};
    char text[2000];
    snprintf(text, sizeof text, "{\"db_collections\": {\"%s\": [{\"name\": \"%s\"}]}%s}", db,
             collection, members);
    const struct cdc_limits limits = {.name_length = 256};
    if (cdc_create_read(json_loads(text, 0, NULL), &c, &err) || cdc_create_check(&c, &limits, &err))
        fail_msg("%s", err.message);
    return c;
}

#define MILVUS ", \"milvus_connect_param\": {\"uri\": \"http://h:1\"}"

static void expect_mapping(const char *db, const char *collection, const char *mapping,
                           const char *wanted, const char *fault)
{
    char members[1000];
    struct ks_error err = {0};
    char *text = NULL;
    snprintf(members, sizeof members, MILVUS ", \"name_mapping\": %s", mapping);
    struct cdc_create c = request(db, collection, members);
    enum ks_status status = cdc_mapping(&c, &text, &err);
    assert_int_equal(status, wanted ? KS_OK : KS_ERR_DATA);
    if (wanted)
        assert_string_equal(text, wanted);
    else if (!strstr(err.message, fault))
        fail_msg("%s", err.message);
    free(text);
    cdc_create_release(&c);
}

static void test_mapping__of_collections_and_databases(void **state)
{
    expect_mapping("*", "*", "[]", "", NULL);
    expect_mapping("a", "x", "[{\"source_db\": \"a\", \"collection_mapping\": {\"x\": \"y\"}}]",
                   "a.x:default.y", NULL);
    expect_mapping("*", "*",
                   "[{\"source_db\": \"a\", \"target_db\": \"b\"},"
                   " {\"target_db\": \"c\", \"collection_mapping\": {\"x\": \"y\"}}]",
                   "a:b,default.x:c.y", NULL);
    expect_mapping("a", "x", "[{\"source_db\": \"a\", \"collection_mapping\": {\"z\": \"y\"}}]",
                   NULL, "a.z is not among");
    expect_mapping("a", "x", "[{\"source_db\": \"a\", \"target_db\": \"b\"}]", NULL,
                   "a.* is not among");
    expect_mapping("a", "*", "[{\"source_db\": \"a\", \"collection_mapping\": {\"x\": \"y,z\"}}]",
                   NULL, "'y,z'");
    expect_mapping("a", "*", "[{\"source_db\": \"a\", \"collection_mapping\": {\"x\": \"\"}}]",
                   NULL, "called ''");
}

/* ---- configurations ---- */

static struct worker_config worker(void)
{
    struct worker_config w = {0};
    string_map_set(&w.all, "cdc.topic.prefix", "cdc");
    string_map_set(&w.all, "cdc.source.etcd.address", "e1:1,e2:2");
    string_map_set(&w.all, "cdc.source.etcd.root.path", "by-dev");
    string_map_set(&w.all, "cdc.source.etcd.password", "${env:PW}");
    string_map_set(&w.all, "cdc.source.etcd.tls.enabled", "true");
    string_map_set(&w.all, "cdc.source.kafka.address", "k:1");
    string_map_set(&w.all, "cdc.source.kafka.sasl.mechanism", "PLAIN");
    string_map_set(&w.all, "cdc.max.task.num", "5");
    return w;
}

static void expect_option(const struct string_map *config, const char *option, const char *wanted)
{
    const char *value = string_map_get(config, option);
    if (!wanted)
        assert_null(value);
    else if (!value || strcmp(value, wanted) != 0)
        fail_msg("%s=%s", option, value ? value : "(none)");
}

static void test_source__options_of_the_worker_and_of_the_request(void **state)
{
    struct worker_config w = worker();
    struct cdc_create c = request("lib", "*", MILVUS ", \"rpc_channel_info\": {\"name\": \"r\"}");
    json_t *excludes = json_pack("[s]", "lib.books");
    struct cdc_plan plan = {.worker = &w,
                            .create = &c,
                            .task_id = "t1",
                            .excludes = excludes,
                            .start_from = "earliest"};
    struct string_map config = cdc_source_config(&plan);
    expect_option(&config, "topic.prefix", "cdc.t1");
    expect_option(&config, "milvus.etcd.endpoints", "e1:1,e2:2");
    expect_option(&config, "milvus.etcd.address", NULL);
    expect_option(&config, "milvus.etcd.root.path", "by-dev");
    expect_option(&config, "milvus.etcd.password", "${env:PW}");
    expect_option(&config, "milvus.etcd.tls.enabled", "true");
    expect_option(&config, "milvus.kafka.bootstrap.servers", "k:1");
    expect_option(&config, "milvus.kafka.sasl.mechanism", "PLAIN");
    expect_option(&config, "milvus.replicate.channel", "r");
    expect_option(&config, "collection.include.list", "lib\\..*");
    expect_option(&config, "collection.exclude.list", "lib\\.books");
    expect_option(&config, "start.from", "earliest");
    json_t *record = json_loads(string_map_get(&config, CDC_TASK_OPTION), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(record, "task_id")), "t1");
    assert_true(json_equal(json_object_get(record, "excludes"), excludes));
    json_decref(record);
    json_decref(excludes);
    string_map_release(&config);
    string_map_release(&w.all);
    cdc_create_release(&c);
}

static void test_source__everything_has_no_filter(void **state)
{
    struct worker_config w = worker();
    struct cdc_create c = request("*", "*", MILVUS);
    struct cdc_plan plan = {.worker = &w, .create = &c, .task_id = "t1"};
    struct string_map config = cdc_source_config(&plan);
    expect_option(&config, "collection.include.list", NULL);
    expect_option(&config, "collection.exclude.list", NULL);
    expect_option(&config, "start.from", NULL);
    string_map_release(&config);
    string_map_release(&w.all);
    cdc_create_release(&c);
}

static void test_source__a_kafka_topic_is_the_prefix(void **state)
{
    struct worker_config w = worker();
    struct cdc_create c = request(
        "a", "b", ", \"kafka_connect_param\": {\"address\": \"k\", \"topic\": \"changes\"}");
    struct cdc_plan plan = {.worker = &w, .create = &c, .task_id = "t1"};
    struct string_map config = cdc_source_config(&plan);
    expect_option(&config, "topic.prefix", "changes");
    string_map_release(&config);
    string_map_release(&w.all);
    cdc_create_release(&c);
}

static void test_sink__plain_and_with_everything(void **state)
{
    struct worker_config w = worker();
    struct cdc_create c = request("a", "b", MILVUS);
    struct cdc_plan plan = {.worker = &w, .create = &c, .task_id = "t1", .mapping = ""};
    struct string_map config = cdc_sink_config(&plan);
    expect_option(&config, "milvus.uri", "http://h:1");
    expect_option(&config, "topic.prefix", "cdc.t1");
    assert_int_equal(config.count, 3); /* and connector.class */
    string_map_release(&config);
    cdc_create_release(&c);

    c = request("a", "b",
                ", \"milvus_connect_param\": {\"host\": \"h\", \"port\": 2, \"username\": \"u\","
                "\"password\": \"${file:/s:pw}\", \"ignore_partition\": true, \"dial_config\":"
                "{\"server_name\": \"n\", \"ca_pem_path\": \"/ca\", \"client_pem_path\": \"/c\","
                "\"client_key_path\": \"/k\"}}");
    plan.mapping = "a.b:a.c";
    config = cdc_sink_config(&plan);
    expect_option(&config, "milvus.uri", "http://h:2");
    expect_option(&config, "milvus.token", "u:${file:/s:pw}");
    expect_option(&config, "milvus.tls.enabled", "true");
    expect_option(&config, "milvus.tls.ca.file", "/ca");
    expect_option(&config, "milvus.tls.cert.file", "/c");
    expect_option(&config, "milvus.tls.key.file", "/k");
    expect_option(&config, "milvus.tls.server.name", "n");
    expect_option(&config, "collection.mapping", "a.b:a.c");
    expect_option(&config, "ddl.policy.create_partition", "skip");
    expect_option(&config, "ddl.policy.drop_partition", "skip");
    string_map_release(&config);
    string_map_release(&w.all);
    cdc_create_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_taken__as_milvus_cdc_judges),
        cmocka_unit_test(test_excludes__what_others_have),
        cmocka_unit_test(test_mapping__of_collections_and_databases),
        cmocka_unit_test(test_source__options_of_the_worker_and_of_the_request),
        cmocka_unit_test(test_source__everything_has_no_filter),
        cmocka_unit_test(test_source__a_kafka_topic_is_the_prefix),
        cmocka_unit_test(test_sink__plain_and_with_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
