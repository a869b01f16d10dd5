/* Where a row comes from, as the envelope's source block and as headers. Owns: its texts. */
#ifndef SOURCE_CHANGE_ORIGIN_H
#define SOURCE_CHANGE_ORIGIN_H

#include "change_encode.h"

enum { CHANGE_HEADERS = 16 };

struct change_origin {
    char *version, *name;
    bool has_block;
    struct ks_buf block;
    size_t prefix_bytes; /* of the block: up to the field `row` */
    int64_t ddl_seq;
    struct ks_header headers[CHANGE_HEADERS];
    size_t header_count; /* of each record: all, the operation only, or none */
};

void change_origin_init(struct change_origin *o, const struct change_options *opt);
void change_origin_release(struct change_origin *o);
/* The rows that follow are of this place. `arena` holds what headers say, as long as the records.
 */
void change_origin_begin(struct change_origin *o, const struct catalogue_collection *coll,
                         const struct change_place *place, struct ks_arena *arena);
/* The bytes of the block; valid until the next call. */
struct ks_cell change_origin_block(struct change_origin *o, uint32_t row);
/* Gives the record its headers, if it has any. */
void change_origin_mark(struct change_origin *o, char op, uint32_t row, struct ks_record *record,
                        struct ks_arena *arena);

#endif
