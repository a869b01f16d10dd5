/* Sink offsets in and out of Connect's JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink_offset_json.h"

static enum ks_status ask(const char *partition, const char *offset, struct sink_position *ret,
                          struct ks_error *err)
{
    json_t *p = json_loads(partition, JSON_DECODE_ANY, NULL);
    json_t *o = offset ? json_loads(offset, JSON_DECODE_ANY, NULL) : NULL;
    enum ks_status status = sink_position_of_request(p, o, ret, err);
    json_decref(p);
    json_decref(o);
    return status;
}

static void test_of_request__numbers_and_strings(void **state)
{
    struct sink_position p;
    struct ks_error err;
    assert_int_equal(ask("{\"kafka_topic\":\"t\",\"kafka_partition\":\"3\",\"x\":1}",
                         "{\"kafka_offset\":\"9007199254740993\"}", &p, &err),
                     KS_OK);
    assert_string_equal(p.topic, "t");
    assert_int_equal(p.partition, 3);
    assert_int_equal(p.offset, 9007199254740993);
    free(p.topic);
    static const char *const none[] = {NULL, "null"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask("{\"kafka_topic\":\"t\",\"kafka_partition\":0}", none[i], &p, &err),
                         KS_OK);
        assert_int_equal(p.offset, -1);
        free(p.topic);
    }
}

static void test_of_request__what_is_refused(void **state)
{
    static const struct {
        const char *partition, *offset, *says;
    } wrong[] = {
        {"7", "null", "must contain the keys"},
        {"{\"kafka_topic\":1,\"kafka_partition\":0}", "null", "must contain the keys"},
        {"{\"kafka_topic\":\"t\"}", "null", "must contain the keys"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":\"\"}", "null", "integers"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":1.5}", "null", "integers"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":\" 1\"}", "null", "integers"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":-1}", "null", "not in the range"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":2147483648}", "null", "not in the range"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":0}", "7", "'kafka_offset'"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":0}", "{}", "'kafka_offset'"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":0}", "{\"kafka_offset\":null}", "integers"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":0}", "{\"kafka_offset\":\"x\"}", "integers"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":0}",
         "{\"kafka_offset\":\"99999999999999999999\"}", "integers"},
        {"{\"kafka_topic\":\"t\",\"kafka_partition\":0}", "{\"kafka_offset\":-1}", "not in the"},
    };
    struct sink_position p;
    struct ks_error err;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ask(wrong[i].partition, wrong[i].offset, &p, &err), KS_ERR_DATA);
        if (!strstr(err.message, wrong[i].says))
            fail_msg("%zu: %s", i, err.message);
    }
}

static void test_of_record__and_others(void **state)
{
    struct sink_position p;
    json_t *partition = sink_partition_json("t", 4), *offset = sink_offset_value_json(77);
    char *key = json_dumps(partition, JSON_COMPACT), *value = json_dumps(offset, JSON_COMPACT);
    assert_string_equal(key, "{\"kafka_partition\":4,\"kafka_topic\":\"t\"}");
    assert_true(sink_position_of_record(key, value, &p));
    assert_string_equal(p.topic, "t");
    assert_int_equal(p.partition, 4);
    assert_int_equal(p.offset, 77);
    free(p.topic);
    assert_false(sink_position_of_record("{\"sink\":\"state\"}", value, &p));
    assert_false(sink_position_of_record(key, "{\"clean\":true}", &p));
    assert_false(sink_position_of_record(key, "", &p));
    json_decref(partition);
    json_decref(offset);
    free(key);
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_request__numbers_and_strings),
        cmocka_unit_test(test_of_request__what_is_refused),
        cmocka_unit_test(test_of_record__and_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
