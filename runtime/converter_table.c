/* What converters can be told. In: a class; out: its option table. The values are read where they
 * act: subject_ids.c, schema_http.c, registry_client.c, json_converter.c. */
#include "converter_table.h"

#include "config_def.h"
#include "config_value.h"
#include "subject_name.h"

#define REGISTRY "Schema registry"

static const char *const credential_sources[] = {"USER_INFO", "URL", NULL};
static const char *const token_sources[] = {"STATIC_TOKEN", NULL};
static const char *const store_types[] = {"PEM", NULL};

/* clang-format off */
static const struct ks_config_def avro_table[] = {
#include "registry_options.inc"
    {.name = "use.latest.version", .type = KS_CONFIG_BOOLEAN, .importance = KS_CONFIG_LOW,
     .default_value = "false", .group = REGISTRY,
     .doc = "true: records are written with the last version that their subject has in the "
            "registry, whatever schema they came with; auto.register.schemas must be false."},
    {.name = "latest.compatibility.strict", .type = KS_CONFIG_BOOLEAN,
     .importance = KS_CONFIG_LOW, .default_value = "true", .group = REGISTRY,
     .doc = "With use.latest.version, true: a record fails if that version could not read all that "
            "its own schema may hold; false: only if it cannot be written."},
    {0},
};
static const struct ks_config_def json_table[] = {
    {.name = "schemas.enable", .type = KS_CONFIG_BOOLEAN, .default_value = "true",
     .group = "Schemas",
     .doc = "true: each key and value carries its schema. false: plain JSON; what a source writes "
            "so has its schema in the registry, its id in a header, and a sink reads it by that."},
#include "registry_options.inc"
    {0},
};
static const struct ks_config_def no_table[] = {{0}};
/* clang-format on */

static const struct ks_config_def *const tables[] = {avro_table, json_table, no_table, no_table};

const struct ks_config_def *converter_table_find(const char *name, const char **ret_class)
{
    const struct ks_config_def *found = NULL;
    const char *cls = NULL;
    for (size_t i = 0; config_header_converters[i]; i++) {
        if (config_value_is(config_header_converters[i], name)) {
            cls = config_header_converters[i];
            found = no_table;
        }
    }
    for (size_t i = 0; config_converters[i]; i++) {
        if (config_value_is(config_converters[i], name)) {
            cls = config_converters[i];
            found = tables[i];
        }
    }
    if (found && ret_class)
        *ret_class = cls;
    return found;
}
