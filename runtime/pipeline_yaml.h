/* Pipeline files: YAML in, connectors out (design §4, both forms). */
#ifndef RUNTIME_PIPELINE_YAML_H
#define RUNTIME_PIPELINE_YAML_H

#include "string_map.h"

enum pipeline_state { PIPELINE_RUNNING, PIPELINE_PAUSED, PIPELINE_STOPPED };

struct pipeline_option_line {
    char *option;
    int line;
};

struct pipeline_connector {
    char *name;
    struct string_map config; /* Connect's: name, connector.class, tasks.max included */
    enum pipeline_state state;
    bool auto_restart;
    int max_restarts;                   /* 0: no limit */
    int line;                           /* where it begins, for messages */
    struct pipeline_option_line *lines; /* where each option stands */
    size_t line_count;
};

struct pipeline_file {
    char *path;
    char sha256[65]; /* of the bytes, hex */
    struct pipeline_connector *connectors;
    size_t count;
};

/* Errors: FATAL; the message holds file:line: what is wrong, nearest valid name. */
enum ks_status pipeline_file_load(const char *path, struct pipeline_file *ret,
                                  struct ks_error *err);
enum ks_status pipeline_file_parse(const char *path_for_messages, const char *text, size_t len,
                                   struct pipeline_file *ret, struct ks_error *err);
void pipeline_file_release(struct pipeline_file *f);
int pipeline_connector_line(const struct pipeline_connector *c, const char *option);

#endif
