/* The options about fields in, answers about one field out; next: field_rules_schema.c shapes the
 * metadata with them, column_layout and field_mask the rows. */
#include "field_rules.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

#define WHAT "database.collection.field"

static const char *const encodings[] = {
    [VECTORS_ARRAY] = "array", [VECTORS_BYTES] = "bytes", [VECTORS_OMIT] = "omit"};

const char *vector_encoding_name(enum vector_encoding encoding)
{
    return encodings[encoding];
}

enum vector_encoding vector_encoding_of(const char *name)
{
    enum vector_encoding encoding = VECTORS_OMIT;
    while (encoding > VECTORS_ARRAY && (!name || strcmp(name, encodings[encoding]) != 0))
        encoding--;
    return encoding;
}

static bool is_given(const struct ks_config *config, const char *option)
{
    const char *value = ks_config_get(config, option);
    return value && *value;
}

static bool lacks_salt(const struct ks_config *config)
{
    return is_given(config, "field.mask.hash.list") && !is_given(config, "field.mask.hash.salt");
}

static const char no_salt[] =
    "field.mask.hash.salt must be given with field.mask.hash.list: without "
    "a salt anybody could hash likely values and compare";

enum ks_status field_rules_new(const struct ks_config *config, struct field_rules *ret,
                               struct ks_error *err)
{
    struct field_rules rules = {.vectors =
                                    vector_encoding_of(ks_config_get(config, "vector.encoding"))};
    enum ks_status status = name_list_new(config, "field.exclude.list", WHAT, &rules.exclude, err);
    if (!status)
        status = name_list_new(config, "field.mask.hash.list", WHAT, &rules.mask, err);
    if (!status && lacks_salt(config))
        status = ks_error_set(err, KS_ERR_FATAL, "%s", no_salt);
    if (status) {
        field_rules_release(&rules);
        return status;
    }
    if (rules.mask.count > 0)
        rules.salt = xstrdup(ks_config_get(config, "field.mask.hash.salt"));
    *ret = rules;
    return KS_OK;
}

void field_rules_release(struct field_rules *rules)
{
    name_list_release(&rules->exclude);
    name_list_release(&rules->mask);
    if (rules->salt)
        explicit_bzero(rules->salt, strlen(rules->salt));
    free(rules->salt);
    *rules = (struct field_rules){0};
}

/* The same expression in both lists can fit no field. */
static void validate_conflicts(const struct ks_config *config,
                               const struct ks_config_issues *issues)
{
    char **excluded = NULL, **masked = NULL;
    size_t excluded_count = ks_config_list(config, "field.exclude.list", &excluded);
    size_t masked_count = ks_config_list(config, "field.mask.hash.list", &masked);
    for (size_t i = 0; i < masked_count; i++)
        for (size_t k = 0; k < excluded_count; k++) {
            if (strcmp(masked[i], excluded[k]) != 0)
                continue;
            char *text =
                xasprintf("field.mask.hash.list: '%s' stands in field.exclude.list, too: a "
                          "field is either left out or masked",
                          masked[i]);
            issues->add(issues->ctx, "field.mask.hash.list", text);
            free(text);
        }
    free(excluded);
    free(masked);
}

void field_rules_validate(const struct ks_config *config, const struct ks_config_issues *issues)
{
    if (lacks_salt(config))
        issues->add(issues->ctx, "field.mask.hash.salt", no_salt);
    validate_conflicts(config, issues);
}

bool field_rules_select(const struct field_rules *rules)
{
    return rules->exclude.count > 0 || rules->mask.count > 0 || rules->vectors == VECTORS_OMIT;
}

static bool listed(const struct name_list *list, const char *collection, struct ks_slice field)
{
    if (list->count == 0)
        return false;
    char *name = xasprintf("%s.%.*s", collection, (int)field.len, (const char *)field.data);
    bool match = name_list_match(list, name);
    free(name);
    return match;
}

bool field_rules_leave_out(const struct field_rules *rules, const char *collection,
                           struct ks_slice field, enum milvus_type type)
{
    if (rules->vectors == VECTORS_OMIT && type >= MILVUS_BINARY_VECTOR)
        return true;
    return listed(&rules->exclude, collection, field);
}

bool field_rules_mask(const struct field_rules *rules, const char *collection, const char *field)
{
    return listed(&rules->mask, collection, (struct ks_slice){field, strlen(field)});
}
