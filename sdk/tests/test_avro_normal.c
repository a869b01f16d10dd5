#include "../avro_normal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t of(const char *json)
{
    struct ks_avro_schema *schema;
    struct ks_error err;
    if (ks_avro_schema_parse(json, strlen(json), &schema, &err) != KS_OK)
        fail_msg("%s: %s", json, err.message);
    uint64_t found = avro_normal_fingerprint(schema);
    ks_avro_schema_free(schema);
    return found;
}

static void expect_same(const char *a, const char *b)
{
    if (of(a) != of(b))
        fail_msg("not the same:\n%s\n%s", a, b);
}

static void expect_different(const char *a, const char *b)
{
    if (of(a) == of(b))
        fail_msg("the same:\n%s\n%s", a, b);
}

static void test_fingerprint__spelling_does_not_count(void **state)
{
    expect_same("\"int\"", "{\"type\": \"int\"}");
    expect_same("{\"type\":{\"type\":\"array\",\"items\":\"int\"}}",
                "{\"items\":{\"type\":\"int\"},\"type\":\"array\"}");
    expect_same("{\"type\":\"map\",\"values\":\"int\"}",
                "{\"type\":\"map\",\"values\":{\"type\":\"int\"}}");
    expect_same("[\"null\",{\"type\":\"long\"}]", "[\"null\", \"long\"]");
    expect_same("{\"type\":\"enum\",\"name\":\"a.E\",\"symbols\":[\"X\"]}",
                "{\"type\":\"enum\",\"name\":\"E\",\"namespace\":\"a\",\"symbols\":[\"X\"]}");
}

/* Members that belong to other types are properties here. */
static void test_fingerprint__misplaced_members(void **state)
{
    expect_same("{\"type\":\"double\",\"name\":\"no name\",\"fields\":[{\"x\":1}]}",
                "{\"fields\":[{\"x\":1}],\"name\":\"no name\",\"type\":\"double\"}");
    expect_same("{\"type\":\"fixed\",\"name\":\"F\",\"size\":1,\"fields\":[{}],\"items\":7}",
                "{\"type\":\"fixed\",\"name\":\"F\",\"items\":7,\"fields\":[{}],\"size\":1}");
    expect_same("{\"type\":\"array\",\"items\":\"int\",\"values\":7,\"name\":7}",
                "{\"type\":\"array\",\"items\":{\"type\":\"int\"},\"values\":7,\"name\":7}");
}

/* As Java's Avro writes again what we registered. */
static void test_fingerprint__names_of_an_envelope(void **state)
{
    expect_same("{\"type\":\"record\",\"name\":\"t.db.Envelope\",\"fields\":["
                "{\"name\":\"before\",\"type\":[\"null\",{\"type\":\"record\",\"name\":"
                "\"t.db.Value\",\"fields\":[{\"name\":\"id\",\"type\":{\"type\":\"long\"}}]}],"
                "\"default\":null},"
                "{\"name\":\"after\",\"type\":[\"null\",\"t.db.Value\"],\"default\":null}]}",
                "{\"type\":\"record\",\"name\":\"Envelope\",\"namespace\":\"t.db\",\"fields\":["
                "{\"name\":\"before\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Value\","
                "\"fields\":[{\"name\":\"id\",\"type\":\"long\"}]}],\"default\":null},"
                "{\"name\":\"after\",\"type\":[\"null\",\"Value\"],\"default\":null}]}");
}

static void test_fingerprint__meaning_counts(void **state)
{
    expect_different("\"int\"", "\"long\"");
    expect_different("{\"type\":\"int\",\"connect.type\":\"int8\"}", "\"int\"");
    expect_different("{\"type\":\"fixed\",\"name\":\"a.F\",\"size\":4}",
                     "{\"type\":\"fixed\",\"name\":\"b.F\",\"size\":4}");
    expect_different("[\"null\",\"int\"]", "[\"int\",\"null\"]");
    expect_different(
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\","
        "\"default\":1}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fingerprint__spelling_does_not_count),
        cmocka_unit_test(test_fingerprint__misplaced_members),
        cmocka_unit_test(test_fingerprint__names_of_an_envelope),
        cmocka_unit_test(test_fingerprint__meaning_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
