/* A plugin that loads but has no manners: for the conformance test's own test. */
#include "kitestream/plugin.h"

KS_EXPORT int rude_helper(void);
int rude_helper(void)
{
    return 1;
}

/* Fails without a message and writes the result all the same. */
static enum ks_status start_badly(const struct ks_task_host *host, const struct ks_config *config,
                                  void **ret_task, struct ks_error *err)
{
    *ret_task = NULL;
    return KS_ERR_FATAL;
}

static enum ks_status poll_nothing(void *task, struct ks_source_batch **ret_batch,
                                   struct ks_error *err)
{
    return KS_OK;
}

static void destroy_nothing(void *task)
{
}

static const struct ks_source_task_ops ops = {
    .start = start_badly, .poll = poll_nothing, .destroy = destroy_nothing};
static const struct ks_config_def table[] = {
    {.name = "Bad Name", .type = KS_CONFIG_STRING, .doc = "No full stop"},
    {0},
};
static const struct ks_connector_class source = {.struct_size = sizeof source,
                                                 .name = "Rude",
                                                 .version = "1",
                                                 .kind = KS_CLASS_SOURCE,
                                                 .config_defs = table,
                                                 .source = &ops};
static const struct ks_connector_class *const classes[] = {&source, NULL};
static const struct ks_plugin plugin = {.abi_major = KS_ABI_MAJOR,
                                        .struct_size = sizeof plugin,
                                        .name = "rude",
                                        .version = "1",
                                        .classes = classes};

KS_EXPORT const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err);
const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err)
{
    return &plugin;
}
