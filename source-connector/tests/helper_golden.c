/* Recorded data below tests/golden/ in, JSON values and bytes out; next: the golden tests. */
#include "helper_golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(2);
}

json_t *golden_load(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        die(path, "cannot be opened");
    json_t *array = json_array();
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    while ((len = getline(&line, &cap, file)) > 0) {
        json_error_t error;
        json_t *value = json_loadb(line, (size_t)len, JSON_ALLOW_NUL, &error);
        if (!value)
            die(path, error.text);
        json_array_append_new(array, value);
    }
    free(line);
    fclose(file);
    return array;
}

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

struct ks_slice golden_base64(const char *text)
{
    size_t len = 0;
    uint8_t *data = malloc(strlen(text) + 1);
    if (!data)
        die(text, "out of memory");
    uint32_t bits = 0;
    int count = 0;
    for (; *text && *text != '='; text++) {
        bits = bits << 6 | (uint32_t)digit_of(*text);
        count += 6;
        if (count >= 8) {
            count -= 8;
            data[len++] = (uint8_t)(bits >> count);
        }
    }
    return (struct ks_slice){.data = data, .len = len};
}

const char *golden_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t golden_int(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
                                 : json_integer_value(value);
}

uint64_t golden_uint(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10)
                                 : (uint64_t)json_integer_value(value);
}

json_t *golden_find(json_t *array, const char *key, const char *value)
{
    size_t i;
    json_t *object;
    json_array_foreach(array, i,
                       object) if (strcmp(golden_str(object, key), value) == 0) return object;
    return NULL;
}
