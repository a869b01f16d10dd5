#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper_avro.h"

#include <cmocka.h>

static uint64_t fingerprint(const char *json)
{
    struct ks_avro_schema *schema = schema_of(json);
    uint64_t value = ks_avro_schema_fingerprint(schema);
    ks_avro_schema_free(schema);
    return value;
}

/* Of a bare primitive name our form is Avro's own, so its published fingerprints must come out. */
static void test_fingerprint__known_answers(void **state)
{
    assert_true(fingerprint("'null'") == UINT64_C(0x63dd24e7cc258f8a));
    assert_true(fingerprint("'int'") == UINT64_C(0x7275d51a3f395c8f));
}

static void test_fingerprint__order_and_space_do_not_count(void **state)
{
    uint64_t one = fingerprint("{'type':'fixed','name':'F','size':4,'p':{'a':1,'b':2}}");
    uint64_t two = fingerprint("{ 'p' : {'b': 2, 'a':1},\n 'size': 4, 'name':'F','type':'fixed' }");
    assert_true(one == two);
}

static void test_fingerprint__properties_defaults_and_docs_count(void **state)
{
    static const char *const SCHEMAS[] = {
        "{'type':'record','name':'R','fields':[{'name':'a','type':'int'}]}",
        "{'type':'record','name':'R','fields':[{'name':'a','type':'int','default':1}]}",
        "{'type':'record','name':'R','fields':[{'name':'a','type':'int','doc':'d'}]}",
        "{'type':'record','name':'R','fields':[{'name':'a','type':{'type':'int','x':1}}]}",
        "{'type':'record','name':'R','x':1,'fields':[{'name':'a','type':'int'}]}",
    };
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < i; j++)
            assert_true(fingerprint(SCHEMAS[i]) != fingerprint(SCHEMAS[j]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fingerprint__known_answers),
        cmocka_unit_test(test_fingerprint__order_and_space_do_not_count),
        cmocka_unit_test(test_fingerprint__properties_defaults_and_docs_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
