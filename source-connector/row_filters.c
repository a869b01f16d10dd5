/* The options in, one expression for each collection that has its own and one for all others out;
 * next: change_encode compiles the one that a collection needs. */
#include "row_filters.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

#define OPTION "row.filter"

struct row_filters {
    struct ks_arena arena;
    const struct row_expr *for_all; /* NULL: none */
    struct strmap own;              /* database.collection -> struct row_expr, NULL: all rows */
};

/* Of an option row.filter.<database>.<collection>; NULL: it is another option. */
static const char *collection_of(const char *option)
{
    static const char prefix[] = OPTION ".";
    return strncmp(option, prefix, strlen(prefix)) == 0 ? option + strlen(prefix) : NULL;
}

static bool is_collection_name(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot && dot != name && dot[1] && !strchr(dot + 1, '.');
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Blank: *ret = NULL. */
static enum ks_status parse(const struct ks_config_entry *entry, struct ks_arena *arena,
                            const struct row_expr **ret, struct ks_error *err)
{
    const char *collection = collection_of(entry->key);
    enum ks_status status = KS_OK;
    *ret = NULL;
    if (collection && !is_collection_name(collection))
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s: a filter of one collection is called " OPTION
                            ".<database>.<collection>",
                            entry->key);
    if (!is_blank(entry->value))
        status = row_expr_parse(entry->value, arena, ret, err);
    if (status)
        ks_error_prefix(err, "%s", entry->key);
    return status;
}

static bool is_filter(const struct ks_config_entry *entry)
{
    return strcmp(entry->key, OPTION) == 0 || collection_of(entry->key);
}

enum ks_status row_filters_new(const struct ks_config *config, struct row_filters **ret,
                               struct ks_error *err)
{
    struct row_filters *filters = xcalloc(1, sizeof(*filters));
    filters->arena.chunk_bytes = 4096;
    for (size_t i = 0; i < config->count; i++) {
        const struct ks_config_entry *entry = &config->entries[i];
        const struct row_expr *expr;
        if (!is_filter(entry))
            continue;
        enum ks_status status = parse(entry, &filters->arena, &expr, err);
        if (status) {
            row_filters_free(filters);
            return status;
        }
        if (collection_of(entry->key))
            strmap_put(&filters->own, collection_of(entry->key), (void *)expr);
        else
            filters->for_all = expr;
    }
    *ret = filters;
    return KS_OK;
}

bool row_filters_any(const struct row_filters *filters)
{
    const char *collection;
    void *expr;
    for (size_t pos = 0; strmap_next(&filters->own, &pos, &collection, &expr);)
        if (expr)
            return true;
    return filters->for_all != NULL;
}

void row_filters_free(struct row_filters *filters)
{
    if (!filters)
        return;
    strmap_release(&filters->own);
    ks_arena_release(&filters->arena);
    free(filters);
}

void row_filters_validate(const struct ks_config *config, const struct ks_config_issues *issues)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct ks_config_entry *entry = &config->entries[i];
        struct ks_arena arena = {.chunk_bytes = 4096};
        const struct row_expr *expr;
        struct ks_error err;
        if (is_filter(entry) && !strstr(entry->value, "${") && parse(entry, &arena, &expr, &err))
            issues->add(issues->ctx, entry->key, err.message);
        ks_arena_release(&arena);
    }
}

enum ks_status row_filters_compile(const struct row_filters *filters, const char *collection,
                                   const struct column_layout *layout, struct row_filter **ret,
                                   struct ks_error *err)
{
    void **own = strmap_find(&filters->own, collection);
    const struct row_expr *expr = own ? *own : filters->for_all;
    *ret = NULL;
    if (!expr)
        return KS_OK;
    enum ks_status status = row_filter_new(expr, layout, ret, err);
    if (status)
        ks_error_prefix(err, OPTION "%s%s of collection %s", own ? "." : "", own ? collection : "",
                        collection);
    return status;
}

void row_filters_judge(const struct row_filters *filters, const char *collection,
                       const struct column_layout *layout, const struct ks_config_issues *issues)
{
    struct row_filter *filter;
    struct ks_error err;
    if (row_filters_compile(filters, collection, layout, &filter, &err)) {
        bool own = strmap_find(&filters->own, collection);
        char *option = xasprintf(OPTION "%s%s", own ? "." : "", own ? collection : "");
        issues->add(issues->ctx, option, err.message);
        free(option);
    }
    row_filter_free(filter);
}
