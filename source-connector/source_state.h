/* What a running source task holds; shared by source_start (builds it), source_input and
 * source_channels (feed the sequencer), source_task (takes from it), and what they ask on the way:
 * source_left_out, source_metrics. */
#ifndef SOURCE_SOURCE_STATE_H
#define SOURCE_SOURCE_STATE_H

#include "batch_pool.h"
#include "ddl_stream.h"
#include "map.h"
#include "meta_reader.h"
#include "mq_consumer.h"
#include "sequencer.h"
#include "source_metrics.h"
#include "source_offsets.h"
#include "source_options.h"

/* One pchannel (or replicate-msg) as the input side sees it; index = sequencer's = consumer's. */
struct source_channel {
    int64_t end_at_start; /* high watermark when it was opened */
    int64_t next;         /* after the last record that was read */
    int64_t heard_mono_ms;
    bool paused;
};

struct source_state {
    const struct ks_task_host *host;
    struct source_options options;
    struct meta_reader *meta;
    struct mq_consumer *mq;
    struct sequencer *sequencer;
    struct ddl_stream *stream;
    struct batch_pool *pool;

    struct source_channel *channels;
    size_t channel_count, channel_cap;
    struct pending_ddl *incoming; /* delivered, not yet given to the sequencer */
    int64_t list_revision;        /* of the listing at the start */
    struct etcd_offset etcd;      /* as last committed; list_tick and row_start stay */
    int64_t barrier_revision;     /* > 0: a release waits for the watch to deliver it */
    int64_t barrier_mono_ms;      /* since when */
    struct ks_error bad_reason;   /* of mq_consumer_bad, while bad_waits */

    struct change_batch *batch;   /* being filled */
    struct sequencer_item item;   /* taken from the sequencer, waiting for a new batch */
    size_t open_rows, open_bytes; /* of the open transaction */
    int64_t open_mono_ms;
    int64_t heartbeat_mono_ms;  /* when the next one is due */
    int64_t logged_mono_ms;     /* last line about records that were passed over */
    struct map left_out;        /* IDs of collections whose rows were left out, and it was said */
    struct ks_buf without_rows; /* names of collections that start without the rows they have */
    struct source_metrics metrics;
    char *waiting_for;      /* as told to the host */
    int64_t repeat_mono_ms; /* when it is told again */

    int replicate_channel; /* -1: not yet known */
    bool first_start;      /* no offsets were committed before */
    bool bad_waits;        /* mq_consumer_bad is not yet a dead letter */
    bool batch_has_rows;
    bool releasing; /* the sequencer's list is not yet consumed */
    bool has_item;
    bool open;         /* something was added since the last commit */
    bool letters_wait; /* dead letters: commit before there are more */
};

/* source_start.c: connects, reads what was committed, positions both readers. */
enum ks_status source_start(struct source_state *s, const struct ks_config *config,
                            struct ks_error *err);

/* source_channels.c */

/* Opens a channel unless it is open. `start` counts only where no offset was committed. */
enum ks_status source_channels_open(struct source_state *s, const char *channel,
                                    struct mq_start start, int *ret, struct ks_error *err);
/* Memory: when too much waits for a tick, only the channel that everything waits for is read. */
enum ks_status source_channels_mind_the_gate(struct source_state *s, struct ks_error *err);
/* With start.from=latest the stream begins when every channel was read to the end it had. */
bool source_channels_caught_up(const struct source_state *s);
/* Names in the task's status what holds it up: Kafka, etcd, a silent pchannel. */
void source_channels_report(struct source_state *s);
/* The host shows something else: what is reported next is told even if it was told before. */
void source_channels_forget_report(struct source_state *s);

/* source_input.c */

/* Reads what is there: metadata, then up to a few MB of records, waiting for the first at most
 * timeout_ms. */
enum ks_status source_input_pump(struct source_state *s, int timeout_ms, struct ks_error *err);
/* Gives s->incoming to the sequencer and opens the pchannels that new collections use. */
enum ks_status source_input_take_ddl(struct source_state *s, struct ks_error *err);
/* Asks etcd for its revision and waits until the watch has delivered it, a moment only:
 * *ret_reached = false, call again, and read no records until it is true. */
enum ks_status source_input_barrier(struct source_state *s, bool *ret_reached,
                                    struct ks_error *err);

/* source_left_out.c: what is rightly not in the stream is counted and said. */

/* The sequencer's question about rows whose collection the stream does not have. */
enum row_fate source_left_out_fate(void *state, int64_t collection_id, uint64_t tick);
/* A create that begins without the rows the collection has already (snapshot.mode=no_data). */
void source_left_out_note_create(struct source_state *s, const struct pending_ddl *p);
/* After a compaction: drops whose time is not known any more. */
void source_left_out_note_missed(struct source_state *s, const struct pending_ddl *list);

#endif
