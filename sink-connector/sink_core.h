/* What a running sink task holds; shared by the files that make it up: sink_start (state,
 * catalogue, assignment), sink_rows (records to jobs), sink_ddl (metadata), sink_save (commits),
 * sink_task (the ops). Thread: the task's, but for the gate and what a job carries. */
#ifndef SINK_SINK_CORE_H
#define SINK_SINK_CORE_H

#include "catalogue.h"
#include "ddl_apply.h"
#include "ddl_queue.h"
#include "map.h"
#include "partition_queue.h"
#include "sink_options.h"
#include "sink_state.h"
#include "target_gate.h"

/* The partitions of one data topic. */
struct sink_topic {
    char *name;
    struct partition_queue **partitions;
    int32_t count; /* 0: the topic does not exist */
    bool wanted;   /* Kafka shall be asked for its partitions */
    bool compacts; /* see ask_policy */
    int64_t asked_ms;
    int64_t missing_ms; /* since when a DDL names one that Kafka does not know; 0: none does */
    int64_t lost_ms;    /* since when Kafka does not know the topic any more; 0: it does */
    bool gone;          /* so for a while, and left */
};

struct sink_counters {
    uint64_t inserted, upserted, deleted;
    uint64_t repeated;           /* calls after an ambiguous answer */
    uint64_t upserts_for_safety; /* c rows below the high watermark of an unclean start */
    uint64_t skipped;            /* rows of collections that are dropped, filtered or skipped */
};

struct sink_core {
    const struct ks_task_host *host;
    struct sink_options options;
    struct milvus_client *client;
    struct target_gate *gate;
    struct write_pool *pool;
    struct change_decoder *decoder;
    struct ddl_codec *codec;

    struct sink_state state;
    bool first_start; /* no state was committed before */
    bool was_clean;
    struct catalogue *applied; /* the DDL stream folded up to what is applied */
    struct ddl_queue *queue;
    int64_t read_seq;       /* of the last DDL that was read */
    int64_t ddl_position;   /* next offset of the DDL topic */
    struct map excluded;    /* collection IDs that the filter leaves out -> seq of the create */
    struct map overtaken;   /* those with DDL that wait although later ones are applied */
    struct map unverified;  /* -> struct verifying, see sink_verify.c */
    struct map skipped;     /* those whose create was skipped by policy, or given up */
    struct map quarantined; /* collection ID -> reason (char *) */
    struct map adopted;     /* collection IDs that were there before: c rows are Upserts */

    struct strmap topics; /* name -> struct sink_topic */
    size_t unassigned;    /* how many of them are wanted */
    size_t look_at;       /* the topic that is asked for new partitions next */
    int64_t looked_ms;
    struct partition_queue **partitions; /* all of them */
    size_t partition_count, partition_cap;
    size_t queued_bytes;

    bool stopping;
    struct ks_error failure; /* what put found wrong with records it had taken already */
    bool must_save;          /* before anything else is given out */
    bool dirty;              /* something may be saved when it is time */
    int64_t saved_ms;
    int64_t counted_ms;
    struct sink_counters counters, counted;
    struct strmap lags;    /* labels of the series that sink_lags.c has told */
    struct ks_arena arena; /* of one commit */
    struct ks_arena kept;  /* as long as the task */
    char *cluster;         /* of the DDL */
    char *sink;            /* <id of the state>/<connector>, as stamps have it */
    char *status;
    char trouble[GATE_TEXT_MAX]; /* of a commit that did not go through */
};

/* sink_start.c */
enum ks_status sink_core_start(struct sink_core *s, const struct ks_config *config,
                               struct ks_error *err);

/* sink_partitions.c */
/* Notes that the topic's rows are wanted; sink_core_assign asks for its partitions. */
void sink_core_follow(struct sink_core *s, const char *topic);
/* Partitions that are wanted, and those that came since. */
enum ks_status sink_core_assign(struct sink_core *s, struct ks_error *err);
/* A ddl_reached_fn; arg: the core. */
bool sink_reached(void *arg, const struct ks_topic_partition *position);
/* May the first record of the partition be written, as far as other partitions are concerned? */
bool sink_may_begin(struct sink_core *s, struct partition_queue *q);

/* sink_rows.c */
enum ks_status sink_rows_put(struct sink_core *s, const struct ks_record *record,
                             struct batch_ref *ref, struct ks_error *err);
enum ks_status sink_rows_dispatch(struct sink_core *s, struct ks_error *err);
enum ks_status sink_rows_done(struct sink_core *s, struct pool_work *work, struct ks_error *err);
enum ks_status sink_rows_pause(struct sink_core *s, struct ks_error *err);

/* sink_ddl.c */
enum ks_status sink_ddl_put(struct sink_core *s, const struct ks_record *record,
                            struct ks_error *err);
/* What becomes of one DDL that was read: folded (applied already), or queued. */
enum ks_status sink_ddl_read(struct sink_core *s, struct ddl *ddl, struct ks_error *err);
enum ks_status sink_ddl_dispatch(struct sink_core *s, struct ks_error *err);
enum ks_status sink_ddl_done(struct sink_core *s, struct pool_work *work, struct ks_error *err);
void sink_ddl_follow(struct sink_core *s, const struct ddl *ddl);
void sink_quarantine(struct sink_core *s, int64_t collection_id, const char *reason);
const char *sink_quarantine_reason(const struct sink_core *s, int64_t collection_id);

/* sink_left_out.c: what the configuration leaves out, and takes in again. */
/* Of a collection that is left out. */
bool sink_is_left_out(const struct sink_core *s, const struct ddl *ddl);
void sink_note_create(struct sink_core *s, const struct ddl *ddl);
/* The DDL counts as applied from now on. By the filter, or by policy: for good. */
void sink_exclude_ddl(struct sink_core *s, const struct ddl *ddl);
void sink_skip_ddl(struct sink_core *s, const struct ddl *ddl, const char *why);
/* Of a DDL that is committed as applied: was it left out, and is to be applied now? Then it is
 * none of the applied any more. */
bool sink_take_back(struct sink_core *s, const struct ddl *ddl);
/* Does the filter leave out the row's collection? Then it can't be taken in later without a gap. */
bool sink_passes_over(struct sink_core *s, const struct change_row *row);
/* Is everything applied that the row depends on? */
bool sink_row_may_go(const struct sink_core *s, const struct change_row *row);

/* sink_verify.c */
void sink_verify_begin(struct sink_core *s);
void sink_verify_dispatch(struct sink_core *s);
void sink_verified(struct sink_core *s, struct ddl_work *w);
bool sink_is_unverified(const struct sink_core *s, int64_t collection_id);

/* sink_save.c */
/* One transaction: positions, state. Renews the lease. A failure that may pass is kept in
 * s->trouble and tried again by the next call. */
enum ks_status sink_save(struct sink_core *s, struct ks_error *err);
bool sink_save_due(struct sink_core *s);
/* Offset up to which everything of the partition is acknowledged. */
int64_t sink_position(struct sink_core *s, const struct partition_queue *q);
void sink_report(struct sink_core *s);

/* sink_lags.c: how far the target is behind, collection by collection. */
void sink_lags_report(struct sink_core *s);
void sink_lags_forget(struct sink_core *s); /* drops the series */

#endif
