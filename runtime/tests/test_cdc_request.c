#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc_request.h"

static struct cdc_create read_text(const char *text)
{
    struct cdc_create c;
    struct ks_error err = {0};
    json_t *data = json_loads(text, 0, NULL);
    assert_non_null(data);
    if (cdc_create_read(data, &c, &err) != KS_OK)
        fail_msg("%s", err.message);
    return c;
}

static void test_read__nothing(void **state)
{
    struct cdc_create c = read_text("{\"milvus_connect_param\": null, \"unknown\": [1]}");
    assert_string_equal(c.task_id, "");
    assert_string_equal(c.milvus.uri, "");
    assert_string_equal(c.milvus.client_key, "");
    assert_string_equal(c.kafka.password, "");
    assert_int_equal(c.milvus.port, 0);
    assert_false(cdc_has_milvus(&c.milvus));
    assert_null(c.collection_infos);
    assert_null(c.positions);
    cdc_create_release(&c);
}

static const char all[] =
    "{\"task_id\": \"t1\", \"disable_auto_start\": true,"
    " \"milvus_connect_param\": {\"uri\": \"https://h:1\", \"token\": \"tok\", \"host\": \"h\","
    "  \"port\": 19530, \"username\": \"root\", \"password\": \"pw\", \"enable_tls\": true,"
    "  \"ignore_partition\": true, \"connect_timeout\": 7, \"channel_num\": 16,"
    "  \"dial_config\": {\"server_name\": \"n\", \"server_pem_path\": \"/s\","
    "   \"ca_pem_path\": \"/ca\", \"client_pem_path\": \"/c\", \"client_key_path\": \"/k\"}},"
    " \"kafka_connect_param\": {\"address\": \"k:1\", \"topic\": \"t\", \"enable_sasl\": true,"
    "  \"sasl\": {\"username\": \"su\", \"password\": \"sp\", \"mechanisms\": \"PLAIN\","
    "   \"security_protocol\": \"SASL_SSL\"}},"
    " \"collection_infos\": [{\"name\": \"books\", \"positions\": {\"v\": \"p\"}}],"
    " \"db_collections\": {\"lib\": [{\"name\": \"*\", \"use_start_position\": true}]},"
    " \"name_mapping\": [{\"source_db\": \"a\", \"collection_mapping\": {\"x\": \"y\"}}],"
    " \"rpc_channel_info\": {\"name\": \"r\", \"position\": \"rp\"},"
    " \"extra_info\": {\"enable_user_role\": true},"
    " \"buffer_config\": {\"period\": 1, \"size\": 2}, \"positions\": {\"a\": \"b\"}}";

static void test_read__every_field(void **state)
{
    struct cdc_create c = read_text(all);
    assert_string_equal(c.task_id, "t1");
    assert_string_equal(c.milvus.uri, "https://h:1");
    assert_string_equal(c.milvus.token, "tok");
    assert_string_equal(c.milvus.password, "pw");
    assert_int_equal(c.milvus.port, 19530);
    assert_int_equal(c.milvus.connect_timeout_s, 7);
    assert_int_equal(c.milvus.channel_num, 16);
    assert_true(c.milvus.enable_tls && c.milvus.ignore_partition);
    assert_string_equal(c.milvus.server_pem, "/s");
    assert_string_equal(c.milvus.client_key, "/k");
    assert_true(c.kafka.enable_sasl);
    assert_string_equal(c.kafka.mechanisms, "PLAIN");
    assert_string_equal(c.rpc_channel, "r");
    assert_string_equal(c.rpc_position, "rp");
    assert_true(c.enable_user_role && c.disable_auto_start);
    assert_int_equal(c.buffer_size, 2);
    assert_non_null(c.positions);
    assert_int_equal(json_array_size(c.name_mapping), 1);
    struct cdc_collection books = cdc_collection_of(json_array_get(c.collection_infos, 0));
    assert_string_equal(books.name, "books");
    assert_int_equal(json_object_size(books.positions), 1);
    assert_false(books.use_start_position);
    cdc_create_release(&c);
}

static void test_read__wrong_types(void **state)
{
    static const char *const cases[][2] = {
        {"[]", "request_data must be an object"},
        {"{\"task_id\": 7}", "task_id must be a string"},
        {"{\"milvus_connect_param\": []}", "milvus_connect_param must be an object"},
        {"{\"milvus_connect_param\": {\"port\": \"19530\"}}",
         "milvus_connect_param.port must be a whole number"},
        {"{\"milvus_connect_param\": {\"enable_tls\": 1}}",
         "milvus_connect_param.enable_tls must be true or false"},
        {"{\"milvus_connect_param\": {\"dial_config\": {\"server_name\": {}}}}",
         "dial_config.server_name must be a string"},
        {"{\"kafka_connect_param\": {\"sasl\": \"x\"}}", "sasl must be an object"},
        {"{\"collection_infos\": {}}", "collection_infos must be an array"},
        {"{\"collection_infos\": [\"books\"]}", "collection_infos must be an array of objects"},
        {"{\"collection_infos\": [{\"name\": \"a\", \"positions\": {\"v\": 1}}]}",
         "collection_infos.positions must be an object whose values are strings"},
        {"{\"db_collections\": {\"a\": \"b\"}}",
         "db_collections must be an object whose values are arrays"},
        {"{\"db_collections\": {\"a\": [{\"name\": false}]}}",
         "db_collections.name must be a string"},
        {"{\"name_mapping\": [{\"collection_mapping\": {\"a\": {}}}]}",
         "name_mapping.collection_mapping must be an object whose values are strings"},
        {"{\"rpc_channel_info\": {\"name\": 1}}", "rpc_channel_info.name must be a string"},
        {"{\"buffer_config\": {\"size\": 1.5}}", "buffer_config.size must be a whole number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cdc_create c;
        struct ks_error err = {0};
        assert_int_equal(cdc_create_read(json_loads(cases[i][0], 0, NULL), &c, &err), KS_ERR_DATA);
        assert_string_equal(err.message, cases[i][1]);
    }
}

static void test_record__has_no_secret_and_reads_back(void **state)
{
    struct cdc_create c = read_text(all);
    json_t *record = cdc_create_record(&c, "t1");
    char *text = json_dumps(record, JSON_COMPACT);
    static const char *const secrets[] = {"tok", "root", "\"pw\"", "\"su\"", "\"sp\"", "password"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        assert_null(strstr(text, secrets[i]));
    struct cdc_create again = read_text(text);
    assert_string_equal(again.task_id, "t1");
    assert_string_equal(again.milvus.uri, "https://h:1");
    assert_string_equal(again.milvus.ca_pem, "/ca");
    assert_string_equal(again.kafka.security_protocol, "SASL_SSL");
    json_t *second = cdc_create_record(&again, "t1");
    assert_true(json_equal(record, second));
    cdc_create_release(&again);
    cdc_create_release(&c);
    json_decref(record);
    json_decref(second);
    free(text);
}

static void test_uri__of_host_and_port(void **state)
{
    struct cdc_create c = read_text("{\"milvus_connect_param\": {\"host\": \"h\", \"port\": 1}}");
    char *uri = cdc_milvus_uri(&c.milvus);
    assert_string_equal(uri, "http://h:1");
    free(uri);
    c.milvus.enable_tls = true;
    uri = cdc_milvus_uri(&c.milvus);
    assert_string_equal(uri, "https://h:1");
    free(uri);
    cdc_create_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__nothing),
        cmocka_unit_test(test_read__every_field),
        cmocka_unit_test(test_read__wrong_types),
        cmocka_unit_test(test_record__has_no_secret_and_reads_back),
        cmocka_unit_test(test_uri__of_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
