#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "etcd_client.h"
#include "helper_etcd.h"

static void test_etcd_version__of_a_real_server(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    const char *endpoint = test_etcd_endpoint(etcd);
    struct etcd_options options = {.endpoints = &endpoint, .endpoint_count = 1};
    struct etcd_client *client;
    struct ks_error err;
    char version[32], tiny[3];
    int major = 0, minor = 0;
    assert_int_equal(etcd_client_open(&options, &client, &err), KS_OK);
    if (etcd_version(client, version, sizeof version, &err) != KS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(sscanf(version, "%d.%d.", &major, &minor), 2);
    assert_int_equal(major, 3);
    assert_int_equal(etcd_version(client, tiny, sizeof tiny, &err), KS_OK);
    assert_string_equal(tiny, ""); /* never cut: a cut version is another version */
    test_etcd_kill(etcd);
    assert_int_equal(etcd_version(client, version, sizeof version, &err), KS_ERR_RETRIABLE);
    assert_non_null(strstr(err.message, endpoint));
    etcd_client_close(client);
    test_etcd_stop(etcd);
}

static void test_etcd_progress_is_exact__since_two_releases(void **state)
{
    static const char *const YES[] = {"3.4.31", "3.4.40", "3.5.13", "3.6.0", "4.0.0"};
    static const char *const NO[] = {"3.4.23", "3.4.30", "3.5.0", "3.5.12", "3.3.99", "", "x"};
    for (size_t i = 0; i < sizeof YES / sizeof *YES; i++)
        assert_true(etcd_progress_is_exact(YES[i]));
    for (size_t i = 0; i < sizeof NO / sizeof *NO; i++)
        assert_false(etcd_progress_is_exact(NO[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_etcd_version__of_a_real_server),
        cmocka_unit_test(test_etcd_progress_is_exact__since_two_releases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
