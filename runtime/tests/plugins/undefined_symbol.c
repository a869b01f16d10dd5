/* Needs a function that nobody has. */
#include "stub_ops.h"

int function_of_a_missing_library(void);

static const struct ks_connector_class source = STUB_SOURCE("org.example.Undefined");
static const struct ks_connector_class *const classes[] = {&source, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);

KS_EXPORT const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err);
const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err)
{
    (void)stub_sink;
    return function_of_a_missing_library() ? &plugin : NULL;
}
