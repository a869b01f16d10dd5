/* What a source task has counted, told to the host once a second, and how far behind it is. */
#ifndef SOURCE_SOURCE_METRICS_H
#define SOURCE_SOURCE_METRICS_H

#include "meta_model.h"
#include "sequencer.h"

struct source_state;

struct source_metrics {
    uint64_t change_records, ddl_records, filtered_rows; /* by source_task; told and set to 0 */
    /* Told so far. */
    struct sequencer_counters counted;
    uint64_t ignored[META_IGNORED_COUNT];
    int64_t due_mono_ms;
};

/* Cheap when it is not due. */
void source_metrics_report(struct source_state *s);

#endif
