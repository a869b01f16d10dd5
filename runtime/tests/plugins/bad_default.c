/* An option whose default is not a value of its type. */
#include "stub_ops.h"

static const struct ks_config_def table[] = {
    {.name = "size", .type = KS_CONFIG_INT, .default_value = "large", .doc = "A size."},
    {0},
};
static const struct ks_connector_class source = {.struct_size = sizeof source,
                                                 .name = "org.example.BadDefault",
                                                 .version = "1",
                                                 .kind = KS_CLASS_SOURCE,
                                                 .config_defs = table,
                                                 .source = &stub_source};
static const struct ks_connector_class *const classes[] = {&source, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
