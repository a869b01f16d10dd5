#include "map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int values[5000];

/* A plain array is the model that the map must agree with. */
static void test_map__agrees_with_a_model(void **state)
{
    struct map map = {0};
    void *model[512] = {0};
    uint64_t random = 88172645463325252u;
    for (int step = 0; step < 200000; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t k = random % 512;
        uint64_t key = (uint64_t)k << 40; /* keys that differ in high bits only */
        if (random >> 32 & 1) {
            int *value = &values[random % 5000];
            assert_ptr_equal(map_put(&map, key, value), model[k]);
            model[k] = value;
        } else {
            assert_ptr_equal(map_remove(&map, key), model[k]);
            model[k] = NULL;
        }
        size_t other = random >> 20 & 511;
        assert_ptr_equal(map_get(&map, (uint64_t)other << 40), model[other]);
    }
    size_t count = 0, seen = 0, pos = 0;
    for (size_t k = 0; k < 512; k++)
        count += model[k] != NULL;
    uint64_t key;
    void *value;
    while (map_next(&map, &pos, &key, &value)) {
        assert_ptr_equal(value, model[key >> 40]);
        seen++;
    }
    assert_int_equal(seen, count);
    assert_int_equal(map.len, count);
    map_release(&map);
}

static void test_map__null_value_is_not_absence(void **state)
{
    struct map map = {0};
    assert_null(map_find(&map, 0));
    map_put(&map, 0, NULL);
    assert_non_null(map_find(&map, 0));
    assert_null(map_get(&map, 0));
    *map_find(&map, 0) = &values[1];
    assert_ptr_equal(map_get(&map, 0), &values[1]);
    map_clear(&map);
    assert_null(map_find(&map, 0));
    assert_int_equal(map.len, 0);
    map_release(&map);
}

static void test_strmap__agrees_with_a_model(void **state)
{
    struct strmap map = {0};
    void *model[300] = {0};
    uint64_t random = 88172645463325252u;
    for (int step = 0; step < 100000; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t k = random % 300;
        char key[32];
        snprintf(key, sizeof(key), "collection-%zu", k);
        if (random >> 32 & 1) {
            assert_ptr_equal(strmap_put(&map, key, &values[random % 5000]), model[k]);
            model[k] = &values[random % 5000];
        } else {
            assert_ptr_equal(strmap_remove(&map, key), model[k]);
            model[k] = NULL;
        }
        snprintf(key, sizeof(key), "collection-%zu", (size_t)(random >> 20) % 300);
        assert_ptr_equal(strmap_get(&map, key), model[(random >> 20) % 300]);
    }
    size_t pos = 0, seen = 0;
    const char *key;
    void *value;
    while (strmap_next(&map, &pos, &key, &value)) {
        assert_ptr_equal(value, model[atoi(key + 11)]);
        seen++;
    }
    assert_int_equal(seen, map.len);
    strmap_release(&map);
}

static void test_strmap__keys_by_length(void **state)
{
    struct strmap map = {0};
    strmap_put_n(&map, "a\0b", 3, &values[0]);
    strmap_put_n(&map, "a\0c", 3, &values[1]);
    strmap_put(&map, "", &values[2]);
    assert_ptr_equal(*strmap_find_n(&map, "a\0b-and-more", 3), &values[0]);
    assert_ptr_equal(*strmap_find_n(&map, "a\0c", 3), &values[1]);
    assert_ptr_equal(strmap_get(&map, ""), &values[2]);
    assert_null(strmap_find(&map, "a"));
    assert_ptr_equal(strmap_remove_n(&map, "a\0b", 3), &values[0]);
    assert_int_equal(map.len, 2);
    strmap_release(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map__agrees_with_a_model),
        cmocka_unit_test(test_map__null_value_is_not_absence),
        cmocka_unit_test(test_strmap__agrees_with_a_model),
        cmocka_unit_test(test_strmap__keys_by_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
