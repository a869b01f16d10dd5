/* The handshake's suspicious half. In: a file from the plugin path, then what its entry point
 * returned; out: fit for use, or the reason in words that say what to do. Next: plugin_loader.
 * Order matters: abi_major decides whether struct_size means anything, struct_size decides which
 * members exist. */
#include "plugin_check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_def.h"
#include "kitestream/sdk/util.h"

/* All members of ABI 1.0. Members that a later minor adds lie behind; these never grow. */
#define PLUGIN_MIN_BYTES (offsetof(struct ks_plugin, classes) + sizeof(void *))
#define CLASS_MIN_BYTES (offsetof(struct ks_connector_class, task_configs) + sizeof(void *))

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#else
#define OWN_MACHINE EM_NONE /* not compared */
#endif

enum ks_status plugin_check_file(const char *path, struct ks_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ks_error_set(err, KS_ERR_FATAL, "cannot open the file: %s", strerror(errno));
    Elf64_Ehdr header = {0};
    ssize_t got = read(fd, &header, sizeof header);
    int reason = errno;
    close(fd);
    if (got < 0)
        return ks_error_set(err, KS_ERR_FATAL, "cannot read the file: %s", strerror(reason));
    if ((size_t)got < sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return ks_error_set(err, KS_ERR_FATAL,
                            "not a shared object (no ELF header); build it with -shared -fPIC");
    if (OWN_MACHINE != EM_NONE &&
        (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != OWN_MACHINE))
        return ks_error_set(err, KS_ERR_FATAL,
                            "built for another kind of machine (ELF machine %u, this one is %u); "
                            "build it for this one",
                            (unsigned)header.e_machine, (unsigned)OWN_MACHINE);
    return KS_OK;
}

static enum ks_status check_numbers(const struct ks_plugin *plugin, struct ks_error *err)
{
    if (plugin->abi_major != KS_ABI_MAJOR)
        return ks_error_set(err, KS_ERR_FATAL,
                            "built for plugin ABI %u.%u, this Kitestream has %u.%u; rebuild the "
                            "plugin against this Kitestream's headers, or use a Kitestream with "
                            "ABI %u",
                            plugin->abi_major, plugin->abi_minor, KS_ABI_MAJOR, KS_ABI_MINOR,
                            plugin->abi_major);
    if (plugin->struct_size < PLUGIN_MIN_BYTES)
        return ks_error_set(err, KS_ERR_FATAL,
                            "ks_plugin.struct_size is %zu, at least %zu is needed; set it to "
                            "sizeof(struct ks_plugin)",
                            plugin->struct_size, PLUGIN_MIN_BYTES);
    return KS_OK;
}

static const char *missing_op(const struct ks_connector_class *cls)
{
    if (cls->kind == KS_CLASS_SOURCE) {
        const struct ks_source_task_ops *ops = cls->source;
        return !ops            ? "source"
               : !ops->start   ? "source->start"
               : !ops->poll    ? "source->poll"
               : !ops->destroy ? "source->destroy"
                               : NULL;
    }
    const struct ks_sink_task_ops *ops = cls->sink;
    return !ops            ? "sink"
           : !ops->start   ? "sink->start"
           : !ops->put     ? "sink->put"
           : !ops->destroy ? "sink->destroy"
                           : NULL;
}

static enum ks_status check_class(const struct ks_connector_class *cls, struct ks_error *err)
{
    if (cls->struct_size < CLASS_MIN_BYTES)
        return ks_error_set(err, KS_ERR_FATAL,
                            "a class has struct_size %zu, at least %zu is needed; set it to "
                            "sizeof(struct ks_connector_class)",
                            cls->struct_size, CLASS_MIN_BYTES);
    if (!cls->name || !*cls->name)
        return ks_error_set(err, KS_ERR_FATAL, "a class has no name");
    if (!cls->version || !*cls->version)
        return ks_error_set(err, KS_ERR_FATAL, "class %s has no version", cls->name);
    if (cls->kind != KS_CLASS_SOURCE && cls->kind != KS_CLASS_SINK)
        return ks_error_set(err, KS_ERR_FATAL, "class %s is neither source nor sink (kind %d)",
                            cls->name, (int)cls->kind);
    if (!cls->config_defs)
        return ks_error_set(err, KS_ERR_FATAL,
                            "class %s has no option table (config_defs); a connector without "
                            "options has one with only the end",
                            cls->name);
    const char *missing = missing_op(cls);
    if (missing)
        return ks_error_set(err, KS_ERR_FATAL, "class %s has no %s", cls->name, missing);
    char *fault = config_def_fault(cls->config_defs);
    if (!fault)
        return KS_OK;
    ks_error_set(err, KS_ERR_FATAL, "class %s: %s", cls->name, fault);
    free(fault);
    return KS_ERR_FATAL;
}

static enum ks_status check_unique(const struct ks_plugin *plugin, size_t i, struct ks_error *err)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(plugin->classes[j]->name, plugin->classes[i]->name) == 0)
            return ks_error_set(err, KS_ERR_FATAL, "class %s is there twice",
                                plugin->classes[i]->name);
    return KS_OK;
}

enum ks_status plugin_check(const struct ks_plugin *plugin, struct ks_error *err)
{
    enum ks_status status = check_numbers(plugin, err);
    if (status != KS_OK)
        return status;
    if (!plugin->name || !plugin->version)
        return ks_error_set(err, KS_ERR_FATAL, "the plugin has no name or no version");
    if (!plugin->classes || !plugin->classes[0])
        return ks_error_set(err, KS_ERR_FATAL, "the plugin has no classes");
    for (size_t i = 0; status == KS_OK && plugin->classes[i]; i++) {
        status = check_class(plugin->classes[i], err);
        if (status == KS_OK)
            status = check_unique(plugin, i, err);
    }
    return status;
}
