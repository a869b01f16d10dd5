/* What a plugin shows before anything runs. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conformance.h"

/* Names that sanitizers and compilers put into every object of theirs. */
static bool is_tool_symbol(const char *name)
{
    return strncmp(name, "__asan_", 7) == 0 || strncmp(name, "__odr_asan", 10) == 0 ||
           strncmp(name, "__sanitizer", 11) == 0 || strncmp(name, "__ubsan", 7) == 0 ||
           strncmp(name, "__start_", 8) == 0 || strncmp(name, "__stop_", 7) == 0;
}

void surface_check_file(struct conformance *c)
{
    char *command = xasprintf("nm -D --defined-only '%s'", c->path), line[1000];
    FILE *nm = popen(command, "r");
    int entries = 0, symbols = 0;
    while (nm && fgets(line, sizeof line, nm)) {
        char name[1000];
        if (sscanf(line, "%*x %*c %999s", name) != 1 || is_tool_symbol(name))
            continue;
        symbols++;
        if (strcmp(name, KS_PLUGIN_ENTRY) == 0)
            entries++;
        else
            conformance_fail(c,
                             "exports %s; only " KS_PLUGIN_ENTRY " may be visible "
                             "(-fvisibility=hidden -Wl,--exclude-libs,ALL)",
                             name);
    }
    if (!nm || pclose(nm) != 0)
        conformance_fail(c, "nm cannot read it");
    else if (entries != 1 && symbols > 0)
        conformance_fail(c, "does not export " KS_PLUGIN_ENTRY);
    free(command);
}

static void check_option(struct conformance *c, const struct ks_config_def *def)
{
    size_t len = strlen(def->doc);
    if (def->doc[len - 1] != '.')
        conformance_fail(c, "the text of option \"%s\" does not end with '.'", def->name);
    for (const char *p = def->name; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '.' && *p != '_')
            conformance_fail(c, "option \"%s\": a name is made of a-z, 0-9, '.' and '_'",
                             def->name);
    if ((def->flags & KS_CONFIG_RANGE) && def->min > def->max)
        conformance_fail(c, "option \"%s\": min is above max", def->name);
}

void surface_check_class(struct conformance *c, const struct ks_connector_class *cls)
{
    if (!strchr(cls->name, '.'))
        conformance_fail(c, "a class name has a dotted prefix (org.example.NameConnector)");
    if (!cls->doc || !*cls->doc || cls->doc[strlen(cls->doc) - 1] != '.')
        conformance_fail(c, "the class' text is missing or does not end with '.'");
    for (const struct ks_config_def *def = cls->config_defs; def->name; def++)
        check_option(c, def);
}
