/* What the files of the sequencer share: sequencer.c (life, state), sequencer_input.c (what comes
 * in), sequencer_release.c (what goes out). Private to them. */
#ifndef SOURCE_SEQUENCER_PARTS_H
#define SOURCE_SEQUENCER_PARTS_H

#include "msg_id_set.h"
#include "release_list.h"
#include "sequencer.h"

struct channel {
    char *name;
    int64_t next_offset;
    uint64_t last_tick;
    int64_t last_tick_offset;
    uint64_t resume_tick;
    bool resuming;
    size_t users;         /* collections that use it, until their drop is released */
    size_t live;          /* of those, the ones whose drop has not been delivered */
    uint64_t drop_tick;   /* the greatest of the drops delivered for it */
    uint64_t last_mq_ddl; /* effective tick of the last flush or gap read from it */
    struct mq_record *head, **tail;
    size_t held_bytes;
};

struct channel_use {
    int channel;
    int64_t collection_id;
    bool dropped; /* its drop is delivered, not yet released */
};

/* A flush or gap: held until W reaches it. */
struct mq_ddl {
    struct mq_ddl *next;
    struct pending_ddl *ddl;
    int channel;
    int64_t offset;
};

struct sequencer {
    struct sequencer_options options;
    struct channel *channels;
    size_t channel_count, channel_cap;
    struct channel_use *uses;
    size_t use_count, use_cap;
    struct pending_ddl *ddl_head, **ddl_tail;
    struct mq_ddl *mq_ddl; /* by tick */
    uint64_t last_effective;
    uint64_t released;
    int64_t delivered_revision;
    struct msg_id_set *msg_ids;
    struct sequencer_counters counters;
    struct release_list list;
    struct mq_record **group;
    size_t group_count, group_cap;
};

static inline uint64_t max_tick(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* May rows still come that W has to wait for? Not once every collection of the channel is dropped
 * and read to its drop. */
static inline bool sequencer_channel_holds(const struct channel *c)
{
    return c->live > 0 || (c->users > 0 && c->last_tick < c->drop_tick);
}

void sequencer_free_record(struct mq_record *rec);
void sequencer_free_group(struct sequencer *s);
/* Counts `count` records that are rightly not of the stream. False: they are missed. */
bool sequencer_leave_out(struct sequencer *s, const struct mq_record *rec, size_t count);

#endif
