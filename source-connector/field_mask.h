/* Masked fields: VarChar values become the lower-case hexadecimal HMAC-SHA-256 of themselves, with
 * field.mask.hash.salt as its key. Equal values stay equal, in keys, rows and deletes alike. */
#ifndef SOURCE_FIELD_MASK_H
#define SOURCE_FIELD_MASK_H

#include "column_layout.h"
#include "field_rules.h"

/* Compiled for one collection and schema. Owns: the hash, room for one row's values. Thread: one.
 */
struct field_mask;

/* *ret = NULL if no field of the collection is masked. Errors: FATAL. */
enum ks_status field_mask_new(const struct field_rules *rules, const char *collection,
                              const struct column_layout *layout, struct field_mask **ret,
                              struct ks_error *err);
void field_mask_free(struct field_mask *mask);
/* Masks the cells of a row; nulls stay null. The values live until the next call of either. */
void field_mask_row(struct field_mask *mask, struct ks_cell *cells);
/* A key that stands alone: of a delete. */
void field_mask_key(struct field_mask *mask, struct ks_cell *key);

#endif
