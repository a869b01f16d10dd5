/* In: what a loop says about its work; out: a sentence for the status. Next: task_threads, which
 * shows it. The sentence stays the same as long as the stall lasts: a status is a record in Kafka,
 * and is not written each second. */
#include "task_stall.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"

static void set_text(char **text, char *take_value)
{
    free(*text);
    *text = take_value;
}

void task_stall_release(struct task_stall *s)
{
    set_text(&s->at, NULL);
    set_text(&s->text, NULL);
}

void task_stall_note(struct task_stall *s, int64_t since_ms, const char *at)
{
    s->since_ms = since_ms;
    set_text(&s->at, since_ms && at ? xstrdup(at) : NULL);
}

static char *make_text(const struct task_stall *s)
{
    char when[32];
    struct tm utc;
    time_t since = (time_t)((clock_wall_ms() - (clock_mono_ms() - s->since_ms)) / 1000);
    gmtime_r(&since, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return xasprintf("progress: there is work, but nothing has moved since %s; %s", when,
                     s->at ? s->at : "its position is not known");
}

bool task_stall_watch(struct task_stall *s, bool is_running, int64_t stall_ms)
{
    bool was = s->text != NULL;
    bool is =
        stall_ms > 0 && is_running && s->since_ms > 0 && clock_mono_ms() - s->since_ms >= stall_ms;
    if (is != was)
        set_text(&s->text, is ? make_text(s) : NULL);
    return is != was;
}
