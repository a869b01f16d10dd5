/* Bodies of one schema in, bodies of the subject's last version out. Next: the converters frame
 * them with its id. The two plans are made once for each schema; if both mean the same, bodies pass
 * as they are. */
#include "latest_schema.h"

#include <stdlib.h>
#include <string.h>

#include "../sdk/avro_compatible.h"
#include "../sdk/avro_normal.h"
#include "alloc.h"
#include "kitestream/sdk/util.h"

#define ARENA_KEEP_BYTES (1u << 20)

struct latest_schema {
    uint32_t id;
    struct ks_avro_decoder *decoder; /* NULL: bodies pass as they are */
    struct ks_avro_encoder *encoder;
    struct ks_cell *cells;
    struct ks_arena arena;
};

/* The first reason is enough. */
static void note_reason(void *arg, const char *kind, const char *place, const char *text)
{
    char **reason = arg;
    if (!*reason)
        *reason = xasprintf("%s%s%s", place, *place ? ": " : "", text);
}

static enum ks_status check_strictly(const struct ks_avro_schema *latest,
                                     const struct ks_avro_schema *schema, struct ks_error *err)
{
    bool fits;
    char *reason = NULL;
    enum ks_status status = avro_can_read(latest, schema, note_reason, &reason, &fits, err);
    if (status == KS_OK && !fits)
        status =
            ks_error_set(err, KS_ERR_DATA,
                         "its last version cannot hold the records (%.300s); register one that "
                         "can, or set latest.compatibility.strict=false",
                         reason ? reason : "");
    free(reason);
    return status;
}

static enum ks_status make_plans(struct latest_schema *l, const struct ks_avro_schema *latest,
                                 const struct ks_avro_schema *schema, struct ks_error *err)
{
    if (avro_normal_fingerprint(latest) == avro_normal_fingerprint(schema))
        return KS_OK;
    enum ks_status status = ks_avro_decoder_new(schema, latest, &l->decoder, err);
    if (status == KS_OK)
        status = ks_avro_encoder_new(latest, &l->encoder, err);
    if (status == KS_OK)
        l->cells = xcalloc(ks_avro_decoder_cells(l->decoder) + 1, sizeof *l->cells);
    return status;
}

enum ks_status latest_schema_open(struct schema_registry *registry, const char *subject,
                                  const struct ks_avro_schema *schema, bool strict,
                                  struct latest_schema **ret, struct ks_error *err)
{
    struct latest_schema *l = xcalloc(1, sizeof *l);
    struct ks_avro_schema *latest = NULL;
    const char *json;
    enum ks_status status = schema_registry_latest(registry, subject, &l->id, &json, err);
    if (status == KS_OK)
        status = ks_avro_schema_parse(json, strlen(json), &latest, err);
    if (status == KS_OK && strict)
        status = check_strictly(latest, schema, err);
    if (status == KS_OK)
        status = make_plans(l, latest, schema, err);
    ks_avro_schema_free(latest);
    if (status != KS_OK) {
        ks_error_prefix(err, "use.latest.version: subject %s", subject);
        latest_schema_close(l);
        return status;
    }
    *ret = l;
    return KS_OK;
}

void latest_schema_close(struct latest_schema *l)
{
    if (!l)
        return;
    ks_avro_decoder_free(l->decoder);
    ks_avro_encoder_free(l->encoder);
    free(l->cells);
    ks_arena_release(&l->arena);
    free(l);
}

uint32_t latest_schema_id(const struct latest_schema *l)
{
    return l->id;
}

enum ks_status latest_schema_write(struct latest_schema *l, struct ks_slice body,
                                   struct ks_buf *out, struct ks_error *err)
{
    if (!l->decoder) {
        ks_buf_add(out, body.data, body.len);
        return KS_OK;
    }
    ks_arena_reset(&l->arena, ARENA_KEEP_BYTES);
    enum ks_status status = ks_avro_decode(l->decoder, body, l->cells, &l->arena, err);
    return status == KS_OK ? ks_avro_encode(l->encoder, l->cells, out, err) : status;
}
