#include "helper_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <avro.h>

#include "helper_random.h"

#include <cmocka.h>

struct oracle {
    avro_schema_t schema;
    avro_value_iface_t *iface;
};

static void agreed(int rc)
{
    if (rc)
        fail_msg("avro-c: %s", avro_strerror());
}

struct oracle *oracle_new(const char *schema_json)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    agreed(avro_schema_from_json_length(schema_json, strlen(schema_json), &oracle->schema));
    oracle->iface = avro_generic_class_from_schema(oracle->schema);
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    avro_value_iface_decref(oracle->iface);
    avro_schema_decref(oracle->schema);
    free(oracle);
}

static void set(avro_value_t *value, const struct ks_avro_schema *schema,
                const struct ks_cell *cell);

static void set_fields(avro_value_t *record, const struct ks_avro_schema *schema,
                       const struct ks_cell *cells)
{
    for (size_t i = 0; i < ks_avro_schema_count(schema); i++) {
        const struct ks_avro_schema *type = ks_avro_schema_field(schema, i)->schema;
        avro_value_t field;
        agreed(avro_value_get_by_index(record, i, &field, NULL));
        set(&field, type, cells);
        cells += cells_of(type);
    }
}

static void set_floats(avro_value_t *array, const struct ks_cell *cell)
{
    for (size_t i = 0; i < cell->count; i++) {
        avro_value_t item;
        float number;
        memcpy(&number, (const char *)cell->u.data + i * sizeof number, sizeof number);
        agreed(avro_value_append(array, &item, NULL));
        agreed(avro_value_set_float(&item, number));
    }
}

static void set_items(avro_value_t *value, const struct ks_avro_schema *type,
                      const struct ks_cell *cell)
{
    const struct ks_cell *item = cell->u.items;
    for (size_t i = 0; i < cell->count; i++) {
        avro_value_t child;
        if (ks_avro_schema_type(type) == KS_AVRO_MAP) {
            char key[32] = "";
            memcpy(key, item->u.data, item->count);
            item++;
            agreed(avro_value_add(value, key, &child, NULL, NULL));
        } else {
            agreed(avro_value_append(value, &child, NULL));
        }
        set(&child, ks_avro_schema_items(type), item);
        item += cells_of(ks_avro_schema_items(type));
    }
}

static void set_bytes(avro_value_t *value, enum ks_avro_type type, const struct ks_cell *cell)
{
    char *copy = calloc(cell->count + 1u, 1);
    memcpy(copy, cell->u.data, cell->count);
    if (type == KS_AVRO_STRING)
        agreed(avro_value_set_string_len(value, copy, cell->count + 1u)); /* counts the NUL */
    else if (type == KS_AVRO_FIXED)
        agreed(avro_value_set_fixed(value, copy, cell->count));
    else
        agreed(avro_value_set_bytes(value, copy, cell->count));
    free(copy);
}

static void set(avro_value_t *value, const struct ks_avro_schema *schema,
                const struct ks_cell *cell)
{
    const struct ks_avro_schema *type = value_type(schema);
    avro_value_t branch = *value;
    if (type != schema) {
        bool null_first = ks_avro_schema_branch(schema, 1) == type,
             null = cell->kind == KS_CELL_NULL;
        agreed(avro_value_set_branch(value, null_first != null, &branch));
        if (null) {
            agreed(avro_value_set_null(&branch));
            return;
        }
    }
    switch (ks_avro_schema_type(type)) {
    case KS_AVRO_BOOLEAN:
        agreed(avro_value_set_boolean(&branch, (int)cell->u.i));
        return;
    case KS_AVRO_INT:
        agreed(avro_value_set_int(&branch, (int32_t)cell->u.i));
        return;
    case KS_AVRO_LONG:
        agreed(avro_value_set_long(&branch, cell->u.i));
        return;
    case KS_AVRO_ENUM:
        agreed(avro_value_set_enum(&branch, (int)cell->u.i));
        return;
    case KS_AVRO_FLOAT:
        agreed(avro_value_set_float(&branch, cell->u.f));
        return;
    case KS_AVRO_DOUBLE:
        agreed(avro_value_set_double(&branch, cell->u.d));
        return;
    case KS_AVRO_RECORD:
        set_fields(&branch, type, cell + 1);
        return;
    case KS_AVRO_ARRAY:
    case KS_AVRO_MAP:
        if (cell->kind == KS_CELL_FLOATS)
            set_floats(&branch, cell);
        else
            set_items(&branch, type, cell);
        return;
    default:
        set_bytes(&branch, ks_avro_schema_type(type), cell);
    }
}

static void write_value(avro_value_t *value, struct ks_buf *out)
{
    size_t size;
    agreed(avro_value_sizeof(value, &size));
    avro_writer_t writer = avro_writer_memory((char *)ks_buf_reserve(out, size + 1), (int64_t)size);
    agreed(avro_value_write(writer, value));
    out->len += size;
    avro_writer_free(writer);
}

void oracle_encode(struct oracle *oracle, const struct ks_avro_schema *schema,
                   const struct ks_cell *cells, struct ks_buf *out)
{
    avro_value_t value;
    agreed(avro_generic_value_new(oracle->iface, &value));
    set_fields(&value, schema, cells);
    write_value(&value, out);
    avro_value_decref(&value);
}

void oracle_rewrite(struct oracle *oracle, struct ks_slice body, struct ks_buf *out)
{
    avro_value_t value;
    agreed(avro_generic_value_new(oracle->iface, &value));
    avro_reader_t reader = avro_reader_memory(body.data, (int64_t)body.len);
    agreed(avro_value_read(reader, &value));
    avro_reader_free(reader);
    write_value(&value, out);
    avro_value_decref(&value);
}
