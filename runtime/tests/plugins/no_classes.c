/* A plugin without a class. */
#include "stub_ops.h"

static const struct ks_connector_class *const classes[] = {NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
