/* Shortest encodings. In: the nodes of a document; out: min_bytes of each. Readers use them to
 * refuse a block that claims more items than the bytes behind it can hold. */
#include "avro_schema.h"
#include "kitestream/sdk/util.h"

#define UNKNOWN UINT32_MAX
#define LARGEST (UINT32_MAX - 1)

static uint32_t add_min(uint32_t a, uint32_t b)
{
    if (a == UNKNOWN || b == UNKNOWN)
        return UNKNOWN;
    return a > LARGEST - b ? LARGEST : a + b;
}

static uint32_t record_min(const struct ks_avro_schema *node)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < node->count; i++)
        sum = add_min(sum, node->fields[i].schema->min_bytes);
    return sum;
}

static uint32_t union_min(const struct ks_avro_schema *node)
{
    uint32_t least = UNKNOWN;
    for (size_t i = 0; i < node->count; i++) {
        if (node->branches[i]->min_bytes < least)
            least = node->branches[i]->min_bytes;
    }
    return add_min(least, 1);
}

static uint32_t node_min(const struct ks_avro_schema *node)
{
    switch (node->type) {
    case KS_AVRO_NULL:
        return 0;
    case KS_AVRO_FLOAT:
        return 4;
    case KS_AVRO_DOUBLE:
        return 8;
    case KS_AVRO_FIXED:
        return node->fixed_bytes;
    case KS_AVRO_RECORD:
        return record_min(node);
    case KS_AVRO_UNION:
        return union_min(node);
    default:
        return 1;
    }
}

/* Children come after their parents in nodes[], so going backwards one round is enough except where
 * a record refers to itself; each further round settles one more such reference. */
enum ks_status avro_document_measure(struct avro_document *doc, struct ks_error *err)
{
    for (size_t i = 0; i < doc->node_count; i++)
        doc->nodes[i]->min_bytes = UNKNOWN;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = doc->node_count; i-- > 0;) {
            uint32_t min = node_min(doc->nodes[i]);
            changed |= min != doc->nodes[i]->min_bytes;
            doc->nodes[i]->min_bytes = min;
        }
    }
    for (size_t i = 0; i < doc->node_count; i++) {
        if (doc->nodes[i]->min_bytes == UNKNOWN)
            return ks_error_set(err, KS_ERR_DATA,
                                "schema: %s contains itself, so no value of it can end; make one "
                                "of the references nullable",
                                avro_schema_label(doc->nodes[i]));
    }
    return KS_OK;
}
