#include "schema_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What is found, as "subject/version=id;". */
static void expect(const struct schema_index *index, struct schema_wanted wanted, const char *text)
{
    struct stored_version *list;
    char found[512] = "";
    size_t count = schema_index_list(index, &wanted, &list), at = 0;
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(found + at, sizeof found - at, "%s/%u=%u;", list[i].subject,
                               list[i].version, list[i].id);
    assert_string_equal(found, text);
    free(list);
}

static void test_list__by_what_is_wanted(void **state)
{
    struct schema_index index = {0};
    uint64_t meaning = 70;
    assert_true(schema_index_add(&index, "b-value", 1, 5, "\"int\"", 50, 50));
    assert_true(schema_index_add(&index, "a-value", 1, 5, "\"int\"", 50, 50));
    assert_true(schema_index_add(&index, "a-value", 2, 6, "\"long\"", 60, 60));
    assert_true(schema_index_add(&index, "a-key", 1, 7, "\"string\"", 70, 70));
    expect(&index, (struct schema_wanted){0}, "a-key/1=7;a-value/1=5;a-value/2=6;b-value/1=5;");
    expect(&index, (struct schema_wanted){.subject = "a-value"}, "a-value/1=5;a-value/2=6;");
    expect(&index, (struct schema_wanted){.subject = "none"}, "");
    expect(&index, (struct schema_wanted){.subject_prefix = "a-"},
           "a-key/1=7;a-value/1=5;a-value/2=6;");
    expect(&index, (struct schema_wanted){.id = 5}, "a-value/1=5;b-value/1=5;");
    expect(&index, (struct schema_wanted){.subject = "a-value", .version = 1}, "a-value/1=5;");
    expect(&index, (struct schema_wanted){.version = SCHEMA_LATEST},
           "a-key/1=7;a-value/2=6;b-value/1=5;");
    expect(&index, (struct schema_wanted){.meaning = &meaning}, "a-key/1=7;");
    assert_string_equal(schema_index_get(&index, 6)->json, "\"long\"");
    assert_null(schema_index_get(&index, 8));
    schema_index_release(&index);
}

static void test_add__the_first_keeps_the_id(void **state)
{
    struct schema_index index = {0};
    assert_true(schema_index_add(&index, "s", 1, 5, "\"int\"", 50, 50));
    assert_false(schema_index_add(&index, "s", 2, 5, "\"long\"", 60, 60));
    assert_true(schema_index_add(&index, "s", 1, 5, "\"int\"", 50, 50));
    expect(&index, (struct schema_wanted){0}, "s/1=5;");
    schema_index_release(&index);
}

/* Two workers may choose one number; compaction may put a later one first. */
static void test_add__versions(void **state)
{
    struct schema_index index = {0};
    schema_index_add(&index, "s", 3, 5, "\"int\"", 50, 50);
    schema_index_add(&index, "s", 1, 6, "\"long\"", 60, 60);
    schema_index_add(&index, "s", 3, 7, "\"float\"", 70, 70);
    expect(&index, (struct schema_wanted){0}, "s/1=6;s/3=5;s/4=7;");
    assert_int_equal(schema_index_version(&index, "s", 7), 4);
    assert_int_equal(schema_index_version(&index, "s", 8), 0);
    assert_int_equal(schema_index_version(&index, "t", 7), 0);
    assert_int_equal(schema_index_next_version(&index, "s"), 5);
    assert_int_equal(schema_index_next_version(&index, "t"), 1);
    schema_index_release(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list__by_what_is_wanted),
        cmocka_unit_test(test_add__the_first_keeps_the_id),
        cmocka_unit_test(test_add__versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
