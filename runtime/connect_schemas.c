/* Handles in, texts out, and back; next: json_converter. Both are remembered: all records of a
 * stream share a few schemas, and a text is found by its bytes. */
#include "connect_schemas.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "connect_schema.h"
#include "kitestream/sdk/util.h"
#include "map.h"

/* Texts are a cache, which begins anew when it is full. Schemas can't be forgotten. */
#define TEXTS_MAX 1000
#define TEXT_BYTES_MAX ((size_t)16 << 20)
#define SCHEMAS_MAX 10000
#define SCHEMA_BYTES_MAX ((size_t)64 << 20)

struct read_schema {
    const struct ks_schema *handle;
    bool optional;
};

struct connect_schemas {
    struct schema_cache *schemas;
    struct map written;  /* handle -> char *, its Connect schema */
    struct strmap texts; /* Connect schema -> struct read_schema */
    size_t text_bytes;
    struct map read; /* handles that texts stood for */
    size_t read_bytes;
};

struct connect_schemas *connect_schemas_new(struct schema_cache *schemas)
{
    struct connect_schemas *s = xcalloc(1, sizeof *s);
    s->schemas = schemas;
    return s;
}

static void forget_texts(struct connect_schemas *s)
{
    size_t pos = 0;
    const char *text;
    void *read;
    while (strmap_next(&s->texts, &pos, &text, &read))
        free(read);
    strmap_release(&s->texts);
    s->texts = (struct strmap){0};
    s->text_bytes = 0;
}

void connect_schemas_free(struct connect_schemas *s)
{
    if (!s)
        return;
    size_t pos = 0;
    uint64_t handle;
    void *text;
    while (map_next(&s->written, &pos, &handle, &text))
        free(text);
    map_release(&s->written);
    map_release(&s->read);
    forget_texts(s);
    free(s);
}

enum ks_status connect_schemas_text(struct connect_schemas *s, const struct ks_schema *handle,
                                    const char **ret, struct ks_error *err)
{
    char *text = map_get(&s->written, (uintptr_t)handle);
    if (!text) {
        struct ks_buf made = {0};
        enum ks_status status = connect_schema_write(handle->schema, &made, err);
        if (status != KS_OK) {
            ks_buf_release(&made);
            return status;
        }
        text = ks_buf_take_str(&made);
        map_put(&s->written, (uintptr_t)handle, text);
    }
    *ret = text;
    return KS_OK;
}

/* One schema may be written in many ways: its handle is the same. */
static enum ks_status translate(struct connect_schemas *s, struct ks_slice text,
                                struct read_schema *ret, struct ks_error *err)
{
    struct ks_buf avro = {0};
    if (s->read.len >= SCHEMAS_MAX || s->read_bytes > SCHEMA_BYTES_MAX)
        return ks_error_set(err, KS_ERR_DATA,
                            "a new schema, after %zu different ones since the task's start",
                            s->read.len);
    enum ks_status status = connect_schema_read(text.data, text.len, &avro, &ret->optional, err);
    if (status == KS_OK)
        status = schema_cache_intern(s->schemas, ks_buf_str(&avro), avro.len, &ret->handle, err);
    if (status == KS_OK && !map_find(&s->read, (uintptr_t)ret->handle)) {
        map_put(&s->read, (uintptr_t)ret->handle, NULL);
        s->read_bytes += avro.len;
    }
    ks_buf_release(&avro);
    return status;
}

enum ks_status connect_schemas_handle(struct connect_schemas *s, struct ks_slice text,
                                      const struct ks_schema **ret, bool *ret_optional,
                                      struct ks_error *err)
{
    void **known = strmap_find_n(&s->texts, text.data, text.len);
    struct read_schema *read = known ? *known : NULL;
    if (!read) {
        struct read_schema made;
        enum ks_status status = translate(s, text, &made, err);
        if (status != KS_OK)
            return status;
        if (s->texts.len >= TEXTS_MAX || s->text_bytes + text.len > TEXT_BYTES_MAX)
            forget_texts(s);
        read = xmalloc(sizeof *read);
        *read = made;
        strmap_put_n(&s->texts, text.data, text.len, read);
        s->text_bytes += text.len;
    }
    *ret = read->handle;
    *ret_optional = read->optional;
    return KS_OK;
}
