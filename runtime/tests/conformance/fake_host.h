/* A host without Kafka: it answers at once, or refuses everything. It tests the plugin's manners,
 * not its work. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <stdatomic.h>

#include "conformance.h"

struct fake_host {
    struct ks_task_host host;
    bool refuses; /* every service that can fail does (RETRIABLE) */
    _Atomic bool stop;
    struct ks_schema *schemas;
};

void fake_host_init(struct fake_host *f, bool refuses);
void fake_host_release(struct fake_host *f);

#endif
