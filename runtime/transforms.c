/* In: a connector's configuration; out: the faults of its transforms and predicates, and the
 * options that a form can show for them. Next: config_common (checks), config_info (forms),
 * topic_router (the work). */
#include "transforms.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "java_regex.h"
#include "kitestream/sdk/util.h"
#include "nearest.h"

#define TRANSFORMS "transforms"
#define PREDICATES "predicates"
#define REGEX_ROUTER "org.apache.kafka.connect.transforms.RegexRouter"

const char *const transform_classes[] = {REGEX_ROUTER, NULL};

/* clang-format off */
static const struct ks_config_def router_table[] = {
    {.name = "regex", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED,
     .doc = "Java regular expression. A topic whose whole name matches gets a new name; others "
            "keep theirs."},
    {.name = "replacement", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED,
     .doc = "The new name. $1 or ${name} stands for what a group matched, \\$ for the character."},
    {0},
};
/* Options that every transformation has. */
static const struct ks_config_def type_option = {
    .name = "type", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED,
    .valid_values = transform_classes, .doc = "Class of the transformation."};
static const struct ks_config_def version_option = {
    .name = "plugin.version", .type = KS_CONFIG_STRING, .default_value = KITESTREAM_VERSION,
    .doc = "Version of the transformation: Kitestream's own, or it is refused."};
static const struct ks_config_def negate_option = {
    .name = "negate", .type = KS_CONFIG_BOOLEAN, .importance = KS_CONFIG_MEDIUM,
    .default_value = "false", .doc = "Must be false: there are no predicates."};
static const struct ks_config_def predicate_option = {
    .name = "predicate", .type = KS_CONFIG_STRING, .importance = KS_CONFIG_MEDIUM,
    .doc = "Must be left out: there are no predicates."};
/* clang-format on */

const struct ks_config_def *transforms_table(const char *name, const char **ret_class)
{
    if (strcmp(name, REGEX_ROUTER) != 0 && strcmp(name, strrchr(REGEX_ROUTER, '.') + 1) != 0)
        return NULL;
    if (ret_class)
        *ret_class = REGEX_ROUTER;
    return router_table;
}

/* ---- one transformation ---- */

struct transform {
    const struct ks_config *config;
    struct config_issues *issues;
    const char *list, *alias;
    const struct ks_config_def *table; /* NULL: no such class */
};

/* The caller frees. */
static char *full_name(const struct transform *t, const char *option)
{
    return xasprintf("%s.%s.%s", t->list, t->alias, option);
}

static const char *value_of(const struct transform *t, const char *option)
{
    char *name = full_name(t, option);
    const char *value = ks_config_get(t->config, name);
    free(name);
    return value;
}

/* Known, and no placeholder. */
static const char *plain_value(const struct transform *t, const char *option)
{
    const char *value = value_of(t, option);
    return value && !config_has_placeholder(value) ? value : NULL;
}

static void add_missing(struct transform *t, const char *option)
{
    char *name = full_name(t, option);
    char *text =
        xasprintf("Missing required configuration \"%s\" which has no default value.", name);
    config_issues_add(t->issues, name, NULL, text);
    free(text);
    free(name);
}

static void add_invalid(struct transform *t, const char *option, const char *why)
{
    char *name = full_name(t, option);
    const char *value = value_of(t, option);
    char *text = xasprintf("Invalid value %s for configuration %s: %s", value, name, why);
    config_issues_add(t->issues, name, value, text);
    free(text);
    free(name);
}

static void add_no_class(struct transform *t, const char *cls, const char *instead)
{
    char *why = xasprintf("Class %s could not be found. %s", cls, instead);
    add_invalid(t, "type", why);
    free(why);
}

static void check_router(struct transform *t)
{
    const char *pattern = plain_value(t, "regex"), *replacement = plain_value(t, "replacement");
    struct java_regex *re;
    struct ks_error err;
    if (!pattern)
        return;
    if (java_regex_new(pattern, &re, &err) != KS_OK) {
        add_invalid(t, "regex", err.message);
        return;
    }
    char *fault = replacement ? java_regex_replacement_fault(re, replacement) : NULL;
    if (fault)
        add_invalid(t, "replacement", fault);
    free(fault);
    java_regex_free(re);
}

static void check_common(struct transform *t)
{
    const char *version = plain_value(t, "plugin.version"), *negate = plain_value(t, "negate");
    if (version && strcmp(version, KITESTREAM_VERSION) != 0)
        add_invalid(t, "plugin.version", "this worker has version " KITESTREAM_VERSION " only");
    if (negate && strcmp(negate, "false") != 0)
        add_invalid(t, "negate", "there are no predicates: leave it out");
    if (value_of(t, "predicate"))
        add_invalid(t, "predicate", "there are no predicates: leave it out");
}

static void check_transform(struct transform *t)
{
    const char *cls = value_of(t, "type");
    check_common(t);
    if (!cls)
        add_missing(t, "type");
    if (!t->table) {
        if (cls && !config_has_placeholder(cls))
            add_no_class(t, cls, "The only transformation is " REGEX_ROUTER ".");
        return;
    }
    for (const struct ks_config_def *def = t->table; def->name; def++)
        if (def->flags & KS_CONFIG_REQUIRED && !value_of(t, def->name))
            add_missing(t, def->name);
    check_router(t);
}

static void check_predicate(struct transform *t)
{
    const char *cls = value_of(t, "type");
    if (cls)
        add_no_class(t, cls, "There are no predicates.");
    else
        add_missing(t, "type");
}

/* ---- the lists ---- */

static void each_alias(const struct ks_config *config, const char *list,
                       struct config_issues *issues, void (*check)(struct transform *t))
{
    char **aliases;
    size_t count = ks_config_list(config, list, &aliases);
    for (size_t i = 0; i < count; i++) {
        struct transform t = {config, issues, list, aliases[i], NULL};
        const char *cls = value_of(&t, "type");
        t.table = cls ? transforms_table(cls, NULL) : NULL;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(aliases[k], aliases[i]) != 0)
                continue;
            char *text = xasprintf("Invalid value %s for configuration %s: Duplicate alias %s",
                                   ks_config_get(config, list), list, aliases[i]);
            config_issues_add(issues, list, ks_config_get(config, list), text);
            free(text);
        }
        check(&t);
    }
    free(aliases);
}

/* Has the connector a transformation to which the option belongs? */
static bool belongs(const struct ks_config *config, const char *list, const char *option)
{
    static const char *const common[] = {"type", "plugin.version", "negate", "predicate", NULL};
    char **aliases;
    bool found = false;
    size_t count = ks_config_list(config, list, &aliases);
    for (size_t i = 0; i < count && !found; i++) {
        struct transform t = {config, NULL, list, aliases[i], NULL};
        size_t len = strlen(aliases[i]);
        if (strncmp(option, aliases[i], len) != 0 || option[len] != '.')
            continue;
        const char *cls = value_of(&t, "type"), *name = option + len + 1;
        const struct ks_config_def *def = cls ? transforms_table(cls, NULL) : NULL;
        found = !def; /* what another class can be told is not known */
        for (size_t k = 0; common[k]; k++)
            found |= strcmp(common[k], name) == 0;
        for (; def && def->name; def++)
            found |= strcmp(def->name, name) == 0;
    }
    free(aliases);
    return found;
}

static void find_strays(const struct ks_config *config, const char *list,
                        struct config_issues *issues)
{
    size_t len = strlen(list);
    for (size_t i = 0; i < config->count; i++) {
        const char *key = config->entries[i].key;
        if (strncmp(key, list, len) != 0 || key[len] != '.' || belongs(config, list, key + len + 1))
            continue;
        char *text =
            xasprintf("Unknown configuration \"%s\": `%s` names nothing that has it", key, list);
        config_issues_add_unknown(issues, key, config->entries[i].value, text, NULL);
        free(text);
    }
}

void transforms_check(const struct ks_connector_class *cls, const struct ks_config *config,
                      struct config_issues *issues)
{
    char **aliases;
    size_t count = ks_config_list(config, TRANSFORMS, &aliases);
    free(aliases);
    if (count > 0 && cls->flags & KS_CLASS_OWN_ASSIGNMENT)
        config_issues_add(issues, TRANSFORMS, ks_config_get(config, TRANSFORMS),
                          "This connector finds its topics itself, so that transforms have nothing "
                          "to act on: leave them out. What its target is called, its own options "
                          "say (collection.mapping of the Milvus sink)");
    each_alias(config, TRANSFORMS, issues, check_transform);
    each_alias(config, PREDICATES, issues, check_predicate);
    find_strays(config, TRANSFORMS, issues);
    find_strays(config, PREDICATES, issues);
}

/* ---- forms ---- */

struct form_of_transform {
    const char *alias, *group;
    struct ks_arena *arena;
    struct transform_option *list;
    size_t count;
};

/* title and doc: NULL where the table's name and text will do. */
static void add_option(struct form_of_transform *f, const struct ks_config_def *def,
                       const char *title, const char *width)
{
    struct transform_option *option = &f->list[f->count];
    *option = (struct transform_option){
        .def = *def,
        .title = title ? ks_arena_printf(f->arena, "Transformation %s for %s", title, f->alias)
                       : def->name,
        .width = width,
        .order = (int)f->count++,
        .is_class = def == &type_option,
    };
    option->def.name = ks_arena_printf(f->arena, TRANSFORMS ".%s.%s", f->alias, def->name);
    option->def.group = f->group;
}

enum { OPTIONS_MAX = 6 };

static size_t options_of(const struct ks_config *config, const char *alias, struct ks_arena *arena,
                         struct transform_option *ret)
{
    const struct transform t = {.config = config, .list = TRANSFORMS, .alias = alias};
    const char *cls = value_of(&t, "type");
    const struct ks_config_def *table = cls ? transforms_table(cls, NULL) : NULL;
    struct form_of_transform f = {
        .alias = ks_arena_strndup(arena, alias, strlen(alias)), .arena = arena, .list = ret};
    f.group = ks_arena_printf(arena, "Transforms: %s", alias);
    add_option(&f, &type_option, "type", "LONG");
    add_option(&f, &version_option, "version", "LONG");
    for (const struct ks_config_def *def = table; def && def->name; def++)
        add_option(&f, def, NULL, "NONE");
    if (table) {
        add_option(&f, &negate_option, NULL, "NONE");
        add_option(&f, &predicate_option, NULL, "NONE");
    }
    return f.count;
}

size_t transforms_options(const struct ks_config *config, struct ks_arena *arena,
                          const struct transform_option **ret)
{
    char **aliases;
    size_t alias_count = ks_config_list(config, TRANSFORMS, &aliases), count = 0;
    struct transform_option *list =
        ks_arena_alloc(arena, (alias_count * OPTIONS_MAX + 1) * sizeof *list);
    for (size_t i = 0; i < alias_count; i++)
        count += options_of(config, aliases[i], arena, list + count);
    free(aliases);
    *ret = list;
    return count;
}
