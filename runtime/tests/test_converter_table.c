#include "converter_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config_def.h"

static void test_find__by_each_of_its_names(void **state)
{
    static const char *const names[] = {"org.apache.kafka.connect.json.JsonConverter",
                                        "JsonConverter", "Json"};
    for (size_t i = 0; i < 3; i++) {
        const char *cls = NULL;
        const struct ks_config_def *table = converter_table_find(names[i], &cls);
        assert_non_null(table);
        assert_string_equal(cls, names[0]);
        assert_string_equal(table->name, "schemas.enable");
    }
    assert_null(converter_table_find("Jso", NULL));
    assert_null(converter_table_find("json", NULL));
    assert_null(converter_table_find("", NULL));
}

static void test_find__every_converter_has_a_sound_table(void **state)
{
    for (size_t i = 0; config_converters[i]; i++) {
        const struct ks_config_def *table = converter_table_find(config_converters[i], NULL);
        assert_non_null(table);
        assert_null(config_def_fault(table));
    }
    for (size_t i = 0; config_header_converters[i]; i++)
        assert_non_null(converter_table_find(config_header_converters[i], NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find__by_each_of_its_names),
        cmocka_unit_test(test_find__every_converter_has_a_sound_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
