/* The values that hold several: an Array row and a sparse vector, as cells. */
#ifndef SOURCE_COLUMN_ITEMS_H
#define SOURCE_COLUMN_ITEMS_H

#include "column_layout.h"

/* `scalar_field`: the ScalarField of one row. False: it does not decode. */
bool column_items_array(enum milvus_type element_type, struct ks_slice scalar_field,
                        struct ks_arena *scratch, struct ks_cell *ret);
/* Runs of uint32 index, float32 value, little-endian, to three cells. */
bool column_items_sparse(struct ks_slice pairs, struct ks_arena *scratch, struct ks_cell *ret);

#endif
