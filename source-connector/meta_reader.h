/* Milvus' metadata in etcd, followed: the list, the watch and the barrier around meta_model.
 * Out: pending DDL in revision order. Next: the sequencer. Thread: one. The identity of the source
 * is the option `cluster` (by default the root path), not etcd's cluster ID, which a restored etcd
 * changes; an etcd that went back is an error.
 * If the process dies: nothing is kept here; the caller commits the saved revision. */
#ifndef SOURCE_META_READER_H
#define SOURCE_META_READER_H

#include "kitestream/config.h"
#include "meta_model.h"

struct meta_reader;

/* Options: milvus.etcd.endpoints|root.path|meta.sub.path|username|password|tls.*. Does not connect.
 */
enum ks_status meta_reader_open(const struct ks_config *config, struct meta_reader **ret,
                                struct ks_error *err);
/* Opens, and lists what there is of databases, collections and fields now: nothing else, and
 * nothing is followed. Takes no longer than limit_ms. Errors: as meta_reader_list, but a root path
 * without Milvus' keys is none. */
enum ks_status meta_reader_look(const struct ks_config *config, int64_t limit_ms,
                                struct meta_reader **ret, struct ks_error *err);
void meta_reader_close(struct meta_reader *r);
struct meta_model *meta_reader_model(struct meta_reader *r);
/* Fills the model with a listing at `revision` (0 = now) and opens the watch behind it.
 * *ret_compacted: that revision is gone; call again with 0 and diff. Errors: RETRIABLE unreachable
 * (names the endpoint), FATAL for a password, permissions, or a root path without Milvus' keys
 * (says which root paths there are). */
enum ks_status meta_reader_list(struct meta_reader *r, int64_t revision, int64_t *ret_revision,
                                bool *ret_compacted, struct ks_error *err);
/* Waits up to timeout_ms for changes and appends them to *list (at its end). */
enum ks_status meta_reader_poll(struct meta_reader *r, int64_t timeout_ms,
                                struct pending_ddl **list, struct ks_error *err);
/* Everything up to this revision has been delivered by meta_reader_poll. */
int64_t meta_reader_delivered(const struct meta_reader *r);
/* One linearizable read: the revision that must be delivered before a release. */
enum ks_status meta_reader_barrier(struct meta_reader *r, int64_t *ret_revision,
                                   struct ks_error *err);
/* The watch died because its start was compacted away (after a long silence): list again and diff.
 */
bool meta_reader_compacted(const struct meta_reader *r);
/* Since when it is not certain that everything etcd knows has been delivered: since the last batch,
 * or the last barrier that found nothing missing. More than 10 s: etcd or its watch hangs. */
int64_t meta_reader_silent_ms(const struct meta_reader *r);

#endif
