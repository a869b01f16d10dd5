/* Counters of the sequencer, of the metadata and of the task in; the host's metrics out, as
 * differences, once a second. Metadata that is no part of the stream is named in the log as well.
 */
#include "source_metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "kitestream/sdk/util.h"
#include "source_state.h"

enum { EVERY_MS = 1000 };

static void count(struct source_state *s, const char *name, const char *labels, uint64_t more)
{
    if (more > 0)
        s->host->metric(s->host->task, KS_METRIC_COUNTER, name, labels, (double)more);
}

static void gauge(struct source_state *s, const char *name, double value)
{
    s->host->metric(s->host->task, KS_METRIC_GAUGE, name, NULL, value);
}

static void report_sequencer(struct source_state *s)
{
    struct sequencer_counters now = *sequencer_counters(s->sequencer);
    const struct sequencer_counters *told = &s->metrics.counted;
    count(s, "duplicate_records_total", NULL, now.duplicate_records - told->duplicate_records);
    count(s, "late_ddl_total", NULL, now.late_ddl - told->late_ddl);
    count(s, "dropped_records_total", NULL, now.dropped_records - told->dropped_records);
    count(s, "filtered_records_total", NULL, now.filtered_records - told->filtered_records);
    count(s, "old_records_total", NULL, now.old_records - told->old_records);
    s->metrics.counted = now;
}

static void report_ignored(struct source_state *s)
{
    const struct meta_ignored *ignored = meta_model_ignored(meta_reader_model(s->meta));
    for (size_t i = 0; i < META_IGNORED_COUNT; i++) {
        uint64_t more = ignored[i].count - s->metrics.ignored[i];
        char label[64];
        if (more == 0)
            continue;
        snprintf(label, sizeof label, "kind=\"%s\"", ignored[i].name);
        count(s, "ignored_changes_total", label, more);
        ks_log(s->host, KS_LOG_INFO,
               "%" PRIu64 " changes of %s are not part of the stream (users, roles and grants are "
               "left to you)",
               more, ignored[i].name);
        s->metrics.ignored[i] = ignored[i].count;
    }
}

/* How old the newest tick is that the stream is complete up to. A source without any collection has
 * no ticks: then everything is there. */
static double lag_seconds(const struct source_state *s)
{
    bool idle = sequencer_slowest_channel(s->sequencer) < 0 && !sequencer_has_ddl(s->sequencer);
    int64_t lag_ms = clock_wall_ms() - tick_to_ms(sequencer_released(s->sequencer));
    return idle || lag_ms < 0 ? 0 : (double)lag_ms / 1000;
}

void source_metrics_report(struct source_state *s)
{
    struct source_metrics *m = &s->metrics;
    if (clock_mono_ms() < m->due_mono_ms)
        return;
    m->due_mono_ms = clock_mono_ms() + EVERY_MS;
    count(s, "change_records_total", NULL, m->change_records);
    count(s, "ddl_records_total", NULL, m->ddl_records);
    count(s, "filtered_rows_total", NULL, m->filtered_rows);
    m->change_records = m->ddl_records = m->filtered_rows = 0;
    report_sequencer(s);
    report_ignored(s);
    gauge(s, "held_bytes", (double)sequencer_held_bytes(s->sequencer));
    if (sequencer_released(s->sequencer) > 0)
        gauge(s, "lag_seconds", lag_seconds(s));
}
