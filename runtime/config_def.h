/* Option tables at work: validation, defaults, documentation. One table of the class, one of what
 * every source, sink, and connector has (Connect's names). */
#ifndef RUNTIME_CONFIG_DEF_H
#define RUNTIME_CONFIG_DEF_H

#include <stdio.h>

#include "kitestream/plugin.h"
#include "string_map.h"

/* Ends with name == NULL. Options that every connector of that kind accepts: name, connector.class,
 * tasks.max, key.converter, value.converter, errors.*, producer.override.*, topics (sinks), … */
const struct ks_config_def *config_def_common(bool sink);
/* Classes that key.converter and value.converter, and header.converter, may name; NULL-ended. */
extern const char *const config_converters[];
extern const char *const config_header_converters[];

/* Something wrong with one option. */
struct config_issue {
    char *option;
    char *message;
    char *value;   /* as given; NULL when absent; masked for passwords */
    char *nearest; /* for unknown options: the nearest valid name, or NULL */
    bool unknown;  /* no table has the option: a fault in a file, ignored where REST gave it */
};
struct config_issues {
    struct config_issue *list;
    size_t count, cap;
};
void config_issues_release(struct config_issues *issues);
void config_issues_add(struct config_issues *issues, const char *option, const char *value,
                       const char *message);
/* An option that nobody knows; nearest: what was meant, or NULL. */
void config_issues_add_unknown(struct config_issues *issues, const char *option, const char *value,
                               const char *message, const char *nearest);
/* Connect ignores options that it does not know: forgets those, the faults stay. */
void config_issues_drop_unknown(struct config_issues *issues);
/* ks_config_issues that appends here. */
struct ks_config_issues config_issues_sink(struct config_issues *issues);

/* Checks every option of `config` against the tables (types, ranges, valid values, required,
 * unknown with the nearest name). Placeholders ${…} are accepted for any type. Tables: NULL-ended
 * array of tables. */
void config_def_check(const struct ks_config_def *const *tables, const struct ks_config *config,
                      struct config_issues *issues);
/* Defaults of all tables for what `config` does not have; blanks around numbers and booleans go. */
void config_def_fill(const struct ks_config_def *const *tables, struct string_map *config);
const struct ks_config_def *config_def_find(const struct ks_config_def *const *tables,
                                            const char *option);
/* Nearest valid name by edit distance, or NULL if nothing is near. */
const char *config_def_nearest(const struct ks_config_def *const *tables, const char *option);
/* The rules between options that Connect has beside its tables: name, topics, dead letters. */
void config_check_rules(const struct ks_connector_class *cls, const struct ks_config *config,
                        struct config_issues *issues);
/* What is wrong with a table itself (a plugin's mistake): NULL, or a sentence; the caller frees. */
char *config_def_fault(const struct ks_config_def *table);
/* The options as a manual page's OPTIONS section, grouped. */
void config_def_print(const struct ks_config_def *table, FILE *out);
/* One paragraph, wrapped and indented as manual pages are. */
void config_print_text(const char *text, int indent, FILE *out);
/* The options as Markdown tables. */
void config_def_print_markdown(const struct ks_config_def *table, FILE *out);
/* "boolean", "string" … and "high", "medium", "low", as Connect spells them in lower case. */
const char *config_type_name(enum ks_config_type type);
const char *config_importance_name(enum ks_config_importance importance);
/* def: what config_def_find says of the option, NULL included. */
bool config_def_is_secret(const struct ks_config_def *def, const char *option);
/* Masks values of PASSWORD options for logs. */
const char *config_def_shown(const struct ks_config_def *const *tables, const char *option,
                             const char *value);

/* Replaces ${env:NAME} and ${file:path:key} (properties file) in every value. Errors: FATAL naming
 * option and placeholder, never a value. */
enum ks_status config_resolve(struct string_map *config, struct ks_error *err);
bool config_has_placeholder(const char *value);

#endif
