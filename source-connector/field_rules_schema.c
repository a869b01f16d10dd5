/* A collection's schema as Milvus has it in, as the stream has it out; next: the DDL stream, and
 * with its fold everything that reads rows. What names a field that is left out goes with it:
 * functions, the dynamic field's flag; indexes are ddl_stream's. What cannot do without it is
 * refused. */
#include "field_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"

/* One call of field_rules_schema. */
struct shaping {
    const struct field_rules *rules;
    const char *collection;
    struct ks_arena *arena;
    struct ks_error *err;
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
    return omitted ? "vector.encoding=omit" : "field.exclude.list";
}

static enum ks_status check_left_out(const struct shaping *s, const struct ddl_field *field)
{
    const char *why = NULL;
    if (field->is_primary_key)
        why = "is the primary key: a change without it would be nobody's";
    else if (field->is_partition_key)
        why = "is the partition key: rows could not be placed without it";
    else if (field_rules_mask(s->rules, s->collection, field->name))
        why = "is in field.mask.hash.list, too: leave it out or mask it";
    if (!why)
        return KS_OK;
    return ks_error_set(s->err, KS_ERR_FATAL,
                        "field.exclude.list: field '%s' of collection %s cannot be left out, it %s",
                        field->name, s->collection, why);
}

static enum ks_status check_masked(const struct shaping *s, const struct ddl_field *field)
{
    if (field->type == MILVUS_VARCHAR)
        return KS_OK;
    return ks_error_set(s->err, KS_ERR_FATAL,
                        "field.mask.hash.list: field '%s' of collection %s cannot be masked, it is "
                        "a %s; only VarChar fields can",
                        field->name, s->collection, milvus_type_name(field->type));
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

static enum ks_status shape_fields(const struct shaping *s, const struct ddl_schema *from,
                                   struct ddl_schema *to)
{
    struct ddl_field *fields = ks_arena_alloc(s->arena, (from->field_count + 1) * sizeof(*fields));
    enum ks_status status = KS_OK;
    to->fields = fields;
    to->field_count = 0;
    for (size_t i = 0; i < from->field_count && !status; i++) {
        const struct ddl_field *field = &from->fields[i];
        if (is_left_out(s, field)) {
            status = check_left_out(s, field);
            to->enable_dynamic_field &= !field->is_dynamic;
            continue;
        }
        struct ddl_field *kept = &fields[to->field_count++];
        *kept = *field;
        if (field_rules_mask(s->rules, s->collection, field->name)) {
            status = check_masked(s, field);
            widen(s, kept);
        }
    }
    return status;
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

/* A function goes with a field that it needs, and what it makes must go with it: nobody else can
 * fill it. */
static enum ks_status shape_functions(const struct shaping *s, const struct ddl_schema *from,
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
        if (!gone) {
            functions[to->function_count++] = *f;
            continue;
        }
        for (size_t k = 0; k < f->output_count; k++)
            if (field_named(to, f->outputs[k]))
                return ks_error_set(s->err, KS_ERR_FATAL,
                                    "field.exclude.list: field '%s' of collection %s is needed by "
                                    "the function '%s', which makes the field '%s': leave both "
                                    "out, or neither",
                                    gone, s->collection, f->name, f->outputs[k]);
    }
    return KS_OK;
}

enum ks_status field_rules_schema(const struct field_rules *rules, const char *collection,
                                  const struct ddl_schema *from, struct ks_arena *arena,
                                  const struct ddl_schema **ret, struct ks_error *err)
{
    struct shaping s = {rules, collection, arena, err};
    *ret = from;
    if (!field_rules_select(rules))
        return KS_OK;
    struct ddl_schema *to = ks_arena_copy(arena, from, sizeof(*from));
    enum ks_status status = shape_fields(&s, from, to);
    if (!status)
        status = shape_functions(&s, from, to);
    if (!status)
        *ret = to;
    return status;
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
