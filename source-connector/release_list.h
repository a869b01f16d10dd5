/* What one release gives, put in order: DDL and row records in, one list out. Part of the
 * sequencer, which decides what is released and when. */
#ifndef SOURCE_RELEASE_LIST_H
#define SOURCE_RELEASE_LIST_H

#include "catalogue.h"
#include "meta_model.h"
#include "mq_record.h"

/* Exactly one of the two is set. */
struct release_entry {
    struct pending_ddl *ddl;
    struct mq_record *record;
};

/* Owns the arrays, not what they point at. Zero-initialised is empty. */
struct release_list {
    struct mq_record **rows;
    size_t row_count, row_cap;
    struct pending_ddl **ddl;
    size_t ddl_count, ddl_cap;
    int *rank; /* of each channel */
    size_t rank_count, rank_cap;
    struct release_entry *entries; /* after release_list_order */
    size_t entry_count, at;
};

void release_list_release(struct release_list *l);
void release_list_add_record(struct release_list *l, struct mq_record *rec);
/* In order of their effective ticks. */
void release_list_add_ddl(struct release_list *l, struct pending_ddl *ddl);
/* Channels are ranked once per release, index by index from 0. */
void release_list_rank(struct release_list *l, int channel, int rank);
/* Builds the entries. `emitted` is the catalogue before the release. */
void release_list_order(struct release_list *l, const struct catalogue *emitted);
bool release_list_peek(const struct release_list *l, struct release_entry *ret);
bool release_list_next(struct release_list *l, struct release_entry *ret);

/* Is `ddl` the create of the collection or partition that the row needs and does not have yet? */
bool release_list_row_needs(const struct mq_record *rec, const struct ddl *ddl, bool has_collection,
                            bool has_partition);

#endif
