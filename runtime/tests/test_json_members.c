#include "json_members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_found(const char *text, const char *schema, const char *payload)
{
    struct json_members m;
    struct ks_error err;
    if (json_members_find((struct ks_slice){text, strlen(text)}, &m, &err) != KS_OK)
        fail_msg("%s: %s", text, err.message);
    assert_int_equal(m.schema.len, strlen(schema));
    assert_memory_equal(m.schema.data, schema, m.schema.len);
    assert_int_equal(m.payload.len, strlen(payload));
    assert_memory_equal(m.payload.data, payload, m.payload.len);
}

static void test_find__all_kinds_of_values(void **state)
{
    assert_found("{\"schema\":{\"type\":\"int32\"},\"payload\":5}", "{\"type\":\"int32\"}", "5");
    assert_found(" {\t\"payload\" : \"a\\\"}{\\\\\" ,\r\n\"schema\":null } \n", "null",
                 "\"a\\\"}{\\\\\"");
    assert_found("{\"schema\":{\"a\":[{\"b\":\"]}\"}]},\"payload\":[1,[2,3]]}",
                 "{\"a\":[{\"b\":\"]}\"}]}", "[1,[2,3]]");
    assert_found("{\"schema\":true,\"payload\":-1.5e3}", "true", "-1.5e3");
}

static void test_find__refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"schema\":1}",
        "{\"payload\":1}",
        "{\"schema\":1,\"payload\":}",
        "{\"schema\":1,\"payload\":2",
        "{\"schema\":1,\"payload\":2}x",
        "{\"schema\":1,\"payload\":2,\"more\":3}",
        "{\"schema\":1,\"schema\":1}",
        "{\"schema\":1,\"other\":1}",
        "{\"schema\":{,\"payload\":2}",
        "{\"schema\":\"open,\"payload\":2}",
        "{\"schema\":1 \"payload\":2}",
        "{\"schema\",\"payload\":2}",
        "{schema:1,\"payload\":2}",
        "{\"schema\":\"\\",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json_members m;
        struct ks_error err;
        if (json_members_find((struct ks_slice){bad[i], strlen(bad[i])}, &m, &err) != KS_ERR_DATA)
            fail_msg("%s was taken", bad[i]);
        assert_non_null(strstr(err.message, "schemas.enable=false"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find__all_kinds_of_values),
        cmocka_unit_test(test_find__refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
