#include "helper_gate.h"

#include "clock.h"

enum { RENEW_EVERY_MS = 20 };

static void *renew(void *arg)
{
    struct target_gate *gate = arg;
    do
        target_gate_renewed(gate, clock_boot_ms());
    while (target_gate_sleep(gate, RENEW_EVERY_MS));
    return NULL;
}

void open_gate_start(struct open_gate *g, int64_t lease_ms)
{
    g->gate = target_gate_new();
    target_gate_begin(g->gate, lease_ms, LEASE_CLEAN, clock_boot_ms());
    pthread_create(&g->renewer, NULL, renew, g->gate);
}

void open_gate_end(struct open_gate *g)
{
    target_gate_stop(g->gate);
    pthread_join(g->renewer, NULL);
    target_gate_free(g->gate);
}
