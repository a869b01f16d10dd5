/* Media types. In: header values as clients sent them; out: does it fit JSON. Next: the router's
 * 415 and 406. */
#include "rest_media.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* The part before parameters, without blanks. */
static size_t type_len(const char *text, size_t len)
{
    size_t end = 0;
    while (end < len && text[end] != ';')
        end++;
    while (end > 0 && strchr(BLANKS, text[end - 1]))
        end--;
    return end;
}

static bool is_type(const char *text, size_t len, const char *type)
{
    return len == strlen(type) && strncasecmp(text, type, len) == 0;
}

bool rest_media_is_json(const char *content_type)
{
    content_type += strspn(content_type, BLANKS);
    return is_type(content_type, type_len(content_type, strlen(content_type)), "application/json");
}

/* q=0 is a refusal. */
static bool is_refused(const char *text, size_t len)
{
    for (size_t i = 0; i + 2 < len; i++) {
        if (text[i] != ';')
            continue;
        size_t at = i + 1 + strspn(text + i + 1, BLANKS);
        if (at + 1 < len && (text[at] == 'q' || text[at] == 'Q') && text[at + 1] == '=')
            return strtod(text + at + 2, NULL) <= 0;
    }
    return false;
}

static bool admits_json(const char *range, size_t len)
{
    size_t type = type_len(range, len);
    bool fits = is_type(range, type, "*/*") || is_type(range, type, "application/*") ||
                is_type(range, type, "application/json");
    return fits && !is_refused(range, len);
}

bool rest_media_accepts_json(const char *accept)
{
    if (!accept || accept[strspn(accept, BLANKS)] == '\0')
        return true;
    while (*accept) {
        accept += strspn(accept, BLANKS ",");
        size_t len = strcspn(accept, ",");
        if (admits_json(accept, len))
            return true;
        accept += len;
    }
    return false;
}
