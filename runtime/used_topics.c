/* Topics of records in; each new one, once, out. All are told again after somebody has made the
 * status topic forget them. Next: status_store, through the context. */
#include "used_topics.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

void used_topics_release(struct used_topics *u)
{
    size_t pos = 0;
    const char *name;
    void *copy;
    while (strmap_next(&u->names, &pos, &name, &copy))
        free(copy);
    strmap_release(&u->names);
    u->last = NULL;
}

static void remember(struct used_topics *u, struct task_context *ctx, const char *topic)
{
    char *known = strmap_get(&u->names, topic);
    if (!known) {
        known = xstrdup(topic);
        strmap_put(&u->names, topic, known);
        ctx->on_topic(ctx, topic);
    }
    u->last = known;
}

void used_topics_note(struct used_topics *u, struct task_context *ctx, const char *topic)
{
    if (!ctx->topics_epoch)
        return;
    unsigned epoch = atomic_load_explicit(ctx->topics_epoch, memory_order_relaxed);
    if (epoch != u->epoch) {
        used_topics_release(u);
        u->epoch = epoch;
    }
    if (!u->last || strcmp(u->last, topic) != 0)
        remember(u, ctx, topic);
}
