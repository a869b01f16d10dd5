/* Partitions, indexes and load states of a collection. In: a DDL; out: calls that may be repeated:
 * what is there already, or gone already, is as wanted. */
#include <string.h>

#include "ddl_applying.h"
#include "milvus_status.h"
#include "schema_differs.h"

/* ---- partitions ---- */

enum ddl_result applying_make_partition(struct applying *a, const char *partition)
{
    if (strcmp(partition, DEFAULT_PARTITION) == 0)
        return DDL_APPLIED;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_create_partition(
        a->w->client, a->name.db, a->name.collection, partition, a->deadline_ms);
    return answer.outcome == MILVUS_EXISTS ? DDL_APPLIED : applying_judge(a, &answer);
}

/* A loaded partition cannot be dropped; the source's was released, whatever the target's is. */
enum ddl_result applying_drop_partition(struct applying *a)
{
    const char *partition = a->ddl->partition;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_release(a->w->client, a->name.db, a->name.collection, &partition, 1, a->deadline_ms);
    if (answer.outcome != MILVUS_REFUSED) { /* then the drop will tell */
        enum ddl_result result = applying_judge_gone(a, &answer);
        if (result != DDL_APPLIED)
            return result;
    }
    if (!applying_enter(a))
        return DDL_STOPPED;
    answer = milvus_drop_partition(a->w->client, a->name.db, a->name.collection, partition,
                                   a->deadline_ms);
    return applying_judge_gone(a, &answer);
}

/* ---- indexes ---- */

static bool is_on_field(const struct milvus_index *have, const struct ddl_index *want)
{
    return strcmp(have->name, want->name) == 0 ||
           (have->field && want->field && strcmp(have->field, want->field) == 0);
}

static enum ddl_result compare_index(struct applying *a, const struct milvus_answer *refused)
{
    struct milvus_index *indexes;
    size_t count;
    char difference[300];
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_describe_indexes(
        a->w->client, a->name.db, a->name.collection, a->deadline_ms, &a->arena, &indexes, &count);
    if (answer.outcome != MILVUS_OK)
        return applying_judge_read(a, &answer);
    for (size_t i = 0; i < count; i++) {
        if (!is_on_field(&indexes[i], a->ddl->index))
            continue;
        if (!index_differs(a->ddl->index, &indexes[i], difference, sizeof(difference)))
            return DDL_APPLIED;
        return applying_end(a, DDL_FAILED, "%s.%s: %s (%s)", a->name.db, a->name.collection,
                            difference, refused->message);
    }
    return applying_judge(a, refused);
}

enum ddl_result applying_create_index(struct applying *a)
{
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_create_index(a->w->client, a->name.db, a->name.collection,
                                                      a->ddl->index, a->deadline_ms);
    if (answer.outcome == MILVUS_EXISTS || answer.outcome == MILVUS_REFUSED)
        return compare_index(a, &answer);
    return applying_judge(a, &answer);
}

enum ddl_result applying_drop_index(struct applying *a)
{
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_drop_index(a->w->client, a->name.db, a->name.collection,
                                                    a->ddl->index, a->deadline_ms);
    return applying_judge_gone(a, &answer);
}

enum ddl_result applying_alter_index(struct applying *a)
{
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_alter_index(a->w->client, a->name.db, a->name.collection,
                                                     a->ddl->index, a->deadline_ms);
    return applying_judge(a, &answer);
}

/* ---- load ---- */

enum ddl_result applying_load(struct applying *a)
{
    int32_t replicas = a->ddl->load && a->ddl->load->replicas > 0 ? a->ddl->load->replicas : 1;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_load(a->w->client, a->name.db, a->name.collection, a->ddl->partitions,
                    a->ddl->partition_count, replicas, a->deadline_ms);
    if (milvus_means_no_index(&answer))
        return applying_end(a, DDL_AGAIN, "%s.%s of the target waits for an index to be loaded: %s",
                            a->name.db, a->name.collection, answer.message);
    return applying_judge(a, &answer);
}

enum ddl_result applying_release(struct applying *a)
{
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_release(a->w->client, a->name.db, a->name.collection, a->ddl->partitions,
                       a->ddl->partition_count, a->deadline_ms);
    return applying_judge_gone(a, &answer);
}
