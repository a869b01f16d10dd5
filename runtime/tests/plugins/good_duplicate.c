/* Sound by itself, but with a class that good.so has as well, and one with the same last part. */
#include "stub_ops.h"

static const struct ks_connector_class same = STUB_SOURCE("org.example.TestSourceConnector");
static const struct ks_connector_class other = STUB_SINK("com.other.TestSinkConnector");
static const struct ks_connector_class *const classes[] = {&same, &other, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
