/* Says no, with a reason. */
#include "stub_ops.h"

#include <string.h>

KS_EXPORT const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err);
const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err)
{
    (void)stub_source;
    (void)stub_sink;
    (void)stub_table;
    strcpy(err->message, host->abi_major == KS_ABI_MAJOR ? "no licence" : "wrong host");
    return NULL;
}
