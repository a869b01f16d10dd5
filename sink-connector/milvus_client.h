/* One function per RPC of MilvusService that the sink needs, with answers sorted into what the
 * caller does next. Thread: any (each call blocks its thread). */
#ifndef SINK_MILVUS_CLIENT_H
#define SINK_MILVUS_CLIENT_H

#include "ddl.h"
#include "grpc_client.h"

struct milvus_client;

struct milvus_options {
    const char *uri;   /* host:port, http://host:port, https://host:port */
    const char *token; /* "user:password" or an API key; NULL or "" = none */
    struct grpc_tls tls;
};

enum milvus_outcome {
    MILVUS_OK,
    MILVUS_AMBIGUOUS, /* may or may not have been applied: UNAVAILABLE, DEADLINE, CANCELLED, … */
    MILVUS_RETRY,     /* definitely refused, may work later: rate limit, not ready */
    MILVUS_NOT_FOUND, /* collection, partition, database, index or alias is not there */
    MILVUS_EXISTS,    /* it is there already (same or different: describe tells) */
    MILVUS_REFUSED,   /* definitely refused for what it says: schema mismatch, bad value */
    MILVUS_TOO_LARGE, /* split */
    MILVUS_DENIED,    /* authentication or permission */
    MILVUS_STALLED,   /* quota: an operator has to act; back off long, never drop */
};

struct milvus_answer {
    enum milvus_outcome outcome;
    int32_t code; /* common.Status.code, or legacy error_code when code is 0 */
    int32_t grpc; /* enum grpc_code */
    char message[512];
};

enum ks_status milvus_client_open(const struct milvus_options *options, struct milvus_client **ret,
                                  struct ks_error *err);
void milvus_client_close(struct milvus_client *c);
void milvus_client_cancel_all(struct milvus_client *c);

/* deadline_ms everywhere: from now. The connection is waited for until then. */
struct milvus_answer milvus_connect(struct milvus_client *c, int64_t deadline_ms, char *ret_version,
                                    size_t version_cap);
/* Pre-built request (request_build). `method`: "Insert", "Upsert", "Delete". */
struct milvus_answer milvus_write(struct milvus_client *c, const char *method, const char *db,
                                  struct ks_slice request, int64_t deadline_ms);

/* ---- reading: results live in the arena ---- */
struct milvus_collection {
    struct ddl_schema schema; /* fields with the target's ids; partitions filled in */
    int64_t id;
    const char *const *aliases;
    size_t alias_count;
};
struct milvus_answer milvus_describe_collection(struct milvus_client *c, const char *db,
                                                const char *collection, int64_t deadline_ms,
                                                struct ks_arena *arena,
                                                struct milvus_collection *ret);
struct milvus_index {
    const char *name, *field;
    const struct ddl_kv *params;
    size_t param_count;
};
struct milvus_answer milvus_describe_indexes(struct milvus_client *c, const char *db,
                                             const char *collection, int64_t deadline_ms,
                                             struct ks_arena *arena, struct milvus_index **ret,
                                             size_t *ret_count);
struct milvus_answer milvus_list_databases(struct milvus_client *c, int64_t deadline_ms,
                                           struct ks_arena *arena, const char *const **ret,
                                           size_t *ret_count);
/* *ret_collection = NULL if there is no such alias. Methods unknown to the server: UNIMPLEMENTED
 * shows as REFUSED with code 10. */
struct milvus_answer milvus_describe_alias(struct milvus_client *c, const char *db,
                                           const char *alias, int64_t deadline_ms,
                                           struct ks_arena *arena, const char **ret_collection);
struct milvus_answer milvus_count(struct milvus_client *c, const char *db, const char *collection,
                                  int64_t deadline_ms, int64_t *ret_count);
enum milvus_load_state { MILVUS_LOAD_NOT_EXIST, MILVUS_NOT_LOADED, MILVUS_LOADING, MILVUS_LOADED };
struct milvus_answer milvus_load_state(struct milvus_client *c, const char *db,
                                       const char *collection, const char *partition,
                                       int64_t deadline_ms, enum milvus_load_state *ret);

/* ---- changing ---- */
/* auto_id is always off in what is created; properties as given (the stamp is one of them). */
struct milvus_answer milvus_create_collection(struct milvus_client *c, const char *db,
                                              const char *name, const struct ddl_schema *schema,
                                              const struct ddl_kv *properties, size_t count,
                                              int64_t deadline_ms);
struct milvus_answer milvus_drop_collection(struct milvus_client *c, const char *db,
                                            const char *name, int64_t deadline_ms);
struct milvus_answer milvus_rename_collection(struct milvus_client *c, const char *db,
                                              const char *old_name, const char *new_db,
                                              const char *new_name, int64_t deadline_ms);
struct milvus_answer milvus_alter_collection(struct milvus_client *c, const char *db,
                                             const char *name, const struct ddl_kv *properties,
                                             size_t count, int64_t deadline_ms);
/* Servers before 2.4.18 refuse it. */
struct milvus_answer milvus_remove_properties(struct milvus_client *c, const char *db,
                                              const char *name, const char *const *keys,
                                              size_t count, int64_t deadline_ms);
struct milvus_answer milvus_create_partition(struct milvus_client *c, const char *db,
                                             const char *collection, const char *partition,
                                             int64_t deadline_ms);
struct milvus_answer milvus_drop_partition(struct milvus_client *c, const char *db,
                                           const char *collection, const char *partition,
                                           int64_t deadline_ms);
struct milvus_answer milvus_create_index(struct milvus_client *c, const char *db,
                                         const char *collection, const struct ddl_index *index,
                                         int64_t deadline_ms);
struct milvus_answer milvus_drop_index(struct milvus_client *c, const char *db,
                                       const char *collection, const struct ddl_index *index,
                                       int64_t deadline_ms);
struct milvus_answer milvus_alter_index(struct milvus_client *c, const char *db,
                                        const char *collection, const struct ddl_index *index,
                                        int64_t deadline_ms);
struct milvus_answer milvus_load(struct milvus_client *c, const char *db, const char *collection,
                                 const char *const *partitions, size_t count, int32_t replicas,
                                 int64_t deadline_ms); /* count 0: the collection */
struct milvus_answer milvus_release(struct milvus_client *c, const char *db, const char *collection,
                                    const char *const *partitions, size_t count,
                                    int64_t deadline_ms);
struct milvus_answer milvus_create_alias(struct milvus_client *c, const char *db,
                                         const char *collection, const char *alias, bool alter,
                                         int64_t deadline_ms);
struct milvus_answer milvus_drop_alias(struct milvus_client *c, const char *db, const char *alias,
                                       int64_t deadline_ms);
struct milvus_answer milvus_create_database(struct milvus_client *c, const char *db,
                                            const struct ddl_kv *properties, size_t count,
                                            int64_t deadline_ms);
struct milvus_answer milvus_drop_database(struct milvus_client *c, const char *db,
                                          int64_t deadline_ms);
struct milvus_answer milvus_alter_database(struct milvus_client *c, const char *db,
                                           const struct ddl_kv *properties, size_t count,
                                           int64_t deadline_ms);
struct milvus_answer milvus_flush(struct milvus_client *c, const char *db,
                                  const char *const *collections, size_t count,
                                  int64_t deadline_ms);

#endif
