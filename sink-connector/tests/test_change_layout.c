#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../change_layout.h"

static const char flat[] = "{\"type\":\"record\",\"name\":\"Value\",\"fields\":["
                           "{\"name\":\"v\",\"type\":[\"null\",\"long\"]},"
                           "{\"name\":\"id\",\"type\":{\"type\":\"long\","
                           "\"milvus.primary_key\":true}}]}";

static void test_change_layout_new__flat(void **state)
{
    struct change_layout *l;
    struct ks_error err;
    if (change_layout_new(flat, &l, &err))
        fail_msg("%s", err.message);
    assert_true(l->flat);
    assert_int_equal(l->field_count, 2);
    assert_int_equal(change_layout_cell(l, "id"), l->key_cell);
    assert_true(change_layout_cell(l, "v") >= 0);
    assert_int_not_equal(change_layout_cell(l, "v"), l->key_cell);
    assert_int_equal(change_layout_cell(l, "w"), -1);
    change_layout_free(l);
}

static void assert_refused(const char *json, const char *says)
{
    struct change_layout *l = NULL;
    struct ks_error err;
    assert_int_equal(change_layout_new(json, &l, &err), KS_ERR_DATA);
    assert_null(l);
    if (!strstr(err.message, says))
        fail_msg("'%s' does not say '%s'", err.message, says);
}

static void test_change_layout_new__refuses(void **state)
{
    assert_refused("\"long\"", "not a record");
    assert_refused("{\"type\":\"string\",\"connect.name\":\"io.debezium.data.Json\"}",
                   "kitestream.value.schema.id");
    assert_refused("{\"type\":\"record\",\"name\":\"Value\",\"fields\":["
                   "{\"name\":\"id\",\"type\":\"long\"}]}",
                   "milvus.primary_key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_change_layout_new__flat),
        cmocka_unit_test(test_change_layout_new__refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
