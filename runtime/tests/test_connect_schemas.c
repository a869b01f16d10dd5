#include "connect_schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct schema_cache *cache;
    struct connect_schemas *schemas;
    struct ks_error err;
};

static void open_all(struct fixture *f)
{
    *f = (struct fixture){.cache = schema_cache_new()};
    f->schemas = connect_schemas_new(f->cache);
}

static void close_all(struct fixture *f)
{
    connect_schemas_free(f->schemas);
    schema_cache_free(f->cache);
}

static enum ks_status handle_of(struct fixture *f, const char *text, const struct ks_schema **ret)
{
    bool optional;
    return connect_schemas_handle(f->schemas, (struct ks_slice){text, strlen(text)}, ret, &optional,
                                  &f->err);
}

static void test_text__once_per_handle(void **state)
{
    struct fixture f;
    const struct ks_schema *handle;
    const char *first, *second;
    open_all(&f);
    assert_int_equal(schema_cache_intern(f.cache, "\"int\"", 5, &handle, &f.err), KS_OK);
    assert_int_equal(connect_schemas_text(f.schemas, handle, &first, &f.err), KS_OK);
    assert_int_equal(connect_schemas_text(f.schemas, handle, &second, &f.err), KS_OK);
    assert_ptr_equal(first, second);
    assert_string_equal(first, "{\"type\":\"int32\",\"optional\":false}");
    close_all(&f);
}

/* However it is written, a schema is one handle. */
static void test_handle__of_texts_that_differ_in_blanks(void **state)
{
    struct fixture f;
    const struct ks_schema *a, *b, *c;
    open_all(&f);
    assert_int_equal(handle_of(&f, "{\"type\":\"int32\"}", &a), KS_OK);
    assert_int_equal(handle_of(&f, "{\"type\":\"int32\"}", &b), KS_OK);
    assert_int_equal(handle_of(&f, "{ \"type\": \"int32\" }", &c), KS_OK);
    assert_ptr_equal(a, b);
    assert_ptr_equal(a, c);
    assert_int_equal(handle_of(&f, "{\"type\":\"int3\"}", &c), KS_ERR_DATA);
    close_all(&f);
}

/* Somebody puts a new schema into every record: the task's memory has an end. */
static void test_handle__endless_schemas(void **state)
{
    struct fixture f;
    const struct ks_schema *handle, *first = NULL;
    size_t count = 0;
    char text[64];
    open_all(&f);
    for (;; count++) {
        snprintf(text, sizeof text, "{\"type\":\"int32\",\"version\":%zu}", count);
        if (handle_of(&f, text, &handle) != KS_OK)
            break;
        first = first ? first : handle;
    }
    assert_int_equal(count, 10000);
    assert_int_equal(f.err.status, KS_ERR_DATA);
    assert_non_null(strstr(f.err.message, "10000"));
    snprintf(text, sizeof text, "{\"type\":\"int32\",\"version\":%zu}", count - 1);
    assert_int_equal(handle_of(&f, text, &handle), KS_OK); /* one that is known */
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text__once_per_handle),
        cmocka_unit_test(test_handle__of_texts_that_differ_in_blanks),
        cmocka_unit_test(test_handle__endless_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
