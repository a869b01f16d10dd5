/* <prefix>.ddl, or what transforms call it: the emitted side of the metadata. Pending DDL in, DDL
 * records out, and the catalogue that the rows are resolved against. Next: the batch that
 * source_task hands to the host.
 *
 * Order kept: seq 1, 2, 3 … in the sequencer's order. The topic is the truth: at start it is read
 * to its end and folded, and an event that would not change the fold emits nothing, so that
 * repeating an event after a restart is harmless. If the process dies: records are part of the open
 * transaction, together with the offsets that cover them. */
#ifndef SOURCE_DDL_STREAM_H
#define SOURCE_DDL_STREAM_H

#include "catalogue.h"
#include "kitestream/plugin.h"
#include "row_events.h"
#include "source_options.h"

struct ddl_stream;

/* Creates the topic if absent and reads it. `options` is borrowed for the stream's life. Errors:
 * FATAL when the topic is another cluster's. */
enum ks_status ddl_stream_open(const struct ks_task_host *host,
                               const struct source_options *options, struct ddl_stream **ret,
                               struct ks_error *err);
void ddl_stream_close(struct ddl_stream *s);

const char *ddl_stream_topic(const struct ddl_stream *s); /* its final name */
struct catalogue *ddl_stream_catalogue(struct ddl_stream *s);
int64_t ddl_stream_seq(const struct ddl_stream *s); /* of the last record; 0 = none */

/* Collections that the configuration leaves out. */
void ddl_stream_filter_out(struct ddl_stream *s, int64_t collection_id);
bool ddl_stream_is_filtered(const struct ddl_stream *s, int64_t collection_id);

/* Has the stream told of its drop, now or in an earlier run? */
bool ddl_stream_has_dropped(const struct ddl_stream *s, int64_t collection_id);

/* Does the event belong into the stream? (Judges the name of a new collection.) What the rules
 * leave out of its schema is taken out of it. `arena`: the event's own. Errors: FATAL naming the
 * field or the filter that does not fit the collection. */
enum ks_status ddl_stream_wants(struct ddl_stream *s, struct ddl *ddl, struct ks_arena *arena,
                                bool *ret, struct ks_error *err);
/* Does its `after` depend on rows? Then everything before it must have been returned from poll. */
bool ddl_stream_waits_for_rows(const struct ddl_stream *s, const struct ddl *ddl);
/* Completes the event (seq, cluster, topic, after), creates its topic if it starts one, appends its
 * record and applies it to the catalogue. `arena`: the event's own. */
enum ks_status ddl_stream_add(struct ddl_stream *s, struct ddl *ddl, struct ks_arena *arena,
                              struct change_batch *out, struct ks_error *err);
/* Encoder of a collection's rows, compiled on first use. */
enum ks_status ddl_stream_encoder(struct ddl_stream *s, struct catalogue_collection *coll,
                                  struct change_encoder **ret, struct ks_error *err);
/* One heartbeat record: the tick up to which the stream is complete, and the positions of all data
 * topics. Everything before it must have been returned from poll. */
enum ks_status ddl_stream_heartbeat(struct ddl_stream *s, uint64_t tick, struct change_batch *out,
                                    struct ks_error *err);

#endif
