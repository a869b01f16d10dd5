/* Edit distance over short names, for messages. In: a word and the valid names; out: one of them or
 * NULL. Optimal string alignment, three rows at a time. */
#include "nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define NAME_MAX_BYTES 64

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

static int folded(char c)
{
    return tolower((unsigned char)c);
}

size_t nearest_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > NAME_MAX_BYTES || b_len > NAME_MAX_BYTES)
        return SIZE_MAX;
    size_t rows[3][NAME_MAX_BYTES + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t cost = folded(a[i - 1]) != folded(b[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]) && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *reused = before;
        before = above;
        above = row;
        row = reused;
    }
    return above[b_len];
}

size_t nearest_limit(const char *word)
{
    return strlen(word) < 4 ? 1 : strlen(word) / 4 + 1;
}

const char *nearest_name(const char *word, const char *const *names)
{
    const char *best = NULL;
    size_t least = nearest_limit(word) + 1;
    for (; *names; names++) {
        size_t distance = nearest_distance(word, *names);
        if (distance < least) {
            least = distance;
            best = *names;
        }
    }
    return best;
}
