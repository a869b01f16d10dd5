/* A class without an option table. */
#include "stub_ops.h"

static const struct ks_connector_class source = {.struct_size = sizeof source,
                                                 .name = "org.example.NoTable",
                                                 .version = "1",
                                                 .kind = KS_CLASS_SOURCE,
                                                 .source = &stub_source};
static const struct ks_connector_class *const classes[] = {&source, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
