/* Cells of a row in, the same with masked texts out; next: change_encode writes them. The hash is
 * set up once, and each masked field has its own room for the digits: a row costs no allocation. */
#include "field_mask.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

struct masked_field {
    size_t cell;
    bool is_key;
    char digits[MASKED_LENGTH];
};

struct field_mask {
    gnutls_hmac_hd_t hash;
    struct masked_field *fields;
    size_t count;
};

enum ks_status field_mask_new(const struct field_rules *rules, const char *collection,
                              const struct column_layout *layout, struct field_mask **ret,
                              struct ks_error *err)
{
    struct field_mask *mask = xcalloc(1, sizeof(*mask));
    mask->fields = xcalloc(layout->field_count + 1, sizeof(*mask->fields));
    *ret = NULL;
    for (size_t i = 0; i < layout->field_count; i++) {
        const struct column_field *field = &layout->fields[i];
        if (field->type == MILVUS_VARCHAR && field_rules_mask(rules, collection, field->name))
            mask->fields[mask->count++] =
                (struct masked_field){.cell = field->cell, .is_key = field == layout->key};
    }
    if (mask->count == 0) {
        field_mask_free(mask);
        return KS_OK;
    }
    int rc = gnutls_hmac_init(&mask->hash, GNUTLS_MAC_SHA256, rules->salt, strlen(rules->salt));
    if (rc != 0) {
        mask->hash = NULL;
        field_mask_free(mask);
        return ks_error_set(err, KS_ERR_FATAL, "field.mask.hash.list: no SHA-256 on this host: %s",
                            gnutls_strerror(rc));
    }
    *ret = mask;
    return KS_OK;
}

void field_mask_free(struct field_mask *mask)
{
    if (!mask)
        return;
    if (mask->hash)
        gnutls_hmac_deinit(mask->hash, NULL);
    free(mask->fields);
    free(mask);
}

static void mask_cell(struct field_mask *mask, struct masked_field *field, struct ks_cell *cell)
{
    static const char digit[] = "0123456789abcdef";
    uint8_t hash[MASKED_LENGTH / 2];
    if (cell->kind != KS_CELL_BYTES)
        return;
    gnutls_hmac(mask->hash, cell->u.data, cell->count);
    gnutls_hmac_output(mask->hash, hash);
    for (size_t i = 0; i < sizeof(hash); i++) {
        field->digits[2 * i] = digit[hash[i] >> 4];
        field->digits[2 * i + 1] = digit[hash[i] & 15];
    }
    *cell =
        (struct ks_cell){.kind = KS_CELL_BYTES, .count = MASKED_LENGTH, .u.data = field->digits};
}

void field_mask_row(struct field_mask *mask, struct ks_cell *cells)
{
    for (size_t i = 0; i < mask->count; i++)
        mask_cell(mask, &mask->fields[i], &cells[mask->fields[i].cell]);
}

void field_mask_key(struct field_mask *mask, struct ks_cell *key)
{
    for (size_t i = 0; i < mask->count; i++)
        if (mask->fields[i].is_key)
            mask_cell(mask, &mask->fields[i], key);
}
