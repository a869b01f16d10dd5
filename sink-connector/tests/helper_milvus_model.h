/* A model of Milvus 2.3.5 behind a gRPC server in this process. It keeps databases, collections and
 * rows, and answers repeated and conflicting operations as a live 2.3.5 does (docs of the target,
 * ordering §7). Rows have an Int64 key, field "id", and an Int64 "v". Thread: any. */
#ifndef SINK_TESTS_HELPER_MILVUS_MODEL_H
#define SINK_TESTS_HELPER_MILVUS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct milvus_model;

struct milvus_model *milvus_model_start(void);
void milvus_model_stop(struct milvus_model *m);
const char *milvus_model_uri(const struct milvus_model *m);

/* ---- trouble ---- */
enum trouble {
    TROUBLE_NONE,
    TROUBLE_STATUS,     /* refused with this Status.code */
    TROUBLE_GRPC,       /* refused with this gRPC code */
    TROUBLE_GRPC_AFTER, /* done, and then this gRPC code */
    TROUBLE_HANG,       /* not done, never answered */
    TROUBLE_HANG_AFTER, /* done, never answered */
};
/* For one call of the method; several calls of this function are for as many calls, in order. */
void milvus_model_trouble(struct milvus_model *m, const char *method, enum trouble kind, int code,
                          const char *text);
/* Writes of more rows than this meet the trouble each time; 0: none do. */
void milvus_model_trouble_above(struct milvus_model *m, size_t rows, enum trouble kind, int code,
                                const char *text);
/* Rows with this value in "v" are refused with 1100, and with them the whole request. */
enum { MODEL_BAD_VALUE = -1 };

/* From now on delete_keys are heeded, as from 2.4.18 on. */
void milvus_model_removes_properties(struct milvus_model *m);

/* ---- what was asked for ---- */
size_t milvus_model_calls(struct milvus_model *m, const char *method);
/* Waits until that many calls of the method have arrived; false: not within 20 s. */
bool milvus_model_wait_calls(struct milvus_model *m, const char *method, size_t count);
/* The methods called since the last time, with blanks between; free it. */
char *milvus_model_log(struct milvus_model *m);

/* ---- what is there ---- */
bool milvus_model_has_database(struct milvus_model *m, const char *db);
bool milvus_model_has(struct milvus_model *m, const char *db, const char *collection);
/* "" if it is not there. */
void milvus_model_property(struct milvus_model *m, const char *db, const char *collection,
                           const char *key, char ret[128]);
void milvus_model_alias(struct milvus_model *m, const char *db, const char *alias, char ret[128]);
bool milvus_model_has_partition(struct milvus_model *m, const char *db, const char *collection,
                                const char *partition);
bool milvus_model_has_index(struct milvus_model *m, const char *db, const char *collection,
                            const char *index);
/* partition NULL: any. */
bool milvus_model_is_loaded(struct milvus_model *m, const char *db, const char *collection,
                            const char *partition);
size_t milvus_model_rows(struct milvus_model *m, const char *db, const char *collection);
size_t milvus_model_copies(struct milvus_model *m, const char *db, const char *collection,
                           int64_t key);
/* Of the newest copy; INT64_MIN if there is none. */
int64_t milvus_model_value(struct milvus_model *m, const char *db, const char *collection,
                           int64_t key);

#endif
