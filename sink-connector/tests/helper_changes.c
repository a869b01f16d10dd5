#include "helper_changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"

struct ks_schema {
    char *json;
    struct ks_avro_schema *parsed;
    struct ks_schema *next;
};

static const char *schema_json(const struct ks_schema *schema)
{
    return schema->json;
}

void changes_open(struct changes *c)
{
    *c = (struct changes){.host.schema_json = schema_json};
    c->decoder = change_decoder_new(&c->host);
}

void changes_close(struct changes *c)
{
    change_decoder_free(c->decoder);
    while (c->schemas) {
        struct ks_schema *next = c->schemas->next;
        ks_avro_schema_free(c->schemas->parsed);
        free(c->schemas->json);
        free(c->schemas);
        c->schemas = next;
    }
    ks_arena_release(&c->arena);
}

const struct ks_schema *changes_schema_of(struct changes *c, const char *json)
{
    struct ks_schema *schema = xcalloc(1, sizeof(*schema));
    schema->json = xstrdup(json);
    schema->next = c->schemas;
    c->schemas = schema;
    if (ks_avro_schema_parse(json, strlen(json), &schema->parsed, &c->err))
        fail_msg("%s", c->err.message);
    return schema;
}

const struct ks_schema *changes_schema(struct changes *c, const char *name)
{
    char path[128], json[16384];
    snprintf(path, sizeof(path), "golden/%s.avsc", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(json, 1, sizeof(json) - 1, file);
    fclose(file);
    json[len] = '\0';
    return changes_schema_of(c, json);
}

struct ks_slice changes_body(struct changes *c, const struct ks_schema *schema, const char *json)
{
    struct ks_buf body = {0};
    if (ks_avro_from_json(schema->parsed, json, strlen(json), &body, &c->err))
        fail_msg("%s", c->err.message);
    struct ks_slice copy = {ks_arena_copy(&c->arena, body.data, body.len), body.len};
    ks_buf_release(&body);
    return copy;
}

struct ks_record changes_envelope(struct changes *c, const char *name, char op, const char *image)
{
    static const char source[] =
        "{\"version\":\"1\",\"connector\":\"milvus\",\"name\":\"t\",\"ts_ms\":1,\"snapshot\":"
        "\"false\",\"db\":\"default\",\"collection\":\"c\",\"collection_id\":5,\"partition\":"
        "\"p1\",\"partition_id\":6,\"tick\":8,\"channel\":\"ch\",\"offset\":3,\"row\":0,"
        "\"ddl_seq\":9}";
    const struct ks_schema *schema = changes_schema(c, name);
    bool gone = op == 'd';
    char *json = ks_arena_printf(
        &c->arena, "{\"before\":%s,\"after\":%s,\"source\":%s,\"op\":\"%c\",\"ts_ms\":1}",
        gone ? image : "null", gone ? "null" : image, source, op);
    return (struct ks_record){
        .topic = "t",
        .partition = 2,
        .offset = 77,
        .value = changes_body(c, schema, json),
        .value_schema = schema,
    };
}

const struct change_row *changes_row(struct changes *c, const char *schema, char op,
                                     const char *image)
{
    struct ks_record record = changes_envelope(c, schema, op, image);
    struct change_row *row = ks_arena_alloc(&c->arena, sizeof(*row));
    if (change_decode(c->decoder, &record, &c->arena, row, &c->err))
        fail_msg("%s", c->err.message);
    return row;
}
