/* A class is asked about an offset, or cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kitestream/sdk/util.h"
#include "offset_check.h"

static enum ks_status refuse_odd(const struct ks_config *config, const char *partition,
                                 const char *offset, struct ks_error *err)
{
    assert_string_equal(ks_config_get(config, "a"), "1");
    assert_string_equal(partition, "{}");
    return offset && strstr(offset, "odd") ? ks_error_set(err, KS_ERR_DATA, "odd") : KS_OK;
}

static const struct ks_config_entry entry = {"a", "1"};
static const struct ks_config config = {&entry, 1};

static enum ks_status check(const struct ks_connector_class *cls, const char *offset,
                            struct ks_error *err)
{
    const struct ks_source_offset one = {"{}", offset};
    return offset_check(cls, &config, &one, err);
}

static void test_check__as_the_class_says(void **state)
{
    const struct ks_connector_class cls = {
        .struct_size = sizeof cls, .name = "c", .check_offset = refuse_odd};
    struct ks_error err;
    assert_int_equal(check(&cls, "{}", &err), KS_OK);
    assert_int_equal(check(&cls, NULL, &err), KS_OK);
    assert_int_equal(check(&cls, "{\"odd\":1}", &err), KS_ERR_DATA);
    assert_string_equal(err.message, "odd");
}

static void test_check__of_a_class_that_cannot(void **state)
{
    /* One built before there was such an op: what stands behind it is not looked at. */
    const struct ks_connector_class old = {.struct_size =
                                               offsetof(struct ks_connector_class, check_offset),
                                           .name = "c",
                                           .check_offset = refuse_odd};
    const struct ks_connector_class without = {.struct_size = sizeof without, .name = "c"};
    struct ks_error err;
    assert_int_equal(check(&old, "{\"odd\":1}", &err), KS_OK);
    assert_int_equal(check(&without, "{\"odd\":1}", &err), KS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check__as_the_class_says),
        cmocka_unit_test(test_check__of_a_class_that_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
