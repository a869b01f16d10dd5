/* YAML as a small tree that knows its lines. Limits: 1 MiB, depth 32, 20,000 nodes with every alias
 * counted as a copy, so that walking a tree is always cheap. One document; keys are scalars and
 * unique; values are text as written (no guessing of types). */
#ifndef RUNTIME_YAML_NODE_H
#define RUNTIME_YAML_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "kitestream/error.h"
#include "kitestream/sdk/arena.h"

#define YAML_MAX_BYTES ((size_t)1024 * 1024)

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line;         /* from 1 */
    bool is_null;     /* scalar: plain and empty, ~ or null */
    const char *text; /* scalar; no NUL inside */
    struct yaml_entry {
        const char *key; /* NULL in lists */
        int line;        /* of the key */
        const struct yaml_node *value;
    } * entries; /* maps and lists, in order */
    size_t count;
};

/* The document's root, in the arena; an empty document is a null scalar. Errors: FATAL with
 * "name:line: …". */
enum ks_status yaml_parse(const char *name, const char *text, size_t len, struct ks_arena *arena,
                          const struct yaml_node **ret, struct ks_error *err);
/* Value of a key, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* "a map", "a list", … for messages. */
const char *yaml_kind_name(const struct yaml_node *node);

/* One option of a flattened map. A non-zero result stops. */
typedef enum ks_status yaml_option_fn(void *arg, const char *option, const char *value, int line,
                                      struct ks_error *err);
/* Nested maps join with '.', lists of scalars with ','. Errors: FATAL "name:line: …" for nulls and
 * lists of anything else. */
enum ks_status yaml_flatten(const char *name, const struct yaml_node *map, yaml_option_fn *fn,
                            void *arg, struct ks_error *err);

#endif
