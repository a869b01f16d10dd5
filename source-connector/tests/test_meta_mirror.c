#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "meta_mirror.h"

/* PartitionInfo and CollectionInfo without any member are valid and Created. */
static const struct ks_slice EMPTY = {"", 0};
static const struct ks_slice TOMBSTONE = {"\xe2\x9b\xbc", 3};

static void put(struct meta_mirror *m, enum meta_kind kind, int64_t owner, int64_t id,
                struct ks_slice value)
{
    struct meta_key key = {.kind = kind, .owner = owner, .id = id};
    assert_int_equal(meta_mirror_put(m, &key, value, 1, NULL), KS_OK);
}

static void test_meta_mirror_put__entries_stay_sorted(void **state)
{
    struct meta_mirror m = {0};
    static const int64_t IDS[] = {5, 1, 9, 3, 7, 1};
    for (size_t i = 0; i < sizeof IDS / sizeof *IDS; i++)
        put(&m, META_PARTITION, 4, IDS[i], EMPTY);
    const struct meta_entries *list = &meta_mirror_collection(&m, 4)->parts[META_PART_PARTITION];
    assert_int_equal(list->len, 5);
    for (size_t i = 1; i < list->len; i++)
        assert_true(list->items[i - 1]->id < list->items[i]->id);
    assert_non_null(meta_entries_get(list, 7));
    assert_null(meta_entries_get(list, 6));
    meta_mirror_release(&m);
}

static void test_meta_mirror_delete__forgets_empty_collections(void **state)
{
    struct meta_mirror m = {0};
    put(&m, META_PARTITION, 4, 1, EMPTY);
    put(&m, META_LOAD, 4, 0, EMPTY);
    struct meta_key partition = {.kind = META_PARTITION, .owner = 4, .id = 1};
    struct meta_key load = {.kind = META_LOAD, .owner = 4};
    meta_mirror_delete(&m, &partition);
    assert_null(meta_mirror_entry(&m, &partition));
    assert_non_null(meta_mirror_entry(&m, &load));
    meta_mirror_delete(&m, &load);
    assert_null(meta_mirror_collection(&m, 4));
    meta_mirror_delete(&m, &load);
    meta_mirror_release(&m);
}

static void test_meta_mirror_put__a_bad_value_changes_nothing(void **state)
{
    struct meta_mirror m = {0};
    struct ks_error err;
    struct meta_key key = {.kind = META_PARTITION, .owner = 4, .id = 1};
    assert_int_equal(meta_mirror_put(&m, &key, (struct ks_slice){"\xff", 1}, 1, &err), KS_ERR_DATA);
    assert_null(meta_mirror_collection(&m, 4));
    meta_mirror_release(&m);
}

static void test_meta_collection_info__prefers_what_is_alive(void **state)
{
    struct meta_mirror m = {0};
    put(&m, META_COLLECTION, 1, 4, EMPTY);
    put(&m, META_COLLECTION, 2, 4, EMPTY);
    put(&m, META_COLLECTION, 1, 4, TOMBSTONE);
    const struct meta_entry *info = meta_collection_info(meta_mirror_collection(&m, 4));
    assert_int_equal(info->id, 2);
    assert_int_equal(info->state, META_STATE_CREATED);
    put(&m, META_COLLECTION, 2, 4, TOMBSTONE);
    struct meta_key key = {.kind = META_COLLECTION, .owner = 1, .id = 4};
    meta_mirror_entry(&m, &key)->tick = 9;
    info = meta_collection_info(meta_mirror_collection(&m, 4));
    assert_int_equal(info->id, 1); /* the last tombstone tells when it was dropped */
    assert_true(info->tombstone);
    meta_mirror_release(&m);
}

static void test_meta_mirror_aliases__by_database_and_name(void **state)
{
    struct meta_mirror m = {0};
    struct meta_key key = {.kind = META_ALIAS, .owner = 1, .name = {"al", 2}};
    struct meta_key other = {.kind = META_ALIAS, .owner = 2, .name = {"al", 2}};
    static const uint8_t TO_SEVEN[] = {0x10, 7};
    assert_int_equal(
        meta_mirror_put(&m, &key, (struct ks_slice){TO_SEVEN, sizeof TO_SEVEN}, 1, NULL), KS_OK);
    assert_null(meta_mirror_entry(&m, &other));
    const struct meta_alias *alias = strmap_get(&m.aliases, "1/al");
    assert_int_equal(alias->collection_id, 7);
    assert_string_equal(alias->name, "al");
    meta_mirror_delete(&m, &other);
    meta_mirror_delete(&m, &key);
    assert_null(meta_mirror_entry(&m, &key));
    meta_mirror_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta_mirror_put__entries_stay_sorted),
        cmocka_unit_test(test_meta_mirror_delete__forgets_empty_collections),
        cmocka_unit_test(test_meta_mirror_put__a_bad_value_changes_nothing),
        cmocka_unit_test(test_meta_collection_info__prefers_what_is_alive),
        cmocka_unit_test(test_meta_mirror_aliases__by_database_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
