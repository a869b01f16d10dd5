#include "subject_ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_registry.h"

static void test_get__registers_once_per_topic_and_schema(void **state)
{
    struct ks_error err;
    struct ks_schema schemas[] = {{.json = "\"int\""}, {.json = "\"long\""}};
    struct subject_ids *s = subject_ids_new(&registry, true);
    registry = (struct schema_registry){0};
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t id;
            assert_int_equal(subject_ids_get(s, i < 2 ? "a" : "b", &schemas[i % 2], &id, &err),
                             KS_OK);
            assert_int_equal(id, FAKE_FIRST_ID + i);
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
    uint32_t id;
    struct subject_ids *s = subject_ids_new(&registry, false);
    registry = (struct schema_registry){.answer = KS_ERR_RETRIABLE};
    assert_int_equal(subject_ids_get(s, "t", &schema, &id, &err), KS_ERR_RETRIABLE);
    registry.answer = KS_OK;
    assert_int_equal(subject_ids_get(s, "t", &schema, &id, &err), KS_OK);
    assert_string_equal(registry.subject, "t-value");
    subject_ids_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get__registers_once_per_topic_and_schema),
        cmocka_unit_test(test_get__asks_again_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
