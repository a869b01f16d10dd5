#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../milvus_uri.h"

static void test_milvus_uri_parse__forms(void **state)
{
    static const struct {
        const char *text, *target;
        bool tls;
    } cases[] = {
        {"host:19531", "host:19531", false},
        {"host", "host:19530", false},
        {"http://host:1/", "host:1", false},
        {"HTTP://host", "host:19530", false},
        {"https://a.b.cloud.example", "a.b.cloud.example:443", true},
        {"https://host:19530", "host:19530", true},
        {"[::1]:19530", "[::1]:19530", false},
        {"[::1]", "[::1]:19530", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct milvus_uri uri;
        struct ks_error err;
        assert_int_equal(milvus_uri_parse(cases[i].text, &uri, &err), KS_OK);
        assert_string_equal(uri.target, cases[i].target);
        assert_int_equal(uri.tls, cases[i].tls);
        free(uri.target);
    }
}

static void test_milvus_uri_parse__bad_ones(void **state)
{
    static const char *const texts[] = {"",          "http://",       "host:",      "host:x",
                                        "host:0",    "host:65536",    "host:1:2",   ":19530",
                                        "host:1/db", "grpc://host:1", "host:1?a=b", NULL};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct milvus_uri uri;
        struct ks_error err;
        assert_int_equal(milvus_uri_parse(texts[i], &uri, &err), KS_ERR_FATAL);
        assert_non_null(strstr(err.message, "milvus.uri"));
    }
}

static void test_milvus_uri_parse__never_repeats_a_password(void **state)
{
    struct milvus_uri uri;
    struct ks_error err;
    assert_int_equal(milvus_uri_parse("https://root:secret@host:1", &uri, &err), KS_ERR_FATAL);
    assert_null(strstr(err.message, "secret"));
    assert_non_null(strstr(err.message, "milvus.token"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_milvus_uri_parse__forms),
        cmocka_unit_test(test_milvus_uri_parse__bad_ones),
        cmocka_unit_test(test_milvus_uri_parse__never_repeats_a_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
