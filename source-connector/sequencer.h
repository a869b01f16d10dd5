/* The one order of the stream: records of all pchannels and metadata changes in, a single list by
 * tick out (ordering §1). Pure: no clock, no network. Next: source_task, which encodes and hands
 * over what sequencer_next gives, item by item.
 *
 * Order kept: by tick, DDL before rows; DDL in etcd's revision order; rows by pchannel, collection,
 * delete before insert, offset. A row that would overtake its own create goes just after it.
 * If the process dies: nothing here is durable. What was released is void unless its transaction
 * committed together with sequencer_position() of every channel and sequencer_saved_revision();
 * a new sequencer made from those gives the same list again, no row missing, none twice. */
#ifndef SOURCE_SEQUENCER_H
#define SOURCE_SEQUENCER_H

#include "catalogue.h"
#include "meta_model.h"
#include "mq_record.h"

struct sequencer;

/* What becomes of rows whose collection the emitted catalogue does not have, and of rows that come
 * when W has passed them. */
enum row_fate {
    ROW_UNKNOWN,  /* of a living collection, or of one nobody knows: an error */
    ROW_DROPPED,  /* the collection is gone: left-overs */
    ROW_FILTERED, /* excluded by configuration */
    ROW_OLD,      /* older than our first list, of a collection gone before it */
};

struct sequencer_options {
    const struct catalogue *emitted; /* kept up to date by the caller, item by item */
    enum row_fate (*fate)(void *arg, int64_t collection_id, uint64_t tick);
    void *fate_arg;
    uint64_t released; /* W of the committed state; 0 on a first start */
    /* First start: rows <= this tick are not of the stream. UINT64_MAX: decided by the first
     * release (start.from=latest). */
    uint64_t row_start;
};

struct sequencer_counters {
    uint64_t duplicate_records; /* same msgID twice */
    uint64_t late_ddl;          /* delivered after W had passed its tick */
    uint64_t dropped_records;   /* of collections already dropped */
    uint64_t filtered_records;
    uint64_t old_records; /* of collections gone before our first list */
};

struct sequencer *sequencer_new(const struct sequencer_options *options);
void sequencer_free(struct sequencer *s);

/* ---- input ---- */

/* Declares pchannel `name`; records carry the returned index. next_offset: where reading starts.
 * resume_tick: rows <= it are discarded until the first tick record >= it (0 = none). */
int sequencer_add_channel(struct sequencer *s, const char *name, int64_t next_offset,
                          uint64_t resume_tick);
int sequencer_find_channel(const struct sequencer *s, const char *name); /* -1 */
/* The collection uses the channel from now on: its ticks hold W. Idempotent. */
void sequencer_use(struct sequencer *s, int channel, int64_t collection_id, uint64_t create_tick);
/* In revision order. The caller has already called sequencer_use for a create's channels. */
void sequencer_add_ddl(struct sequencer *s, struct pending_ddl *take_ddl);
/* A change the MQ tells (flush, gap): own tick, outside the revision order, in the order of its
 * channel. `channel` and `offset` say where it was read, so that its position is held until it is
 * released. */
void sequencer_add_mq_ddl(struct sequencer *s, struct pending_ddl *take_ddl, int channel,
                          int64_t offset);
/* Everything up to this revision has been added. */
void sequencer_delivered(struct sequencer *s, int64_t revision);
/* Takes the record (heap, mq_record_release + free). Ticks, Inserts, Deletes count; for any other
 * kind only the position moves on. Errors: FATAL for a row at or before W that was not seen. */
enum ks_status sequencer_add_record(struct sequencer *s, struct mq_record *take_rec,
                                    struct ks_error *err);

/* ---- release ---- */

/* The W that could be released now: the least last tick of the channels that W waits for, or
 * idle_tick when there is none. Never less than what is released. */
uint64_t sequencer_candidate(const struct sequencer *s, uint64_t idle_tick);
/* Orders everything up to `w`, which may be lowered so that no row is held back behind a create
 * that comes later. Precondition: the last release has been consumed, and every DDL with a tick
 * <= w has been added (linearizable read, then watch). Returns the W that now holds. */
uint64_t sequencer_release(struct sequencer *s, uint64_t w);

enum sequencer_item_kind { SEQUENCER_DDL, SEQUENCER_ROWS };
struct sequencer_item {
    enum sequencer_item_kind kind;
    uint64_t tick;
    struct pending_ddl *take_ddl; /* the caller's; ddl->tick is the effective tick */
    /* One group: records of one pchannel, collection and tick, deletes first, each by offset. Valid
     * until the next call. */
    struct mq_record *const *records;
    size_t record_count;
    int channel;
    int64_t collection_id;
};
/* Next item of the release. Groups without a collection in the emitted catalogue are dropped and
 * counted here, or are an error. *ret_more = false at the end. Errors: FATAL for rows of an unknown
 * collection. */
enum ks_status sequencer_next(struct sequencer *s, struct sequencer_item *ret, bool *ret_more,
                              struct ks_error *err);

/* ---- state to commit; valid when the release is consumed ---- */

uint64_t sequencer_released(const struct sequencer *s);
/* Rows and flushes at or before it are not of the stream; UINT64_MAX: not yet decided. */
uint64_t sequencer_row_start(const struct sequencer *s);
bool sequencer_has_ddl(const struct sequencer *s); /* waiting to be released */
/* Effective tick of the last DDL that waits; 0: none does. With no channel in use W goes there. */
uint64_t sequencer_last_ddl_tick(const struct sequencer *s);
/* Offset of the oldest record still held (the last tick counts until W reaches it), or the next one
 * to read. */
int64_t sequencer_position(const struct sequencer *s, int channel);
/* The last delivered revision with nothing held at or before it. */
int64_t sequencer_saved_revision(const struct sequencer *s);

size_t sequencer_channel_count(const struct sequencer *s);
const char *sequencer_channel_name(const struct sequencer *s, int channel);
bool sequencer_channel_used(const struct sequencer *s, int channel);
uint64_t sequencer_channel_tick(const struct sequencer *s, int channel);
size_t sequencer_held_bytes(const struct sequencer *s);
size_t sequencer_channel_held_bytes(const struct sequencer *s, int channel);
/* The channel with the least tick of those that W waits for: in use, and not read to the drop of
 * its last collection. -1: none. */
int sequencer_slowest_channel(const struct sequencer *s);
const struct sequencer_counters *sequencer_counters(const struct sequencer *s);

#endif
