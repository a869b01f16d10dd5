/* etcd's keys in, metadata changes out: the raw mirror of what Milvus keeps in etcd, and the rules
 * that turn its puts and deletes into DDL (ordering §1, §2). Pure: no clock, no network. Next: the
 * sequencer, which gives each DDL its effective tick and place among the rows. */
#ifndef SOURCE_META_MODEL_H
#define SOURCE_META_MODEL_H

#include "catalogue.h"
#include "etcd_client.h"

struct meta_model;

/* A pchannel that a Created collection uses, for the choice of what to read and to wait for. */
struct meta_channel_use {
    int64_t collection_id;
    uint64_t create_tick;
    const char *pchannel;
    int64_t start_offset; /* Kafka offset of its first message there, or -1 */
};

/* A DDL on its way to the sequencer. Owns: its arena, in which ddl and uses live. */
struct pending_ddl {
    struct pending_ddl *next;
    struct ks_arena arena;
    struct ddl *ddl;   /* seq, tick, topic, after, cluster not yet set */
    uint64_t own_tick; /* 0: has none (load, release, drop of an index) */
    int64_t revision;
    /* create_collection (snapshot or not): its pchannels, even if the same batch of events already
     * drops it again. drop_collection after a compaction: those that the history names. */
    struct meta_channel_use *uses;
    size_t use_count;
};
void pending_ddl_free(struct pending_ddl *p);
void pending_ddl_list_free(struct pending_ddl *list);

/* meta_prefix: "<root path>/<meta sub path>/". */
struct meta_model *meta_model_new(const char *meta_prefix);
void meta_model_free(struct meta_model *m);

/* Start or resume: every kv of a listing at one revision (foreign keys are ignored), then list_end.
 * The mirror is replaced. */
void meta_model_list_begin(struct meta_model *m);
enum ks_status meta_model_list_kv(struct meta_model *m, const struct etcd_kv *kv,
                                  struct ks_error *err);
enum ks_status meta_model_list_end(struct meta_model *m, int64_t revision, struct ks_error *err);

/* Events of whole revisions, in order. DDL are appended to the list that begins at *list (in
 * revision order, several of one revision in dependency order). A listing counts as said already:
 * only what changes afterwards gives DDL. Errors: DATA for a value that does not decode, naming the
 * key. */
enum ks_status meta_model_events(struct meta_model *m, const struct etcd_event *events,
                                 size_t count, struct pending_ddl **list, struct ks_error *err);

/* After a compaction, before meta_model_diff: the stream says everything up to this tick (the
 * released W) and this revision. What happened since then comes from the snapshots/ keys, in order,
 * with its own TSO, lives that began and ended in between included. Without it the diff knows only
 * the present. */
void meta_model_said(struct meta_model *m, uint64_t tick, int64_t revision);

/* Right after a listing: DDL that turn `emitted` (what the stream says) into the mirror, for a
 * first start with an empty catalogue (everything, in dependency order, snapshot = true), or after
 * a compaction (drops of which nothing tells the time; what the history tells; for the rest drops
 * first, then renames, then creates). */
enum ks_status meta_model_diff(struct meta_model *m, const struct catalogue *emitted, bool snapshot,
                               struct pending_ddl **list, struct ks_error *err);

/* The least TSO of an object still Creating (or of a change not yet complete), or UINT64_MAX: with
 * no pchannel in use, W stays below it. */
uint64_t meta_model_creating_floor(const struct meta_model *m);
/* The greatest TSO seen in delivered keys. */
uint64_t meta_model_max_tick(const struct meta_model *m);
/* pchannels of all Created collections in the mirror. The strings live until the next change. */
size_t meta_model_channels(const struct meta_model *m, const struct meta_channel_use **ret);
/* Does the mirror or its history know this collection, and what became of it? */
enum meta_life { META_UNKNOWN, META_CREATING, META_CREATED, META_DROPPING, META_DROPPED };
enum meta_life meta_model_life(const struct meta_model *m, int64_t collection_id);
/* Did it have segments that are not dropped when it was listed? (A growing one may be empty.) */
bool meta_model_has_rows(const struct meta_model *m, int64_t collection_id);
/* Number of keys below the prefix; 0 means a wrong root path. */
size_t meta_model_key_count(const struct meta_model *m);

/* Changes of users, roles and grants since the start: not part of the stream, counted by name. */
#define META_IGNORED_COUNT 7
struct meta_ignored {
    const char *name; /* "users", "roles", "grantee-id", ... */
    uint64_t count;
};
const struct meta_ignored *meta_model_ignored(const struct meta_model *m); /* META_IGNORED_COUNT */

#endif
