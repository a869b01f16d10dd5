/* A class of a version that never was. */
#include "stub_ops.h"

static const struct ks_connector_class source = {.struct_size = 16,
                                                 .name = "org.example.SmallClass"};
static const struct ks_connector_class *const classes[] = {&source, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
