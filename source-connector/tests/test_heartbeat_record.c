#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../heartbeat_record.h"
#include "helper_golden.h"
#include "kitestream/sdk/avro.h"

/* As a reader decodes it who knows only the published schema. */
static json_t *decoded(const struct heartbeat_record *record)
{
    struct heartbeat_encoder *encoder = heartbeat_encoder_new();
    struct ks_buf bytes = {0}, text = {0};
    struct ks_avro_schema *schema;
    struct ks_error err;
    heartbeat_encode(encoder, record, &bytes);
    assert_int_equal(
        ks_avro_schema_parse(heartbeat_value_avsc, strlen(heartbeat_value_avsc), &schema, &err),
        KS_OK);
    if (ks_avro_to_json(schema, (struct ks_slice){bytes.data, bytes.len}, &text, &err))
        fail_msg("%s", err.message);
    json_t *json = json_loads(ks_buf_str(&text), 0, NULL);
    assert_non_null(json);
    ks_avro_schema_free(schema);
    ks_buf_release(&bytes);
    ks_buf_release(&text);
    heartbeat_encoder_free(encoder);
    return json;
}

static void test_encode__a_cut_with_positions(void **state)
{
    const struct ks_topic_partition offsets[] = {{"p.default.a", 0, 7}, {"p.default.a", 1, 1}};
    json_t *json = decoded(&(struct heartbeat_record){.cluster = "c",
                                                      .tick = 470618365461004293u,
                                                      .ts_ms = 1795266591928,
                                                      .ddl_seq = 3,
                                                      .offsets = offsets,
                                                      .offset_count = 2});
    const json_t *list = json_object_get(json, "offsets");
    assert_string_equal(golden_str(json, "cluster"), "c");
    assert_int_equal(golden_int(json, "tick"), 470618365461004293);
    assert_int_equal(golden_int(json, "ts_ms"), 1795266591928);
    assert_int_equal(golden_int(json, "ddl_seq"), 3);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(golden_str(json_array_get(list, 1), "topic"), "p.default.a");
    assert_int_equal(golden_int(json_array_get(list, 1), "partition"), 1);
    assert_int_equal(golden_int(json_array_get(list, 1), "offset"), 1);
    json_decref(json);
}

static void test_encode__nothing_written_yet(void **state)
{
    json_t *json = decoded(&(struct heartbeat_record){.cluster = "", .tick = 1});
    assert_int_equal(json_array_size(json_object_get(json, "offsets")), 0);
    assert_int_equal(golden_int(json, "ddl_seq"), 0);
    json_decref(json);
}

static void test_encode__more_topics_than_before(void **state)
{
    enum { MANY = 3000 };
    struct ks_topic_partition *offsets = calloc(MANY, sizeof *offsets);
    struct heartbeat_encoder *encoder = heartbeat_encoder_new();
    struct ks_buf once = {0}, twice = {0};
    for (int i = 0; i < MANY; i++)
        offsets[i] = (struct ks_topic_partition){"p.default.a", i, i + 1};
    struct heartbeat_record record = {.cluster = "c", .offsets = offsets, .offset_count = 1};
    heartbeat_encode(encoder, &record, &once);
    record.offset_count = MANY;
    heartbeat_encode(encoder, &record, &twice);
    json_t *json = decoded(&record);
    assert_int_equal(json_array_size(json_object_get(json, "offsets")), MANY);
    assert_true(twice.len > once.len);
    json_decref(json);
    ks_buf_release(&once);
    ks_buf_release(&twice);
    heartbeat_encoder_free(encoder);
    free(offsets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode__a_cut_with_positions),
        cmocka_unit_test(test_encode__nothing_written_yet),
        cmocka_unit_test(test_encode__more_topics_than_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
