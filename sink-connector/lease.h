/* The sink's lease (ordering §5): Milvus cannot fence an old owner, so an owner only writes for a
 * while after Kafka has acknowledged its state, and a new one waits until that while is over.
 *
 * It runs from the send time of the last acknowledged commit. A call to the target starts only with
 * a sixth of the lease left of its first half and must end within that half; the other half is for
 * what the server does after the deadline. Pure: the caller brings the clock.
 * Units: milliseconds of a clock that goes on while the machine sleeps (clock_boot_ms): the others'
 * does. Thread: the task's. */
#ifndef SINK_LEASE_H
#define SINK_LEASE_H

#include <stdbool.h>
#include <stdint.h>

enum lease_start {
    LEASE_CLEAN,      /* first start, or the old owner left its clean mark */
    LEASE_OWNER_GONE, /* the state names an owner of this host that no longer runs */
    LEASE_UNKNOWN,    /* the old owner may still be writing */
};

struct lease {
    int64_t length_ms;
    int64_t sent_ms;    /* of the last acknowledged commit */
    int64_t not_before; /* first write */
    bool held;
};

/* `fenced_ms`: when init_transactions returned, after which the old owner cannot renew. */
void lease_begin(struct lease *l, int64_t length_ms, enum lease_start start, int64_t fenced_ms);
/* A commit that was sent at sent_ms is acknowledged. */
void lease_renewed(struct lease *l, int64_t sent_ms);
bool lease_renewal_due(const struct lease *l, int64_t now_ms);
/* How long a call may take that starts now; 0: none may start. */
int64_t lease_call_ms(const struct lease *l, int64_t now_ms);
/* Milliseconds until the first write is allowed; 0 when it is. */
int64_t lease_wait_ms(const struct lease *l, int64_t now_ms);

#endif
