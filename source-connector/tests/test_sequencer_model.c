/* A model of Milvus against the sequencer: random histories of collections, partitions and rows
 * over several pchannels, read in random interleavings, committed and killed at random. Whatever
 * happens, the committed output is the history sorted by tick, nothing missing, nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sequencer.h"
#include "alloc.h"

enum { CHANNELS = 4, COLLECTIONS = 40, WINDOWS = 60, MAX_EVENTS = 20000 };

static uint64_t random_state;

static unsigned pick(unsigned n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % n;
}

struct model_record {
    enum mq_kind kind;
    uint64_t tick;
    int64_t collection_id, partition_id, msg_id;
};
struct model_ddl {
    enum ddl_kind kind;
    uint64_t tick;
    int64_t collection_id, partition_id;
};
struct model_collection {
    int64_t id, partition_id; /* partition_id 0: only the default one */
    int channels[2], channel_count;
    uint64_t create_tick;
    bool live;
};

/* The history: one log per pchannel, one list of DDL (index = revision - 1). */
struct model {
    struct model_record *logs[CHANNELS];
    size_t log_count[CHANNELS];
    struct model_ddl *ddl;
    size_t ddl_count;
    struct model_collection collections[COLLECTIONS];
    size_t collection_count;
    uint64_t now;
    int64_t msg_id;
    size_t rows;
};

static void log_add(struct model *m, int channel, struct model_record rec)
{
    m->logs[channel][m->log_count[channel]++] = rec;
}

static void ddl_add(struct model *m, enum ddl_kind kind, const struct model_collection *c)
{
    m->ddl[m->ddl_count++] = (struct model_ddl){kind, ++m->now, c->id, c->partition_id};
}

static void model_create(struct model *m)
{
    if (m->collection_count == COLLECTIONS)
        return;
    struct model_collection *c = &m->collections[m->collection_count];
    c->id = 100 + (int64_t)m->collection_count++;
    c->channel_count = 1 + (int)pick(2);
    c->channels[0] = (int)pick(CHANNELS);
    c->channels[1] = (c->channels[0] + 1 + (int)pick(CHANNELS - 1)) % CHANNELS;
    ddl_add(m, DDL_CREATE_COLLECTION, c);
    c->create_tick = m->now;
    c->live = true;
}

static void model_write(struct model *m, struct model_collection *c)
{
    bool upsert = pick(3) == 0, twice = pick(8) == 0;
    uint64_t tick = ++m->now;
    for (int i = 0; i < c->channel_count; i++) {
        struct model_record rec = {pick(4) ? MQ_INSERT : MQ_DELETE, tick, c->id, c->partition_id,
                                   ++m->msg_id};
        if (upsert)
            rec.kind = MQ_INSERT;
        log_add(m, c->channels[i], rec);
        if (twice) /* a producer's retry */
            log_add(m, c->channels[i], rec);
        m->rows++;
        if (upsert) {
            rec.kind = MQ_DELETE;
            rec.msg_id = ++m->msg_id;
            log_add(m, c->channels[i], rec);
            m->rows++;
        }
    }
}

static void model_step(struct model *m, bool *ticking)
{
    if (m->collection_count == 0 || pick(12) == 0) {
        model_create(m);
        return;
    }
    struct model_collection *c = &m->collections[pick((unsigned)m->collection_count)];
    if (!c->live)
        return;
    unsigned what = pick(30);
    if (what == 0) {
        c->live = false;
        c->partition_id = 0;
        ddl_add(m, DDL_DROP_COLLECTION, c);
        for (int i = 0; i < c->channel_count; i++)
            ticking[c->channels[i]] = true; /* a tick >= the drop follows */
    } else if (what == 1 && c->partition_id == 0) {
        c->partition_id = c->id * 10;
        ddl_add(m, DDL_CREATE_PARTITION, c);
    } else {
        model_write(m, c);
    }
}

/* Rows between two ticks arrive in no order. */
static void shuffle(struct model_record *recs, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = pick((unsigned)i);
        struct model_record t = recs[i - 1];
        recs[i - 1] = recs[j];
        recs[j] = t;
    }
}

static struct model *model_new(void)
{
    struct model *m = xcalloc(1, sizeof(*m));
    m->now = 1000;
    m->ddl = xcalloc(MAX_EVENTS, sizeof(*m->ddl));
    for (int c = 0; c < CHANNELS; c++)
        m->logs[c] = xcalloc(MAX_EVENTS, sizeof(*m->logs[c]));
    for (int w = 0; w < WINDOWS; w++) {
        size_t begin[CHANNELS];
        bool ticking[CHANNELS] = {false};
        memcpy(begin, m->log_count, sizeof(begin));
        for (unsigned steps = pick(30); steps > 0; steps--)
            model_step(m, ticking);
        uint64_t tick = ++m->now;
        for (size_t i = 0; i < m->collection_count; i++)
            for (int k = 0; k < m->collections[i].channel_count; k++)
                ticking[m->collections[i].channels[k]] |= m->collections[i].live;
        for (int c = 0; c < CHANNELS; c++) {
            shuffle(m->logs[c] + begin[c], m->log_count[c] - begin[c]);
            if (ticking[c])
                log_add(m, c, (struct model_record){.kind = MQ_TICK, .tick = tick});
        }
    }
    return m;
}

static void model_free(struct model *m)
{
    for (int c = 0; c < CHANNELS; c++)
        free(m->logs[c]);
    free(m->ddl);
    free(m);
}

/* ---- the reader under test ---- */

struct output {
    bool is_ddl;
    uint64_t tick;
    int64_t collection_id, partition_id, msg_id, revision;
};
struct committed {
    struct output *out;
    size_t count;
    uint64_t released;
    int64_t positions[CHANNELS];
    int64_t revision;
};
struct reader {
    const struct model *model;
    struct sequencer *seq;
    struct catalogue *emitted;
    struct output *out; /* committed, then open */
    size_t out_count;
    int64_t delivered; /* revision */
    int64_t at[CHANNELS];
    struct committed committed;
};

static enum row_fate fate(void *arg, int64_t id, uint64_t tick)
{
    return ROW_UNKNOWN;
}

static struct pending_ddl *make_ddl(const struct model_ddl *md, int64_t revision)
{
    struct pending_ddl *p = xcalloc(1, sizeof(*p));
    struct ddl *d = ks_arena_zalloc(&p->arena, sizeof(*d));
    d->kind = md->kind;
    d->revision = p->revision = revision;
    p->own_tick = md->tick;
    d->db = "default";
    d->db_id = 1;
    d->collection_id = md->collection_id;
    d->collection = ks_arena_printf(&p->arena, "c%d", (int)md->collection_id);
    if (md->kind == DDL_CREATE_COLLECTION) {
        struct ddl_schema *schema = ks_arena_zalloc(&p->arena, sizeof(*schema));
        schema->name = d->collection;
        schema->description = "";
        d->schema = schema;
    }
    if (md->kind == DDL_CREATE_PARTITION) {
        d->partition_id = md->partition_id;
        d->partition = "p";
    }
    p->ddl = d;
    return p;
}

static const struct model_collection *collection_of(const struct model *m, int64_t id)
{
    return &m->collections[id - 100];
}

static void use_channels(struct reader *r, int64_t collection_id, uint64_t create_tick)
{
    const struct model_collection *c = collection_of(r->model, collection_id);
    for (int i = 0; i < c->channel_count; i++)
        sequencer_use(r->seq, c->channels[i], collection_id, create_tick);
}

static void deliver(struct reader *r, int64_t revision)
{
    while (r->delivered < revision) {
        const struct model_ddl *d = &r->model->ddl[r->delivered++];
        if (d->kind == DDL_CREATE_COLLECTION)
            use_channels(r, d->collection_id, d->tick);
        sequencer_add_ddl(r->seq, make_ddl(d, r->delivered));
    }
    sequencer_delivered(r->seq, r->delivered);
}

/* A fresh process: all it knows is what was committed. */
static void reader_start(struct reader *r)
{
    struct committed *c = &r->committed;
    r->emitted = catalogue_new();
    for (size_t i = 0; i < c->count; i++)
        if (c->out[i].is_ddl) {
            struct pending_ddl *p =
                make_ddl(&r->model->ddl[c->out[i].revision - 1], c->out[i].revision);
            p->ddl->seq = (int64_t)i + 1;
            catalogue_apply(r->emitted, p->ddl);
            pending_ddl_free(p);
        }
    r->seq = sequencer_new(
        &(struct sequencer_options){.emitted = r->emitted, .fate = fate, .released = c->released});
    for (int i = 0; i < CHANNELS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "dml_%d", i);
        sequencer_add_channel(r->seq, name, c->positions[i], c->released);
        r->at[i] = c->positions[i];
    }
    r->delivered = c->revision;
    for (int64_t i = 0; i < c->revision; i++) { /* the listing at the saved revision */
        const struct model_ddl *d = &r->model->ddl[i];
        if (d->kind == DDL_CREATE_COLLECTION && catalogue_by_id(r->emitted, d->collection_id))
            use_channels(r, d->collection_id, d->tick);
    }
    r->out_count = c->count;
    memcpy(r->out, c->out, c->count * sizeof(*c->out));
}

static void reader_stop(struct reader *r)
{
    sequencer_free(r->seq);
    catalogue_free(r->emitted);
}

static void commit(struct reader *r)
{
    struct committed *c = &r->committed;
    c->count = r->out_count;
    memcpy(c->out, r->out, r->out_count * sizeof(*c->out));
    c->released = sequencer_released(r->seq);
    c->revision = sequencer_saved_revision(r->seq);
    for (int i = 0; i < CHANNELS; i++)
        c->positions[i] = sequencer_position(r->seq, i);
}

static void read_one(struct reader *r, int channel)
{
    struct ks_error err;
    if ((size_t)r->at[channel] >= r->model->log_count[channel])
        return;
    const struct model_record *mr = &r->model->logs[channel][r->at[channel]];
    struct mq_record *rec = xcalloc(1, sizeof(*rec));
    *rec = (struct mq_record){
        .kind = mr->kind,
        .channel = channel,
        .offset = r->at[channel]++,
        .msg_id = mr->msg_id,
        .begin_tick = mr->tick,
        .end_tick = mr->tick,
        .collection_id = mr->collection_id,
        .partition_id = mr->partition_id,
        .row_count = 1,
    };
    if (sequencer_add_record(r->seq, rec, &err))
        fail_msg("%s", err.message);
}

static void emit(struct reader *r, const struct sequencer_item *item)
{
    if (item->kind == SEQUENCER_DDL) {
        struct ddl *d = item->take_ddl->ddl;
        if (catalogue_changes(r->emitted, d)) {
            d->seq = (int64_t)r->out_count + 1;
            assert_true(catalogue_apply(r->emitted, d));
            r->out[r->out_count++] =
                (struct output){true, d->tick, d->collection_id, d->partition_id, 0, d->revision};
        }
        pending_ddl_free(item->take_ddl);
        return;
    }
    for (size_t i = 0; i < item->record_count; i++) {
        const struct mq_record *rec = item->records[i];
        r->out[r->out_count++] = (struct output){
            false, rec->end_tick, rec->collection_id, rec->partition_id, rec->msg_id, 0};
    }
}

/* What a linearizable read says at the least: no tick that was read overtakes a DDL. */
static int64_t revision_now(const struct reader *r)
{
    uint64_t seen = 0;
    int64_t revision = 0;
    for (int c = 0; c < CHANNELS; c++)
        if (sequencer_channel_tick(r->seq, c) > seen)
            seen = sequencer_channel_tick(r->seq, c);
    while ((size_t)revision < r->model->ddl_count && r->model->ddl[revision].tick <= seen)
        revision++;
    return revision;
}

static void release(struct reader *r)
{
    struct ks_error err;
    struct sequencer_item item;
    bool more;
    int64_t ahead = revision_now(r) + (int64_t)pick(3), last = (int64_t)r->model->ddl_count;
    deliver(r, ahead < last ? ahead : last);
    uint64_t w =
        sequencer_candidate(r->seq, r->delivered ? r->model->ddl[r->delivered - 1].tick : 0);
    sequencer_release(r->seq, w);
    for (;;) {
        if (sequencer_next(r->seq, &item, &more, &err))
            fail_msg("%s", err.message);
        if (!more)
            break;
        emit(r, &item);
    }
}

static int compare_output(const void *a, const void *b)
{
    const struct output *x = a, *y = b;
    return x->tick < y->tick ? -1 : x->tick > y->tick;
}

/* Every change once, ordered by tick; a collection's rows between its create and its drop. */
static void check(const struct reader *r)
{
    const struct committed *c = &r->committed;
    size_t ddl = 0, rows = 0;
    struct output *sorted = xmalloc(c->count * sizeof(*sorted) + 1);
    memcpy(sorted, c->out, c->count * sizeof(*sorted));
    qsort(sorted, c->count, sizeof(*sorted), compare_output);
    char *seen = xcalloc((size_t)r->model->msg_id + 1, 1);
    for (size_t i = 0; i < c->count; i++) {
        assert_int_equal(sorted[i].tick, c->out[i].tick);
        if (c->out[i].is_ddl) {
            assert_int_equal(c->out[i].revision, ++ddl);
            assert_int_equal(c->out[i].tick, r->model->ddl[ddl - 1].tick);
        } else {
            rows++;
            assert_int_equal(seen[c->out[i].msg_id]++, 0);
            assert_true(c->out[i].tick >
                        collection_of(r->model, c->out[i].collection_id)->create_tick);
        }
    }
    assert_int_equal(ddl, r->model->ddl_count);
    assert_int_equal(rows, r->model->rows);
    free(seen);
    free(sorted);
}

static void run(unsigned seed, unsigned kill_one_in)
{
    random_state = seed * 7919u + 1;
    struct reader r = {.model = model_new()};
    r.out = xcalloc(MAX_EVENTS, sizeof(*r.out));
    r.committed.out = xcalloc(MAX_EVENTS, sizeof(*r.out));
    reader_start(&r);
    for (int idle = 0; idle < 150;) {
        size_t before = r.committed.count;
        for (unsigned n = pick(80); n > 0; n--)
            read_one(&r, (int)pick(CHANNELS));
        if (kill_one_in && pick(kill_one_in) == 0) {
            reader_stop(&r);
            reader_start(&r);
        }
        release(&r);
        if (pick(3))
            commit(&r);
        idle = r.committed.count == before ? idle + 1 : 0;
    }
    commit(&r);
    check(&r);
    reader_stop(&r);
    free(r.out);
    free(r.committed.out);
    model_free((struct model *)r.model);
}

static void test_sequencer__random_histories_come_out_in_order(void **state)
{
    for (unsigned seed = 0; seed < 60; seed++)
        run(seed, 0);
}

static void test_sequencer__random_histories_survive_kills(void **state)
{
    for (unsigned seed = 100; seed < 160; seed++)
        run(seed, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequencer__random_histories_come_out_in_order),
        cmocka_unit_test(test_sequencer__random_histories_survive_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
