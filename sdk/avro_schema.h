/* A parsed Avro schema as the SDK's own files see it: nodes in the arena of one document. A named
 * type is one node, however often it is referred to, so recursive schemas are cycles. */
#ifndef SDK_AVRO_SCHEMA_H
#define SDK_AVRO_SCHEMA_H

#include <stdatomic.h>

#include <jansson.h>

#include "kitestream/sdk/avro.h"

#define AVRO_DEPTH_MAX 64
#define AVRO_SCHEMA_BYTES_MAX ((size_t)1024 * 1024)
#define AVRO_NAME_BYTES_MAX 1024

struct avro_prop {
    const char *name;
    const char *json;
};

/* Beside each public field: what resolution needs. Borrowed from the document's JSON. */
struct avro_field_more {
    const json_t *default_value; /* NULL: none */
    const json_t *aliases;       /* array of strings, or NULL */
};

struct ks_avro_schema {
    struct avro_document *doc;
    enum ks_avro_type type;
    const char *name;
    const json_t *aliases; /* of a named type: array of strings, or NULL */
    size_t count;
    struct ks_avro_field *fields;
    struct avro_field_more *more;
    const struct ks_avro_schema **branches;
    const struct ks_avro_schema *items; /* of arrays and maps */
    const char **symbols;
    int32_t enum_default; /* index, -1: none */
    uint32_t fixed_bytes;
    uint32_t min_bytes; /* shortest encoding; 0 only for nodes that are always empty */
    struct avro_prop *props;
    size_t prop_count;
};

/* Owns everything that its nodes point to. */
struct avro_document {
    atomic_uint refs;
    struct ks_arena arena;
    json_t *json;
    const struct ks_avro_schema *root;
    struct ks_avro_schema **nodes; /* in order of creation: parents before their children */
    size_t node_count, node_cap;
    json_t *names; /* full name -> index in nodes */
    uint64_t fingerprint;
};

/* Plans hold a reference, so a schema may be freed before the plans made from it. */
const struct ks_avro_schema *avro_schema_ref(const struct ks_avro_schema *schema);
void avro_schema_unref(const struct ks_avro_schema *schema);

struct ks_avro_schema *avro_document_node(struct avro_document *doc, enum ks_avro_type type);

/* Sets min_bytes of all nodes. Errors: DATA for a record that can never end. */
enum ks_status avro_document_measure(struct avro_document *doc, struct ks_error *err);

uint64_t avro_canonical_fingerprint(const json_t *json);

/* "boolean" -> KS_AVRO_BOOLEAN; false if it is not a primitive type. */
bool avro_primitive_type(const char *name, enum ks_avro_type *ret);
const char *avro_type_name(enum ks_avro_type type);

/* The node's full name, or the name of its type: for messages. */
const char *avro_schema_label(const struct ks_avro_schema *schema);
/* The part of a full name after the last dot. */
const char *avro_simple_name(const char *full_name);

#endif
