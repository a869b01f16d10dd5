/* A JAAS entry. In: the text of sasl.jaas.config; out: its module and options. Next: kafka_options.
 * Words are separated by blanks; values may be quoted with " or ', with backslash escapes. */
#include "jaas.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"

struct scanner {
    const char *text, *p;
};

static void skip_blanks(struct scanner *s)
{
    s->p += strspn(s->p, " \t\r\n");
}

static enum ks_status fail(const struct scanner *s, const char *expected, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_FATAL, "not a JAAS entry: expected %s at character %zu",
                        expected, (size_t)(s->p - s->text) + 1);
}

static char *unquoted(struct scanner *s)
{
    size_t len = strcspn(s->p, " \t\r\n=;\"'");
    if (len == 0)
        return NULL;
    char *word = xstrndup(s->p, len);
    s->p += len;
    return word;
}

/* NULL: the closing quote is missing. */
static char *quoted(struct scanner *s)
{
    char quote = *s->p;
    const char *p = s->p + 1;
    struct ks_buf word = {0};
    while (*p && *p != quote) {
        if (*p == '\\' && p[1])
            p++;
        ks_buf_add_byte(&word, (uint8_t)*p++);
    }
    if (*p == quote) {
        s->p = p + 1;
        return ks_buf_take_str(&word);
    }
    if (word.len > 0)
        OPENSSL_cleanse(word.data, word.len);
    ks_buf_release(&word);
    return NULL;
}

static enum ks_status parse_option(struct scanner *s, struct jaas *jaas, struct ks_error *err)
{
    if (jaas->option_count == JAAS_OPTIONS_MAX)
        return fail(s, "no more than 32 options", err);
    struct jaas_option *option = &jaas->options[jaas->option_count];
    option->name = unquoted(s);
    if (!option->name)
        return fail(s, "the name of an option or ';'", err);
    jaas->option_count++;
    skip_blanks(s);
    if (*s->p != '=')
        return fail(s, "'='", err);
    s->p++;
    skip_blanks(s);
    bool is_quoted = *s->p == '"' || *s->p == '\'';
    option->value = is_quoted ? quoted(s) : unquoted(s);
    if (!option->value)
        return fail(s, is_quoted ? "a closing quote for the value" : "a value", err);
    return KS_OK;
}

static enum ks_status parse_entry(struct scanner *s, struct jaas *jaas, struct ks_error *err)
{
    skip_blanks(s);
    char *class = unquoted(s);
    if (!class)
        return fail(s, "a login module", err);
    const char *dot = strrchr(class, '.');
    jaas->module = xstrdup(dot ? dot + 1 : class);
    free(class);
    skip_blanks(s);
    char *flag = unquoted(s);
    bool known = flag && (!strcmp(flag, "required") || !strcmp(flag, "requisite") ||
                          !strcmp(flag, "sufficient") || !strcmp(flag, "optional"));
    free(flag);
    if (!known)
        return fail(s, "\"required\" after the login module", err);
    for (skip_blanks(s); *s->p != ';'; skip_blanks(s)) {
        enum ks_status status = *s->p ? parse_option(s, jaas, err) : fail(s, "a ';'", err);
        if (status != KS_OK)
            return status;
    }
    s->p++;
    skip_blanks(s);
    return *s->p ? fail(s, "nothing after the ';' (one entry only)", err) : KS_OK;
}

enum ks_status jaas_parse(const char *text, struct jaas *ret, struct ks_error *err)
{
    struct scanner scanner = {.text = text, .p = text};
    struct jaas jaas = {0};
    enum ks_status status = parse_entry(&scanner, &jaas, err);
    if (status == KS_OK)
        *ret = jaas;
    else
        jaas_release(&jaas);
    return status;
}

const char *jaas_get(const struct jaas *jaas, const char *name)
{
    for (size_t i = 0; i < jaas->option_count; i++)
        if (strcmp(jaas->options[i].name, name) == 0)
            return jaas->options[i].value;
    return NULL;
}

void jaas_release(struct jaas *jaas)
{
    for (size_t i = 0; i < jaas->option_count; i++) {
        free(jaas->options[i].name);
        if (jaas->options[i].value)
            OPENSSL_cleanse(jaas->options[i].value, strlen(jaas->options[i].value));
        free(jaas->options[i].value);
    }
    free(jaas->module);
    *jaas = (struct jaas){0};
}
