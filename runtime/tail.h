/* `kitestream tail`: a topic's committed records as JSON lines on standard output. */
#ifndef RUNTIME_TAIL_H
#define RUNTIME_TAIL_H

#include <stdio.h>

#include "kitestream/sdk/buf.h"
#include "worker_config.h"

struct tail_options {
    const char *topic;
    bool from_beginning;  /* else only what comes from now on */
    int64_t max_messages; /* 0: no limit */
    bool exit_at_end;     /* else follow for ever */
    bool value_only;
    FILE *out; /* NULL: stdout */
};

/* Exit status: 0, or 1 with a message on standard error. Ends by signal, too. */
int tail_main(const struct worker_config *worker, const struct tail_options *options);

#endif
