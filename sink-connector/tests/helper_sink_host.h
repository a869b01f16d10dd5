/* A host for sink tasks in this process: topics, committed offsets and state outlive a task, so
 * that tasks can be killed and started again. One thread. */
#ifndef SINK_TESTS_HELPER_SINK_HOST_H
#define SINK_TESTS_HELPER_SINK_HOST_H

#include "ddl.h"
#include "helper_changes.h"
#include "kitestream/plugin.h"

struct sink_host;

/* With the DDL topic p.ddl; `uri` of the target. */
struct sink_host *sink_host_new(const char *uri);
void sink_host_free(struct sink_host *h); /* kills a running task */
/* Another name than "sink". */
void sink_host_connector(struct sink_host *h, const char *name);
/* Options beside topic.prefix=p, milvus.uri and lease.ms (900). */
void sink_host_option(struct sink_host *h, const char *key, const char *value);

/* ---- the stream ---- */
void sink_host_topic(struct sink_host *h, const char *topic, int32_t partitions);
/* The topic is a compacted one, and this record is gone. */
void sink_host_compact(struct sink_host *h, const char *topic, int32_t partition, int64_t offset);
/* As behind the delete of an envelope. */
int64_t sink_host_tombstone(struct sink_host *h, const char *topic, int32_t partition);
/* Adds partitions, up to this number. */
void sink_host_grow(struct sink_host *h, const char *topic, int32_t partitions);
/* As an operator does; the one that takes its name has the same partitions. */
void sink_host_delete(struct sink_host *h, const char *topic);
int sink_host_asked_in_vain(struct sink_host *h, const char *topic); /* since it was deleted */
bool sink_host_is_assigned(struct sink_host *h, const char *topic, int32_t partition);
/* Gives the DDL its seq and puts it on p.ddl. */
int64_t sink_host_ddl(struct sink_host *h, const struct ddl *ddl);
/* A row of partition _default: key, value. Returns its offset. */
int64_t sink_host_row(struct sink_host *h, const char *topic, int32_t partition, char op,
                      int64_t collection_id, int64_t ddl_seq, int64_t key, int64_t value);
/* A record that is no change. */
void sink_host_garbage(struct sink_host *h, const char *topic, int32_t partition);

/* ---- the task ---- */
void sink_host_start(struct sink_host *h); /* fails the test if it cannot */
enum ks_status sink_host_try_start(struct sink_host *h, struct ks_error *err);
/* Delivers what there is and lets the task work until `done` says so; fails the test after 30 s. */
void sink_host_run(struct sink_host *h, bool (*done)(struct sink_host *h));
/* That many rounds, a few ms each. */
void sink_host_rounds(struct sink_host *h, int rounds);
void sink_host_close(struct sink_host *h); /* cleanly */
void sink_host_kill(struct sink_host *h);

/* ---- what became of it ---- */
/* The next commits fail in passing; -1: until told otherwise. */
void sink_host_fail_commits(struct sink_host *h, int count);
int64_t sink_host_committed(struct sink_host *h, const char *topic, int32_t partition); /* -1 */
void sink_host_set_committed(struct sink_host *h, const char *topic, int32_t partition,
                             int64_t offset);     /* as a tool does */
const char *sink_host_state(struct sink_host *h); /* "" if there is none */
void sink_host_forget_state(struct sink_host *h);
const char *sink_host_status(const struct sink_host *h);
size_t sink_host_errants(const struct sink_host *h);
/* What the series has now; -1 if there is none. */
double sink_host_gauge(const struct sink_host *h, const char *name, const char *labels);
bool sink_host_is_paused(struct sink_host *h, const char *topic, int32_t partition);
/* Is every row acknowledged, every DDL applied, and both committed? */
bool sink_host_is_idle(struct sink_host *h);
bool sink_host_has_applied_all(struct sink_host *h); /* the DDL alone, committed */

#endif
