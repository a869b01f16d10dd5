#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "meta_values.h"

static struct meta_key parsed(const char *key)
{
    struct meta_key ret;
    assert_true(meta_key_parse("r/meta/", (struct ks_slice){key, strlen(key)}, &ret));
    return ret;
}

static void check(const char *text, enum meta_kind kind, int64_t owner, int64_t id)
{
    struct meta_key key = parsed(text);
    assert_int_equal(key.kind, kind);
    assert_int_equal(key.owner, owner);
    assert_int_equal(key.id, id);
}

static void check_name(struct meta_key key, const char *name)
{
    assert_int_equal(key.name.len, strlen(name));
    assert_memory_equal(key.name.data, name, strlen(name));
}

static void test_meta_key_parse__every_folder(void **state)
{
    check("r/meta/root-coord/database/db-info/3", META_DATABASE, 0, 3);
    check("r/meta/root-coord/database/collection-info/1/4", META_COLLECTION, 1, 4);
    check("r/meta/root-coord/collection/4", META_COLLECTION, 0, 4);
    check("r/meta/root-coord/partitions/4/5", META_PARTITION, 4, 5);
    check("r/meta/root-coord/fields/4/100", META_FIELD, 4, 100);
    check("r/meta/root-coord/functions/4/100", META_FUNCTION, 4, 100);
    check("r/meta/field-index/4/6", META_INDEX, 4, 6);
    check("r/meta/querycoord-collection-loadinfo/4", META_LOAD, 4, 0);
    check("r/meta/querycoord-partition-loadinfo/4/5", META_PARTITION_LOAD, 4, 5);
    check("r/meta/datacoord-meta/import-job/9", META_IMPORT, 0, 9);
    check("r/meta/importtask/9", META_IMPORT, 0, 9);
    check("r/meta/session/rootcoord", META_OTHER, 0, 0);
}

static void test_meta_key_parse__aliases_may_hold_anything(void **state)
{
    struct meta_key key = parsed("r/meta/root-coord/database/aliases/7/a/b_ts1");
    assert_int_equal(key.kind, META_ALIAS);
    assert_int_equal(key.owner, 7);
    assert_false(key.snapshot);
    check_name(key, "a/b_ts1");
    check_name(parsed("r/meta/root-coord/aliases/al"), "al");
    assert_int_equal(parsed("r/meta/root-coord/collection-alias/al").kind, META_OLD_ALIAS);
}

static void test_meta_key_parse__snapshots_carry_their_time(void **state)
{
    struct meta_key key =
        parsed("r/meta/snapshots/root-coord/database/aliases/7/a_ts5_ts470618365618290694");
    assert_true(key.snapshot);
    assert_int_equal(key.kind, META_ALIAS);
    assert_true(key.tick == 470618365618290694u);
    check_name(key, "a_ts5");
    assert_int_equal(parsed("r/meta/snapshots/root-coord/fields/4/100").kind, META_OTHER);
    assert_int_equal(parsed("r/meta/snapshots/_ts1").kind, META_OTHER);
    assert_int_equal(parsed("r/meta/snapshots/root-coord/fields/4/1_ts99999999999999999999").kind,
                     META_OTHER);
}

static void test_meta_key_parse__what_has_another_form_is_other(void **state)
{
    static const char *const KEYS[] = {
        "r/meta/root-coord/fields/4",
        "r/meta/root-coord/fields/4/",
        "r/meta/root-coord/fields/4/x",
        "r/meta/root-coord/fields//1",
        "r/meta/root-coord/fields/4/1/2",
        "r/meta/root-coord/fields/-4/1",
        "r/meta/root-coord/fields/9223372036854775808/1",
        "r/meta/root-coord/database/aliases/1/",
        "r/meta/",
    };
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        assert_int_equal(parsed(KEYS[i]).kind, META_OTHER);
    check("r/meta/root-coord/fields/9223372036854775807/1", META_FIELD, INT64_MAX, 1);
}

static void test_meta_key_parse__foreign(void **state)
{
    struct meta_key key;
    static const char *const KEYS[] = {"r/meta", "r/kv/gid/timestamp", "other/meta/x", ""};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        assert_false(meta_key_parse("r/meta/", (struct ks_slice){KEYS[i], strlen(KEYS[i])}, &key));
}

static void test_meta_key_parse__rights_are_named(void **state)
{
    check_name(parsed("r/meta/root-coord/credential/users/alice"), "users");
    check_name(parsed("r/meta/root-coord/credential/user-role-mapping/alice/r"),
               "user-role-mapping");
    check_name(parsed("r/meta/root-coord/privilege-group/g"), "privilege-group");
    assert_int_equal(parsed("r/meta/root-coord/privilege-group/g").kind, META_RBAC);
}

static void test_meta_is_tombstone__only_the_three_bytes(void **state)
{
    assert_true(meta_is_tombstone((struct ks_slice){"\xe2\x9b\xbc", 3}));
    assert_false(meta_is_tombstone((struct ks_slice){"\xe2\x9b\xbc\xbc", 4}));
    assert_false(meta_is_tombstone((struct ks_slice){"\xe2\x9b\xbd", 3}));
    assert_false(meta_is_tombstone((struct ks_slice){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta_key_parse__every_folder),
        cmocka_unit_test(test_meta_key_parse__aliases_may_hold_anything),
        cmocka_unit_test(test_meta_key_parse__snapshots_carry_their_time),
        cmocka_unit_test(test_meta_key_parse__what_has_another_form_is_other),
        cmocka_unit_test(test_meta_key_parse__foreign),
        cmocka_unit_test(test_meta_key_parse__rights_are_named),
        cmocka_unit_test(test_meta_is_tombstone__only_the_three_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
