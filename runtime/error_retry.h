/* How long converting and sending records is tried again: errors.retry.timeout and
 * errors.retry.delay.max.ms. Thread: the task's. */
#ifndef RUNTIME_ERROR_RETRY_H
#define RUNTIME_ERROR_RETRY_H

#include "clock.h"
#include "kitestream/config.h"
#include "kitestream/error.h"

struct error_retry {
    int64_t timeout_ms; /* -1: no limit */
    int64_t delay_max_ms;
    int64_t failing_since_ms; /* monotonic; 0: not failing */
};

struct error_retry error_retry_of(const struct ks_config *task);
/* After RETRIABLE: sets when to try again in `backoff` and returns RETRIABLE, or turns `err` into
 * FATAL when the time is over. */
enum ks_status error_retry_failed(struct error_retry *r, struct backoff *backoff,
                                  struct ks_error *err);
/* It went well. */
void error_retry_ok(struct error_retry *r);

#endif
