/* One row, as cells, to the records of the change stream: key, value, tombstone. For row_events. */
#ifndef SOURCE_CHANGE_ENCODE_H
#define SOURCE_CHANGE_ENCODE_H

#include "column_layout.h"
#include "row_events.h"

/* What the rows of one MQ record have in common. */
struct change_place {
    const char *channel; /* pchannel */
    int64_t offset;
    uint64_t tick;
    int64_t partition_id;      /* -1: all */
    struct ks_slice partition; /* its name */
    int64_t emitted_ms;        /* wall clock */
};

const struct column_layout *change_encoder_layout(const struct change_encoder *enc);
/* Memory that lives until change_encoder_reset, for whoever reads the rows. */
struct ks_arena *change_encoder_arena(struct change_encoder *enc);
/* Where the cells of the next row go, layout->cell_count of them. */
struct ks_cell *change_encoder_cells(struct change_encoder *enc);
/* Items of the next row's arrays: void after change_encoder_row. */
struct ks_arena *change_encoder_scratch(struct change_encoder *enc);

/* Does any filter look at the rows? */
bool change_encoder_filters(const struct change_encoder *enc);
/* May the row in change_encoder_cells pass into the stream? */
bool change_encoder_passes(const struct change_encoder *enc);
/* Instead of change_encoder_row: the row was only looked at. */
void change_encoder_skip(struct change_encoder *enc);

/* The rows that follow come from this MQ record. */
void change_encoder_begin(struct change_encoder *enc, const struct catalogue_collection *coll,
                          const struct change_place *place, struct change_batch *out);
/* Appends a row that is there (op 'c' or 'u'), from change_encoder_cells. Errors: DATA naming the
 * field. */
enum ks_status change_encoder_row(struct change_encoder *enc, char op, uint32_t row,
                                  struct change_batch *out, struct ks_error *err);
/* Appends a row that is gone, and its tombstone if wanted. */
enum ks_status change_encoder_delete(struct change_encoder *enc, const struct ks_cell *key,
                                     uint32_t row, struct change_batch *out, struct ks_error *err);
void change_encoder_reset(struct change_encoder *enc);

#endif
