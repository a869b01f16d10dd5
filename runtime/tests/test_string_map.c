#include "string_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_set__sorted_and_replaced(void **state)
{
    struct string_map m = {0};
    string_map_set(&m, "b", "2");
    string_map_set(&m, "a", "1");
    string_map_set(&m, "c", "3");
    string_map_set(&m, "b", string_map_get(&m, "c"));
    struct ks_config view = string_map_view(&m);
    assert_int_equal(view.count, 3);
    assert_string_equal(view.entries[0].key, "a");
    assert_string_equal(view.entries[1].value, "3");
    assert_string_equal(view.entries[2].key, "c");
    string_map_set(&m, "a", string_map_get(&m, "a"));
    assert_string_equal(string_map_get(&m, "a"), "1");
    string_map_release(&m);
    assert_int_equal(m.count, 0);
}

static void test_remove__present_and_absent(void **state)
{
    struct string_map m = {0};
    string_map_remove(&m, "x");
    string_map_set(&m, "x", "1");
    string_map_set(&m, "y", "2");
    string_map_remove(&m, "x");
    string_map_remove(&m, "x");
    assert_null(string_map_get(&m, "x"));
    assert_string_equal(string_map_get(&m, "y"), "2");
    string_map_release(&m);
}

static void test_copy__is_equal_until_changed(void **state)
{
    struct string_map m = {0};
    string_map_set(&m, "x", "1");
    struct ks_config view = string_map_view(&m);
    struct string_map copy = string_map_copy(&view);
    assert_true(string_map_equal(&m, &copy));
    string_map_set(&copy, "x", "2");
    assert_false(string_map_equal(&m, &copy));
    string_map_set(&copy, "x", "1");
    string_map_set(&copy, "z", "1");
    assert_false(string_map_equal(&m, &copy));
    string_map_release(&m);
    string_map_release(&copy);
}

static enum ks_status from_text(const char *text, struct string_map *ret, struct ks_error *err)
{
    json_t *json = json_loads(text, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    enum ks_status status = string_map_from_json(json, ret, err);
    json_decref(json);
    return status;
}

static void test_from_json__scalars_become_text(void **state)
{
    struct string_map m = {0};
    struct ks_error err;
    assert_int_equal(from_text("{\"s\":\"x\",\"i\":42,\"r\":0.1,\"w\":2.0,\"big\":1e300,"
                               "\"t\":true,\"f\":false}",
                               &m, &err),
                     KS_OK);
    assert_string_equal(string_map_get(&m, "s"), "x");
    assert_string_equal(string_map_get(&m, "i"), "42");
    assert_string_equal(string_map_get(&m, "r"), "0.1");
    assert_string_equal(string_map_get(&m, "w"), "2.0");
    assert_string_equal(string_map_get(&m, "big"), "1e+300");
    assert_string_equal(string_map_get(&m, "t"), "true");
    assert_string_equal(string_map_get(&m, "f"), "false");
    string_map_release(&m);
}

static void test_from_json__refuses_what_has_no_text(void **state)
{
    static const char *const bad[] = {
        "[]", "{\"key\":null}",         "{\"key\":{}}", "{\"a\":\"1\",\"key\":[1]}",
        "7",  "{\"key\":\"a\\u0000b\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct string_map m = {0};
        struct ks_error err;
        assert_int_equal(from_text(bad[i], &m, &err), KS_ERR_DATA);
        assert_null(m.entries);
        if (strstr(bad[i], "key"))
            assert_non_null(strstr(err.message, "\"key\""));
    }
}

static void test_to_json__reads_back(void **state)
{
    struct string_map m = {0}, back = {0};
    string_map_set(&m, "a", "1");
    string_map_set(&m, "b", "\"\xC3\xA9");
    json_t *json = string_map_to_json(&m);
    assert_int_equal(string_map_from_json(json, &back, NULL), KS_OK);
    assert_true(string_map_equal(&m, &back));
    json_decref(json);
    string_map_release(&m);
    string_map_release(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set__sorted_and_replaced),
        cmocka_unit_test(test_remove__present_and_absent),
        cmocka_unit_test(test_copy__is_equal_until_changed),
        cmocka_unit_test(test_from_json__scalars_become_text),
        cmocka_unit_test(test_from_json__refuses_what_has_no_text),
        cmocka_unit_test(test_to_json__reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
