/* Forgets struct_size. */
#include "stub_ops.h"

static const struct ks_plugin plugin = {.abi_major = KS_ABI_MAJOR, .struct_size = 8};
STUB_ENTRY(plugin)
