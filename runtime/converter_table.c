/* What converters can be told. In: a class; out: its option table. The values are read where they
 * act: converters.c and schema_http.c. */
#include "converter_table.h"

#include <string.h>

#include "config_def.h"

#define REGISTRY "Schema registry"
#define CONVERTER "Converter"

static const char *const credential_sources[] = {"USER_INFO", "URL", NULL};
static const char *const only_false[] = {"false", NULL};

/* clang-format off */
static const struct ks_config_def avro_table[] = {
    {.name = "schema.registry.url", .type = KS_CONFIG_LIST, .group = REGISTRY,
     .doc = "Addresses of a Confluent-compatible schema registry, tried in turn. Without them the "
            "worker's own schema store is used."},
    {.name = "basic.auth.credentials.source", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_MEDIUM, .valid_values = credential_sources, .group = REGISTRY,
     .doc = "Where user and password are: USER_INFO = in basic.auth.user.info; URL = in the "
            "address."},
    {.name = "basic.auth.user.info", .type = KS_CONFIG_PASSWORD, .importance = KS_CONFIG_MEDIUM,
     .group = REGISTRY, .doc = "user:password for the registry."},
    {.name = "auto.register.schemas", .type = KS_CONFIG_BOOLEAN, .importance = KS_CONFIG_MEDIUM,
     .default_value = "true", .group = REGISTRY,
     .doc = "true: schemas that the registry does not have are registered; false: a record with "
            "one fails."},
    {.name = "normalize.schemas", .type = KS_CONFIG_BOOLEAN, .importance = KS_CONFIG_LOW,
     .default_value = "false", .group = REGISTRY,
     .doc = "Ask the registry to compare schemas in their normal form."},
    {.name = "http.connect.timeout.ms", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .default_value = "10000", .group = REGISTRY,
     .doc = "Milliseconds to connect to the registry."},
    {.name = "http.read.timeout.ms", .type = KS_CONFIG_LONG, .importance = KS_CONFIG_LOW,
     .default_value = "10000", .group = REGISTRY,
     .doc = "Milliseconds to wait for an answer of the registry."},
    {.name = "schema.registry.ssl.ca.location", .type = KS_CONFIG_STRING,
     .importance = KS_CONFIG_LOW, .group = REGISTRY,
     .doc = "File with the certificates (PEM) by which the registry is trusted."},
    {0},
};
static const struct ks_config_def json_table[] = {
    {.name = "schemas.enable", .type = KS_CONFIG_BOOLEAN, .valid_values = only_false,
     .group = "Schemas",
     .doc = "Must be false: JSON is written without a schema around it."},
    {0},
};
static const struct ks_config_def no_table[] = {{0}};
/* clang-format on */

static const struct ks_config_def *const tables[] = {avro_table, json_table, no_table, no_table};

static bool is_named(const char *cls, const char *name)
{
    const char *simple = strrchr(cls, '.') + 1;
    size_t alias_len = strlen(simple) - strlen(CONVERTER);
    return strcmp(name, cls) == 0 || strcmp(name, simple) == 0 ||
           (strlen(name) == alias_len && strncmp(name, simple, alias_len) == 0);
}

const struct ks_config_def *converter_table_find(const char *name, const char **ret_class)
{
    const struct ks_config_def *found = NULL;
    const char *cls = NULL;
    for (size_t i = 0; config_header_converters[i]; i++) {
        if (is_named(config_header_converters[i], name)) {
            cls = config_header_converters[i];
            found = no_table;
        }
    }
    for (size_t i = 0; config_converters[i]; i++) {
        if (is_named(config_converters[i], name)) {
            cls = config_converters[i];
            found = tables[i];
        }
    }
    if (found && ret_class)
        *ret_class = cls;
    return found;
}
