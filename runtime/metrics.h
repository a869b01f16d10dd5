/* Counters and gauges by name and labels, and their text for Prometheus. Thread: any. */
#ifndef RUNTIME_METRICS_H
#define RUNTIME_METRICS_H

#include "kitestream/plugin.h"
#include "kitestream/sdk/buf.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);
/* Sets a gauge, adds to a counter, drops what is gone. Characters that Prometheus does not take in
 * a name become '_'. connector and task become labels in front of `labels` (as in Prometheus,
 * without braces, or NULL); connector may be NULL, task < 0: none. A name keeps the kind it had
 * first. At most 10,000 series: more are dropped and counted in kitestream_metrics_dropped_total.
 */
void metrics_record(struct metrics *m, enum ks_metric_kind kind, const char *connector, int task,
                    const char *name, const char *labels, double value);
/* The value of a series; false if there is none. */
bool metrics_get(struct metrics *m, const char *connector, int task, const char *name,
                 const char *labels, double *ret);
/* Drops the series of a connector (of one of its tasks, if task >= 0) that is gone. */
void metrics_forget(struct metrics *m, const char *connector, int task);
/* Appends all series in Prometheus' text format, sorted by name. */
void metrics_print(struct metrics *m, struct ks_buf *out);

/* For what is printed without being kept: # HELP, if there is one, and # TYPE of a name; a label's
 * value, escaped. */
void metrics_add_head(struct ks_buf *out, const char *name, enum ks_metric_kind kind);
void metrics_add_label(struct ks_buf *out, const char *text);
/* What a name means, from metrics_help.c; NULL: not known, such as a plugin's own. */
const char *metrics_help(const char *name);

#endif
