/* In: names as tasks give them; out: what they cover, and the source connector's expressions for
 * it. A name is split at its first dot: neither half can hold one. */
#include "cdc_names.h"

#include <string.h>

#include "alloc.h"

struct halves {
    const char *db, *collection;
    size_t db_len;
};

static struct halves split(const char *name)
{
    size_t len = strcspn(name, ".");
    return (struct halves){.db = name, .db_len = len, .collection = name + len + (name[len] != 0)};
}

static bool is_star(const char *text, size_t len)
{
    return len == 1 && *text == '*';
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

char *cdc_name(const char *db, const char *collection)
{
    return xasprintf("%s.%s", db, collection);
}

bool cdc_name_is_any(const char *name)
{
    struct halves n = split(name);
    return is_star(n.db, n.db_len) || is_star(n.collection, strlen(n.collection));
}

bool cdc_name_within(const char *pattern, const char *name)
{
    struct halves p = split(pattern), n = split(name);
    size_t p_len = strlen(p.collection), n_len = strlen(n.collection);
    return (is_star(p.db, p.db_len) || same(p.db, p.db_len, n.db, n.db_len)) &&
           (is_star(p.collection, p_len) || same(p.collection, p_len, n.collection, n_len));
}

bool cdc_names_overlap(const char *a, const char *b)
{
    struct halves x = split(a), y = split(b);
    size_t x_len = strlen(x.collection), y_len = strlen(y.collection);
    return (is_star(x.db, x.db_len) || is_star(y.db, y.db_len) ||
            same(x.db, x.db_len, y.db, y.db_len)) &&
           (is_star(x.collection, x_len) || is_star(y.collection, y_len) ||
            same(x.collection, x_len, y.collection, y_len));
}

static void add_half(struct ks_buf *list, const char *text, size_t len)
{
    if (is_star(text, len)) {
        ks_buf_add_str(list, ".*");
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (strchr("\\.[]()*+?{}|^$", text[i]))
            ks_buf_add_byte(list, '\\');
        ks_buf_add_byte(list, (uint8_t)text[i]);
    }
}

void cdc_name_add_regex(struct ks_buf *list, const char *name)
{
    struct halves n = split(name);
    if (list->len > 0)
        ks_buf_add_byte(list, ',');
    add_half(list, n.db, n.db_len);
    ks_buf_add_str(list, "\\.");
    add_half(list, n.collection, strlen(n.collection));
}

bool cdc_name_is_possible(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7F || strchr(",.:{}", *c))
            return false;
    return true;
}
