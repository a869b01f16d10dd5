/* DDL of a source "c" applied to the model of Milvus, through the real client. */
#ifndef SINK_TESTS_HELPER_APPLYING_H
#define SINK_TESTS_HELPER_APPLYING_H

#include "ddl_apply.h"
#include "helper_gate.h"
#include "helper_milvus_model.h"

enum { APPLY_LEASE_MS = 60000 };
#define APPLY_SINK "0123456789abcdef/sink"
#define APPLY_OTHER_SINK "fedcba9876543210/other"

struct apply_fixture {
    struct milvus_model *model;
    struct milvus_client *client;
    struct open_gate open;
    struct name_map *names;
    /* in */
    bool only_look;
    const char *sink;                              /* NULL: APPLY_SINK */
    const struct catalogue_collection *applied_to; /* or NULL */
    /* of the last run */
    char reason[512];
    bool adopted;
    int64_t took_ms;
};

extern const struct ddl_schema apply_schema; /* id Int64, v FloatVector of 8 */

/* `mapping`: collection.mapping. */
void apply_begin(struct apply_fixture *f, int64_t lease_ms, const char *mapping);
void apply_end(struct apply_fixture *f);
enum ddl_result apply_run(struct apply_fixture *f, const struct ddl *ddl);
/* Fails the test if the result is another one. */
void apply_expect(struct apply_fixture *f, const struct ddl *ddl, enum ddl_result result);

/* Of database default. */
struct ddl apply_ddl(enum ddl_kind kind, const char *collection, int64_t id);
struct ddl apply_create(const char *collection, int64_t id);
struct ddl apply_rename(const char *from, const char *to, int64_t id);
struct ddl apply_partition(enum ddl_kind kind, const char *collection, int64_t id,
                           const char *partition);
/* Index "i" on v. */
struct ddl apply_index(enum ddl_kind kind, const char *collection, int64_t id);
struct ddl apply_alias(enum ddl_kind kind, const char *alias, const char *collection, int64_t id);
struct ddl apply_load(enum ddl_kind kind, const char *collection, int64_t id, int32_t replicas);
struct ddl apply_database(enum ddl_kind kind, const char *db);

#endif
