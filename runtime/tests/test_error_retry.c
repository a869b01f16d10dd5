#include "error_retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kitestream/sdk/util.h"

static enum ks_status fail_once(struct error_retry *r, struct backoff *backoff,
                                struct ks_error *err)
{
    ks_error_set(err, KS_ERR_RETRIABLE, "the registry is away");
    return error_retry_failed(r, backoff, err);
}

static void test_failed__without_options_there_is_no_limit(void **state)
{
    const struct ks_config none = {0};
    struct error_retry r = error_retry_of(&none);
    struct backoff backoff = {0};
    struct ks_error err;
    r.failing_since_ms = 1; /* as long as this machine runs */
    assert_int_equal(fail_once(&r, &backoff, &err), KS_ERR_RETRIABLE);
    assert_true(backoff.until_mono_ms > clock_mono_ms());
    assert_string_equal(err.message, "the registry is away");
}

static void test_failed__timeout(void **state)
{
    const struct ks_config_entry entries[] = {{"errors.retry.timeout", "60000"}};
    const struct ks_config config = {entries, 1};
    struct error_retry r = error_retry_of(&config);
    struct backoff backoff = {0};
    struct ks_error err;
    assert_int_equal(fail_once(&r, &backoff, &err), KS_ERR_RETRIABLE);
    r.failing_since_ms -= 60001;
    assert_int_equal(fail_once(&r, &backoff, &err), KS_ERR_FATAL);
    assert_int_equal(err.status, KS_ERR_FATAL);
    assert_string_equal(err.message,
                        "given up after errors.retry.timeout=60000 ms: the registry is away");
    error_retry_ok(&r);
    assert_int_equal(fail_once(&r, &backoff, &err), KS_ERR_RETRIABLE);
    r.timeout_ms = 0;
    assert_int_equal(fail_once(&r, &backoff, &err), KS_ERR_FATAL);
}

static void test_failed__delay(void **state)
{
    const struct ks_config_entry entries[] = {{"errors.retry.delay.max.ms", "5"}};
    const struct ks_config config = {entries, 1};
    struct error_retry r = error_retry_of(&config);
    struct backoff backoff = {0};
    struct ks_error err;
    for (int i = 0; i < 5; i++)
        assert_int_equal(fail_once(&r, &backoff, &err), KS_ERR_RETRIABLE);
    assert_true(backoff.until_mono_ms <= clock_mono_ms() + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed__without_options_there_is_no_limit),
        cmocka_unit_test(test_failed__timeout),
        cmocka_unit_test(test_failed__delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
