#include "row_filters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct ddl_field fields[] = {
    {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true}};
static const struct ddl_schema schema = {.name = "c", .fields = fields, .field_count = 1};

static struct ks_config_entry entries[] = {{"row.filter", "id > 1"},
                                           {"row.filter.default.all", " "},
                                           {"row.filter.default.own", "id > 5"},
                                           {"row.filter.default.wrong", "nothing > 5"}};

/* Does the row with id 3 pass? */
static bool three_passes(const struct row_filters *filters, const char *collection)
{
    struct column_layout *layout;
    struct row_filter *filter;
    struct ks_error err;
    struct ks_cell three = {.kind = KS_CELL_INT, .u.i = 3};
    assert_int_equal(column_layout_new(&schema, &layout, &err), KS_OK);
    if (row_filters_compile(filters, collection, layout, &filter, &err))
        fail_msg("%s", err.message);
    bool passes = !filter || row_filter_passes(filter, &three);
    row_filter_free(filter);
    column_layout_free(layout);
    return passes;
}

static void test_row_filters_compile__its_own_before_that_of_all(void **state)
{
    struct row_filters *filters;
    struct ks_error err;
    entries[0].value = "id > 4";
    assert_int_equal(row_filters_new(&(struct ks_config){entries, 4}, &filters, &err), KS_OK);
    assert_false(three_passes(filters, "default.other"));
    assert_true(three_passes(filters, "default.all"));
    assert_false(three_passes(filters, "default.own"));
    row_filters_free(filters);
    entries[0].value = "id > 1";
    assert_int_equal(row_filters_new(&(struct ks_config){entries, 4}, &filters, &err), KS_OK);
    assert_true(three_passes(filters, "default.other"));
    assert_false(three_passes(filters, "default.own"));
    row_filters_free(filters);
    assert_int_equal(row_filters_new(&(struct ks_config){0}, &filters, &err), KS_OK);
    assert_true(three_passes(filters, "default.own"));
    row_filters_free(filters);
}

static void test_row_filters_compile__names_option_field_and_collection(void **state)
{
    struct row_filters *filters;
    struct column_layout *layout;
    struct row_filter *filter;
    struct ks_error err;
    assert_int_equal(column_layout_new(&schema, &layout, &err), KS_OK);
    assert_int_equal(row_filters_new(&(struct ks_config){entries, 4}, &filters, &err), KS_OK);
    assert_int_equal(row_filters_compile(filters, "default.wrong", layout, &filter, &err),
                     KS_ERR_FATAL);
    assert_null(filter);
    assert_string_equal(err.message,
                        "row.filter.default.wrong of collection default.wrong: column 1: 'nothing' "
                        "is not a field of the collection (keys of the dynamic field cannot be "
                        "used); it has id");
    row_filters_free(filters);
    column_layout_free(layout);
}

static void add_issue(void *ctx, const char *option, const char *message)
{
    char *text = ctx;
    snprintf(text + strlen(text), 1000 - strlen(text), "%s | %s\n", option, message);
}

static void test_row_filters_validate__names_options_and_columns(void **state)
{
    char text[1000] = "";
    struct ks_config_issues issues = {text, add_issue};
    struct ks_config_entry bad[] = {{"row.filter", "id >"},
                                    {"row.filter.books", "id > 1"},
                                    {"row.filter.default.books", "id > 1 or"},
                                    {"row.filter.default.later", "${env:FILTER}"},
                                    {"row.filter.default.none", ""}};
    row_filters_validate(&(struct ks_config){bad, 5}, &issues);
    assert_string_equal(
        text,
        "row.filter | row.filter: column 5: a number, a text, true or false is expected, but the "
        "text ends\n"
        "row.filter.books | row.filter.books: a filter of one collection is called "
        "row.filter.<database>.<collection>\n"
        "row.filter.default.books | row.filter.default.books: column 10: a field, a constant or "
        "'(' is expected, but the text ends\n");
    struct row_filters *filters = NULL;
    struct ks_error err;
    assert_int_equal(row_filters_new(&(struct ks_config){bad, 1}, &filters, &err), KS_ERR_FATAL);
    assert_null(filters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_filters_compile__its_own_before_that_of_all),
        cmocka_unit_test(test_row_filters_compile__names_option_field_and_collection),
        cmocka_unit_test(test_row_filters_validate__names_options_and_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
