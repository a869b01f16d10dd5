/* What others ask of a parsed schema, and its lifetime. In: nodes made by avro_schema_parse.c; out:
 * to the plans, the JSON converters and the connectors. Immutable after parsing; only the reference
 * count changes, atomically. */
#include "avro_schema.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

static const char *const type_names[] = {
    [KS_AVRO_NULL] = "null",     [KS_AVRO_BOOLEAN] = "boolean", [KS_AVRO_INT] = "int",
    [KS_AVRO_LONG] = "long",     [KS_AVRO_FLOAT] = "float",     [KS_AVRO_DOUBLE] = "double",
    [KS_AVRO_BYTES] = "bytes",   [KS_AVRO_STRING] = "string",   [KS_AVRO_FIXED] = "fixed",
    [KS_AVRO_ENUM] = "enum",     [KS_AVRO_ARRAY] = "array",     [KS_AVRO_MAP] = "map",
    [KS_AVRO_RECORD] = "record", [KS_AVRO_UNION] = "union",
};

const char *avro_type_name(enum ks_avro_type type)
{
    return type_names[type];
}

bool avro_primitive_type(const char *name, enum ks_avro_type *ret)
{
    for (int type = KS_AVRO_NULL; type <= KS_AVRO_STRING; type++) {
        if (strcmp(name, type_names[type]) == 0) {
            *ret = (enum ks_avro_type)type;
            return true;
        }
    }
    return false;
}

const char *avro_schema_label(const struct ks_avro_schema *schema)
{
    return schema->name ? schema->name : type_names[schema->type];
}

const char *avro_simple_name(const char *full_name)
{
    const char *dot = strrchr(full_name, '.');
    return dot ? dot + 1 : full_name;
}

struct ks_avro_schema *avro_document_node(struct avro_document *doc, enum ks_avro_type type)
{
    struct ks_avro_schema *node = ks_arena_zalloc(&doc->arena, sizeof *node);
    node->doc = doc;
    node->type = type;
    node->enum_default = -1;
    doc->nodes = mem_grow(doc->nodes, doc->node_count, &doc->node_cap, sizeof(void *));
    doc->nodes[doc->node_count++] = node;
    return node;
}

const struct ks_avro_schema *avro_schema_ref(const struct ks_avro_schema *schema)
{
    atomic_fetch_add(&schema->doc->refs, 1);
    return schema;
}

void avro_schema_unref(const struct ks_avro_schema *schema)
{
    if (!schema || atomic_fetch_sub(&schema->doc->refs, 1) != 1)
        return;
    struct avro_document *doc = schema->doc;
    json_decref(doc->json);
    json_decref(doc->names);
    free(doc->nodes);
    ks_arena_release(&doc->arena);
    free(doc);
}

void ks_avro_schema_free(struct ks_avro_schema *schema)
{
    avro_schema_unref(schema);
}

enum ks_avro_type ks_avro_schema_type(const struct ks_avro_schema *schema)
{
    return schema->type;
}

const char *ks_avro_schema_name(const struct ks_avro_schema *schema)
{
    return schema->name;
}

size_t ks_avro_schema_count(const struct ks_avro_schema *schema)
{
    return schema->count;
}

const struct ks_avro_field *ks_avro_schema_field(const struct ks_avro_schema *schema, size_t i)
{
    return schema->type == KS_AVRO_RECORD && i < schema->count ? &schema->fields[i] : NULL;
}

const struct ks_avro_schema *ks_avro_schema_branch(const struct ks_avro_schema *schema, size_t i)
{
    return schema->type == KS_AVRO_UNION && i < schema->count ? schema->branches[i] : NULL;
}

const struct ks_avro_schema *ks_avro_schema_items(const struct ks_avro_schema *schema)
{
    return schema->items;
}

const char *ks_avro_schema_symbol(const struct ks_avro_schema *schema, size_t i)
{
    return schema->type == KS_AVRO_ENUM && i < schema->count ? schema->symbols[i] : NULL;
}

size_t ks_avro_schema_fixed_bytes(const struct ks_avro_schema *schema)
{
    return schema->fixed_bytes;
}

const char *ks_avro_schema_prop(const struct ks_avro_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->prop_count; i++) {
        if (strcmp(schema->props[i].name, name) == 0)
            return schema->props[i].json;
    }
    return NULL;
}

const char *ks_avro_schema_prop_name(const struct ks_avro_schema *schema, size_t i)
{
    return i < schema->prop_count ? schema->props[i].name : NULL;
}

uint64_t ks_avro_schema_fingerprint(const struct ks_avro_schema *schema)
{
    return schema->doc->fingerprint;
}
