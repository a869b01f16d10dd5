#include "latest_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kitestream/sdk/util.h"

static const char *latest; /* NULL: the subject has no version */

enum ks_status schema_registry_latest(struct schema_registry *r, const char *subject,
                                      uint32_t *ret_id, const char **ret_json, struct ks_error *err)
{
    *ret_id = 5;
    *ret_json = latest;
    return latest ? KS_OK : ks_error_set(err, KS_ERR_DATA, "no version");
}

/* Nothing else is asked of it; the linker wants all. */
enum ks_status schema_registry_open(const struct worker_config *worker,
                                    const struct ks_config *options, struct schema_registry **ret,
                                    struct ks_error *e)
{
    fail();
    return KS_OK;
}
void schema_registry_close(struct schema_registry *r)
{
    fail();
}
enum ks_status schema_registry_register(struct schema_registry *r, const char *subject,
                                        const char *schema_json, uint32_t *ret_id,
                                        struct ks_error *e)
{
    fail();
    return KS_OK;
}
enum ks_status schema_registry_get(struct schema_registry *r, uint32_t id, const char **ret_json,
                                   struct ks_error *e)
{
    fail();
    return KS_OK;
}

#define RECORD(FIELDS) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" FIELDS "]}"
#define A_INT "{\"name\":\"a\",\"type\":\"int\"}"
#define A_LONG "{\"name\":\"a\",\"type\":\"long\"}"
#define A_NULLABLE "{\"name\":\"a\",\"type\":[\"null\",\"int\"]}"
#define B_STRING "{\"name\":\"b\",\"type\":\"string\"}"
#define C_DEFAULT "{\"name\":\"c\",\"type\":\"boolean\",\"default\":true}"

static struct ks_error err;

/* NULL: err says why. */
static struct latest_schema *open_for(const char *json, const char *last, bool strict)
{
    struct ks_avro_schema *schema;
    struct latest_schema *l = NULL;
    latest = last;
    assert_int_equal(ks_avro_schema_parse(json, strlen(json), &schema, &err), KS_OK);
    enum ks_status status = latest_schema_open(NULL, "t-value", schema, strict, &l, &err);
    ks_avro_schema_free(schema);
    if (status != KS_OK) {
        assert_null(l);
        assert_int_equal(status, KS_ERR_DATA);
        assert_non_null(strstr(err.message, "t-value"));
    }
    return l;
}

static void expect(const char *json, const char *last, const char *body, size_t len,
                   const char *wanted, size_t wanted_len)
{
    struct latest_schema *l = open_for(json, last, true);
    struct ks_buf out = {0};
    assert_int_equal(latest_schema_id(l), 5);
    for (int i = 0; i < 2; i++) {
        ks_buf_reset(&out);
        assert_int_equal(latest_schema_write(l, (struct ks_slice){body, len}, &out, &err), KS_OK);
        assert_int_equal(out.len, wanted_len);
        assert_memory_equal(out.data, wanted, wanted_len);
    }
    ks_buf_release(&out);
    latest_schema_close(l);
}

static void test_write__fields_by_name(void **state)
{
    /* a = 1, b = "x": b goes, a is wider, c gets its default. */
    expect(RECORD(A_INT "," B_STRING), RECORD(C_DEFAULT "," A_LONG), "\2\2x", 3, "\1\2", 2);
    expect(RECORD(A_INT), RECORD(A_NULLABLE), "\2", 1, "\2\2", 2);
}

/* The bytes are not looked at. */
static void test_write__same_schema_passes(void **state)
{
    expect(RECORD(A_INT),
           "{\"fields\":[{\"type\":{\"type\":\"int\"},\"name\":\"a\"}],\"name\":\"R\","
           "\"type\":\"record\"}",
           "\2", 1, "\2", 1);
}

static void test_open__refused(void **state)
{
    assert_null(open_for(RECORD(A_INT), NULL, true));
    assert_non_null(strstr(err.message, "no version"));
    assert_null(open_for(RECORD(A_INT), RECORD(A_INT "," B_STRING), true));
    assert_non_null(strstr(err.message, "(b: it was not written and has no default)"));
    assert_null(open_for(RECORD(A_INT), RECORD(A_INT "," B_STRING), false));
    assert_null(open_for("\"string\"", "\"int\"", true));
}

/* Not strictly: what can be written is, value by value. */
static void test_write__a_value_that_does_not_fit(void **state)
{
    assert_null(open_for(RECORD(A_NULLABLE), RECORD(A_INT), true));
    struct latest_schema *l = open_for(RECORD(A_NULLABLE), RECORD(A_INT), false);
    struct ks_buf out = {0};
    assert_int_equal(latest_schema_write(l, (struct ks_slice){"\2\2", 2}, &out, &err), KS_OK);
    assert_int_equal(out.len, 1);
    assert_int_equal(latest_schema_write(l, (struct ks_slice){"\0", 1}, &out, &err), KS_ERR_DATA);
    ks_buf_release(&out);
    latest_schema_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__fields_by_name),
        cmocka_unit_test(test_write__same_schema_passes),
        cmocka_unit_test(test_open__refused),
        cmocka_unit_test(test_write__a_value_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
