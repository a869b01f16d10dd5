#include "config_def.h"
#include "worker_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_table__is_sound(void **state)
{
    assert_null(config_def_fault(worker_config_table()));
}

static void test_table__every_option_is_documented_by_sentences(void **state)
{
    for (const struct ks_config_def *def = worker_config_table(); def->name; def++) {
        assert_non_null(def->group);
        assert_int_equal(def->doc[strlen(def->doc) - 1], '.');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table__is_sound),
        cmocka_unit_test(test_table__every_option_is_documented_by_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
