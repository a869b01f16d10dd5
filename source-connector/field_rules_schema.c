/* A collection's schema as Milvus has it in, as the stream has it out; next: the DDL stream, and
 * with its fold everything that reads rows. What names a field that is left out goes with it:
 * functions, the dynamic field's flag; indexes are ddl_stream's. What cannot do without it is
 * refused. */
#include "field_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "first_issue.h"
#include "kitestream/sdk/util.h"

#define EXCLUDE "field.exclude.list"
#define MASK "field.mask.hash.list"

/* One call of field_rules_shape. */
struct shaping {
    const struct field_rules *rules;
    const char *collection;
    struct ks_arena *arena;
    const struct ks_config_issues *issues;
};

static bool is_left_out(const struct shaping *s, const struct ddl_field *field)
{
    struct ks_slice name = {field->name, strlen(field->name)};
    return field_rules_leave_out(s->rules, s->collection, name, field->type);
}

static const struct ddl_field *field_named(const struct ddl_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return &schema->fields[i];
    return NULL;
}

/* ---- refusals ---- */

/* What leaves the field out. */
static const char *option_of(const struct field_rules *rules, const struct ddl_field *field)
{
    bool omitted = rules->vectors == VECTORS_OMIT && field->type >= MILVUS_BINARY_VECTOR;
    return omitted ? "vector.encoding=omit" : EXCLUDE;
}

static bool may_be_left_out(const struct shaping *s, const struct ddl_field *field)
{
    const char *why = NULL;
    if (field->is_primary_key)
        why = "is the primary key: a change without it would be nobody's";
    else if (field->is_partition_key)
        why = "is the partition key: rows could not be placed without it";
    else if (field_rules_mask(s->rules, s->collection, field->name))
        why = "is in field.mask.hash.list, too: leave it out or mask it";
    if (why)
        s->issues->add(s->issues->ctx, EXCLUDE,
                       ks_arena_printf(s->arena,
                                       EXCLUDE ": field '%s' of collection %s cannot be left out, "
                                               "it %s",
                                       field->name, s->collection, why));
    return !why;
}

static bool may_be_masked(const struct shaping *s, const struct ddl_field *field)
{
    if (field->type == MILVUS_VARCHAR)
        return true;
    s->issues->add(s->issues->ctx, MASK,
                   ks_arena_printf(s->arena,
                                   MASK ": field '%s' of collection %s cannot be masked, it is a "
                                        "%s; only VarChar fields can",
                                   field->name, s->collection, milvus_type_name(field->type)));
    return false;
}

/* ---- fields ---- */

/* A masked value has MASKED_LENGTH characters: the field has to hold them. */
static void widen(const struct shaping *s, struct ddl_field *field)
{
    const char *text = ddl_kv_get(field->type_params, field->type_param_count, "max_length");
    if (!text || strtoll(text, NULL, 10) >= MASKED_LENGTH)
        return;
    struct ddl_kv *params = ddl_kvs_copy(field->type_params, field->type_param_count, s->arena);
    for (size_t i = 0; i < field->type_param_count; i++)
        if (strcmp(params[i].key, "max_length") == 0)
            params[i].value = ks_arena_printf(s->arena, "%d", MASKED_LENGTH);
    field->type_params = params;
}

static void shape_fields(const struct shaping *s, const struct ddl_schema *from,
                         struct ddl_schema *to)
{
    struct ddl_field *fields = ks_arena_alloc(s->arena, (from->field_count + 1) * sizeof(*fields));
    to->fields = fields;
    to->field_count = 0;
    for (size_t i = 0; i < from->field_count; i++) {
        const struct ddl_field *field = &from->fields[i];
        if (is_left_out(s, field) && may_be_left_out(s, field)) {
            to->enable_dynamic_field &= !field->is_dynamic;
            continue;
        }
        struct ddl_field *kept = &fields[to->field_count++];
        *kept = *field;
        if (field_rules_mask(s->rules, s->collection, field->name) && may_be_masked(s, field))
            widen(s, kept);
    }
}

/* ---- functions ---- */

static const char *first_missing(const struct ddl_schema *schema, const char *const *names,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!field_named(schema, names[i]))
            return names[i];
    return NULL;
}

/* What it makes must go with a function: nobody else can fill it. */
static void check_made(const struct shaping *s, const struct ddl_function *f, const char *gone,
                       const struct ddl_schema *to)
{
    for (size_t i = 0; i < f->output_count; i++)
        if (field_named(to, f->outputs[i]))
            s->issues->add(s->issues->ctx, EXCLUDE,
                           ks_arena_printf(s->arena,
                                           EXCLUDE ": field '%s' of collection %s is needed by the "
                                                   "function '%s', which makes the field '%s': "
                                                   "leave both out, or neither",
                                           gone, s->collection, f->name, f->outputs[i]));
}

/* A function goes with a field that it needs. */
static void shape_functions(const struct shaping *s, const struct ddl_schema *from,
                            struct ddl_schema *to)
{
    struct ddl_function *functions =
        ks_arena_alloc(s->arena, (from->function_count + 1) * sizeof(*functions));
    to->functions = functions;
    to->function_count = 0;
    for (size_t i = 0; i < from->function_count; i++) {
        const struct ddl_function *f = &from->functions[i];
        const char *gone = first_missing(to, f->inputs, f->input_count);
        gone = gone ? gone : first_missing(to, f->outputs, f->output_count);
        if (gone)
            check_made(s, f, gone, to);
        else
            functions[to->function_count++] = *f;
    }
}

const struct ddl_schema *field_rules_shape(const struct field_rules *rules, const char *collection,
                                           const struct ddl_schema *from, struct ks_arena *arena,
                                           const struct ks_config_issues *issues)
{
    struct shaping s = {rules, collection, arena, issues};
    if (!field_rules_select(rules))
        return from;
    struct ddl_schema *to = ks_arena_copy(arena, from, sizeof(*from));
    shape_fields(&s, from, to);
    shape_functions(&s, from, to);
    return to;
}

enum ks_status field_rules_schema(const struct field_rules *rules, const char *collection,
                                  const struct ddl_schema *from, struct ks_arena *arena,
                                  const struct ddl_schema **ret, struct ks_error *err)
{
    struct first_issue first = {.err = err};
    struct ks_config_issues issues = first_issue_sink(&first);
    const struct ddl_schema *shaped = field_rules_shape(rules, collection, from, arena, &issues);
    if (first.found)
        return KS_ERR_FATAL;
    *ret = shaped;
    return KS_OK;
}

enum ks_status field_rules_check(const struct field_rules *rules,
                                 const struct catalogue_collection *coll, struct ks_error *err)
{
    struct ks_arena arena = {.chunk_bytes = 4096};
    const struct ddl_schema *shaped;
    enum ks_status status =
        field_rules_schema(rules, coll->created_as, coll->schema, &arena, &shaped, err);
    for (size_t i = 0; !status && i < coll->schema->field_count; i++) {
        const struct ddl_field *field = &coll->schema->fields[i];
        if (!field_named(shaped, field->name))
            status = ks_error_set(err, KS_ERR_FATAL,
                                  "%s: the stream has the field '%s' of collection %s already; it "
                                  "cannot be left out later. Undo the change, or begin a new "
                                  "stream with another topic.prefix",
                                  option_of(rules, field), field->name, coll->created_as);
    }
    ks_arena_release(&arena);
    return status;
}
