/* etcd and the message queue as two lists that a test fills, behind the seams meta_reader.h and
 * mq_consumer.h. Included by the tests that run a source task: their definitions take the place of
 * the real ones at link time. What is "there" grows as the test lets it; nothing is ever lost. */
#ifndef SOURCE_TESTS_FAKE_READERS_H
#define SOURCE_TESTS_FAKE_READERS_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../meta_reader.h"
#include "../mq_consumer.h"
#include "alloc.h"
#include "helper_etcd.h"
#include "kitestream/sdk/util.h"

enum { FAKE_CHANNELS = 40, FAKE_RECORDS = 4096 };

struct fake_record {
    struct ks_slice value; /* borrowed */
    bool streaming;
};

struct fake_channel {
    char *name;
    struct fake_record records[FAKE_RECORDS]; /* index = offset */
    int64_t low, high;
};

static struct {
    /* etcd: the first `visible` events are there; the watch gives none while it is stuck. */
    struct etcd_recording etcd;
    size_t visible;
    int64_t compacted; /* listings of earlier revisions are refused */
    bool etcd_away, watch_stuck, watch_compacted;
    int64_t silent_ms;
    int away_after_barriers; /* > 0: etcd goes away when so many were answered */
    /* the queue */
    struct fake_channel *channels;
    size_t channel_count;
    const char *trouble;
    size_t polls;     /* of the queue */
    bool out_of_data; /* a poll that would have waited found nothing */
} fake;

static inline void fake_open(void)
{
    memset(&fake, 0, sizeof fake);
    fake.channels = xcalloc(FAKE_CHANNELS, sizeof(*fake.channels));
}

static inline void fake_close(void)
{
    for (size_t i = 0; i < fake.channel_count; i++)
        free(fake.channels[i].name);
    free(fake.channels);
}

static inline struct fake_channel *fake_channel(const char *name)
{
    for (size_t i = 0; i < fake.channel_count; i++)
        if (strcmp(fake.channels[i].name, name) == 0)
            return &fake.channels[i];
    struct fake_channel *c = &fake.channels[fake.channel_count++];
    c->name = xstrdup(name);
    return c;
}

/* Borrows the value. */
static inline int64_t fake_write(const char *channel, struct ks_slice value, bool streaming)
{
    struct fake_channel *c = fake_channel(channel);
    c->records[c->high] = (struct fake_record){value, streaming};
    return c->high++;
}

/* ---- meta_reader.h ---- */

struct meta_reader {
    struct meta_model *model;
    size_t at; /* next event */
    int64_t delivered;
};

static inline int64_t fake_revision(size_t count)
{
    return count > 0 ? fake.etcd.events[count - 1].kv.mod_revision : 1;
}

static inline enum ks_status fake_etcd_status(struct ks_error *err)
{
    return fake.etcd_away ? ks_error_set(err, KS_ERR_RETRIABLE, "etcd is away") : KS_OK;
}

enum ks_status meta_reader_open(const struct ks_config *config, struct meta_reader **ret,
                                struct ks_error *err)
{
    char *prefix = xasprintf("%s/meta/", ks_config_get(config, "milvus.etcd.root.path"));
    *ret = xcalloc(1, sizeof(**ret));
    (*ret)->model = meta_model_new(prefix);
    free(prefix);
    return KS_OK;
}

void meta_reader_close(struct meta_reader *r)
{
    if (!r)
        return;
    meta_model_free(r->model);
    free(r);
}

struct meta_model *meta_reader_model(struct meta_reader *r)
{
    return r->model;
}

enum ks_status meta_reader_list(struct meta_reader *r, int64_t revision, int64_t *ret_revision,
                                bool *ret_compacted, struct ks_error *err)
{
    size_t count = fake.visible;
    *ret_compacted = revision > 0 && revision < fake.compacted;
    if (*ret_compacted || fake.etcd_away)
        return fake_etcd_status(err);
    while (revision > 0 && count > 0 && fake_revision(count) > revision)
        count--;
    etcd_recording_list(&fake.etcd, count, r->model);
    r->at = count;
    r->delivered = *ret_revision = fake_revision(count);
    return KS_OK;
}

enum ks_status meta_reader_poll(struct meta_reader *r, int64_t timeout_ms,
                                struct pending_ddl **list, struct ks_error *err)
{
    enum ks_status status = fake_etcd_status(err);
    if (status || fake.watch_stuck || r->at == fake.visible)
        return status;
    size_t count = fake.visible - r->at;
    status = meta_model_events(r->model, fake.etcd.events + r->at, count, list, err);
    r->at = fake.visible;
    r->delivered = fake_revision(fake.visible);
    return status;
}

int64_t meta_reader_delivered(const struct meta_reader *r)
{
    return r->delivered;
}

enum ks_status meta_reader_barrier(struct meta_reader *r, int64_t *ret_revision,
                                   struct ks_error *err)
{
    *ret_revision = fake_revision(fake.visible);
    enum ks_status status = fake_etcd_status(err);
    if (fake.away_after_barriers > 0)
        fake.etcd_away = --fake.away_after_barriers == 0;
    return status;
}

bool meta_reader_compacted(const struct meta_reader *r)
{
    return fake.watch_compacted;
}

int64_t meta_reader_silent_ms(const struct meta_reader *r)
{
    return fake.silent_ms;
}

/* ---- mq_consumer.h ---- */

struct fake_reading {
    struct fake_channel *channel;
    int64_t next;
    bool paused;
};

struct mq_consumer {
    struct fake_reading readings[FAKE_CHANNELS];
    size_t count, turn;
    struct mq_record bad;
    bool has_bad;
};

enum ks_status mq_consumer_open(const struct ks_config *config, size_t buffer_bytes,
                                struct mq_consumer **ret, struct ks_error *err)
{
    *ret = xcalloc(1, sizeof(**ret));
    return KS_OK;
}

void mq_consumer_close(struct mq_consumer *c)
{
    free(c);
}

enum ks_status mq_consumer_add(struct mq_consumer *c, const char *channel, struct mq_start start,
                               int *ret_index, int64_t *ret_next, int64_t *ret_end,
                               struct ks_error *err)
{
    struct fake_channel *f = fake_channel(channel);
    int64_t next = start.kind == MQ_START_OFFSET ? start.value : f->low;
    if (next < f->low) /* beyond the end: not yet written by the test */
        return ks_error_set(err, KS_ERR_FATAL, "channel %s: offset %" PRId64 " is gone", channel,
                            next);
    c->readings[c->count] = (struct fake_reading){.channel = f, .next = next};
    *ret_index = (int)c->count++;
    *ret_next = next;
    *ret_end = f->high;
    return KS_OK;
}

void mq_consumer_pause(struct mq_consumer *c, int channel, bool pause)
{
    c->readings[channel].paused = pause;
}

static inline struct fake_reading *fake_ready(struct mq_consumer *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct fake_reading *r = &c->readings[(c->turn + i) % c->count];
        if (r->paused || r->next >= r->channel->high)
            continue;
        c->turn = (c->turn + i + 1) % c->count;
        return r;
    }
    return NULL;
}

enum ks_status mq_consumer_poll(struct mq_consumer *c, int timeout_ms, struct mq_record **ret,
                                struct ks_error *err)
{
    struct fake_reading *r = fake_ready(c);
    *ret = NULL;
    c->has_bad = false;
    fake.polls++;
    if (!r) {
        fake.out_of_data |= timeout_ms > 0;
        return KS_OK;
    }
    const struct fake_record *record = &r->channel->records[r->next];
    struct mq_record rec = {.channel = (int32_t)(r - c->readings), .offset = r->next++};
    enum ks_status status = mq_record_decode(record->value, record->streaming, &rec, err);
    if (status) {
        ks_error_prefix(err, "channel %s, offset %" PRId64, r->channel->name, rec.offset);
        c->bad = rec;
        c->has_bad = true;
        return status;
    }
    *ret = xmalloc(sizeof(**ret));
    **ret = rec;
    return KS_OK;
}

const struct mq_record *mq_consumer_bad(const struct mq_consumer *c)
{
    return c->has_bad ? &c->bad : NULL;
}

const char *mq_consumer_trouble(struct mq_consumer *c)
{
    return fake.trouble;
}

#endif
