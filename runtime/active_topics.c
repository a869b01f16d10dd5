/* The topics of connectors. In: keys of the status topic, and what tasks have just used; out: a
 * table for REST. Next: status_store, which writes the records. A topic's name has no ':', so the
 * first ":connector-" ends it, whatever the connector is called. */
#include "active_topics.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define PREFIX "status-topic-"
#define SEPARATOR ":connector-"

char *active_topics_key(const char *connector, const char *topic)
{
    return xasprintf(PREFIX "%s" SEPARATOR "%s", topic, connector);
}

char *active_topics_value(const char *connector, const char *topic, int task, int64_t wall_ms)
{
    json_t *json = json_pack("{s:{s:s, s:s, s:i, s:I}}", "topic", "name", topic, "connector",
                             connector, "task", task, "discoverTimestamp", (json_int_t)wall_ms);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

bool active_topics_owns(const char *key)
{
    return strncmp(key, PREFIX, strlen(PREFIX)) == 0 && strstr(key, SEPARATOR);
}

bool active_topics_set(struct active_topics *t, const char *key, bool active)
{
    if (active == (strmap_get(&t->keys, key) != NULL))
        return false;
    if (active)
        strmap_put(&t->keys, key, t);
    else
        strmap_remove(&t->keys, key);
    return true;
}

void active_topics_release(struct active_topics *t)
{
    strmap_release(&t->keys);
}

/* Length of the topic's name in the key, or 0 if it is another connector's. */
static size_t topic_len(const char *key, const char *connector)
{
    const char *topic = key + strlen(PREFIX), *end = strstr(topic, SEPARATOR);
    return strcmp(end + strlen(SEPARATOR), connector) == 0 ? (size_t)(end - topic) : 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t active_topics_of(const struct active_topics *t, const char *connector, char ***ret)
{
    size_t count = 0, bytes = 0, pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&t->keys, &pos, &key, &value)) {
        size_t len = topic_len(key, connector);
        count += len > 0;
        bytes += len + 1;
    }
    char **names = xmalloc((count + 1) * sizeof *names + bytes);
    char *text = (char *)(names + count + 1);
    count = 0;
    for (pos = 0; strmap_next(&t->keys, &pos, &key, &value);) {
        size_t len = topic_len(key, connector);
        if (len == 0)
            continue;
        memcpy(text, key + strlen(PREFIX), len);
        text[len] = '\0';
        names[count++] = text;
        text += len + 1;
    }
    qsort(names, count, sizeof *names, by_name);
    *ret = names;
    return count;
}
