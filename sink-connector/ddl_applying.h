/* One run of a DDL against the target. Private to ddl_apply*.c. */
#ifndef SINK_DDL_APPLYING_H
#define SINK_DDL_APPLYING_H

#include "ddl_apply.h"

#define DEFAULT_PARTITION "_default"

struct applying {
    struct ddl_work *w;
    const struct ddl *ddl;
    struct target_name name; /* of the collection in the target */
    struct ks_arena arena;
    int64_t deadline_ms;   /* of the next call, from now */
    int64_t until_mono_ms; /* the same, as a point in time */
};

/* Before each call: waits until it may start. False: stop. */
bool applying_enter(struct applying *a);
/* Sets the reason. */
enum ddl_result applying_end(struct applying *a, enum ddl_result result, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What an answer means when the caller knows no better. After an ambiguous one nothing may follow
 * until that call can no longer take effect, so this waits. */
enum ddl_result applying_judge(struct applying *a, const struct milvus_answer *answer);
/* The same for calls that change nothing: no wait. */
enum ddl_result applying_judge_read(struct applying *a, const struct milvus_answer *answer);
/* As applying_judge, but what is not there (any more) is as wanted. */
enum ddl_result applying_judge_gone(struct applying *a, const struct milvus_answer *answer);
/* *ret_there = false: no such collection (or database). A name that is an alias in the target is
 * there as well: found->schema.name tells. */
enum ddl_result applying_look(struct applying *a, struct target_name name,
                              struct milvus_collection *ret, bool *ret_there);
/* The source's properties that the target shall have; with room for a stamp. */
struct ddl_kv *applying_wanted(struct applying *a, const struct ddl_kv *properties, size_t count,
                               size_t *ret_count);

/* ddl_apply_collection.c */
enum ddl_result apply_create_collection(struct applying *a);
enum ddl_result apply_drop_collection(struct applying *a);
enum ddl_result apply_rename_collection(struct applying *a);
enum ddl_result apply_verify_collection(struct applying *a);

/* ddl_apply_parts.c */
enum ddl_result applying_make_partition(struct applying *a, const char *partition);
enum ddl_result applying_drop_partition(struct applying *a);
enum ddl_result applying_create_index(struct applying *a);
enum ddl_result applying_drop_index(struct applying *a);
enum ddl_result applying_alter_index(struct applying *a);
enum ddl_result applying_load(struct applying *a);
enum ddl_result applying_release(struct applying *a);

/* ddl_apply_properties.c */
enum ddl_result apply_alter_collection(struct applying *a);

#endif
