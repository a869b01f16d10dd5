/* A source whose check of a configuration takes as long as the file `hold` exists. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stub_ops.h"

static void wait_for_the_file(const struct ks_config *config, const struct ks_config_issues *issues)
{
    for (size_t i = 0; i < config->count; i++) {
        if (strcmp(config->entries[i].key, "hold") != 0)
            continue;
        while (access(config->entries[i].value, F_OK) == 0)
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        issues->add(issues->ctx, "elsewhere", "has been held");
    }
}

static const struct ks_config_def table[] = {
    {.name = "hold", .type = KS_CONFIG_STRING, .doc = "A file."},
    {.name = "secret",
     .type = KS_CONFIG_PASSWORD,
     .group = "Access",
     .doc = "A password that nobody sees."},
    {0},
};
static const struct ks_connector_class source = {.struct_size = sizeof source,
                                                 .name = "org.example.SlowSourceConnector",
                                                 .version = "1",
                                                 .kind = KS_CLASS_SOURCE,
                                                 .flags = KS_CLASS_OWN_TRANSACTIONS,
                                                 .config_defs = table,
                                                 .source = &stub_source,
                                                 .validate = wait_for_the_file};
static const struct ks_connector_class *const classes[] = {&source, NULL};
static const struct ks_plugin plugin = STUB_PLUGIN(classes);
STUB_ENTRY(plugin)
