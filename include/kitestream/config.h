/* Configuration: what a plugin declares (a table, from which validation, --help, the option docs
 * and REST are made) and what it is given (Connect's string map, complete with defaults). */
#ifndef KITESTREAM_CONFIG_H
#define KITESTREAM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Connect's ConfigDef.Type and Importance. */
enum ks_config_type {
    KS_CONFIG_BOOLEAN,
    KS_CONFIG_STRING,
    KS_CONFIG_INT,  /* 32 bits */
    KS_CONFIG_LONG, /* 64 bits */
    KS_CONFIG_DOUBLE,
    KS_CONFIG_LIST, /* comma-separated */
    KS_CONFIG_PASSWORD,
};
enum ks_config_importance { KS_CONFIG_HIGH, KS_CONFIG_MEDIUM, KS_CONFIG_LOW };

enum ks_config_flag {
    KS_CONFIG_REQUIRED = 1 << 0, /* no default; must be given */
    KS_CONFIG_PREFIX =
        1 << 1,               /* `name` ends in '.': every option that begins with it is accepted */
    KS_CONFIG_RANGE = 1 << 2, /* numbers: min <= value <= max */
    KS_CONFIG_REGEX = 1 << 3, /* STRING or LIST: each element is a POSIX extended expression */
    KS_CONFIG_NON_EMPTY = 1 << 4,
};

struct ks_config_def {
    const char *name;
    enum ks_config_type type;
    enum ks_config_importance importance;
    uint32_t flags;
    const char
        *default_value; /* text as a user would write it; NULL: no default (null in Connect) */
    double min, max;    /* with KS_CONFIG_RANGE */
    const char *const *valid_values; /* NULL-terminated; NULL: anything */
    const char *group;               /* heading in the docs */
    const char *doc;                 /* sentences; units; source of the fact where not obvious */
};

struct ks_config_entry {
    const char *key;
    const char *value; /* never NULL */
};

/* Borrowed: valid for the call in which it is passed. Sorted by key, keys unique. A task's config
 * holds the defaults of its class, and placeholders (${env:X}) are resolved. */
struct ks_config {
    const struct ks_config_entry *entries;
    size_t count;
};

/* How validate() tells what is wrong; `message` is copied. */
struct ks_config_issues {
    void *ctx;
    void (*add)(void *ctx, const char *option, const char *message);
};

#ifdef __cplusplus
}
#endif
#endif
