/* Types and ranges of option values. In: a value as the user wrote it; out: fits, or why not. Next:
 * config_def, which names option and value around the reason. */
#include "config_value.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "config_def.h"
#include "kitestream/sdk/util.h"

static bool only_blanks(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static bool parse_long(const char *value, int64_t *ret)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (end == value || errno || !only_blanks(end))
        return false;
    *ret = number;
    return true;
}

static bool parse_double(const char *value, double *ret)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || !only_blanks(end) || !isfinite(number))
        return false;
    *ret = number;
    return true;
}

static void add_number(struct ks_buf *out, double number)
{
    if (number == floor(number) && fabs(number) < 1e15)
        ks_buf_printf(out, "%lld", (long long)number);
    else
        ks_buf_printf(out, "%g", number);
}

static bool in_range(const struct ks_config_def *def, double number, struct ks_buf *why)
{
    if (!(def->flags & KS_CONFIG_RANGE))
        return true;
    if (number < def->min) {
        ks_buf_add_str(why, "Value must be at least ");
        add_number(why, def->min);
        return false;
    }
    if (number > def->max) {
        ks_buf_add_str(why, "Value must be no more than ");
        add_number(why, def->max);
        return false;
    }
    return true;
}

static bool number_fits(const struct ks_config_def *def, const char *value, struct ks_buf *why)
{
    int64_t whole = 0;
    double number = 0;
    bool is_number;
    if (def->type == KS_CONFIG_DOUBLE) {
        is_number = parse_double(value, &number);
    } else {
        is_number = parse_long(value, &whole);
        if (def->type == KS_CONFIG_INT && (whole < INT32_MIN || whole > INT32_MAX))
            is_number = false;
        number = (double)whole;
    }
    if (!is_number) {
        const char *type = def->type == KS_CONFIG_INT    ? "INT"
                           : def->type == KS_CONFIG_LONG ? "LONG"
                                                         : "DOUBLE";
        ks_buf_printf(why, "Not a number of type %s", type);
        return false;
    }
    return in_range(def, number, why);
}

static bool boolean_fits(const char *value, struct ks_buf *why)
{
    value += strspn(value, " \t\r\n");
    size_t len = strcspn(value, " \t\r\n");
    if (only_blanks(value + len) && ((len == 4 && strncasecmp(value, "true", 4) == 0) ||
                                     (len == 5 && strncasecmp(value, "false", 5) == 0)))
        return true;
    ks_buf_add_str(why, "Expected value to be either true or false");
    return false;
}

bool config_value_is(const char *valid, const char *text)
{
    const char *simple = strrchr(valid, '.');
    size_t len = strlen(text);
    if (strcmp(text, valid) == 0)
        return true;
    return simple && len > 0 && strncmp(text, simple + 1, len) == 0 &&
           (simple[1 + len] == '\0' || strcmp(simple + 1 + len, "Converter") == 0);
}

static bool is_one_of(const struct ks_config_def *def, const char *text, struct ks_buf *why)
{
    if (!def->valid_values)
        return true;
    for (const char *const *valid = def->valid_values; *valid; valid++)
        if (config_value_is(*valid, text))
            return true;
    ks_buf_add_str(why, "String must be one of: ");
    for (const char *const *valid = def->valid_values; *valid; valid++)
        ks_buf_printf(why, "%s%s", valid == def->valid_values ? "" : ", ", *valid);
    return false;
}

static bool is_regex(const struct ks_config_def *def, const char *text, struct ks_buf *why)
{
    if (!(def->flags & KS_CONFIG_REGEX))
        return true;
    regex_t regex;
    int code = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);
    if (code == 0) {
        regfree(&regex);
        return true;
    }
    char reason[200];
    regerror(code, &regex, reason, sizeof reason);
    ks_buf_printf(why, "Invalid regex: %s", reason);
    return false;
}

static bool string_fits(const struct ks_config_def *def, const char *value, struct ks_buf *why)
{
    if ((def->flags & KS_CONFIG_NON_EMPTY) && only_blanks(value)) {
        ks_buf_add_str(why, "String must be non-empty");
        return false;
    }
    return is_one_of(def, value, why) && is_regex(def, value, why);
}

static bool list_fits(const struct ks_config_def *def, const char *value, struct ks_buf *why)
{
    struct ks_config_entry entry = {.key = def->name, .value = value};
    struct ks_config config = {.entries = &entry, .count = 1};
    char **elements;
    size_t count = ks_config_list(&config, def->name, &elements);
    bool fits = true;
    if (count == 0 && (def->flags & KS_CONFIG_NON_EMPTY)) {
        ks_buf_add_str(why, "List must be non-empty");
        fits = false;
    }
    for (size_t i = 0; i < count && fits; i++)
        fits = is_one_of(def, elements[i], why) && is_regex(def, elements[i], why);
    free(elements);
    return fits;
}

bool config_value_fits(const struct ks_config_def *def, const char *value, struct ks_buf *why)
{
    switch (def->type) {
    case KS_CONFIG_BOOLEAN:
        return boolean_fits(value, why);
    case KS_CONFIG_INT:
    case KS_CONFIG_LONG:
    case KS_CONFIG_DOUBLE:
        return number_fits(def, value, why);
    case KS_CONFIG_LIST:
        return list_fits(def, value, why);
    case KS_CONFIG_STRING:
    case KS_CONFIG_PASSWORD:
        return string_fits(def, value, why);
    }
    return true;
}
