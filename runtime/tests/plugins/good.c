/* A plugin with a source and a sink that can be loaded. */
#include "stub_ops.h"

static const struct ks_connector_class source = STUB_SOURCE("org.example.TestSourceConnector");
static const struct ks_connector_class sink = STUB_SINK("org.example.TestSinkConnector");
static const struct ks_connector_class *const classes[] = {&source, &sink, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
