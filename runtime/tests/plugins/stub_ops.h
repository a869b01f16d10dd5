/* Ops that do nothing, for plugins of which only the surface is tested. */
#ifndef STUB_OPS_H
#define STUB_OPS_H

#include "kitestream/plugin.h"

static enum ks_status stub_start(const struct ks_task_host *host, const struct ks_config *config,
                                 void **ret_task, struct ks_error *err)
{
    *ret_task = (void *)host;
    return KS_OK;
}

static enum ks_status stub_poll(void *task, struct ks_source_batch **ret_batch,
                                struct ks_error *err)
{
    *ret_batch = NULL;
    return KS_OK;
}

static enum ks_status stub_put(void *task, struct ks_sink_batch *take_batch, struct ks_error *err)
{
    take_batch->release(take_batch);
    return KS_OK;
}

static void stub_destroy(void *task)
{
}

static const struct ks_source_task_ops stub_source = {
    .start = stub_start, .poll = stub_poll, .destroy = stub_destroy};
static const struct ks_sink_task_ops stub_sink = {
    .start = stub_start, .put = stub_put, .destroy = stub_destroy};

static const struct ks_config_def stub_table[] = {
    {.name = "file", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED, .doc = "A file."},
    {.name = "size", .type = KS_CONFIG_INT, .default_value = "5", .doc = "A size."},
    {0},
};

#define STUB_SOURCE(class_name)                                                                    \
    {                                                                                              \
        .struct_size = sizeof(struct ks_connector_class), .name = class_name, .version = "1",      \
        .kind = KS_CLASS_SOURCE, .doc = "A source.", .config_defs = stub_table,                    \
        .source = &stub_source                                                                     \
    }
#define STUB_SINK(class_name)                                                                      \
    {                                                                                              \
        .struct_size = sizeof(struct ks_connector_class), .name = class_name, .version = "1",      \
        .kind = KS_CLASS_SINK, .doc = "A sink.", .config_defs = stub_table, .sink = &stub_sink     \
    }
#define STUB_PLUGIN(class_list)                                                                    \
    {                                                                                              \
        .abi_major = KS_ABI_MAJOR, .abi_minor = KS_ABI_MINOR,                                      \
        .struct_size = sizeof(struct ks_plugin), .name = "stub", .version = "1",                   \
        .classes = class_list                                                                      \
    }
/* Keeps -Wunused quiet about the kind that a plugin does not have. */
#define STUB_ENTRY(plugin)                                                                         \
    KS_EXPORT const struct ks_plugin *ks_plugin_open(const struct ks_host *host,                   \
                                                     struct ks_error *err);                        \
    const struct ks_plugin *ks_plugin_open(const struct ks_host *host, struct ks_error *err)       \
    {                                                                                              \
        (void)stub_source;                                                                         \
        (void)stub_sink;                                                                           \
        return &(plugin);                                                                          \
    }

#endif
