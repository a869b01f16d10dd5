/* Two schemas in, yes or the reasons for no out; next: the registry's compatibility answers. The
 * walk goes down both schemas at once. Pairs of records are remembered, because types may contain
 * themselves: a pair that is being looked at counts as good, as in Avro's own checker. Schemas come
 * from outside, so the work is bounded. */
#include "avro_compatible.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "avro_match.h"
#include "kitestream/sdk/util.h"
#include "mem.h"

#define STEPS_MAX ((size_t)256 * 1024)
#define RECORDS_DEEP_MAX 256 /* one in another; types may be named before they are described */

/* Where the walk is: one frame for each field or item around. */
struct place {
    const struct place *up;
    const char *name;
};

struct comparison {
    json_t *pairs; /* of records: true = good or being looked at */
    size_t steps_left;
    size_t depth;  /* of records */
    size_t trials; /* > 0: a branch of several is tried, a fault is not yet one of the schema */
    avro_fault_fn *fn;
    void *arg;
};

static bool can_read(struct comparison *c, const struct ks_avro_schema *reader,
                     const struct ks_avro_schema *writer, const struct place *at);

/* ---- reasons ---- */

static void add_place(struct ks_buf *text, const struct place *at)
{
    if (!at)
        return;
    add_place(text, at->up);
    if (text->len && at->name[0] != '[')
        ks_buf_add_byte(text, '.');
    ks_buf_add_str(text, at->name);
}

/* Always false, for return. */
static bool fault(struct comparison *c, const struct place *at, const char *kind, const char *fmt,
                  ...) __attribute__((format(printf, 4, 5)));
static bool fault(struct comparison *c, const struct place *at, const char *kind, const char *fmt,
                  ...)
{
    if (!c->fn || c->trials > 0)
        return false;
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct ks_buf place = {0};
    add_place(&place, at);
    c->fn(c->arg, kind, ks_buf_str(&place), text);
    ks_buf_release(&place);
    return false;
}

static bool mismatch(struct comparison *c, const struct ks_avro_schema *reader,
                     const struct ks_avro_schema *writer, const struct place *at)
{
    return fault(c, at, "TYPE_MISMATCH", "%.200s was written, %.200s is to be read",
                 avro_schema_label(writer), avro_schema_label(reader));
}

/* ---- named types ---- */

/* An alias without dots is of the reader's namespace. */
static bool is_alias(const struct ks_avro_schema *reader, const char *alias, const char *full)
{
    size_t space = (size_t)(avro_simple_name(reader->name) - reader->name);
    if (strchr(alias, '.'))
        return strcmp(alias, full) == 0;
    return strncmp(full, reader->name, space) == 0 && strcmp(full + space, alias) == 0;
}

static bool same_name(const struct ks_avro_schema *reader, const struct ks_avro_schema *writer)
{
    if (strcmp(avro_simple_name(reader->name), avro_simple_name(writer->name)) == 0)
        return true;
    for (size_t i = 0; i < json_array_size(reader->aliases); i++)
        if (is_alias(reader, json_string_value(json_array_get(reader->aliases, i)), writer->name))
            return true;
    return false;
}

static bool check_name(struct comparison *c, const struct ks_avro_schema *reader,
                       const struct ks_avro_schema *writer, const struct place *at)
{
    return same_name(reader, writer) ||
           fault(c, at, "NAME_MISMATCH", "%.200s was written, %.200s is to be read", writer->name,
                 reader->name);
}

static bool check_symbols(struct comparison *c, const struct ks_avro_schema *reader,
                          const struct ks_avro_schema *writer, const struct place *at)
{
    struct ks_arena arena = {0};
    const int32_t *symbols = avro_match_symbols(writer, reader, &arena);
    bool ok = true;
    for (size_t i = 0; ok && i < writer->count; i++)
        ok = symbols[i] >= 0 ||
             fault(c, at, "MISSING_ENUM_SYMBOLS", "%.200s does not have the symbol %.200s",
                   reader->name, writer->symbols[i]);
    ks_arena_release(&arena);
    return ok;
}

static bool check_bytes(struct comparison *c, const struct ks_avro_schema *reader,
                        const struct ks_avro_schema *writer, const struct place *at)
{
    return reader->fixed_bytes == writer->fixed_bytes ||
           fault(c, at, "FIXED_SIZE_MISMATCH", "fixed of %u bytes was written, %u are to be read",
                 writer->fixed_bytes, reader->fixed_bytes);
}

/* ---- records ---- */

static bool check_fields(struct comparison *c, const struct ks_avro_schema *reader,
                         const struct ks_avro_schema *writer, const struct place *at)
{
    size_t *sources = avro_match_fields(writer, reader);
    bool ok = true;
    for (size_t r = 0; r < reader->count; r++) {
        const struct ks_avro_field *field = &reader->fields[r];
        struct place inner = {at, field->name};
        if (sources[r] < writer->count)
            ok &= can_read(c, field->schema, writer->fields[sources[r]].schema, &inner);
        else if (!field->default_json)
            ok = fault(c, &inner, "READER_FIELD_MISSING_DEFAULT_VALUE",
                       "it was not written and has no default");
    }
    free(sources);
    return ok;
}

/* Looking names up is work as well. */
static bool spend(struct comparison *c, size_t names)
{
    size_t cost = 1 + names / 8;
    c->steps_left -= cost < c->steps_left ? cost : c->steps_left;
    return c->steps_left > 0;
}

static bool check_record(struct comparison *c, const struct ks_avro_schema *reader,
                         const struct ks_avro_schema *writer, const struct place *at)
{
    char pair[64];
    snprintf(pair, sizeof pair, "%p %p", (const void *)reader, (const void *)writer);
    const json_t *known = json_object_get(c->pairs, pair);
    if (json_is_true(known) || (known && c->trials > 0))
        return json_is_true(known);
    if (!spend(c, reader->count + writer->count))
        return false;
    if (c->depth == RECORDS_DEEP_MAX) {
        c->steps_left = 0;
        return false;
    }
    json_object_set_new(c->pairs, pair, json_true());
    c->depth++;
    bool ok = check_name(c, reader, writer, at) && check_fields(c, reader, writer, at);
    c->depth--;
    if (!ok)
        json_object_set_new(c->pairs, pair, json_false());
    return ok;
}

/* ---- unions ---- */

/* All that may have been written must be readable. */
static bool check_written(struct comparison *c, const struct ks_avro_schema *reader,
                          const struct ks_avro_schema *writer, const struct place *at)
{
    bool ok = true;
    for (size_t i = 0; i < writer->count; i++)
        ok &= can_read(c, reader, writer->branches[i], at);
    return ok;
}

/* One of the reader's branches must take it. */
static bool check_branches(struct comparison *c, const struct ks_avro_schema *reader,
                           const struct ks_avro_schema *writer, const struct place *at)
{
    bool ok = false;
    c->trials++;
    for (size_t i = 0; i < reader->count && !ok; i++)
        ok = can_read(c, reader->branches[i], writer, at);
    c->trials--;
    return ok || fault(c, at, "MISSING_UNION_BRANCH",
                       "%.200s was written, and no branch of the union can read it",
                       avro_schema_label(writer));
}

/* ---- any node ---- */

static bool same_type(struct comparison *c, const struct ks_avro_schema *reader,
                      const struct ks_avro_schema *writer, const struct place *at)
{
    struct place items = {at, "[]"};
    switch (reader->type) {
    case KS_AVRO_RECORD:
        return check_record(c, reader, writer, at);
    case KS_AVRO_ENUM:
        return check_name(c, reader, writer, at) && check_symbols(c, reader, writer, at);
    case KS_AVRO_FIXED:
        return check_name(c, reader, writer, at) && check_bytes(c, reader, writer, at);
    case KS_AVRO_ARRAY:
    case KS_AVRO_MAP:
        return can_read(c, reader->items, writer->items, &items);
    default:
        return true;
    }
}

static bool can_read(struct comparison *c, const struct ks_avro_schema *reader,
                     const struct ks_avro_schema *writer, const struct place *at)
{
    enum avro_op_code how;
    if (!spend(c, 0))
        return false;
    if (writer->type == KS_AVRO_UNION)
        return check_written(c, reader, writer, at);
    if (reader->type == KS_AVRO_UNION)
        return check_branches(c, reader, writer, at);
    if (writer->type == reader->type)
        return same_type(c, reader, writer, at);
    return avro_promotion(writer->type, reader->type, &how) || mismatch(c, reader, writer, at);
}

enum ks_status avro_can_read(const struct ks_avro_schema *reader,
                             const struct ks_avro_schema *writer, avro_fault_fn *fn, void *arg,
                             bool *ret, struct ks_error *err)
{
    struct comparison c = {
        .pairs = mem_check(json_object()), .steps_left = STEPS_MAX, .fn = fn, .arg = arg};
    bool ok = can_read(&c, reader, writer, NULL);
    json_decref(c.pairs);
    if (c.steps_left == 0)
        return ks_error_set(err, KS_ERR_DATA, "the schemas are too large to be compared");
    *ret = ok;
    return KS_OK;
}
