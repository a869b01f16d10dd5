#include "field_mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ddl_field fields[] = {
    {.id = 100, .name = "id", .type = MILVUS_VARCHAR, .is_primary_key = true},
    {.id = 101, .name = "mail", .type = MILVUS_VARCHAR, .nullable = true},
    {.id = 102, .name = "open", .type = MILVUS_VARCHAR},
};
static const struct ddl_schema schema = {.name = "c", .fields = fields, .field_count = 3};

/* HMAC-SHA-256 with the key "key" of the well-known sentence about the fox, and of nothing. */
static const char fox[] = "The quick brown fox jumps over the lazy dog";
static const char fox_masked[] = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
static const char nothing_masked[] =
    "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0";

static struct ks_cell text(const char *value)
{
    return (struct ks_cell){
        .kind = KS_CELL_BYTES, .count = (uint32_t)strlen(value), .u.data = value};
}

static void assert_masked(const struct ks_cell *cell, const char *want)
{
    assert_int_equal(cell->kind, KS_CELL_BYTES);
    assert_int_equal(cell->count, MASKED_LENGTH);
    assert_memory_equal(cell->u.data, want, MASKED_LENGTH);
}

static struct field_mask *mask_of(const char *list)
{
    struct ks_config_entry entries[] = {{"field.mask.hash.list", list},
                                        {"field.mask.hash.salt", "key"}};
    struct field_rules rules;
    struct column_layout *layout;
    struct field_mask *mask;
    struct ks_error err;
    assert_int_equal(field_rules_new(&(struct ks_config){entries, 2}, &rules, &err), KS_OK);
    assert_int_equal(column_layout_new(&schema, &layout, &err), KS_OK);
    assert_int_equal(field_mask_new(&rules, "db.c", layout, &mask, &err), KS_OK);
    column_layout_free(layout);
    field_rules_release(&rules);
    return mask;
}

static void test_field_mask_row__masks_what_is_listed(void **state)
{
    struct field_mask *mask = mask_of("db.c.(id|mail)");
    struct ks_cell row[] = {text(fox), text(""), text("seen")};
    field_mask_row(mask, row);
    assert_masked(&row[0], fox_masked);
    assert_masked(&row[1], nothing_masked);
    assert_string_equal(row[2].u.data, "seen");
    struct ks_cell next[] = {text(""), {.kind = KS_CELL_NULL}, text("")};
    field_mask_row(mask, next);
    assert_masked(&next[0], nothing_masked);
    assert_int_equal(next[1].kind, KS_CELL_NULL);
    field_mask_free(mask);
}

static void test_field_mask_key__as_in_rows(void **state)
{
    struct field_mask *mask = mask_of("db.c.id");
    struct ks_cell key = text(fox);
    field_mask_key(mask, &key);
    assert_masked(&key, fox_masked);
    field_mask_free(mask);
    mask = mask_of("db.c.mail");
    key = text(fox);
    field_mask_key(mask, &key);
    assert_string_equal(key.u.data, fox);
    field_mask_free(mask);
}

static void test_field_mask_new__none_for_other_collections(void **state)
{
    assert_null(mask_of("db.other.mail"));
    assert_null(mask_of(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_mask_row__masks_what_is_listed),
        cmocka_unit_test(test_field_mask_key__as_in_rows),
        cmocka_unit_test(test_field_mask_new__none_for_other_collections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
