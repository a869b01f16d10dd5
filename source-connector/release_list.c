#include "release_list.h"

#include <stdlib.h>

#include "alloc.h"

void release_list_release(struct release_list *l)
{
    free(l->rows);
    free(l->ddl);
    free(l->rank);
    free(l->entries);
    *l = (struct release_list){0};
}

void release_list_add_record(struct release_list *l, struct mq_record *rec)
{
    l->rows = xgrow(l->rows, l->row_count, &l->row_cap, sizeof(*l->rows));
    rec->next = NULL;
    l->rows[l->row_count++] = rec;
}

void release_list_add_ddl(struct release_list *l, struct pending_ddl *ddl)
{
    l->ddl = xgrow(l->ddl, l->ddl_count, &l->ddl_cap, sizeof(*l->ddl));
    ddl->next = NULL;
    l->ddl[l->ddl_count++] = ddl;
}

void release_list_rank(struct release_list *l, int channel, int rank)
{
    l->rank = xgrow(l->rank, l->rank_count, &l->rank_cap, sizeof(*l->rank));
    l->rank[channel] = rank;
    l->rank_count++;
}

bool release_list_row_needs(const struct mq_record *rec, const struct ddl *ddl, bool has_collection,
                            bool has_partition)
{
    if (ddl->collection_id != rec->collection_id)
        return false;
    if (ddl->kind == DDL_CREATE_COLLECTION)
        return !has_collection;
    return ddl->kind == DDL_CREATE_PARTITION && !has_partition &&
           ddl->partition_id == rec->partition_id;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct release_list *l = arg;
    const struct mq_record *x = *(struct mq_record *const *)a, *y = *(struct mq_record *const *)b;
    int c = compare_u64(x->end_tick, y->end_tick);
    if (!c)
        c = l->rank[x->channel] - l->rank[y->channel];
    if (!c)
        c = compare_i64(x->collection_id, y->collection_id);
    if (!c)
        c = (x->kind == MQ_INSERT) - (y->kind == MQ_INSERT);
    return c ? c : compare_i64(x->offset, y->offset);
}

/* Index of the last DDL of the release that the row must follow whatever their ticks say; -1. */
static ptrdiff_t needed_index(const struct release_list *l, const struct catalogue *emitted,
                              const struct mq_record *rec)
{
    const struct catalogue_collection *coll = catalogue_by_id(emitted, rec->collection_id);
    bool partition =
        rec->partition_id <= 0 || (coll && catalogue_partition_by_id(coll, rec->partition_id));
    if (coll && partition)
        return -1;
    for (size_t i = l->ddl_count; i-- > 0;)
        if (release_list_row_needs(rec, l->ddl[i]->ddl, coll != NULL, partition))
            return (ptrdiff_t)i;
    return -1;
}

static void put(struct release_list *l, struct pending_ddl *ddl, struct mq_record *record)
{
    l->entries[l->entry_count++] = (struct release_entry){ddl, record};
}

/* Rows that wait for a DDL are chained by mq_record.next, oldest first. */
struct waiting {
    struct mq_record *head, **tail;
};

static void put_ddl(struct release_list *l, size_t i, const struct waiting *waiting)
{
    put(l, l->ddl[i], NULL);
    for (struct mq_record *r = waiting[i].head, *next; r; r = next) {
        next = r->next;
        r->next = NULL;
        put(l, NULL, r);
    }
}

void release_list_order(struct release_list *l, const struct catalogue *emitted)
{
    size_t total = l->row_count + l->ddl_count, d = 0;
    if (total == 0)
        return;
    l->entries = xcalloc(total, sizeof(*l->entries));
    struct waiting *waiting = xcalloc(l->ddl_count + 1, sizeof(*waiting));
    for (size_t i = 0; i < l->ddl_count; i++)
        waiting[i].tail = &waiting[i].head;
    if (l->row_count > 1)
        qsort_r(l->rows, l->row_count, sizeof(struct mq_record *), compare_rows, l);
    for (size_t r = 0; r < l->row_count; r++) {
        struct mq_record *rec = l->rows[r];
        while (d < l->ddl_count && l->ddl[d]->ddl->tick <= rec->end_tick)
            put_ddl(l, d++, waiting);
        ptrdiff_t needed = d < l->ddl_count ? needed_index(l, emitted, rec) : -1;
        if (needed >= (ptrdiff_t)d) {
            *waiting[needed].tail = rec;
            waiting[needed].tail = &rec->next;
        } else {
            put(l, NULL, rec);
        }
    }
    while (d < l->ddl_count)
        put_ddl(l, d++, waiting);
    free(waiting);
}

bool release_list_peek(const struct release_list *l, struct release_entry *ret)
{
    if (l->at >= l->entry_count)
        return false;
    *ret = l->entries[l->at];
    return true;
}

bool release_list_next(struct release_list *l, struct release_entry *ret)
{
    if (!release_list_peek(l, ret))
        return false;
    l->at++;
    return true;
}
