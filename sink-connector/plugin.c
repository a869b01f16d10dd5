/* The shared object's one exported function. */
#include "kitestream/sdk/util.h"
#include "sink_connector.h"

static const struct ks_connector_class *const classes[] = {&sink_connector_class, NULL};

static const struct ks_plugin plugin = {
    .abi_major = KS_ABI_MAJOR,
    .abi_minor = KS_ABI_MINOR,
    .struct_size = sizeof(struct ks_plugin),
    .name = "kitestream-milvus-sink",
    .version = KITESTREAM_VERSION,
    .classes = classes,
};

KS_EXPORT const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err);

const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err)
{
    if (host->abi_minor < 2) {
        ks_error_set(err, KS_ERR_FATAL, "needs a Kitestream with plugin ABI 1.2, this one has 1.%u",
                     (unsigned)host->abi_minor);
        return NULL;
    }
    return &plugin;
}
