/* The plugin's surface: the one function that the host looks for. */
#include "mock.h"

static const struct ks_connector_class *const classes[] = {&mock_source, NULL};

static const struct ks_plugin plugin = {
    .abi_major = KS_ABI_MAJOR,
    .abi_minor = KS_ABI_MINOR,
    .struct_size = sizeof plugin,
    .name = "mock",
    .version = MOCK_VERSION,
    .classes = classes,
};

KS_EXPORT const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err);

const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err)
{
    /* The host compares the numbers of `plugin` with its own; nothing here needs more of it. */
    return &plugin;
}
