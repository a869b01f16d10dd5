/* One class name for two classes. */
#include "stub_ops.h"

static const struct ks_connector_class a = STUB_SOURCE("org.example.Twice");
static const struct ks_connector_class b = STUB_SINK("org.example.Twice");
static const struct ks_connector_class *const classes[] = {&a, &b, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
