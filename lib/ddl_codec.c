/* DDL records as Avro. In: struct ddl or the bytes of a record; out: the other form. A field added
 * to schemas/ddl.avsc without its cell in ddl_cells.h ends the first test that runs. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ddl_cells.h"
#include "kitestream/sdk/util.h"

#define DECODERS_MAX 16
#define SCRATCH_BYTES ((size_t)64 * 1024)

static const char *const paths[CELLS] = {
    [SEQ] = "seq",
    [TICK] = "tick",
    [TS_MS] = "ts_ms",
    [KIND] = "kind",
    [CLUSTER] = "cluster",
    [REVISION] = "revision",
    [DB] = "db",
    [DB_ID] = "db_id",
    [COLLECTION] = "collection",
    [COLLECTION_ID] = "collection_id",
    [OLD_DB] = "old_db",
    [OLD_COLLECTION] = "old_collection",
    [PARTITION] = "partition",
    [PARTITION_ID] = "partition_id",
    [PARTITIONS] = "partitions",
    [ALIAS] = "alias",
    [TOPIC] = "topic",
    [SNAPSHOT] = "snapshot",
    [SCHEMA] = "schema",
    [SCHEMA_NAME] = "schema.name",
    [SCHEMA_DESCRIPTION] = "schema.description",
    [SCHEMA_AUTO_ID] = "schema.auto_id",
    [SCHEMA_DYNAMIC] = "schema.enable_dynamic_field",
    [SCHEMA_SHARDS] = "schema.shards",
    [SCHEMA_NUM_PARTITIONS] = "schema.num_partitions",
    [SCHEMA_CONSISTENCY] = "schema.consistency_level",
    [SCHEMA_PARTITIONS] = "schema.partitions",
    [SCHEMA_PROPERTIES] = "schema.properties",
    [SCHEMA_FIELDS] = "schema.fields",
    [SCHEMA_FUNCTIONS] = "schema.functions",
    [INDEX] = "index",
    [INDEX_NAME] = "index.name",
    [INDEX_ID] = "index.id",
    [INDEX_FIELD] = "index.field",
    [INDEX_FIELD_ID] = "index.field_id",
    [INDEX_PARAMS] = "index.params",
    [LOAD] = "load",
    [LOAD_REPLICAS] = "load.replicas",
    [LOAD_GROUPS] = "load.resource_groups",
    [LOAD_FIELDS] = "load.fields",
    [PROPERTIES] = "properties",
    [COLLECTIONS] = "collections",
    [REASON] = "reason",
    [AFTER] = "after",
};

struct cached_decoder {
    char *writer_json;
    struct ks_avro_decoder *decoder;
    struct ks_avro_schema *writer;
};

struct ddl_codec {
    struct ks_avro_schema *key_schema, *schema;
    struct ks_avro_encoder *key_encoder, *encoder;
    struct cached_decoder decoders[DECODERS_MAX];
    size_t decoder_count, next_victim;
    struct ks_arena scratch;
};

/* ---- life ---- */

static void check_item(const struct ks_avro_encoder *encoder, const char *path, size_t cells)
{
    if (ks_avro_encoder_item_cells(encoder, path) != cells)
        abort();
}

/* The schemas are part of the program: if they do not fit the cells, no input can be right. */
struct ddl_codec *ddl_codec_new(void)
{
    struct ddl_codec *codec = xcalloc(1, sizeof(*codec));
    struct ks_error err;
    if (ks_avro_schema_parse(ddl_key_avsc, strlen(ddl_key_avsc), &codec->key_schema, &err) ||
        ks_avro_schema_parse(ddl_value_avsc, strlen(ddl_value_avsc), &codec->schema, &err) ||
        ks_avro_encoder_new(codec->key_schema, &codec->key_encoder, &err) ||
        ks_avro_encoder_new(codec->schema, &codec->encoder, &err) ||
        ks_avro_encoder_cells(codec->key_encoder) != 1 ||
        ks_avro_encoder_cells(codec->encoder) != CELLS)
        abort();
    for (int i = 0; i < CELLS; i++)
        if (ks_avro_encoder_cell(codec->encoder, paths[i]) != i)
            abort();
    check_item(codec->encoder, "properties", KV_CELLS);
    check_item(codec->encoder, "schema.partitions", REF_CELLS);
    check_item(codec->encoder, "schema.fields", FIELD_CELLS);
    check_item(codec->encoder, "schema.functions", FUNCTION_CELLS);
    check_item(codec->encoder, "after", POSITION_CELLS);
    return codec;
}

static void cached_decoder_release(struct cached_decoder *cached)
{
    ks_avro_decoder_free(cached->decoder);
    ks_avro_schema_free(cached->writer);
    free(cached->writer_json);
}

void ddl_codec_free(struct ddl_codec *codec)
{
    if (!codec)
        return;
    for (size_t i = 0; i < codec->decoder_count; i++)
        cached_decoder_release(&codec->decoders[i]);
    ks_avro_encoder_free(codec->encoder);
    ks_avro_encoder_free(codec->key_encoder);
    ks_avro_schema_free(codec->schema);
    ks_avro_schema_free(codec->key_schema);
    ks_arena_release(&codec->scratch);
    free(codec);
}

/* ---- encoding ---- */

void ddl_encode(struct ddl_codec *codec, const struct ddl *ddl, struct ks_buf *out)
{
    struct ks_cell cells[CELLS];
    struct ks_error err;
    ddl_to_cells(ddl, &codec->scratch, cells);
    if (ks_avro_encode(codec->encoder, cells, out, &err))
        abort(); /* the cells are those of the schema */
    ks_arena_reset(&codec->scratch, SCRATCH_BYTES);
}

void ddl_encode_key(struct ddl_codec *codec, const char *cluster, struct ks_buf *out)
{
    struct ks_cell cell = {
        .kind = KS_CELL_BYTES, .count = (uint32_t)strlen(cluster), .u.data = cluster};
    struct ks_error err;
    if (ks_avro_encode(codec->key_encoder, &cell, out, &err))
        abort(); /* the cell is that of the schema */
}

/* ---- decoding ---- */

static enum ks_status decoder_for(struct ddl_codec *codec, const char *writer_json,
                                  const struct ks_avro_decoder **ret, struct ks_error *err)
{
    for (size_t i = 0; i < codec->decoder_count; i++)
        if (strcmp(codec->decoders[i].writer_json, writer_json) == 0) {
            *ret = codec->decoders[i].decoder;
            return KS_OK;
        }
    struct cached_decoder made = {0};
    enum ks_status status =
        ks_avro_schema_parse(writer_json, strlen(writer_json), &made.writer, err);
    if (status == KS_OK)
        status = ks_avro_decoder_new(made.writer, codec->schema, &made.decoder, err);
    if (status != KS_OK) {
        ks_error_prefix(err, "schema of a DDL record");
        cached_decoder_release(&made);
        return status;
    }
    made.writer_json = xstrdup(writer_json);
    struct cached_decoder *slot = &codec->decoders[codec->decoder_count];
    if (codec->decoder_count < DECODERS_MAX) {
        codec->decoder_count++;
    } else {
        slot = &codec->decoders[codec->next_victim++ % DECODERS_MAX];
        cached_decoder_release(slot);
    }
    *slot = made;
    *ret = made.decoder;
    return KS_OK;
}

enum ks_status ddl_decode(struct ddl_codec *codec, const char *writer_json, struct ks_slice body,
                          struct ks_arena *arena, struct ddl **ret, struct ks_error *err)
{
    const struct ks_avro_decoder *decoder = NULL;
    enum ks_status status = decoder_for(codec, writer_json, &decoder, err);
    if (status != KS_OK)
        return status;
    struct ks_cell cells[CELLS];
    status = ks_avro_decode(decoder, body, cells, &codec->scratch, err);
    if (status == KS_OK)
        *ret = ddl_of_cells(cells, arena);
    else
        ks_error_prefix(err, "DDL record");
    ks_arena_reset(&codec->scratch, SCRATCH_BYTES);
    return status;
}
