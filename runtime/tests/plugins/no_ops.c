/* A sink with the ops of a source. */
#include "stub_ops.h"

static const struct ks_connector_class sink = {.struct_size = sizeof sink,
                                               .name = "org.example.NoOps",
                                               .version = "1",
                                               .kind = KS_CLASS_SINK,
                                               .config_defs = stub_table,
                                               .source = &stub_source};
static const struct ks_connector_class *const classes[] = {&sink, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
