/* Short ways to schemas, bodies and expected failures, for the Avro tests. */
#ifndef SDK_TESTS_HELPER_AVRO_H
#define SDK_TESTS_HELPER_AVRO_H

#include "kitestream/sdk/avro.h"

/* Schemas and values are written with ' for ", to be readable in C. Free it. */
char *json_of(const char *quoted);

/* Each fails the running test if it does not succeed. */
struct ks_avro_schema *schema_of(const char *quoted);
/* The body of JSON text, appended to out. */
void body_of(const char *schema, const char *quoted, struct ks_buf *out);
struct ks_avro_encoder *encoder_of(const char *quoted);
struct ks_avro_decoder *decoder_of(const char *writer, const char *reader);

/* One decoded row; release it. */
struct row {
    struct ks_avro_decoder *dec;
    struct ks_cell *cells;
    struct ks_arena arena;
    struct ks_error err;
    enum ks_status status;
};

struct row row_of(const char *writer, const char *reader, struct ks_slice body);
void row_release(struct row *row);

/* Fails the running test unless the schema is refused with `part` in the message. */
void assert_schema_refused(const char *quoted, const char *part);
void assert_contains(const char *text, const char *part);

static inline struct ks_slice slice_of(const struct ks_buf *buf)
{
    return (struct ks_slice){buf->data, buf->len};
}

#define SLICE(literal) ((struct ks_slice){literal, sizeof(literal) - 1})

#endif
