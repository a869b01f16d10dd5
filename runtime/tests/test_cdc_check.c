/* The order of milvus-cdc's validation: each request has the fault of its row and of all later
 * rows, as far as they can stand together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc_request.h"

static const struct cdc_limits limits = {.name_length = 8, .replicate_channel = "by-dev-rep"};

static enum ks_status check(const char *text, struct cdc_create *ret, struct ks_error *err)
{
    json_t *data = json_loads(text, 0, NULL);
    assert_non_null(data);
    if (cdc_create_read(data, ret, err) != KS_OK)
        fail_msg("%s", err->message);
    return cdc_create_check(ret, &limits, err);
}

static void expect_fault(const char *text, const char *part)
{
    struct cdc_create c;
    struct ks_error err = {0};
    assert_int_equal(check(text, &c, &err), KS_ERR_DATA);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" instead of \"%s\"", err.message, part);
    cdc_create_release(&c);
}

#define BAD_BUFFER "\"buffer_config\": {\"period\": -1, \"size\": -1}"
#define BAD_SIZE "\"buffer_config\": {\"size\": -1}"
#define BAD_RPC ", \"rpc_channel_info\": {\"name\": \"x\"}"
#define MILVUS(members) "{\"milvus_connect_param\": {" members "}, "
#define GOOD MILVUS("\"uri\": \"h:1\"")
#define INFO(members) "\"collection_infos\": [{" members "}]"

static void test_check__order_of_the_target(void **state)
{
    expect_fault("{" BAD_BUFFER "}", "no target");
    expect_fault(MILVUS("\"port\": 1") "\"kafka_connect_param\": {\"address\": \"k\"}}",
                 "both given");
    expect_fault(MILVUS("\"port\": 1, \"username\": \"u\"") BAD_BUFFER "}", "neither uri nor host");
    expect_fault(MILVUS("\"host\": \"h\", \"username\": \"u\"") BAD_BUFFER "}", "port");
    expect_fault(MILVUS("\"host\": \"h\", \"port\": 65536") BAD_BUFFER "}", "port");
    expect_fault(MILVUS("\"uri\": \"u\", \"username\": \"u\", \"connect_timeout\": -1") BAD_BUFFER
                 "}",
                 "need each other");
    expect_fault(MILVUS("\"uri\": \"u\", \"password\": \"p\"") BAD_BUFFER "}", "need each other");
    expect_fault(MILVUS("\"uri\": \"u\", \"connect_timeout\": -1") BAD_BUFFER "}",
                 "connect_timeout");
    expect_fault("{\"kafka_connect_param\": {\"address\": \"k\"}, " BAD_BUFFER "}",
                 "topic is empty");
    expect_fault(GOOD BAD_BUFFER "}", "buffer_config.period");
    expect_fault(GOOD BAD_SIZE "}", "buffer_config.size");
}

static void test_check__order_of_the_collections(void **state)
{
    expect_fault(GOOD "\"collection_infos\": []" BAD_RPC "}", "no collections");
    expect_fault(GOOD "\"collection_infos\": [{\"name\": \"\"}, {}]" BAD_RPC "}", "take one entry");
    expect_fault(GOOD "\"db_collections\": {\"a\": [], \"b\": []}" BAD_RPC "}", "take one entry");
    expect_fault(GOOD INFO("\"name\": \"\"") ", \"db_collections\": {\"muchtoolong\": []}}",
                 "both given");
    expect_fault(GOOD "\"db_collections\": {\"muchtoolong\": []}" BAD_RPC "}",
                 "database is longer");
    expect_fault(GOOD "\"db_collections\": {\"a\": []}" BAD_RPC "}",
                 "list of collections is empty");
    expect_fault(GOOD "\"db_collections\": {\"a\": null}" BAD_RPC "}",
                 "list of collections is empty");
    expect_fault(GOOD "\"db_collections\": {\"a\": [{\"name\": \"b\"}, {\"name\": \"c\"}]}}",
                 "a task has one collection");
    expect_fault(GOOD INFO("\"name\": \"*\", \"positions\": {\"x\": \"y\"}") BAD_RPC "}",
                 "must be empty");
    expect_fault(GOOD INFO("\"name\": \"\", \"positions\": {\"dml_0\": \"y\"}") BAD_RPC "}",
                 "not a vchannel");
    expect_fault(GOOD INFO("\"positions\": {\"dml_0_7v0\": \"y\"}") BAD_RPC "}",
                 "collection is empty");
    expect_fault(GOOD INFO("\"name\": \"muchtoolong\"") BAD_RPC "}", "collection is longer than 8");
    expect_fault(GOOD INFO("\"name\": \"a,b\"") BAD_RPC "}", "can be called 'a,b'");
    expect_fault(GOOD INFO("\"name\": \"a\"") BAD_RPC "}", "rpc_channel_info.name 'x'");
}

static void test_check__finds_the_one_collection(void **state)
{
    static const char *const cases[][3] = {
        {GOOD INFO("\"name\": \"books\"") "}", "default", "books"},
        {GOOD "\"db_collections\": {\"*\": [{\"name\": \"*\"}]}, \"collection_infos\": null}", "*",
         "*"},
        {GOOD "\"db_collections\": {\"\": [{\"name\": \"b\"}]}, \"collection_infos\": []}",
         "default", "b"},
        {"{\"kafka_connect_param\": {\"address\": \"k\", \"topic\": \"t\"}, " INFO(
             "\"name\": \"b\"") ", \"rpc_channel_info\": {\"name\": \"by-dev-rep\"}}",
         "default", "b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cdc_create c;
        struct ks_error err = {0};
        if (check(cases[i][0], &c, &err) != KS_OK)
            fail_msg("%s", err.message);
        assert_string_equal(c.db, cases[i][1]);
        assert_string_equal(c.collection.name, cases[i][2]);
        cdc_create_release(&c);
    }
}

static void test_task_id__becomes_part_of_names(void **state)
{
    char text[102];
    struct ks_error err = {0};
    memset(text, 'a', sizeof text);
    text[101] = '\0';
    assert_int_equal(cdc_task_id_check("", NULL), KS_OK);
    assert_int_equal(cdc_task_id_check("a-B_3.c", NULL), KS_OK);
    assert_int_equal(cdc_task_id_check(text + 1, NULL), KS_OK);
    assert_int_equal(cdc_task_id_check(text, &err), KS_ERR_DATA);
    assert_int_equal(cdc_task_id_check("a/b", &err), KS_ERR_DATA);
    assert_non_null(strstr(err.message, "task_id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check__order_of_the_target),
        cmocka_unit_test(test_check__order_of_the_collections),
        cmocka_unit_test(test_check__finds_the_one_collection),
        cmocka_unit_test(test_task_id__becomes_part_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
