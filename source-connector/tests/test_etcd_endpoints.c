#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../etcd_endpoints.h"

static enum ks_status parse(const char *endpoints, const char *tls, struct etcd_endpoints *ret,
                            struct ks_error *err)
{
    struct ks_config_entry entries[] = {{"milvus.etcd.endpoints", endpoints},
                                        {"milvus.etcd.tls.enabled", tls}};
    return etcd_endpoints_parse(&(struct ks_config){entries, 2}, ret, err);
}

static void assert_parsed(const char *endpoints, const char *tls, const char *first,
                          const char *second, bool with_tls)
{
    struct etcd_endpoints e;
    struct ks_error err;
    if (parse(endpoints, tls, &e, &err))
        fail_msg("%s", err.message);
    assert_int_equal(e.count, second ? 2 : 1);
    assert_string_equal(e.targets[0], first);
    if (second)
        assert_string_equal(e.targets[1], second);
    assert_int_equal(e.tls, with_tls);
    etcd_endpoints_release(&e);
}

static void test_etcd_endpoints_parse__scheme_decides(void **state)
{
    assert_parsed("a:2379,b:2379", "false", "a:2379", "b:2379", false);
    assert_parsed("a:2379,b:2379", "true", "a:2379", "b:2379", true);
    assert_parsed("http://a:2379/, b:2379", "false", "a:2379", "b:2379", false);
    assert_parsed("https://a:2379", "false", "a:2379", NULL, true);
    assert_parsed("HTTPS://a:2379/,https://[::1]:2379", "false", "a:2379", "[::1]:2379", true);
    assert_parsed("https://a:2379,b:2379", "true", "a:2379", "b:2379", true);
}

static void assert_refused(const char *endpoints, const char *tls, const char *says)
{
    struct etcd_endpoints e;
    struct ks_error err;
    assert_int_equal(parse(endpoints, tls, &e, &err), KS_ERR_FATAL);
    assert_int_equal(strncmp(err.message, "milvus.etcd.endpoints", 21), 0);
    if (!strstr(err.message, says))
        fail_msg("'%s' does not say '%s'", err.message, says);
    assert_null(strstr(err.message, "secret"));
}

static void test_etcd_endpoints_parse__refuses(void **state)
{
    assert_refused("https://a:2379,http://b:2379", "false", "for all of them or for none");
    assert_refused("a:2379,https://b:2379", "false", "for all of them or for none");
    assert_refused("https://a:2379,http://b:2379", "true", "for all of them or for none");
    assert_refused("http://a:2379", "true", "write https://");
    assert_refused("etcd://a:2379", "false", "'etcd://a:2379' is not host:port");
    assert_refused("a:2379/v3", "false", "is not host:port");
    assert_refused("https://", "false", "is not host:port");
    assert_refused("https://me:secret@a:2379", "false", "milvus.etcd.password");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_etcd_endpoints_parse__scheme_decides),
        cmocka_unit_test(test_etcd_endpoints_parse__refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
