#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../name_map.h"

static enum ks_status make(const char *mapping, struct name_map **ret, struct ks_error *err)
{
    struct ks_config_entry entry = {"collection.mapping", mapping};
    return name_map_new(&(struct ks_config){&entry, 1}, ret, err);
}

static void assert_maps(const struct name_map *m, const char *db, const char *collection,
                        const char *to_db, const char *to_collection)
{
    struct target_name name = name_map_collection(m, db, collection);
    assert_string_equal(name.db, to_db);
    assert_string_equal(name.collection, to_collection);
}

static void test_map__the_most_exact_entry_wins(void **state)
{
    struct name_map *m;
    struct ks_error err;
    assert_int_equal(make("shop:store, shop.a:other.b, default.x:default.y", &m, &err), KS_OK);
    assert_maps(m, "shop", "a", "other", "b");
    assert_maps(m, "shop", "c", "store", "c");
    assert_maps(m, "default", "x", "default", "y");
    assert_maps(m, "default", "z", "default", "z");
    assert_string_equal(name_map_db(m, "shop"), "store");
    assert_false(name_map_merges_databases(m));
    name_map_free(m);
}

static void test_map__sees_merged_databases(void **state)
{
    struct name_map *m;
    struct ks_error err;
    assert_int_equal(make("a:x,b:x", &m, &err), KS_OK);
    assert_true(name_map_merges_databases(m));
    name_map_free(m);
}

static void test_map__refuses_bad_entries(void **state)
{
    static const char *const bad[] = {"a",
                                      "a:",
                                      ":b",
                                      "a.b:c",
                                      "a:b.c",
                                      "a.b.c:d.e",
                                      "a.b:c.d:e.f",
                                      "a.b:c.d,a.b:x.y",
                                      "a.b:c.d,x.y:c.d"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct name_map *m = NULL;
        struct ks_error err;
        assert_int_equal(make(bad[i], &m, &err), KS_ERR_FATAL);
        assert_non_null(strstr(err.message, "collection.mapping: '"));
        assert_null(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map__the_most_exact_entry_wins),
        cmocka_unit_test(test_map__sees_merged_databases),
        cmocka_unit_test(test_map__refuses_bad_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
