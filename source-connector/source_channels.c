/* The pchannels that are read. In: names and starting points from the metadata; out: channels of
 * the consumer and the sequencer with equal indexes. Also what holds them up: memory, silence. */
#include "source_state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"

enum { SILENCE_MS = 10000, REPEAT_MS = 1000 };

#define DML_MARK "-rootcoord-dml_"
#define REPLICATE_SUFFIX "-replicate-msg"

/* replicate-msg shares the pchannels' prefix unless an option names it. */
static char *replicate_name(const struct source_state *s, const char *pchannel)
{
    const char *mark = strstr(pchannel, DML_MARK);
    if (s->options.replicate_channel)
        return xstrdup(s->options.replicate_channel);
    return mark ? xasprintf("%.*s" REPLICATE_SUFFIX, (int)(mark - pchannel), pchannel) : NULL;
}

static void note_start(struct mq_start *start, const char *channel,
                       const struct meta_channel_use *uses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(uses[i].pchannel, channel) != 0)
            continue;
        if (uses[i].start_offset < 0)
            start->kind = MQ_START_EARLIEST;
        else if (uses[i].start_offset < start->value)
            start->value = uses[i].start_offset;
    }
}

/* After a compaction several collections, some of them gone, may have begun on one channel that was
 * never read: the first one decides, whichever is asked for first. */
static struct mq_start first_of_all(struct source_state *s, const char *channel,
                                    struct mq_start start)
{
    const struct meta_channel_use *uses;
    size_t count = meta_model_channels(meta_reader_model(s->meta), &uses);
    if (start.kind != MQ_START_OFFSET)
        return start;
    note_start(&start, channel, uses, count);
    for (const struct pending_ddl *p = s->incoming; p; p = p->next)
        note_start(&start, channel, p->uses, p->use_count);
    return start;
}

static enum ks_status open_new(struct source_state *s, const char *channel, struct mq_start start,
                               int *ret, struct ks_error *err)
{
    struct channel_offset saved = {0};
    bool found = false;
    int64_t next, end;
    enum ks_status status =
        channel_offset_read(s->host, s->options.cluster, channel, &saved, &found, err);
    if (status)
        return status;
    start =
        found ? (struct mq_start){MQ_START_OFFSET, saved.offset} : first_of_all(s, channel, start);
    status = mq_consumer_add(s->mq, channel, start, ret, &next, &end, err);
    if (status)
        return status;
    sequencer_add_channel(s->sequencer, channel, next, saved.tick);
    s->channels = xgrow(s->channels, s->channel_count, &s->channel_cap, sizeof(*s->channels));
    s->channels[s->channel_count++] = (struct source_channel){
        .end_at_start = end, .next = next, .heard_mono_ms = clock_mono_ms()};
    ks_log(s->host, KS_LOG_INFO, "reading %s from offset %" PRId64 " (%s)", channel, next,
           found ? "committed" : "new");
    return KS_OK;
}

static enum ks_status open_replicate(struct source_state *s, const char *pchannel,
                                     struct mq_start start, struct ks_error *err)
{
    char *name = replicate_name(s, pchannel);
    enum ks_status status = KS_OK;
    if (start.kind == MQ_START_OFFSET)
        start.kind = MQ_START_EARLIEST;
    if (name)
        status = open_new(s, name, start, &s->replicate_channel, err);
    free(name);
    return status;
}

enum ks_status source_channels_open(struct source_state *s, const char *channel,
                                    struct mq_start start, int *ret, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    *ret = sequencer_find_channel(s->sequencer, channel);
    if (*ret < 0)
        status = open_new(s, channel, start, ret, err);
    if (!status && s->replicate_channel < 0)
        status = open_replicate(s, channel, start, err);
    return status;
}

enum ks_status source_channels_mind_the_gate(struct source_state *s, struct ks_error *err)
{
    bool over = sequencer_held_bytes(s->sequencer) > s->options.gate_max_bytes / 2;
    int slowest = sequencer_slowest_channel(s->sequencer);
    for (int i = 0; i < (int)s->channel_count; i++) {
        bool pause = over && slowest >= 0 && i != slowest;
        if (pause != s->channels[i].paused)
            mq_consumer_pause(s->mq, i, pause);
        s->channels[i].paused = pause;
    }
    if (slowest >= 0 &&
        sequencer_channel_held_bytes(s->sequencer, slowest) > s->options.gate_max_bytes)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s holds more than gate.max.bytes = %zu between two ticks: raise "
                            "gate.max.bytes",
                            sequencer_channel_name(s->sequencer, slowest),
                            s->options.gate_max_bytes);
    return KS_OK;
}

bool source_channels_caught_up(const struct source_state *s)
{
    for (int i = 0; i < (int)s->channel_count; i++)
        if (sequencer_channel_used(s->sequencer, i) &&
            s->channels[i].next < s->channels[i].end_at_start)
            return false;
    return true;
}

/* The sentence, or NULL. Owns: free. */
static char *trouble_text(const struct source_state *s)
{
    const char *trouble = mq_consumer_trouble(s->mq);
    int slowest = sequencer_slowest_channel(s->sequencer);
    int64_t now = clock_mono_ms();
    if (trouble)
        return xstrdup(trouble);
    if (s->barrier_revision > 0 && now - s->barrier_mono_ms > SILENCE_MS &&
        meta_reader_silent_ms(s->meta) > SILENCE_MS)
        return xasprintf("etcd: it is at revision %" PRId64
                         ", but its watch has delivered only %" PRId64
                         " for more than 10 s. Nothing is released until it goes on",
                         s->barrier_revision, meta_reader_delivered(s->meta));
    if (slowest >= 0 && now - s->channels[slowest].heard_mono_ms > SILENCE_MS)
        return xasprintf("the source's time ticks: %s has had none for more than 10 s. Is the "
                         "source's root coordinator running?",
                         sequencer_channel_name(s->sequencer, slowest));
    if (s->without_rows.len > 0)
        return xasprintf("nothing, but rows from before the start are not in the stream "
                         "(snapshot.mode=no_data): %.*s",
                         (int)s->without_rows.len, (const char *)s->without_rows.data);
    return NULL;
}

void source_channels_report(struct source_state *s)
{
    char *text = trouble_text(s);
    bool same = text && s->waiting_for ? strcmp(text, s->waiting_for) == 0 : text == s->waiting_for;
    /* The host may have shown something of its own meanwhile, and have taken it away. */
    if (same && (!text || clock_mono_ms() < s->repeat_mono_ms)) {
        free(text);
        return;
    }
    s->repeat_mono_ms = clock_mono_ms() + REPEAT_MS;
    s->host->status(s->host->task, text);
    free(s->waiting_for);
    s->waiting_for = text;
}

void source_channels_forget_report(struct source_state *s)
{
    free(s->waiting_for);
    s->waiting_for = NULL;
}
