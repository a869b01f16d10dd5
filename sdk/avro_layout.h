/* The cells of a schema: which cell is which node, as include/kitestream/sdk/avro.h numbers them.
 * Encoder and decoder share it, so a row means the same to both. */
#ifndef SDK_AVRO_LAYOUT_H
#define SDK_AVRO_LAYOUT_H

#include "avro_schema.h"
#include "avro_trail.h"

/* Of one plan, items of arrays included: named types are laid out at each use, so a small schema
 * could ask for a huge plan. */
#define AVRO_CELLS_MAX 65536

enum avro_nullable {
    AVRO_PLAIN,       /* no union */
    AVRO_ONE_BRANCH,  /* [T] */
    AVRO_NULL_FIRST,  /* [null, T] */
    AVRO_NULL_SECOND, /* [T, null] */
};

struct avro_cell_def {
    const char *name; /* of the field; "" for a root or an item */
    uint32_t parent;  /* cell of the record around; AVRO_NO_PARENT */
    uint32_t span;    /* cells of the node: its own and its fields' */
    enum avro_nullable nullable;
    const struct ks_avro_schema *type; /* never a union */
    const struct avro_layout *items;   /* of arrays and maps: one item, without the key */
};

#define AVRO_NO_PARENT UINT32_MAX

/* One item of an array has its own cell first, also if it is a record; a root record has not. */
struct avro_layout {
    struct avro_cell_def *defs;
    size_t count;
    bool root_record; /* the cells are fields of a record that has no cell */
    const struct ks_avro_schema *schema;
};

/* In `arena`, which must outlive it, as must the schema. Errors: DATA naming the node. */
enum ks_status avro_layout_new(const struct ks_avro_schema *schema, struct ks_arena *arena,
                               const struct avro_layout **ret, struct ks_error *err);
/* Cell by path ("after.vec"), or -1. "tags[].name" is a cell within one item of the array, counted
 * from the item's first cell (behind the key, for a map). */
int avro_layout_cell(const struct avro_layout *layout, const char *path);
/* Cells of one item of the array or map at `path`, a map's key included; 0 if there is none. */
size_t avro_layout_item_cells(const struct avro_layout *layout, const char *path);

/* Puts the path of cell `index` in front of the trail. */
void avro_layout_trail(const struct avro_layout *layout, size_t index, struct avro_trail *trail);

static inline size_t avro_item_cells(const struct avro_cell_def *def)
{
    return def->items->count + (def->type->type == KS_AVRO_MAP ? 1 : 0);
}

/* The values that one memcpy moves. */
static inline bool avro_is_float_array(const struct ks_avro_schema *type)
{
    return type->type == KS_AVRO_ARRAY && type->items->type == KS_AVRO_FLOAT;
}

#endif
