/* Inside of the model: what it holds, and the files' functions for each other. */
#ifndef SINK_TESTS_HELPER_MILVUS_PARTS_H
#define SINK_TESTS_HELPER_MILVUS_PARTS_H

#include <pthread.h>

#include "helper_grpc_server.h"
#include "helper_milvus_model.h"
#include "kitestream/sdk/buf.h"
#include "milvus_api.pb-c.h"

enum { MODEL_NAME = 128, MODEL_FEW = 8, MODEL_MANY = 32 };

struct model_row {
    int64_t key, value;
    int partition; /* index */
};

struct model_partition {
    char name[MODEL_NAME]; /* "": free */
    bool loaded;
};

struct model_index {
    char name[MODEL_NAME], field[MODEL_NAME]; /* name "": free */
    char params[MODEL_FEW][2][MODEL_NAME];
    size_t param_count;
};

struct model_collection {
    bool used;
    int64_t id;
    char db[MODEL_NAME], name[MODEL_NAME];
    MilvusMeta__CollectionSchema *schema;
    int32_t shards;
    char properties[MODEL_FEW][2][MODEL_NAME]; /* key "": free */
    char aliases[MODEL_FEW][MODEL_NAME];
    struct model_partition partitions[MODEL_FEW];
    struct model_index indexes[MODEL_FEW];
    int32_t replicas;
    struct model_row *rows;
    size_t row_count, row_cap;
};

struct model_trouble {
    struct model_trouble *next;
    const char *method;
    enum trouble kind;
    int code;
    const char *text;
};

struct milvus_model {
    pthread_mutex_t mutex;
    pthread_cond_t called;
    struct test_server *server;
    char uri[64];
    char databases[MODEL_FEW][MODEL_NAME];
    struct model_collection collections[MODEL_MANY];
    bool removes_properties;
    char left_aliases[MODEL_FEW][MODEL_NAME]; /* of dropped collections */
    int64_t last_id;
    struct model_trouble *troubles, above;
    size_t rows_above;
    char calls[1024][32];
    size_t call_count, logged;
};

/* What a method answers; code 0: OK. The reply beyond the status is added to `body`. */
struct model_answer {
    int code;
    char text[256];
};
typedef struct model_answer model_method(struct milvus_model *m, struct ks_slice request,
                                         struct ks_buf *body);

struct model_answer model_ok(void);
struct model_answer model_refuse(int code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* By name or alias; NULL with the answer: no such database or collection. */
struct model_collection *model_find(struct milvus_model *m, const char *db, const char *name,
                                    struct model_answer *ret);
int model_partition_index(const struct model_collection *c, const char *partition); /* -1 */
/* The request as a message; model_drop ends it. */
#define UNPACK(type) model_unpack(&milvus_api__##type##__descriptor, request)
void *model_unpack(const ProtobufCMessageDescriptor *type, struct ks_slice request);
void model_drop(void *message);
void model_pack(const void *message, struct ks_buf *out);
void model_set_name(char to[MODEL_NAME], const char *from);

struct model_method_entry {
    const char *name;
    model_method *run;
    bool bare; /* its reply is a Status */
};
model_method *model_find_method(const struct model_method_entry *methods, size_t count,
                                const char *name, bool *ret_bare);
/* NULL: not one of these. */
model_method *model_meta_method(const char *name, bool *ret_bare);
model_method *model_part_method(const char *name, bool *ret_bare);
model_method *model_row_method(const char *name);
/* Rows of a write request. */
size_t model_request_rows(const char *method, struct ks_slice request);
void model_collection_free(struct model_collection *c);

#endif
