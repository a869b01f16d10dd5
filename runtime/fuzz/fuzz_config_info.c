/* Any JSON object as the configuration of a source or a sink (first byte): checked, and shown as
 * REST shows it, without the password in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config_info.h"

#define SECRET "hush-hush"

static const char *const modes[] = {"fast", "safe", NULL};
static const struct ks_config_def table[] = {
    {.name = "file", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED, .doc = "A file."},
    {.name = "size",
     .type = KS_CONFIG_INT,
     .flags = KS_CONFIG_RANGE,
     .default_value = "5",
     .min = 1,
     .max = 9,
     .group = "Limits",
     .doc = "A size."},
    {.name = "mode", .type = KS_CONFIG_STRING, .valid_values = modes, .doc = "A mode."},
    {.name = "ratio", .type = KS_CONFIG_DOUBLE, .doc = "A ratio."},
    {.name = "pattern", .type = KS_CONFIG_LIST, .flags = KS_CONFIG_REGEX, .doc = "Patterns."},
    {.name = "secret", .type = KS_CONFIG_PASSWORD, .doc = "A password."},
    {.name = "more.", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_PREFIX, .doc = "More."},
    {0},
};

static bool mentions(const struct string_map *config, const char *text)
{
    for (size_t i = 0; i < config->count; i++)
        if (strstr(config->entries[i].key, text) || strstr(config->entries[i].value, text))
            return true;
    return false;
}

static void show(enum ks_class_kind kind, const struct string_map *config, bool is_secret)
{
    static struct worker_config worker;
    const struct ks_connector_class cls = {.struct_size = sizeof cls,
                                           .name = "a.Class",
                                           .version = "1",
                                           .kind = kind,
                                           .config_defs = table};
    const struct ks_config_def *const tables[] = {table, config_def_common(kind == KS_CLASS_SINK),
                                                  NULL};
    struct ks_config view = string_map_view(config);
    struct config_issues issues = {0};
    config_def_check(tables, &view, &issues);
    config_check_rules(&cls, &view, &issues);
    json_t *answer = config_info_of_check(&cls, &worker, &view, &issues);
    char *text = json_dumps(answer, 0);
    if (!text || (is_secret && strstr(text, SECRET)))
        abort();
    free(text);
    json_decref(answer);
    config_issues_release(&issues);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct string_map config = {0};
    struct ks_error err;
    json_t *json = size ? json_loadb((const char *)data + 1, size - 1, 0, NULL) : NULL;
    if (json_is_object(json) && string_map_from_json(json, &config, &err) == KS_OK) {
        bool is_mine = !mentions(&config, SECRET);
        string_map_set(&config, "secret", is_mine ? SECRET : "");
        show(data[0] % 2 ? KS_CLASS_SINK : KS_CLASS_SOURCE, &config, is_mine);
    }
    string_map_release(&config);
    json_decref(json);
    return 0;
}
