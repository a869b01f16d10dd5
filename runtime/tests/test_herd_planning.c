/* Planning on a thread of its own. What hangs is in test_herd_connector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "herd_planning.h"

#define DEADLINE_MS 10000

static const struct ks_config_def defs[] = {
    {.name = "n", .type = KS_CONFIG_INT, .default_value = "1", .doc = "x"},
    {.name = NULL},
};
static const struct ks_source_task_ops ops = {0};
static const struct ks_connector_class test_class = {.struct_size = sizeof test_class,
                                                     .name = "test.Source",
                                                     .kind = KS_CLASS_SOURCE,
                                                     .config_defs = defs,
                                                     .source = &ops};
static const struct plugin_class found = {.cls = &test_class};

const struct plugin_class *plugin_set_find(const struct plugin_set *set, const char *name)
{
    return strcmp(name, "test.Source") == 0 ? &found : NULL;
}

size_t plugin_set_classes(const struct plugin_set *set, const struct plugin_class **ret)
{
    *ret = &found;
    return 1;
}

static _Atomic int told;

static void on_ended(void *arg)
{
    atomic_fetch_add(&told, 1);
}

static struct herd_planning *plan(const char *cls)
{
    struct herd herd = {.owner = {.ended = on_ended}};
    struct string_map config = {0};
    string_map_set(&config, "name", "c");
    string_map_set(&config, "connector.class", cls);
    atomic_store(&told, 0);
    struct herd_planning *p = herd_planning_start(&herd, "c", &config);
    string_map_release(&config);
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (!herd_planning_done(p) && clock_mono_ms() < deadline_ms)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true(herd_planning_done(p));
    assert_int_equal(atomic_load(&told), 1);
    return p;
}

static void test_result__a_plan(void **state)
{
    struct connector_plan made = {0};
    struct ks_error err = {0};
    struct herd_planning *p = plan("test.Source");
    assert_int_equal(herd_planning_result(p, &made, &err), KS_OK);
    assert_ptr_equal(made.cls, &test_class);
    assert_int_equal(made.task_count, 1);
    assert_true(herd_planning_free(p));
    connector_plan_release(&made);
}

static void test_result__what_is_wrong(void **state)
{
    struct connector_plan made = {0};
    struct ks_error err = {0};
    struct herd_planning *p = plan("no.Such");
    assert_int_equal(herd_planning_result(p, &made, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "no.Such"));
    assert_true(herd_planning_free(p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result__a_plan),
        cmocka_unit_test(test_result__what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
