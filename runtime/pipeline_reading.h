/* Reading a pipeline file: the parts that both of its forms need. */
#ifndef RUNTIME_PIPELINE_READING_H
#define RUNTIME_PIPELINE_READING_H

#include "pipeline_yaml.h"
#include "yaml_node.h"

/* One file being read. */
struct pipeline_reading {
    struct pipeline_file *file;
    size_t cap;
    struct ks_error *err;
};

/* "file:line: what"; all below fail this way. */
enum ks_status pipeline_fail(const struct pipeline_reading *r, int line, const char *what);
enum ks_status pipeline_unknown_key(const struct pipeline_reading *r,
                                    const struct yaml_entry *entry, const char *where,
                                    const char *const *valid);
enum ks_status pipeline_check_keys(const struct pipeline_reading *r, const struct yaml_node *map,
                                   const char *where, const char *const *valid);
/* *ret stays as it is if the key is absent. */
enum ks_status pipeline_text(const struct pipeline_reading *r, const struct yaml_node *map,
                             const char *key, const char **ret);
enum ks_status pipeline_name(const struct pipeline_reading *r, const struct yaml_node *map,
                             const char *where, const char **ret);
/* *ret is valid until the next add. */
enum ks_status pipeline_add(struct pipeline_reading *r, const char *name, int line,
                            struct pipeline_connector **ret);
enum ks_status pipeline_set(const struct pipeline_reading *r, struct pipeline_connector *c,
                            const char *option, const char *value, int line);
/* The value of a key of `map`, if it is there, as an option. */
enum ks_status pipeline_set_key(const struct pipeline_reading *r, struct pipeline_connector *c,
                                const struct yaml_node *map, const char *key, const char *option);
enum ks_status pipeline_options(const struct pipeline_reading *r, struct pipeline_connector *c,
                                const struct yaml_node *map);
/* state and autoRestart. */
enum ks_status pipeline_read_wanted(const struct pipeline_reading *r, struct pipeline_connector *c,
                                    const struct yaml_node *map);

/* {name, source: {…}, sink: {…}}: expands to <name>-source and <name>-sink. */
enum ks_status pipeline_read_short(struct pipeline_reading *r, const struct yaml_node *map);

#endif
