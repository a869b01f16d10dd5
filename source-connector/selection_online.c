/* A configuration in, and through etcd the collections that its source would read; out: the rules
 * that do not fit one of them. Next: whoever gave the configuration. The texts are those of
 * selection.c, where the task's start has them from. Besides, since somebody is there to read it: a
 * rule that names a field of one collection, which has no such field. A started task does not mind
 * that, as the collection may be made anew with it. Nothing is written. */
#include "selection_online.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "meta_reader.h"
#include "selection.h"
#include "source_options.h"

enum { ISSUES_MAX = 20 }; /* that are told one by one */

struct looking {
    const struct ks_config *config;
    const struct ks_config_issues *issues;
    struct ks_config_issues counted; /* add() below */
    struct source_options options;
    struct ks_arena arena;
    size_t count;
    char *last_option; /* of the first issue that is not told */
};

/* One rule for all may fit none of a thousand collections. */
static void add(void *ctx, const char *option, const char *message)
{
    struct looking *l = ctx;
    if (l->count++ < ISSUES_MAX)
        l->issues->add(l->issues->ctx, option, message);
    else if (!l->last_option)
        l->last_option = xstrdup(option);
}

static void tell_the_rest(const struct looking *l)
{
    if (!l->last_option)
        return;
    char *text = xasprintf("%s: and %zu more rules and collections that do not fit", l->last_option,
                           l->count - ISSUES_MAX);
    l->issues->add(l->issues->ctx, l->last_option, text);
    free(text);
}

static bool has_rules(const struct source_options *o)
{
    return o->fields.exclude.count > 0 || o->fields.mask.count > 0 || row_filters_any(o->rows);
}

/* ---- names of fields that are not there ---- */

/* Behind "database.collection." at the beginning of an expression that spells just this collection,
 * whether its dots are escaped or not; else NULL. */
static const char *behind_collection(const char *expression, const char *collection)
{
    const char *p = expression;
    for (const char *c = collection; *c; c++, p++) {
        p += *c == '.' && *p == '\\';
        if (*p != *c)
            return NULL;
    }
    p += *p == '\\';
    return *p == '.' && p[1] && !strchr("*+?{", p[1]) ? p + 1 : NULL;
}

/* An alternative to the whole, which may name another collection. */
static bool has_alternatives(const char *expression)
{
    int depth = 0;
    for (const char *p = expression; *p; p++) {
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        if (*p == '|' && depth == 0)
            return true;
        p += *p == '\\' && p[1];
    }
    return false;
}

static bool meets_a_field(const regex_t *expression, const char *collection,
                          const struct ddl_schema *schema)
{
    bool met = false;
    for (size_t i = 0; i < schema->field_count && !met; i++) {
        char *name = xasprintf("%s.%s", collection, schema->fields[i].name);
        met = regexec(expression, name, 0, NULL, 0) == 0;
        free(name);
    }
    return met;
}

static void tell_of_no_field(struct looking *l, const char *option, const char *expression,
                             const char *collection, const struct ddl_schema *schema)
{
    const char *names = "";
    for (size_t i = 0; i < schema->field_count; i++)
        names = ks_arena_printf(&l->arena, "%s%s%s", names, i ? ", " : "", schema->fields[i].name);
    add(l, option,
        ks_arena_printf(&l->arena, "%s: '%s' fits no field of collection %s; it has %s", option,
                        expression, collection, names));
}

/* `list` was made of the option. */
static void judge_names(struct looking *l, const char *option, const struct name_list *list,
                        const char *collection, const struct ddl_schema *schema)
{
    char **items = NULL;
    size_t count = ks_config_list(l->config, option, &items);
    for (size_t i = 0; i < count; i++) {
        const char *field = behind_collection(items[i], collection);
        if (field && !has_alternatives(field) &&
            !meets_a_field(&list->expressions[i], collection, schema))
            tell_of_no_field(l, option, items[i], collection, schema);
    }
    free(items);
}

/* ---- collections ---- */

static void judge(struct looking *l, const struct ddl *ddl)
{
    char *name = xasprintf("%s.%s", ddl->db, ddl->collection);
    judge_names(l, "field.exclude.list", &l->options.fields.exclude, name, ddl->schema);
    judge_names(l, "field.mask.hash.list", &l->options.fields.mask, name, ddl->schema);
    (void)selection_judge(&l->options.change, name, ddl->schema, &l->arena, &l->counted);
    ks_arena_reset(&l->arena, 1 << 16);
    free(name);
}

/* As a first start does: everything that is there is new. */
static void judge_all(struct looking *l, struct meta_model *model)
{
    struct catalogue *nothing = catalogue_new();
    struct pending_ddl *all = NULL;
    struct ks_error ignored;
    enum ks_status status = meta_model_diff(model, nothing, true, &all, &ignored);
    for (const struct pending_ddl *p = all; p && !status; p = p->next)
        if (p->ddl->kind == DDL_CREATE_COLLECTION &&
            name_filter_match(l->options.filter, p->ddl->db, p->ddl->collection))
            judge(l, p->ddl);
    pending_ddl_list_free(all);
    catalogue_free(nothing);
}

void selection_validate_online(const struct ks_config *config,
                               const struct ks_config_issues *issues)
{
    struct looking l = {.config = config, .issues = issues, .arena.chunk_bytes = 4096};
    struct meta_reader *reader;
    struct ks_error ignored;
    l.counted = (struct ks_config_issues){&l, add};
    if (source_options_parse(config, &l.options, &ignored))
        return;
    if (has_rules(&l.options) &&
        meta_reader_look(config, SELECTION_LIMIT_MS, &reader, &ignored) == KS_OK) {
        judge_all(&l, meta_reader_model(reader));
        tell_the_rest(&l);
        meta_reader_close(reader);
    }
    source_options_release(&l.options);
    ks_arena_release(&l.arena);
    free(l.last_option);
}
