/* A DDL in, calls to the target out. Next: sink_ddl commits what is applied. Here are the answers'
 * meanings and all that is not about collections themselves. If the process dies on any line, the
 * DDL is given out again, and finds what is done already. */
#include "ddl_apply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "ddl_applying.h"
#include "utf8_copy.h"

#define DEFAULT_DATABASE "default"

enum { AFTER_DEADLINE_MS = 1000 };

struct ddl_work *ddl_work_new(const struct ddl *ddl)
{
    struct ddl_work *w = xcalloc(1, sizeof(*w));
    w->work.run = ddl_apply_run;
    w->ddl = ddl;
    return w;
}

void ddl_work_free(struct ddl_work *w)
{
    if (w)
        free(w->alias_db);
    free(w);
}

/* ---- answers ---- */

enum ddl_result applying_end(struct applying *a, enum ddl_result result, const char *fmt, ...)
{
    char text[2 * sizeof(a->w->reason)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    utf8_copy(a->w->reason, sizeof(a->w->reason), text);
    return result;
}

bool applying_enter(struct applying *a)
{
    a->deadline_ms = target_gate_enter(a->w->gate);
    a->until_mono_ms = clock_mono_ms() + a->deadline_ms;
    return a->deadline_ms > 0;
}

enum ddl_result applying_judge_read(struct applying *a, const struct milvus_answer *answer)
{
    const char *kind = ddl_kind_name(a->ddl->kind);
    switch (answer->outcome) {
    case MILVUS_OK:
        return DDL_APPLIED;
    case MILVUS_AMBIGUOUS:
    case MILVUS_RETRY:
    case MILVUS_STALLED:
    case MILVUS_DENIED:
        if (target_gate_stopped(a->w->gate))
            return DDL_STOPPED;
        return applying_end(a, DDL_AGAIN, "%s: %s", kind, answer->message);
    default:
        return applying_end(a, DDL_FAILED, "%s: %s", kind, answer->message);
    }
}

enum ddl_result applying_judge(struct applying *a, const struct milvus_answer *answer)
{
    enum ddl_result result = applying_judge_read(a, answer);
    int64_t wait = a->until_mono_ms + AFTER_DEADLINE_MS - clock_mono_ms();
    if (answer->outcome != MILVUS_AMBIGUOUS || result == DDL_STOPPED)
        return result;
    target_gate_report(a->w->gate, a->w->reason);
    return target_gate_sleep(a->w->gate, wait) ? DDL_AGAIN : DDL_STOPPED;
}

enum ddl_result applying_judge_gone(struct applying *a, const struct milvus_answer *answer)
{
    return answer->outcome == MILVUS_NOT_FOUND ? DDL_APPLIED : applying_judge(a, answer);
}

/* ---- aliases ---- */

static struct milvus_answer call_put_alias(struct applying *a, bool alter)
{
    return milvus_create_alias(a->w->client, a->name.db, a->name.collection, a->ddl->alias, alter,
                               a->deadline_ms);
}

/* The name is taken: by an alias of ours, of another collection, or by what Milvus 2.3 leaves
 * behind of an alias whose collection was dropped, which only AlterAlias gets past. */
static enum ddl_result put_taken_alias(struct applying *a, const struct milvus_answer *refused)
{
    const char *points_at = NULL;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_describe_alias(a->w->client, a->name.db, a->ddl->alias,
                                                        a->deadline_ms, &a->arena, &points_at);
    if (answer.outcome != MILVUS_OK)
        return applying_judge_read(a, &answer);
    if (points_at && strcmp(points_at, a->name.collection) == 0)
        return DDL_APPLIED;
    if (points_at)
        return applying_end(a, DDL_FAILED, "alias %s of the target already points at %s",
                            a->ddl->alias, points_at);
    if (!applying_enter(a))
        return DDL_STOPPED;
    answer = call_put_alias(a, true);
    return answer.outcome == MILVUS_OK || answer.outcome == MILVUS_AMBIGUOUS
               ? applying_judge(a, &answer)
               : applying_judge(a, refused);
}

static enum ddl_result create_alias(struct applying *a)
{
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = call_put_alias(a, false);
    return answer.outcome == MILVUS_EXISTS ? put_taken_alias(a, &answer)
                                           : applying_judge(a, &answer);
}

static enum ddl_result drop_alias(struct applying *a)
{
    if (!a->w->alias_db)
        return DDL_APPLIED; /* not made by this sink */
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_drop_alias(a->w->client, a->w->alias_db, a->ddl->alias, a->deadline_ms);
    return applying_judge_gone(a, &answer);
}

/* An alias cannot leave its database, but a mapping can move the collection it shall point at. */
static enum ddl_result leave_database(struct applying *a)
{
    bool stays = !a->w->alias_db || strcmp(a->w->alias_db, a->name.db) == 0;
    return stays ? DDL_APPLIED : drop_alias(a);
}

static enum ddl_result alter_alias(struct applying *a)
{
    enum ddl_result result = leave_database(a);
    if (result != DDL_APPLIED)
        return result;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = call_put_alias(a, true);
    return answer.outcome == MILVUS_NOT_FOUND ? create_alias(a) : applying_judge(a, &answer);
}

/* ---- databases ---- */

static enum ddl_result has_database(struct applying *a, const char *db, bool *ret)
{
    const char *const *names;
    size_t count;
    *ret = false;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_list_databases(a->w->client, a->deadline_ms, &a->arena, &names, &count);
    for (size_t i = 0; answer.outcome == MILVUS_OK && i < count; i++)
        *ret |= strcmp(names[i], db) == 0;
    return applying_judge_read(a, &answer);
}

static enum ddl_result create_database(struct applying *a, const char *db)
{
    bool there;
    enum ddl_result result = has_database(a, db, &there);
    if (result != DDL_APPLIED || there)
        return result;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_create_database(a->w->client, db, a->ddl->properties,
                                                         a->ddl->property_count, a->deadline_ms);
    return answer.outcome == MILVUS_EXISTS ? DDL_APPLIED : applying_judge(a, &answer);
}

static enum ddl_result drop_database(struct applying *a, const char *db)
{
    bool there;
    enum ddl_result result = has_database(a, db, &there);
    if (result != DDL_APPLIED || !there)
        return result;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_drop_database(a->w->client, db, a->deadline_ms);
    return applying_judge_gone(a, &answer);
}

static enum ddl_result apply_database(struct applying *a)
{
    const char *db = name_map_db(a->w->names, a->ddl->db);
    if (strcmp(db, DEFAULT_DATABASE) == 0 && a->ddl->kind != DDL_ALTER_DATABASE)
        return DDL_APPLIED; /* every Milvus has it, and it cannot be dropped */
    if (a->ddl->kind == DDL_CREATE_DATABASE)
        return create_database(a, db);
    if (a->ddl->kind == DDL_DROP_DATABASE)
        return drop_database(a, db);
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_alter_database(a->w->client, db, a->ddl->properties,
                                                        a->ddl->property_count, a->deadline_ms);
    return applying_judge(a, &answer);
}

/* The target flushes by itself; the source's flush is only a hint, so a rate limit is no reason to
 * try again. */
static enum ddl_result flush(struct applying *a)
{
    for (size_t i = 0; i < a->ddl->collection_count; i++) {
        struct target_name name =
            name_map_collection(a->w->names, a->ddl->db, a->ddl->collections[i]);
        if (!applying_enter(a))
            return DDL_STOPPED;
        struct milvus_answer answer =
            milvus_flush(a->w->client, name.db, &name.collection, 1, a->deadline_ms);
        if (answer.outcome == MILVUS_DENIED)
            return applying_judge(a, &answer);
    }
    return DDL_APPLIED;
}

static enum ddl_result apply(struct applying *a)
{
    switch (a->ddl->kind) {
    case DDL_CREATE_DATABASE:
    case DDL_DROP_DATABASE:
    case DDL_ALTER_DATABASE:
        return apply_database(a);
    case DDL_CREATE_COLLECTION:
        return apply_create_collection(a);
    case DDL_DROP_COLLECTION:
        return apply_drop_collection(a);
    case DDL_RENAME_COLLECTION:
        return apply_rename_collection(a);
    case DDL_ALTER_COLLECTION:
        return apply_alter_collection(a);
    case DDL_CREATE_PARTITION:
        return applying_make_partition(a, a->ddl->partition);
    case DDL_DROP_PARTITION:
        return applying_drop_partition(a);
    case DDL_CREATE_INDEX:
        return applying_create_index(a);
    case DDL_DROP_INDEX:
        return applying_drop_index(a);
    case DDL_ALTER_INDEX:
        return applying_alter_index(a);
    case DDL_LOAD_COLLECTION:
    case DDL_LOAD_PARTITIONS:
        return applying_load(a);
    case DDL_RELEASE_COLLECTION:
    case DDL_RELEASE_PARTITIONS:
        return applying_release(a);
    case DDL_CREATE_ALIAS:
        return create_alias(a);
    case DDL_ALTER_ALIAS:
        return alter_alias(a);
    case DDL_DROP_ALIAS:
        return drop_alias(a);
    case DDL_FLUSH:
        return flush(a);
    case DDL_GAP:
    case DDL_KIND_COUNT:
        break;
    }
    return DDL_APPLIED; /* a gap is for people; the task logs it */
}

void ddl_apply_run(struct pool_work *work)
{
    struct ddl_work *w = (struct ddl_work *)work;
    struct applying a = {.w = w, .ddl = w->ddl};
    if (w->applied_to && w->ddl->kind != DDL_RENAME_COLLECTION)
        a.name = name_map_collection(w->names, w->applied_to->db, w->applied_to->name);
    else if (w->ddl->collection)
        a.name = name_map_collection(w->names, w->ddl->db, w->ddl->collection);
    w->result = w->only_verify ? apply_verify_collection(&a) : apply(&a);
    if (w->result == DDL_AGAIN)
        target_gate_report(w->gate, w->reason);
    else if (w->result == DDL_APPLIED)
        target_gate_report(w->gate, NULL);
    ks_arena_release(&a.arena);
}
