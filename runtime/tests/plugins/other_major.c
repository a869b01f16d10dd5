/* Built for an ABI that does not exist yet. */
#include "stub_ops.h"

static const struct ks_plugin plugin = {
    .abi_major = KS_ABI_MAJOR + 1, .abi_minor = 3, .struct_size = sizeof plugin};
STUB_ENTRY(plugin)
