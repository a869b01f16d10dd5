#include "seq_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

void seq_set_release(struct seq_set *s)
{
    free(s->ranges);
    *s = (struct seq_set){0};
}

bool seq_set_has(const struct seq_set *s, int64_t seq)
{
    if (seq <= s->up_to)
        return true;
    for (size_t i = 0; i < s->count; i++)
        if (seq >= s->ranges[i].first && seq <= s->ranges[i].last)
            return true;
    return false;
}

int64_t seq_set_max(const struct seq_set *s)
{
    return s->count ? s->ranges[s->count - 1].last : s->up_to;
}

static void remove_range(struct seq_set *s, size_t i)
{
    memmove(s->ranges + i, s->ranges + i + 1, (s->count - i - 1) * sizeof(*s->ranges));
    s->count--;
}

static void insert_range(struct seq_set *s, size_t i, int64_t first, int64_t last)
{
    s->ranges = xgrow(s->ranges, s->count, &s->cap, sizeof(*s->ranges));
    memmove(s->ranges + i + 1, s->ranges + i, (s->count - i) * sizeof(*s->ranges));
    s->ranges[i] = (struct seq_range){first, last};
    s->count++;
}

void seq_set_add(struct seq_set *s, int64_t seq)
{
    size_t i = 0;
    if (seq_set_has(s, seq))
        return;
    while (i < s->count && s->ranges[i].last + 1 < seq)
        i++;
    if (i < s->count && s->ranges[i].last + 1 == seq)
        s->ranges[i].last = seq;
    else if (i < s->count && s->ranges[i].first == seq + 1)
        s->ranges[i].first = seq;
    else
        insert_range(s, i, seq, seq);
    if (i + 1 < s->count && s->ranges[i].last + 1 == s->ranges[i + 1].first) {
        s->ranges[i].last = s->ranges[i + 1].last;
        remove_range(s, i + 1);
    }
    if (s->ranges[0].first == s->up_to + 1) {
        s->up_to = s->ranges[0].last;
        remove_range(s, 0);
    }
}

void seq_set_remove(struct seq_set *s, int64_t seq)
{
    size_t i = 0;
    if (!seq_set_has(s, seq))
        return;
    if (seq <= s->up_to) {
        if (seq < s->up_to)
            insert_range(s, 0, seq + 1, s->up_to);
        s->up_to = seq - 1;
        return;
    }
    while (s->ranges[i].last < seq)
        i++;
    struct seq_range r = s->ranges[i];
    remove_range(s, i);
    if (seq < r.last)
        insert_range(s, i, seq + 1, r.last);
    if (seq > r.first)
        insert_range(s, i, r.first, seq - 1);
}

void seq_set_print(const struct seq_set *s, struct ks_buf *out)
{
    ks_buf_printf(out, "%" PRId64, s->up_to);
    for (size_t i = 0; i < s->count; i++) {
        ks_buf_printf(out, ",%" PRId64, s->ranges[i].first);
        if (s->ranges[i].last > s->ranges[i].first)
            ks_buf_printf(out, "-%" PRId64, s->ranges[i].last);
    }
}

static bool parse_number(const char **p, int64_t *ret)
{
    char *end;
    if (**p < '0' || **p > '9')
        return false;
    *ret = strtoll(*p, &end, 10);
    *p = end;
    return *ret < INT64_MAX - 1;
}

bool seq_set_parse(struct seq_set *ret, const char *text)
{
    struct seq_set s = {0};
    bool ok = parse_number(&text, &s.up_to);
    int64_t last = s.up_to;
    while (ok && *text == ',') {
        struct seq_range range;
        text++;
        ok = parse_number(&text, &range.first);
        range.last = range.first;
        if (ok && *text == '-') {
            text++;
            ok = parse_number(&text, &range.last);
        }
        ok = ok && range.first > last + 1 && range.last >= range.first;
        last = range.last;
        if (ok) {
            s.ranges = xgrow(s.ranges, s.count, &s.cap, sizeof(*s.ranges));
            s.ranges[s.count++] = range;
        }
    }
    if (!ok || *text) {
        seq_set_release(&s);
        return false;
    }
    *ret = s;
    return true;
}
