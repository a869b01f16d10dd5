/* What stands between the pool's threads and the target: the lease, the wish to stop, and what the
 * calls are held up by. Shared by the task's thread and the pool. */
#ifndef SINK_TARGET_GATE_H
#define SINK_TARGET_GATE_H

#include "lease.h"

enum { GATE_TEXT_MAX = 600 };

struct target_gate;

struct target_gate *target_gate_new(void);
void target_gate_free(struct target_gate *g);

/* ---- the task's thread ---- */
void target_gate_begin(struct target_gate *g, int64_t lease_ms, enum lease_start start,
                       int64_t fenced_ms);
void target_gate_renewed(struct target_gate *g, int64_t sent_ms);
bool target_gate_renewal_due(struct target_gate *g, int64_t now_ms);
int64_t target_gate_wait_ms(struct target_gate *g, int64_t now_ms);
/* Every wait below ends. */
void target_gate_stop(struct target_gate *g);
/* What the calls are held up by, copied; false if by nothing. */
bool target_gate_trouble(struct target_gate *g, char ret[GATE_TEXT_MAX]);

/* ---- pool threads ---- */
/* Waits until a call may start and says how long it may take. 0: stop. */
int64_t target_gate_enter(struct target_gate *g);
/* Waits for that long; false: stop. */
bool target_gate_sleep(struct target_gate *g, int64_t ms);
bool target_gate_stopped(struct target_gate *g);
/* NULL: a call went well. */
void target_gate_report(struct target_gate *g, const char *trouble);

#endif
