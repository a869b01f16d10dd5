#include "default_value.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- to text ---- */

/* The shortest text that reads back as the same number. */
static const char *number_text(double value, bool single, struct ks_arena *arena)
{
    char text[40];
    if (!isfinite(value))
        return isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (single ? (float)back == (float)value : back == value)
            break;
    }
    return ks_arena_strndup(arena, text, strlen(text));
}

static const char *string_text(const char *str, struct ks_arena *arena)
{
    json_t *json = json_string(str);
    char *text = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    const char *copy = text ? ks_arena_strndup(arena, text, strlen(text)) : NULL;
    free(text);
    json_decref(json);
    return copy;
}

const char *default_value_text(const MilvusMeta__ValueField *value, struct ks_arena *arena)
{
    switch (value->data_case) {
    case MILVUS_META__VALUE_FIELD__DATA_BOOL_DATA:
        return value->bool_data ? "true" : "false";
    case MILVUS_META__VALUE_FIELD__DATA_INT_DATA:
        return ks_arena_printf(arena, "%" PRId32, value->int_data);
    case MILVUS_META__VALUE_FIELD__DATA_LONG_DATA:
        return ks_arena_printf(arena, "%" PRId64, value->long_data);
    case MILVUS_META__VALUE_FIELD__DATA_FLOAT_DATA:
        return number_text((double)value->float_data, true, arena);
    case MILVUS_META__VALUE_FIELD__DATA_DOUBLE_DATA:
        return number_text(value->double_data, false, arena);
    case MILVUS_META__VALUE_FIELD__DATA_STRING_DATA:
        return string_text(value->string_data, arena);
    case MILVUS_META__VALUE_FIELD__DATA_BYTES_DATA: /* of a JSON field: the text itself */
        return ks_arena_strndup(arena, (const char *)value->bytes_data.data, value->bytes_data.len);
    default:
        return NULL;
    }
}

/* ---- from text ---- */

static bool read_integer(const json_t *json, enum milvus_type type, MilvusMeta__ValueField *ret)
{
    json_int_t value = json_integer_value(json);
    if (!json_is_integer(json))
        return false;
    if (type == MILVUS_INT64) {
        ret->data_case = MILVUS_META__VALUE_FIELD__DATA_LONG_DATA;
        ret->long_data = value;
        return true;
    }
    ret->data_case = MILVUS_META__VALUE_FIELD__DATA_INT_DATA;
    ret->int_data = (int32_t)value;
    return value >= INT32_MIN && value <= INT32_MAX;
}

static bool read_number(const json_t *json, enum milvus_type type, MilvusMeta__ValueField *ret)
{
    const char *name = json_string_value(json);
    double value = json_number_value(json);
    if (name && strcmp(name, "NaN") == 0)
        value = (double)NAN;
    else if (name && strcmp(name, "Infinity") == 0)
        value = HUGE_VAL;
    else if (name && strcmp(name, "-Infinity") == 0)
        value = -HUGE_VAL;
    else if (!json_is_number(json))
        return false;
    if (type == MILVUS_FLOAT) {
        ret->data_case = MILVUS_META__VALUE_FIELD__DATA_FLOAT_DATA;
        ret->float_data = (float)value;
    } else {
        ret->data_case = MILVUS_META__VALUE_FIELD__DATA_DOUBLE_DATA;
        ret->double_data = value;
    }
    return true;
}

static bool read_string(const json_t *json, struct ks_arena *arena, MilvusMeta__ValueField *ret)
{
    if (!json_is_string(json))
        return false;
    ret->data_case = MILVUS_META__VALUE_FIELD__DATA_STRING_DATA;
    ret->string_data = ks_arena_strndup(arena, json_string_value(json), json_string_length(json));
    return true;
}

static bool read_value(const json_t *json, enum milvus_type type, struct ks_arena *arena,
                       MilvusMeta__ValueField *ret)
{
    switch (type) {
    case MILVUS_BOOL:
        ret->data_case = MILVUS_META__VALUE_FIELD__DATA_BOOL_DATA;
        ret->bool_data = json_is_true(json);
        return json_is_boolean(json);
    case MILVUS_INT8:
    case MILVUS_INT16:
    case MILVUS_INT32:
    case MILVUS_INT64:
        return read_integer(json, type, ret);
    case MILVUS_FLOAT:
    case MILVUS_DOUBLE:
        return read_number(json, type, ret);
    case MILVUS_VARCHAR:
        return read_string(json, arena, ret);
    default:
        return false;
    }
}

bool default_value_read(const char *text, enum milvus_type type, struct ks_arena *arena,
                        MilvusMeta__ValueField *ret)
{
    size_t len = strlen(text);
    milvus_meta__value_field__init(ret);
    json_t *json = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool good = json != NULL;
    if (good && type == MILVUS_JSON) {
        ret->data_case = MILVUS_META__VALUE_FIELD__DATA_BYTES_DATA;
        ret->bytes_data.data = ks_arena_copy(arena, text, len);
        ret->bytes_data.len = len;
    } else if (good) {
        good = read_value(json, type, arena, ret);
    }
    json_decref(json);
    return good;
}
