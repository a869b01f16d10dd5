/* In: a failure that may pass; out: when to try again, or that it is enough. Next: the two loops,
 * which show meanwhile what they wait for. */
#include "error_retry.h"

#include "kitestream/sdk/util.h"

struct error_retry error_retry_of(const struct ks_config *task)
{
    return (struct error_retry){
        .timeout_ms = ks_config_long(task, "errors.retry.timeout", -1),
        .delay_max_ms = ks_config_long(task, "errors.retry.delay.max.ms", 60000),
    };
}

enum ks_status error_retry_failed(struct error_retry *r, struct backoff *backoff,
                                  struct ks_error *err)
{
    int64_t now_ms = clock_mono_ms();
    if (!r->failing_since_ms)
        r->failing_since_ms = now_ms;
    if (r->timeout_ms >= 0 && now_ms - r->failing_since_ms >= r->timeout_ms) {
        ks_error_prefix(err, "given up after errors.retry.timeout=%lld ms",
                        (long long)r->timeout_ms);
        return err->status = KS_ERR_FATAL;
    }
    backoff_fail(backoff);
    int64_t latest_ms = now_ms + r->delay_max_ms;
    if (r->delay_max_ms >= 0 && backoff->until_mono_ms > latest_ms)
        backoff->until_mono_ms = latest_ms;
    return KS_ERR_RETRIABLE;
}

void error_retry_ok(struct error_retry *r)
{
    r->failing_since_ms = 0;
}
