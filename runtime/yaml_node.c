/* YAML bytes to a tree. In: a file's text, which may be hostile; out: nodes in an arena. Next:
 * pipeline_yaml and worker_config. Built from libyaml's events, not from its documents: those
 * accept an alias inside its own anchor, which makes a walk endless. */
#include "yaml_node.h"

#include <stdint.h>
#include <string.h>
#include <yaml.h>

#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"

#define MAX_DEPTH 32
#define MAX_NODES 20000
#define MAX_ANCHORS 256

struct anchor {
    const char *name;
    const struct yaml_node *node;
    size_t weight;
};

struct reader {
    const char *name;
    struct ks_arena *arena;
    struct ks_error *err;
    yaml_parser_t parser;
    struct anchor anchors[MAX_ANCHORS];
    size_t anchor_count;
    size_t nodes; /* as if every alias were a copy */
};

static int line_of(yaml_mark_t mark)
{
    return mark.line < INT32_MAX ? (int)mark.line + 1 : INT32_MAX;
}

static enum ks_status fail(struct reader *r, yaml_mark_t mark, const char *what)
{
    return ks_error_set(r->err, KS_ERR_FATAL, "%s:%d: %s", r->name, line_of(mark), what);
}

static enum ks_status next_event(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return KS_OK;
    yaml_mark_t mark =
        r->parser.error == YAML_READER_ERROR ? r->parser.mark : r->parser.problem_mark;
    const char *problem = r->parser.problem ? r->parser.problem : "not valid YAML";
    return fail(r, mark, problem);
}

static enum ks_status count_nodes(struct reader *r, yaml_mark_t mark, size_t weight)
{
    r->nodes += weight;
    if (r->nodes > MAX_NODES)
        return fail(r, mark, "the document has too many nodes (aliases count as copies)");
    return KS_OK;
}

static bool is_known_tag(const yaml_char_t *tag)
{
    static const char *const known[] = {YAML_STR_TAG,   YAML_INT_TAG, YAML_BOOL_TAG,
                                        YAML_FLOAT_TAG, YAML_MAP_TAG, YAML_SEQ_TAG};
    if (!tag || strcmp((const char *)tag, "!") == 0)
        return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp((const char *)tag, known[i]) == 0)
            return true;
    return false;
}

static bool is_null_text(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static enum ks_status read_node(struct reader *r, const yaml_event_t *event, int depth,
                                const struct yaml_node **ret);

static enum ks_status read_scalar(struct reader *r, const yaml_event_t *event,
                                  struct yaml_node *node)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (!is_known_tag(event->data.scalar.tag))
        return fail(r, event->start_mark, "this tag is not supported");
    if (memchr(text, '\0', len))
        return fail(r, event->start_mark, "a NUL character is not allowed");
    node->kind = YAML_SCALAR;
    node->text = ks_arena_strndup(r->arena, text, len);
    node->is_null = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                    !event->data.scalar.tag && is_null_text(node->text);
    return KS_OK;
}

static enum ks_status add_anchor(struct reader *r, const yaml_event_t *event,
                                 const yaml_char_t *name, const struct yaml_node *node,
                                 size_t weight)
{
    if (!name)
        return KS_OK;
    if (r->anchor_count == MAX_ANCHORS)
        return fail(r, event->start_mark, "too many anchors");
    r->anchors[r->anchor_count++] = (struct anchor){
        .name = ks_arena_strndup(r->arena, (const char *)name, strlen((const char *)name)),
        .node = node,
        .weight = weight,
    };
    return KS_OK;
}

/* Only complete nodes have an entry, so a node cannot contain itself. */
static enum ks_status read_alias(struct reader *r, const yaml_event_t *event,
                                 const struct yaml_node **ret)
{
    for (size_t i = r->anchor_count; i > 0; i--) {
        const struct anchor *anchor = &r->anchors[i - 1];
        if (strcmp(anchor->name, (const char *)event->data.alias.anchor) != 0)
            continue;
        *ret = anchor->node;
        return count_nodes(r, event->start_mark, anchor->weight);
    }
    return fail(r, event->start_mark, "this alias names no complete node before it");
}

static enum ks_status check_key(struct reader *r, const yaml_event_t *event,
                                const struct ks_buf *entries)
{
    if (event->type != YAML_SCALAR_EVENT)
        return fail(r, event->start_mark, "a key must be a single text");
    const char *key = (const char *)event->data.scalar.value;
    if (memchr(key, '\0', event->data.scalar.length))
        return fail(r, event->start_mark, "a NUL character is not allowed");
    const struct yaml_entry *list = (const struct yaml_entry *)(const void *)entries->data;
    for (size_t i = 0; i < entries->len / sizeof *list; i++)
        if (strcmp(list[i].key, key) == 0)
            return ks_error_set(r->err, KS_ERR_FATAL,
                                "%s:%d: \"%.200s\" is there twice; the first is in line %d",
                                r->name, line_of(event->start_mark), key, list[i].line);
    return count_nodes(r, event->start_mark, 1);
}

/* One element of a list, or key and value of a map. *ret_end: the closing event was read. */
static enum ks_status read_entry(struct reader *r, bool is_map, int depth, struct ks_buf *entries,
                                 bool *ret_end)
{
    yaml_event_t event;
    enum ks_status status = next_event(r, &event);
    if (status != KS_OK)
        return status;
    struct yaml_entry entry = {.line = line_of(event.start_mark)};
    *ret_end = event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT;
    if (!*ret_end && is_map) {
        status = check_key(r, &event, entries);
        if (status == KS_OK) {
            entry.key = ks_arena_strndup(r->arena, (const char *)event.data.scalar.value,
                                         event.data.scalar.length);
            yaml_event_delete(&event);
            status = next_event(r, &event);
            if (status != KS_OK)
                return status;
        }
    }
    if (status == KS_OK && !*ret_end) {
        status = read_node(r, &event, depth + 1, &entry.value);
        ks_buf_add(entries, &entry, sizeof entry);
    }
    yaml_event_delete(&event);
    return status;
}

static enum ks_status read_entries(struct reader *r, struct yaml_node *node, int depth)
{
    struct ks_buf entries = {0};
    enum ks_status status = KS_OK;
    for (bool end = false; status == KS_OK && !end;)
        status = read_entry(r, node->kind == YAML_MAP, depth, &entries, &end);
    if (status == KS_OK && entries.len > 0) {
        node->entries = ks_arena_copy(r->arena, entries.data, entries.len);
        node->count = entries.len / sizeof *node->entries;
    }
    ks_buf_release(&entries);
    return status;
}

static enum ks_status read_node(struct reader *r, const yaml_event_t *event, int depth,
                                const struct yaml_node **ret)
{
    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(r, event, ret);
    if (depth > MAX_DEPTH)
        return fail(r, event->start_mark, "too deeply nested");
    size_t nodes_before = r->nodes;
    enum ks_status status = count_nodes(r, event->start_mark, 1);
    struct yaml_node *node = ks_arena_zalloc(r->arena, sizeof *node);
    node->line = line_of(event->start_mark);
    const yaml_char_t *anchor = NULL;
    if (status == KS_OK && event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        status = read_scalar(r, event, node);
    } else if (status == KS_OK) {
        bool is_map = event->type == YAML_MAPPING_START_EVENT;
        const yaml_char_t *tag =
            is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
        anchor = is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
        node->kind = is_map ? YAML_MAP : YAML_LIST;
        status = is_known_tag(tag) ? read_entries(r, node, depth)
                                   : fail(r, event->start_mark, "this tag is not supported");
    }
    if (status == KS_OK)
        status = add_anchor(r, event, anchor, node, r->nodes - nodes_before);
    if (status == KS_OK)
        *ret = node;
    return status;
}

/* Skips to the event of the given type; what stands between is not content. */
static enum ks_status skip_to_content(struct reader *r, yaml_event_t *event)
{
    for (;;) {
        enum ks_status status = next_event(r, event);
        if (status != KS_OK)
            return status;
        if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT &&
            event->type != YAML_DOCUMENT_END_EVENT)
            return KS_OK;
        yaml_event_delete(event);
    }
}

static enum ks_status read_document(struct reader *r, const struct yaml_node **ret)
{
    yaml_event_t event;
    enum ks_status status = skip_to_content(r, &event);
    if (status != KS_OK)
        return status;
    if (event.type == YAML_STREAM_END_EVENT) {
        struct yaml_node *empty = ks_arena_zalloc(r->arena, sizeof *empty);
        *empty = (struct yaml_node){.kind = YAML_SCALAR, .line = 1, .is_null = true, .text = ""};
        *ret = empty;
        yaml_event_delete(&event);
        return KS_OK;
    }
    const struct yaml_node *root = NULL;
    status = read_node(r, &event, 0, &root);
    yaml_event_delete(&event);
    if (status != KS_OK)
        return status;
    status = skip_to_content(r, &event);
    if (status != KS_OK)
        return status;
    if (event.type != YAML_STREAM_END_EVENT)
        status = fail(r, event.start_mark, "a second document; one file is one document");
    yaml_event_delete(&event);
    if (status == KS_OK)
        *ret = root;
    return status;
}

enum ks_status yaml_parse(const char *name, const char *text, size_t len, struct ks_arena *arena,
                          const struct yaml_node **ret, struct ks_error *err)
{
    struct reader r = {.name = name, .arena = arena, .err = err};
    if (len > YAML_MAX_BYTES)
        return ks_error_set(err, KS_ERR_FATAL, "%s: larger than %zu bytes", name, YAML_MAX_BYTES);
    if (!yaml_parser_initialize(&r.parser))
        return ks_error_set(err, KS_ERR_FATAL, "%s: out of memory", name);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    enum ks_status status = read_document(&r, ret);
    yaml_parser_delete(&r.parser);
    return status;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (map->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->entries[i].key, key) == 0)
            return map->entries[i].value;
    return NULL;
}

const char *yaml_kind_name(const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_LIST:
        return "a list";
    case YAML_MAP:
        return "a map";
    case YAML_SCALAR:
        break;
    }
    return node->is_null ? "nothing" : "a text";
}
