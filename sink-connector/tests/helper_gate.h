/* A gate that is kept open as the task's thread does it: the lease is confirmed all the time. */
#ifndef SINK_TESTS_HELPER_GATE_H
#define SINK_TESTS_HELPER_GATE_H

#include <pthread.h>

#include "target_gate.h"

struct open_gate {
    struct target_gate *gate;
    pthread_t renewer;
};

void open_gate_start(struct open_gate *g, int64_t lease_ms);
void open_gate_end(struct open_gate *g); /* stops and frees it */

#endif
