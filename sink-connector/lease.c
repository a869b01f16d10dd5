#include "lease.h"

/* Enough for requests of a process that is gone to end at the server. */
enum { OWNER_GONE_WAIT_MS = 1000 };

void lease_begin(struct lease *l, int64_t length_ms, enum lease_start start, int64_t fenced_ms)
{
    *l = (struct lease){.length_ms = length_ms, .not_before = fenced_ms};
    if (start == LEASE_OWNER_GONE)
        l->not_before += OWNER_GONE_WAIT_MS;
    else if (start == LEASE_UNKNOWN)
        l->not_before += length_ms;
}

void lease_renewed(struct lease *l, int64_t sent_ms)
{
    l->held = true;
    l->sent_ms = sent_ms;
}

bool lease_renewal_due(const struct lease *l, int64_t now_ms)
{
    return !l->held || now_ms - l->sent_ms >= l->length_ms / 6;
}

int64_t lease_call_ms(const struct lease *l, int64_t now_ms)
{
    int64_t left = l->sent_ms + l->length_ms / 2 - now_ms;
    if (!l->held || now_ms < l->not_before || left < l->length_ms / 6)
        return 0;
    return left;
}

int64_t lease_wait_ms(const struct lease *l, int64_t now_ms)
{
    return now_ms < l->not_before ? l->not_before - now_ms : 0;
}
