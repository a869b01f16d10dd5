/* Schema JSON to nodes. In: text from a registry, a file or a plugin; out: an immutable document.
 * Every name is resolved here, so plans and converters only follow pointers. Depth is limited
 * because the text may come from anywhere; defaults are checked last, when every type is known. */
#include <stdlib.h>
#include <string.h>

#include "avro_from_json.h"
#include "avro_name.h"
#include "avro_schema.h"
#include "kitestream/sdk/util.h"
#include "mem.h"

/* Where the parser is: one frame for each node around, the innermost first. */
struct frame {
    const struct frame *up;
    const char *name; /* of the field that led here; NULL for array items and branches */
    const char *space;
    int depth;
};

struct parser {
    struct avro_document *doc;
    struct ks_error *err;
};

static const struct ks_avro_schema *parse_node(struct parser *p, const json_t *json,
                                               const struct frame *frame);

static void add_place(struct ks_buf *place, const struct frame *frame)
{
    if (frame->up)
        add_place(place, frame->up);
    if (frame->name) {
        if (place->len)
            ks_buf_add_byte(place, '.');
        ks_buf_add_str(place, frame->name);
    }
}

/* Reports `what`, with `name` if there is one; always NULL, for return. */
static void *fail(struct parser *p, const struct frame *frame, const char *what, const char *name)
{
    struct ks_buf place = {0};
    add_place(&place, frame);
    ks_error_set(p->err, KS_ERR_DATA, "schema%s%.200s: %s%s%.200s%s", place.len ? " at " : "",
                 ks_buf_str(&place), what, name ? " \"" : "", name ? name : "", name ? "\"" : "");
    ks_buf_release(&place);
    return NULL;
}

static const char *string_member(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static bool is_structural(const char *member)
{
    static const char *const names[] = {"type",   "name",    "namespace", "fields", "items",
                                        "values", "symbols", "size",      "aliases"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(member, names[i]) == 0)
            return true;
    }
    return false;
}

static const char *dump(struct avro_document *doc, const json_t *json)
{
    char *text = mem_check(json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS |
                                                JSON_REAL_PRECISION(17)));
    const char *copy = ks_arena_strndup(&doc->arena, text, strlen(text));
    free(text);
    return copy;
}

static void keep_props(struct parser *p, struct ks_avro_schema *node, const json_t *json)
{
    node->props = ks_arena_alloc(&p->doc->arena, json_object_size(json) * sizeof(struct avro_prop));
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)json, name, value)
    {
        if (is_structural(name))
            continue;
        node->props[node->prop_count++] = (struct avro_prop){name, dump(p->doc, value)};
    }
}

/* ---- names ---- */

static const struct ks_avro_schema *find_named(struct parser *p, const char *name,
                                               const struct frame *frame)
{
    const char *full = avro_full_name(&p->doc->arena, name, frame->space);
    const json_t *index = json_object_get(p->doc->names, full);
    if (!index)
        return fail(p, frame, "unknown type", full);
    return p->doc->nodes[json_integer_value(index)];
}

static bool aliases_valid(const json_t *aliases)
{
    size_t i;
    json_t *alias;
    json_array_foreach((json_t *)aliases, i, alias)
    {
        if (!json_is_string(alias))
            return false;
    }
    return !aliases || json_is_array(aliases);
}

/* Makes the node of a record, enum or fixed and enters its name, so that fields may refer to it. */
static struct ks_avro_schema *define_named(struct parser *p, enum ks_avro_type type,
                                           const json_t *json, const struct frame *frame)
{
    const char *name = string_member(json, "name"), *space = string_member(json, "namespace");
    if (!name)
        return fail(p, frame, "no name for a", avro_type_name(type));
    const char *full = avro_full_name(&p->doc->arena, name, space ? space : frame->space);
    enum ks_avro_type primitive;
    if (!avro_full_name_valid(full) || avro_primitive_type(full, &primitive))
        return fail(p, frame, "not a valid type name:", full);
    if (json_object_get(p->doc->names, full))
        return fail(p, frame, "type defined twice:", full);
    const json_t *aliases = json_object_get(json, "aliases");
    if (!aliases_valid(aliases))
        return fail(p, frame, "aliases are not an array of names in", full);
    struct ks_avro_schema *node = avro_document_node(p->doc, type);
    node->name = full;
    node->aliases = aliases;
    json_object_set_new(p->doc->names, full, json_integer((json_int_t)p->doc->node_count - 1));
    keep_props(p, node, json);
    return node;
}

/* ---- records ---- */

static bool parse_field(struct parser *p, struct ks_avro_schema *record, const json_t *json,
                        json_t *seen, const struct frame *frame)
{
    const char *name = string_member(json, "name");
    if (!name || !avro_name_valid(name))
        return fail(p, frame, "not a valid field name:", name ? name : "(none)");
    struct frame inner = {frame, name, frame->space, frame->depth + 1};
    if (json_object_get(seen, name))
        return fail(p, &inner, "two fields have this name", NULL);
    json_object_set_new(seen, name, json_true());
    const json_t *type = json_object_get(json, "type");
    if (!type)
        return fail(p, &inner, "no type", NULL);
    const json_t *aliases = json_object_get(json, "aliases");
    if (!aliases_valid(aliases))
        return fail(p, &inner, "aliases are not an array of names", NULL);

    const struct ks_avro_schema *schema = parse_node(p, type, &inner);
    if (!schema)
        return false;
    const json_t *value = json_object_get(json, "default");
    record->more[record->count] = (struct avro_field_more){value, aliases};
    record->fields[record->count++] = (struct ks_avro_field){
        .name = name,
        .schema = schema,
        .doc = string_member(json, "doc"),
        .default_json = value ? dump(p->doc, value) : NULL,
    };
    return true;
}

static const struct ks_avro_schema *parse_record(struct parser *p, const json_t *json,
                                                 const struct frame *frame)
{
    struct ks_avro_schema *record = define_named(p, KS_AVRO_RECORD, json, frame);
    if (!record)
        return NULL;
    const json_t *fields = json_object_get(json, "fields");
    if (!json_is_array(fields))
        return fail(p, frame, "no array of fields in record", record->name);
    size_t count = json_array_size(fields);
    record->fields = ks_arena_zalloc(&p->doc->arena, count * sizeof *record->fields);
    record->more = ks_arena_zalloc(&p->doc->arena, count * sizeof *record->more);

    struct frame inner = *frame;
    inner.space = avro_name_space(&p->doc->arena, record->name);
    json_t *seen = mem_check(json_object());
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = parse_field(p, record, json_array_get(fields, i), seen, &inner);
    json_decref(seen);
    return ok ? record : NULL;
}

/* ---- enums, fixed ---- */

static const struct ks_avro_schema *parse_symbols(struct parser *p, struct ks_avro_schema *node,
                                                  const json_t *symbols, json_t *seen,
                                                  const struct frame *frame)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)symbols, i, item)
    {
        const char *symbol = json_string_value(item);
        if (!symbol || !avro_name_valid(symbol))
            return fail(p, frame, "not a valid symbol:", symbol ? symbol : "(not a string)");
        if (json_object_get(seen, symbol))
            return fail(p, frame, "symbol listed twice:", symbol);
        json_object_set_new(seen, symbol, json_integer((json_int_t)i));
        node->symbols[node->count++] = symbol;
    }
    return node;
}

static const struct ks_avro_schema *parse_enum(struct parser *p, const json_t *json,
                                               const struct frame *frame)
{
    struct ks_avro_schema *node = define_named(p, KS_AVRO_ENUM, json, frame);
    if (!node)
        return NULL;
    const json_t *symbols = json_object_get(json, "symbols");
    size_t count = json_array_size(symbols);
    if (count == 0)
        return fail(p, frame, "no symbols in enum", node->name);
    node->symbols = ks_arena_alloc(&p->doc->arena, count * sizeof *node->symbols);

    json_t *seen = mem_check(json_object());
    const struct ks_avro_schema *ret = parse_symbols(p, node, symbols, seen, frame);
    const json_t *fallback = json_object_get(json, "default");
    if (ret && fallback) {
        const json_t *index =
            json_is_string(fallback) ? json_object_get(seen, json_string_value(fallback)) : NULL;
        node->enum_default = index ? (int32_t)json_integer_value(index) : -1;
        if (!index)
            ret = fail(p, frame, "the default is not a symbol of enum", node->name);
    }
    json_decref(seen);
    return ret;
}

static const struct ks_avro_schema *parse_fixed(struct parser *p, const json_t *json,
                                                const struct frame *frame)
{
    struct ks_avro_schema *node = define_named(p, KS_AVRO_FIXED, json, frame);
    if (!node)
        return NULL;
    const json_t *size = json_object_get(json, "size");
    if (!json_is_integer(size) || json_integer_value(size) < 0 ||
        json_integer_value(size) > INT32_MAX)
        return fail(p, frame, "size is not a number of bytes in fixed", node->name);
    node->fixed_bytes = (uint32_t)json_integer_value(size);
    return node;
}

/* ---- arrays, maps, unions ---- */

static const struct ks_avro_schema *parse_items(struct parser *p, enum ks_avro_type type,
                                                const json_t *json, const struct frame *frame)
{
    const char *member = type == KS_AVRO_ARRAY ? "items" : "values";
    const json_t *items = json_object_get(json, member);
    if (!items)
        return fail(p, frame, "missing member", member);
    struct ks_avro_schema *node = avro_document_node(p->doc, type);
    keep_props(p, node, json);
    struct frame inner = {frame, NULL, frame->space, frame->depth + 1};
    node->items = parse_node(p, items, &inner);
    return node->items ? node : NULL;
}

/* What two branches of a union must not share. */
static const char *branch_key(const struct ks_avro_schema *branch)
{
    return branch->name ? branch->name : avro_type_name(branch->type);
}

static bool parse_branches(struct parser *p, struct ks_avro_schema *node, const json_t *json,
                           json_t *seen, const struct frame *frame)
{
    struct frame inner = {frame, NULL, frame->space, frame->depth + 1};
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)json, i, item)
    {
        const struct ks_avro_schema *branch = parse_node(p, item, &inner);
        if (!branch)
            return false;
        if (branch->type == KS_AVRO_UNION)
            return fail(p, frame, "a union directly in a union", NULL);
        if (json_object_get(seen, branch_key(branch)))
            return fail(p, frame, "two branches of a union are", branch_key(branch));
        json_object_set_new(seen, branch_key(branch), json_true());
        node->branches[node->count++] = branch;
    }
    return true;
}

static const struct ks_avro_schema *parse_union(struct parser *p, const json_t *json,
                                                const struct frame *frame)
{
    size_t count = json_array_size(json);
    if (count == 0)
        return fail(p, frame, "a union without branches", NULL);
    struct ks_avro_schema *node = avro_document_node(p->doc, KS_AVRO_UNION);
    node->branches = ks_arena_alloc(&p->doc->arena, count * sizeof *node->branches);
    json_t *seen = mem_check(json_object());
    bool ok = parse_branches(p, node, json, seen, frame);
    json_decref(seen);
    return ok ? node : NULL;
}

/* ---- any node ---- */

static const struct ks_avro_schema *parse_object(struct parser *p, const json_t *json,
                                                 const struct frame *frame)
{
    const json_t *type = json_object_get(json, "type");
    if (!json_is_string(type)) {
        /* {"type": {...}}: a wrapped schema; what stands beside it says nothing about the node. */
        struct frame inner = {frame, NULL, frame->space, frame->depth + 1};
        return type ? parse_node(p, type, &inner) : fail(p, frame, "no type", NULL);
    }
    const char *name = json_string_value(type);
    enum ks_avro_type primitive;
    if (avro_primitive_type(name, &primitive)) {
        struct ks_avro_schema *node = avro_document_node(p->doc, primitive);
        keep_props(p, node, json);
        return node;
    }
    if (strcmp(name, "record") == 0 || strcmp(name, "error") == 0)
        return parse_record(p, json, frame);
    if (strcmp(name, "enum") == 0)
        return parse_enum(p, json, frame);
    if (strcmp(name, "fixed") == 0)
        return parse_fixed(p, json, frame);
    if (strcmp(name, "array") == 0)
        return parse_items(p, KS_AVRO_ARRAY, json, frame);
    if (strcmp(name, "map") == 0)
        return parse_items(p, KS_AVRO_MAP, json, frame);
    return find_named(p, name, frame);
}

static const struct ks_avro_schema *parse_node(struct parser *p, const json_t *json,
                                               const struct frame *frame)
{
    if (frame->depth > AVRO_DEPTH_MAX)
        return fail(p, frame, "nested too deep", NULL);
    if (json_is_array(json))
        return parse_union(p, json, frame);
    if (json_is_object(json))
        return parse_object(p, json, frame);
    const char *name = json_string_value(json);
    if (!name)
        return fail(p, frame, "a type is neither a name, an object nor an array", NULL);
    enum ks_avro_type primitive;
    if (avro_primitive_type(name, &primitive))
        return avro_document_node(p->doc, primitive);
    return find_named(p, name, frame);
}

static enum ks_status check_defaults(struct avro_document *doc, struct ks_error *err)
{
    struct ks_buf scratch = {0};
    size_t budget = AVRO_DEFAULT_NODES_MAX;
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < doc->node_count && !status; i++) {
        const struct ks_avro_schema *node = doc->nodes[i];
        for (size_t f = 0; node->type == KS_AVRO_RECORD && f < node->count && !status; f++) {
            if (!node->more[f].default_value)
                continue;
            ks_buf_reset(&scratch);
            status = avro_encode_default(node->fields[f].schema, node->more[f].default_value,
                                         &budget, &scratch, err);
            if (status)
                ks_error_prefix(err, "schema: default of field %.200s of %.200s",
                                node->fields[f].name, node->name);
        }
    }
    ks_buf_release(&scratch);
    return status;
}

static enum ks_status load_json(struct avro_document *doc, const char *json, size_t len,
                                struct ks_error *err)
{
    if (len > AVRO_SCHEMA_BYTES_MAX)
        return ks_error_set(err, KS_ERR_DATA, "schema: %zu bytes of JSON, at most %zu are taken",
                            len, AVRO_SCHEMA_BYTES_MAX);
    json_error_t bad;
    doc->json = json_loadb(json, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &bad);
    if (!doc->json)
        return ks_error_set(err, KS_ERR_DATA, "schema: not JSON: %s at line %d, column %d",
                            bad.text, bad.line, bad.column);
    return KS_OK;
}

enum ks_status ks_avro_schema_parse(const char *json, size_t len, struct ks_avro_schema **ret,
                                    struct ks_error *err)
{
    struct avro_document *doc = mem_calloc(1, sizeof *doc);
    struct ks_avro_schema holder = {.doc = doc};
    atomic_init(&doc->refs, 1);
    doc->arena.chunk_bytes = 4096;
    doc->names = mem_check(json_object());
    enum ks_status status = load_json(doc, json, len, err);
    if (!status) {
        doc->root = parse_node(&(struct parser){doc, err}, doc->json, &(struct frame){0});
        status = doc->root ? avro_document_measure(doc, err) : KS_ERR_DATA;
    }
    if (!status)
        status = check_defaults(doc, err);
    if (status) {
        avro_schema_unref(&holder);
        return status;
    }
    doc->fingerprint = avro_canonical_fingerprint(doc->json);
    *ret = (struct ks_avro_schema *)doc->root;
    return KS_OK;
}
