#include "subject_ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_registry.h"

static const struct ks_config none = {NULL, 0};

static void test_get__registers_once_per_topic_and_schema(void **state)
{
    struct ks_error err;
    struct ks_schema schemas[] = {{.json = "\"int\""}, {.json = "\"long\""}};
    struct subject_ids *s = subject_ids_new(&registry, &none, true, true);
    registry = (struct schema_registry){0};
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 4; i++) {
            const struct subject_writing *writing;
            assert_int_equal(subject_ids_get(s, i < 2 ? "a" : "b", &schemas[i % 2], &writing, &err),
                             KS_OK);
            assert_null(writing->latest);
            assert_int_equal(writing->id, FAKE_FIRST_ID + i);
        }
    }
    assert_int_equal(registry.registered, 4);
    assert_string_equal(registry.subject, "b-key");
    subject_ids_free(s);
}

static void test_get__asks_again_after_a_failure(void **state)
{
    struct ks_error err;
    struct ks_schema schema = {.json = "\"int\""};
    const struct subject_writing *writing;
    struct subject_ids *s = subject_ids_new(&registry, &none, false, true);
    registry = (struct schema_registry){.answer = KS_ERR_RETRIABLE};
    assert_int_equal(subject_ids_get(s, "t", &schema, &writing, &err), KS_ERR_RETRIABLE);
    registry.answer = KS_OK;
    assert_int_equal(subject_ids_get(s, "t", &schema, &writing, &err), KS_OK);
    assert_string_equal(registry.subject, "t-value");
    subject_ids_free(s);
}

/* Only for who can write bodies anew. */
static void test_get__latest(void **state)
{
    struct ks_error err;
    const struct subject_writing *writing;
    struct ks_schema schema = {.json = FAKE_KNOWN_SCHEMA};
    struct ks_config_entry entry = {"use.latest.version", "true"};
    const struct ks_config options = {&entry, 1};
    assert_int_equal(ks_avro_schema_parse(schema.json, strlen(schema.json), &schema.schema, &err),
                     KS_OK);
    for (int can_rewrite = 0; can_rewrite < 2; can_rewrite++) {
        struct subject_ids *s = subject_ids_new(&registry, &options, false, can_rewrite);
        registry = (struct schema_registry){0};
        for (int round = 0; round < 2; round++)
            assert_int_equal(subject_ids_get(s, "t", &schema, &writing, &err), KS_OK);
        assert_int_equal(writing->id, can_rewrite ? FAKE_LATEST_ID : FAKE_FIRST_ID);
        assert_int_equal(registry.fetched, can_rewrite);
        assert_int_equal(!writing->latest, !can_rewrite);
        subject_ids_free(s);
    }
    ks_avro_schema_free(schema.schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get__registers_once_per_topic_and_schema),
        cmocka_unit_test(test_get__latest),
        cmocka_unit_test(test_get__asks_again_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
