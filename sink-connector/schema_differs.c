/* Schemas in, the first difference out. Next: ddl_apply_collection refuses to write into what
 * differs. */
#include "schema_differs.h"

#include <stdio.h>
#include <string.h>

static const struct ddl_field *field_named(const struct ddl_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return &schema->fields[i];
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool params_differ(const struct ddl_field *s, const struct ddl_field *t, char *ret,
                          size_t cap)
{
    static const char *const compared[] = {"dim", "max_length", "max_capacity", NULL};
    for (const char *const *key = compared; *key; key++) {
        const char *a = ddl_kv_get(s->type_params, s->type_param_count, *key);
        const char *b = ddl_kv_get(t->type_params, t->type_param_count, *key);
        if (!same_text(a, b)) {
            snprintf(ret, cap, "field %s has %s %s at the source and %s at the target", s->name,
                     *key, a ? a : "(none)", b ? b : "(none)");
            return true;
        }
    }
    return false;
}

static bool types_differ(const struct ddl_field *s, const struct ddl_field *t, char *ret,
                         size_t cap)
{
    bool elements = s->type == t->type;
    if (elements && s->element_type == t->element_type)
        return false;
    snprintf(ret, cap, "field %s %s %s at the source and %s at the target", s->name,
             elements ? "has elements of" : "is",
             milvus_type_name(elements ? s->element_type : s->type),
             milvus_type_name(elements ? t->element_type : t->type));
    return true;
}

static bool field_differs(const struct ddl_field *s, const struct ddl_field *t, char *ret,
                          size_t cap)
{
    const char *what = NULL;
    if (types_differ(s, t, ret, cap))
        return true;
    if (s->is_primary_key != t->is_primary_key)
        what = "the primary key";
    else if (s->is_partition_key != t->is_partition_key)
        what = "the partition key";
    else if (s->is_function_output != t->is_function_output)
        what = "made by a function";
    else if (s->nullable && !t->nullable)
        what = "nullable";
    if (what) {
        snprintf(ret, cap, "field %s is %s on one side only", s->name, what);
        return true;
    }
    if (t->auto_id) {
        snprintf(ret, cap, "field %s makes its own values at the target (auto_id)", s->name);
        return true;
    }
    return params_differ(s, t, ret, cap);
}

static bool requires_value(const struct ddl_field *t)
{
    return !t->is_dynamic && !t->nullable && !t->default_value && !t->is_function_output;
}

bool schema_differs(const struct ddl_schema *source, const struct ddl_schema *target, char *ret,
                    size_t cap)
{
    for (size_t i = 0; i < source->field_count; i++) {
        const struct ddl_field *s = &source->fields[i];
        const struct ddl_field *t = field_named(target, s->name);
        if (s->is_dynamic)
            continue;
        if (!t) {
            snprintf(ret, cap, "the target has no field %s", s->name);
            return true;
        }
        if (field_differs(s, t, ret, cap))
            return true;
    }
    for (size_t i = 0; i < target->field_count; i++) {
        const struct ddl_field *t = &target->fields[i];
        if (requires_value(t) && !field_named(source, t->name)) {
            snprintf(ret, cap, "the source has no field %s, which the target requires", t->name);
            return true;
        }
    }
    if (source->enable_dynamic_field && !target->enable_dynamic_field) {
        snprintf(ret, cap, "the target has no dynamic field");
        return true;
    }
    return false;
}

bool index_differs(const struct ddl_index *source, const struct milvus_index *target, char *ret,
                   size_t cap)
{
    const char *a = NULL, *b = NULL, *what = NULL;
    if (strcmp(source->name, target->name) != 0) {
        what = "name";
        a = source->name;
        b = target->name;
    } else if (!same_text(source->field, target->field)) {
        what = "field";
        a = source->field;
        b = target->field;
    }
    for (size_t i = 0; !what && i < source->param_count; i++) {
        a = source->params[i].value;
        b = ddl_kv_get(target->params, target->param_count, source->params[i].key);
        if (b && strcmp(a, b) != 0)
            what = source->params[i].key;
    }
    if (what)
        snprintf(ret, cap, "index %s of the target has %s %s, at the source it is %s", target->name,
                 what, b ? b : "(none)", a ? a : "(none)");
    return what != NULL;
}
