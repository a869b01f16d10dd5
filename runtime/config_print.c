/* Option tables as text: for `kitestream plugins NAME` and docs/options.md. Groups appear in the
 * order of their first option. */
#include <stdlib.h>
#include <string.h>

#include "config_def.h"

#define WIDTH 79
#define INDENT 14

static bool same_group(const struct ks_config_def *a, const struct ks_config_def *b)
{
    return strcmp(a->group ? a->group : "", b->group ? b->group : "") == 0;
}

static bool is_first_of_group(const struct ks_config_def *table, const struct ks_config_def *def)
{
    for (const struct ks_config_def *other = table; other != def; other++)
        if (same_group(other, def))
            return false;
    return true;
}

void config_print_text(const char *text, int indent, FILE *out)
{
    int column = 0;
    while (*text) {
        int len = (int)strcspn(text, " \n");
        if (column > 0 && indent + column + 1 + len > WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        if (column == 0)
            column = fprintf(out, "%*s%.*s", indent, "", len, text) - indent;
        else
            column += fprintf(out, " %.*s", len, text);
        text += len;
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

static void print_values(const struct ks_config_def *def, FILE *out)
{
    if (def->valid_values) {
        fputs("; one of ", out);
        for (const char *const *valid = def->valid_values; *valid; valid++)
            fprintf(out, "%s%s", valid == def->valid_values ? "" : ", ", *valid);
    }
    if (def->flags & KS_CONFIG_RANGE)
        fprintf(out, "; %.15g to %.15g", def->min, def->max);
}

static void print_default(const struct ks_config_def *def, FILE *out)
{
    if (def->flags & KS_CONFIG_REQUIRED)
        fputs("; required", out);
    else if (def->default_value && *def->default_value)
        fprintf(out, "; default %s", def->default_value);
}

static void print_option(const struct ks_config_def *def, FILE *out)
{
    char *facts = NULL;
    size_t len;
    FILE *text = open_memstream(&facts, &len);
    if (!text)
        return;
    fprintf(text, "(%s", config_type_name(def->type));
    print_values(def, text);
    print_default(def, text);
    fprintf(text, "; importance %s)", config_importance_name(def->importance));
    fclose(text);
    fprintf(out, "       %s%s\n", def->name, def->flags & KS_CONFIG_PREFIX ? "*" : "");
    config_print_text(facts, INDENT, out);
    config_print_text(def->doc, INDENT, out);
    fputc('\n', out);
    free(facts);
}

void config_def_print(const struct ks_config_def *table, FILE *out)
{
    for (const struct ks_config_def *first = table; first->name; first++) {
        if (!is_first_of_group(table, first))
            continue;
        if (first->group)
            fprintf(out, "   %s\n", first->group);
        for (const struct ks_config_def *def = first; def->name; def++)
            if (same_group(def, first))
                print_option(def, out);
    }
}

/* A cell of a Markdown table: no bars, no line ends, nothing that reads as HTML or emphasis. */
static void print_cell(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '*')
            fprintf(out, "\\%c", *text);
        else if (*text == '<')
            fputs("&lt;", out);
        else
            fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void print_row(const struct ks_config_def *def, FILE *out)
{
    fprintf(out, "| `%s%s` | %s", def->name, def->flags & KS_CONFIG_PREFIX ? "*" : "",
            config_type_name(def->type));
    print_values(def, out);
    fputs(" | ", out);
    if (def->flags & KS_CONFIG_REQUIRED)
        fputs("**required**", out);
    else if (def->default_value && *def->default_value)
        fprintf(out, "`%s`", def->default_value);
    fputs(" | ", out);
    print_cell(def->doc, out);
    fputs(" |\n", out);
}

void config_def_print_markdown(const struct ks_config_def *table, FILE *out)
{
    for (const struct ks_config_def *first = table; first->name; first++) {
        if (!is_first_of_group(table, first))
            continue;
        fprintf(out, "\n### %s\n\n| option | type | default | meaning |\n|---|---|---|---|\n",
                first->group ? first->group : "Options");
        for (const struct ks_config_def *def = first; def->name; def++)
            if (same_group(def, first))
                print_row(def, out);
    }
}
