#include "subject_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *name(enum subject_strategy strategy, bool is_key, const char *json)
{
    struct ks_avro_schema *schema;
    struct ks_error err;
    char *found = NULL;
    assert_int_equal(ks_avro_schema_parse(json, strlen(json), &schema, &err), KS_OK);
    if (subject_name(strategy, "shop.books", is_key, schema, &found, &err) != KS_OK) {
        assert_int_equal(err.status, KS_ERR_DATA);
        assert_non_null(strstr(err.message, "shop.books"));
    }
    ks_avro_schema_free(schema);
    return found;
}

static void expect(enum subject_strategy strategy, bool is_key, const char *json,
                   const char *wanted)
{
    char *found = name(strategy, is_key, json);
    if (wanted)
        assert_string_equal(found, wanted);
    else
        assert_null(found);
    free(found);
}

#define RECORD "{\"type\":\"record\",\"name\":\"Key\",\"namespace\":\"a.b\",\"fields\":[]}"

static void test_name__each_strategy(void **state)
{
    expect(SUBJECT_TOPIC, true, RECORD, "shop.books-key");
    expect(SUBJECT_TOPIC, false, "\"int\"", "shop.books-value");
    expect(SUBJECT_RECORD, true, RECORD, "a.b.Key");
    expect(SUBJECT_TOPIC_RECORD, false, RECORD, "shop.books-a.b.Key");
    expect(SUBJECT_RECORD, false, "\"int\"", NULL);
    expect(SUBJECT_TOPIC_RECORD, true, "[\"null\",\"int\"]", NULL);
}

static void test_strategy__by_option(void **state)
{
    struct ks_config_entry entries[] = {
        {"key.subject.name.strategy", "io.confluent.kafka.serializers.subject.RecordNameStrategy"},
        {"value.subject.name.strategy",
         "io.confluent.kafka.serializers.subject.TopicRecordNameStrategy"}};
    const struct ks_config both = {entries, 2}, none = {entries, 0};
    assert_int_equal(subject_strategy_of(&both, true), SUBJECT_RECORD);
    assert_int_equal(subject_strategy_of(&both, false), SUBJECT_TOPIC_RECORD);
    assert_int_equal(subject_strategy_of(&none, true), SUBJECT_TOPIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name__each_strategy),
        cmocka_unit_test(test_strategy__by_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
