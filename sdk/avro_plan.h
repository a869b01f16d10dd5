/* The decoder's program: what to read, in the writer's order, into which of the reader's cells. */
#ifndef SDK_AVRO_PLAN_H
#define SDK_AVRO_PLAN_H

#include "avro_layout.h"

enum avro_op_code {
    AVRO_OP_NULL,   /* sets `count` cells from dst to null; reads nothing */
    AVRO_OP_RECORD, /* marks dst present; reads nothing */
    AVRO_OP_CONST,  /* copies `count` cells of `cells` to dst; reads nothing */
    AVRO_OP_BOOLEAN,
    AVRO_OP_INT,
    AVRO_OP_LONG,
    AVRO_OP_FLOAT,
    AVRO_OP_DOUBLE,
    AVRO_OP_INT_TO_FLOAT,
    AVRO_OP_LONG_TO_FLOAT,
    AVRO_OP_INT_TO_DOUBLE,
    AVRO_OP_LONG_TO_DOUBLE,
    AVRO_OP_FLOAT_TO_DOUBLE,
    AVRO_OP_BYTES,
    AVRO_OP_FIXED,  /* of `count` bytes */
    AVRO_OP_ENUM,   /* `count` symbols of the writer, mapped by `symbols` */
    AVRO_OP_FLOATS, /* array<float>, as it is */
    AVRO_OP_GATHER, /* any other array, each of whose items gives one float */
    AVRO_OP_ARRAY,  /* `items`, of `count` cells each */
    AVRO_OP_MAP,    /* the same, key first */
    AVRO_OP_SKIP,   /* one value of `skip` */
    AVRO_OP_BRANCH, /* reads an index below `count`, goes to jumps[index] */
    AVRO_OP_JUMP,   /* goes to `count` */
    AVRO_OP_FAULT,  /* the branch that was read has no place in the reader's type */
};

#define AVRO_NO_CELL UINT32_MAX

struct avro_op {
    uint32_t code; /* enum avro_op_code */
    uint32_t dst;
    uint32_t count;
    uint32_t next;      /* the instruction to go on with, jumps already followed */
    uint32_t min_bytes; /* arrays, maps: of one item as written */
    const char *name;   /* SKIP: the writer's field, for messages */
    union {
        const struct ks_cell *cells;
        const int32_t *symbols; /* the reader's index, or -1 */
        const struct avro_program *items;
        const struct ks_avro_schema *skip;
        const uint32_t *jumps;
    } u;
};

struct avro_program {
    const struct avro_op *ops;
    size_t count;
    const struct avro_layout *layout; /* of the cells that dst counts */
};

/* In `arena`, which must outlive it, as must both schemas. Errors: DATA if they cannot be resolved.
 */
enum ks_status avro_program_new(const struct ks_avro_schema *writer,
                                const struct avro_layout *reader, struct ks_arena *arena,
                                const struct avro_program **ret, struct ks_error *err);

/* Runs a program over a whole body. */
enum ks_status avro_program_run(const struct avro_program *program, struct ks_slice body,
                                struct ks_cell *cells, struct ks_arena *arena,
                                struct ks_error *err);

#endif
