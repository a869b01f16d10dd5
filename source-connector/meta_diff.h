/* What the stream has said so far against the raw mirror: the difference is the DDL to emit. One
 * rule for everything: what a revision changed is compared; so is everything at a first start and
 * after a compaction. That keeps half-made objects, repeats and leftovers of drops silent by
 * construction. Next: meta_model, which says what to compare and when. */
#ifndef SOURCE_META_DIFF_H
#define SOURCE_META_DIFF_H

#include "catalogue.h"
#include "meta_mirror.h"

struct meta_diff {
    const struct meta_mirror *mirror;
    struct catalogue *shown; /* folded with each DDL that is emitted */
    int64_t revision;
    bool snapshot; /* mark the DDL as what existed before the stream */
    /* The mirror shows a past moment: it has no loads and no indexes, and what is missing from it
     * proves nothing. `tick` is that moment. */
    bool history;
    uint64_t tick;
    struct pending_ddl **tail; /* where the next one is linked */
    int64_t seq;               /* numbers the folded DDL; starts anywhere */
};

/* What may have changed. */
struct meta_scope {
    const int64_t *collections;
    size_t collection_count;
    bool databases, aliases;
};

void meta_diff_run(struct meta_diff *d, const struct meta_scope *scope);
void meta_diff_all(struct meta_diff *d);
/* A change that no state shows: rows that never reach the MQ. */
void meta_diff_gap(struct meta_diff *d, int64_t collection_id, const char *reason);

/* ---- shared by the files of the diff ---- */

/* Emits the DDL (copied) unless the catalogue says that it changes nothing: NULL. */
struct pending_ddl *meta_diff_emit(struct meta_diff *d, const struct ddl *ddl, uint64_t own_tick);
/* meta_diff_names.c; a database that still holds collections is not dropped yet. */
void meta_diff_drop_databases(struct meta_diff *d);
void meta_diff_create_databases(struct meta_diff *d);
void meta_diff_drop_aliases(struct meta_diff *d);
void meta_diff_set_aliases(struct meta_diff *d);
/* meta_ddl.c: what belongs to one collection, which the stream has told of. */
struct meta_view;
void meta_diff_release(struct meta_diff *d, const struct meta_view *view);
void meta_diff_drop_indexes(struct meta_diff *d, const struct meta_view *view);
void meta_diff_drop_partitions(struct meta_diff *d, const struct meta_view *view);
void meta_diff_create_partitions(struct meta_diff *d, const struct meta_view *view);
void meta_diff_create_indexes(struct meta_diff *d, const struct meta_view *view);
void meta_diff_load(struct meta_diff *d, const struct meta_view *view);

#endif
