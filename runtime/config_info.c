/* In: option tables, a configuration, its faults; out: JSON in the shapes of Connect. Connect's
 * forms sort by group and order; where our tables say less than Connect (width, title, order), the
 * list below has it for the options that every connector has. Next: rest_plugins. */
#include "config_info.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_value.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"
#include "transforms.h"

#define NO_ORDER (-1)

/* ---- how the common options look ---- */

enum form_flag {
    IF_GIVEN = 1 << 0, /* shown only where the configuration has it */
};
struct form {
    const char *name, *title, *width;
    int order;
    const char *type; /* where Connect has one that our tables have not */
    unsigned flags;
};

static const struct form forms[] = {
    {"name", "Connector name", "MEDIUM", 1, NULL, 0},
    {"connector.class", "Connector class", "LONG", 2, NULL, 0},
    {"connector.plugin.version", "Connector version", "MEDIUM", 3, NULL, 0},
    {"tasks.max", "Tasks max", "SHORT", 4, NULL, 0},
    {"tasks.max.enforce", "Enforce tasks max", "SHORT", 5, NULL, 0},
    {"key.converter", "Key converter class", "SHORT", 6, "CLASS", 0},
    {"key.converter.plugin.version", "Key converter version", "SHORT", 7, NULL, 0},
    {"value.converter", "Value converter class", "SHORT", 8, "CLASS", 0},
    {"value.converter.plugin.version", "Value converter version", "SHORT", 9, NULL, 0},
    {"header.converter", "Header converter class", "SHORT", 10, "CLASS", 0},
    {"header.converter.plugin.version", "Header converter version", "SHORT", 11, NULL, 0},
    {"transforms", "Transforms", "LONG", 12, NULL, 0},
    {"predicates", "Predicates", "LONG", 13, NULL, 0},
    {"config.action.reload", "Reload Action", "MEDIUM", 14, NULL, 0},
    {"topics", "Topics", "LONG", 4, NULL, 0},
    {"topics.regex", "Topics regex", "LONG", 4, NULL, 0},
    {"errors.retry.timeout", "Retry Timeout for Errors", "MEDIUM", 1, NULL, 0},
    {"errors.retry.delay.max.ms", "Maximum Delay Between Retries for Errors", "MEDIUM", 2, NULL, 0},
    {"errors.tolerance", "Error Tolerance", "SHORT", 3, NULL, 0},
    {"errors.log.enable", "Log Errors", "SHORT", 4, NULL, 0},
    {"errors.log.include.messages", "Log Error Details", "SHORT", 5, NULL, 0},
    {"errors.deadletterqueue.topic.name", "Dead Letter Queue Topic Name", "MEDIUM", 6, NULL, 0},
    {"errors.deadletterqueue.topic.replication.factor",
     "Dead Letter Queue Topic Replication Factor", "MEDIUM", 7, "SHORT", 0},
    {"errors.deadletterqueue.context.headers.enable", "Enable Error Context Headers", "MEDIUM", 8,
     NULL, 0},
    {"topic.creation.groups", "Topic Creation Groups", "LONG", 1, NULL, 0},
    {"topic.creation.default.replication.factor", "Replication Factor", "LONG", 2, "SHORT",
     IF_GIVEN},
    {"topic.creation.default.partitions", "Partition Count", "LONG", 3, NULL, IF_GIVEN},
    {"exactly.once.support", "Exactly once support", "SHORT", 2, NULL, 0},
    {"transaction.boundary", "Transaction Boundary", "SHORT", 3, NULL, 0},
    {"transaction.boundary.interval.ms", "Transaction boundary interval", "SHORT", 4, NULL, 0},
    {"offsets.storage.topic", "Offsets topic", "LONG", 1, NULL, 0},
};

static const struct form *form_of(const char *option)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, option) == 0)
            return &forms[i];
    return NULL;
}

/* ---- one option ---- */

/* Where the option stands. `own`: of the class, not of every connector. */
struct row {
    const struct ks_config_def *def;
    const char *name; /* the definition's, or what a prefix took */
    const char *title, *group;
    const char *default_value; /* NULL: none */
    int order;
    bool own;
    const struct form *form; /* NULL: the one of its name, if it is not `own` */
};

static const struct form *form_for(const struct row *row)
{
    return row->form || row->own ? row->form : form_of(row->name);
}

static json_t *string_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *upper(const char *text)
{
    char *copy = xstrdup(text);
    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    json_t *json = json_string(copy);
    free(copy);
    return json;
}

static const char *width_of(const struct row *row, const struct form *form)
{
    if (form)
        return form->width;
    if (!row->own || !row->def->group)
        return "NONE";
    switch (row->def->type) {
    case KS_CONFIG_BOOLEAN:
    case KS_CONFIG_INT:
    case KS_CONFIG_LONG:
    case KS_CONFIG_DOUBLE:
        return "SHORT";
    case KS_CONFIG_LIST:
        return "LONG";
    default:
        return "MEDIUM";
    }
}

static json_t *type_of(const struct row *row, const struct form *form)
{
    bool is_prefix = row->def->flags & KS_CONFIG_PREFIX;
    if (form && form->type)
        return json_string(form->type);
    if (is_prefix && config_def_is_secret(row->def, row->name))
        return json_string("PASSWORD");
    return upper(config_type_name(row->def->type));
}

static json_t *definition(const struct row *row)
{
    const struct ks_config_def *def = row->def;
    const struct form *form = form_for(row);
    json_t *json = json_object();
    json_object_set_new(json, "name", json_string(row->name));
    json_object_set_new(json, "type", type_of(row, form));
    json_object_set_new(json, "required", json_boolean(def->flags & KS_CONFIG_REQUIRED));
    json_object_set_new(json, "default_value", string_or_null(row->default_value));
    json_object_set_new(json, "importance", upper(config_importance_name(def->importance)));
    json_object_set_new(json, "documentation", string_or_null(def->doc));
    json_object_set_new(json, "group", string_or_null(row->group));
    /* Kafka 4 writes the second name, versions before it the first: clients read either. */
    json_object_set_new(json, "order", json_integer(form ? form->order : row->order));
    json_object_set_new(json, "order_in_group", json_integer(form ? form->order : row->order));
    json_object_set_new(json, "width", json_string(width_of(row, form)));
    json_object_set_new(json, "display_name", json_string(form ? form->title : row->title));
    json_object_set_new(json, "dependents", json_array());
    return json;
}

/* ---- all options of a class ---- */

typedef void row_fn(void *arg, const struct row *row);

static int order_in(const struct ks_config_def *table, const struct ks_config_def *def)
{
    int order = 1;
    if (!def->group)
        return NO_ORDER;
    for (; table != def; table++)
        order += table->group && strcmp(table->group, def->group) == 0;
    return order;
}

static void each_of(const struct ks_config_def *table, bool own, row_fn *fn, void *arg)
{
    for (const struct ks_config_def *def = table; def->name; def++) {
        struct row row = {.def = def,
                          .name = def->name,
                          .title = def->name,
                          .group = def->group,
                          .default_value = def->default_value,
                          .order = own ? order_in(table, def) : NO_ORDER,
                          .own = own};
        if (!(def->flags & KS_CONFIG_PREFIX))
            fn(arg, &row);
    }
}

static void add_definition(void *arg, const struct row *row)
{
    const struct form *form = form_for(row);
    if (!form || !(form->flags & IF_GIVEN))
        json_array_append_new(arg, definition(row));
}

/* Defaults that depend on the class. */
static const char *class_default(const struct ks_connector_class *cls, const char *option)
{
    if (strcmp(option, "connector.plugin.version") == 0)
        return cls->version;
    if (strcmp(option, "transaction.boundary") == 0 && cls->flags & KS_CLASS_OWN_TRANSACTIONS)
        return "connector";
    return NULL;
}

struct class_rows {
    const struct ks_connector_class *cls;
    json_t *list;
};

static void add_of_class(void *arg, const struct row *row)
{
    struct class_rows *rows = arg;
    struct row copy = *row;
    const char *special = class_default(rows->cls, row->name);
    if (special)
        copy.default_value = special;
    add_definition(rows->list, &copy);
}

json_t *config_info_of_class(const struct ks_connector_class *cls)
{
    struct class_rows rows = {cls, json_array()};
    each_of(cls->config_defs, true, add_definition, rows.list);
    each_of(config_def_common(cls->kind == KS_CLASS_SINK), false, add_of_class, &rows);
    return rows.list;
}

json_t *config_info_of_table(const struct ks_config_def *table)
{
    json_t *list = json_array();
    each_of(table, true, add_definition, list);
    return list;
}

/* ---- a checked configuration ---- */

struct check {
    const struct ks_connector_class *cls;
    const struct worker_config *worker;
    const struct ks_config *config;
    const struct config_issues *issues;
    const struct ks_config_def *tables[3];
    bool *told; /* by issue: some row has it */
    json_t *groups, *configs;
    int error_count;
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static const char *check_default(const struct check *c, const char *option)
{
    static const char *const converters[] = {"key.converter", "value.converter"};
    for (size_t i = 0; i < 2; i++)
        if (strcmp(option, converters[i]) == 0)
            return string_map_get(&c->worker->all, option);
    if (strcmp(option, "header.converter") == 0)
        return config_header_converters[0];
    if (ends_with(option, ".converter.plugin.version"))
        return KITESTREAM_VERSION;
    return class_default(c->cls, option);
}

static json_t *list_of(const char *const *values)
{
    json_t *list = json_array();
    for (; values && *values; values++)
        json_array_append_new(list, json_string(*values));
    return list;
}

static json_t *recommended(const struct row *row)
{
    const struct form *form = form_for(row);
    if (row->own || (form && form->type && strcmp(form->type, "CLASS") == 0))
        return list_of(row->def->valid_values);
    if (ends_with(row->name, ".plugin.version") && row->default_value)
        return json_pack("[s]", row->default_value);
    return json_array();
}

/* A number that is none has no value, as in Connect. */
static const char *shown_value(const struct check *c, const struct row *row, const char *given)
{
    struct ks_config_def typed = {.name = row->name, .type = row->def->type};
    struct ks_buf why = {0};
    bool fits = config_has_placeholder(given) || row->def->type == KS_CONFIG_STRING ||
                row->def->type == KS_CONFIG_LIST || row->def->type == KS_CONFIG_PASSWORD ||
                config_value_fits(&typed, given, &why);
    ks_buf_release(&why);
    return fits ? config_def_shown(c->tables, row->name, given) : NULL;
}

static json_t *errors_of(struct check *c, const char *option)
{
    json_t *errors = json_array();
    for (size_t i = 0; i < c->issues->count; i++) {
        if (c->told[i] || strcmp(c->issues->list[i].option, option) != 0)
            continue;
        c->told[i] = true;
        c->error_count++;
        json_array_append_new(errors, json_string(c->issues->list[i].message));
    }
    return errors;
}

static json_t *value_info(const char *name, const char *value, json_t *take_recommended,
                          json_t *take_errors)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:b}", "name", name, "value", string_or_null(value),
                     "recommended_values", take_recommended, "errors", take_errors, "visible", 1);
}

static void add_group(struct check *c, const char *group)
{
    size_t i;
    json_t *known;
    if (!group)
        return;
    json_array_foreach(c->groups, i,
                       known) if (strcmp(json_string_value(known), group) == 0) return;
    json_array_append_new(c->groups, json_string(group));
}

static void add_checked(void *arg, const struct row *row)
{
    struct check *c = arg;
    struct row copy = *row;
    const struct form *form = form_for(row);
    const char *given = ks_config_get(c->config, row->name);
    if (!given && form && form->flags & IF_GIVEN)
        return;
    if (!row->own && !(row->def->flags & KS_CONFIG_PREFIX)) {
        const char *special = check_default(c, row->name);
        copy.default_value = special ? special : row->default_value;
    }
    const char *value = given ? shown_value(c, row, given) : copy.default_value;
    json_t *entry = json_object();
    json_object_set_new(entry, "definition", definition(&copy));
    json_object_set_new(entry, "value",
                        value_info(row->name, value, recommended(&copy), errors_of(c, row->name)));
    json_array_append_new(c->configs, entry);
    add_group(c, row->group);
}

static void add_transforms(struct check *c)
{
    struct ks_arena arena = {.chunk_bytes = 4096};
    const struct transform_option *list;
    size_t count = transforms_options(c->config, &arena, &list);
    for (size_t i = 0; i < count; i++) {
        const struct transform_option *option = &list[i];
        struct form form = {.name = option->def.name,
                            .title = option->title,
                            .width = option->width,
                            .order = option->order,
                            .type = option->is_class ? "CLASS" : NULL};
        struct row row = {.def = &option->def,
                          .name = option->def.name,
                          .group = option->def.group,
                          .default_value = option->def.default_value,
                          .form = &form};
        add_checked(c, &row);
    }
    ks_arena_release(&arena);
}

static bool has_row(const struct check *c, const char *option)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(c->configs, i, entry)
    {
        const json_t *name = json_object_get(json_object_get(entry, "value"), "name");
        if (strcmp(json_string_value(name), option) == 0)
            return true;
    }
    return false;
}

/* Options that a prefix took: of clients, converters. */
static void add_prefixed(struct check *c)
{
    for (size_t i = 0; i < c->config->count; i++) {
        const char *name = c->config->entries[i].key;
        const struct ks_config_def *def = config_def_find(c->tables, name);
        if (!def || !(def->flags & KS_CONFIG_PREFIX) || has_row(c, name))
            continue;
        const char *title = name + strlen(def->name);
        struct row row = {.def = def, .name = name, .title = title, .order = NO_ORDER};
        add_checked(c, &row);
    }
}

/* Faults of options without a row: transforms.x.type, or what a plugin's own check names. */
static void add_left_over(struct check *c)
{
    for (size_t i = 0; i < c->issues->count; i++) {
        const struct config_issue *issue = &c->issues->list[i];
        if (c->told[i] || issue->unknown)
            continue;
        json_t *value =
            value_info(issue->option, issue->value, json_array(), errors_of(c, issue->option));
        json_array_append_new(c->configs, json_pack("{s:n, s:o}", "definition", "value", value));
    }
}

json_t *config_info_of_check(const struct ks_connector_class *cls,
                             const struct worker_config *worker, const struct ks_config *config,
                             const struct config_issues *issues)
{
    struct check c = {.cls = cls,
                      .worker = worker,
                      .config = config,
                      .issues = issues,
                      .told = xcalloc(issues->count + 1, sizeof *c.told),
                      .groups = json_array(),
                      .configs = json_array()};
    c.tables[0] = config_def_common(cls->kind == KS_CLASS_SINK);
    c.tables[1] = cls->config_defs;
    each_of(c.tables[0], false, add_checked, &c);
    add_transforms(&c);
    each_of(c.tables[1], true, add_checked, &c);
    add_prefixed(&c);
    add_left_over(&c);
    free(c.told);
    return json_pack("{s:s, s:i, s:o, s:o}", "name", cls->name, "error_count", c.error_count,
                     "groups", c.groups, "configs", c.configs);
}
