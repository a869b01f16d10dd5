/* Recorded records for the tests: JSON lines and what is in them. */
#ifndef SOURCE_TESTS_HELPER_GOLDEN_H
#define SOURCE_TESTS_HELPER_GOLDEN_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/record.h"

#define GOLDEN_25 "golden/milvus-2.5/golden-2.5.jsonl"
#define GOLDEN_235 "golden/milvus-2.3.5/kafka.jsonl"
#define GOLDEN_235_EVENTS "golden/milvus-2.3.5/events.jsonl"

/* A file of JSON lines (relative to tests/) as one array. Ends the process if it cannot be read. */
json_t *golden_load(const char *path);
/* Bytes of a base64 text. Owns: free(data). */
struct ks_slice golden_base64(const char *text);
const char *golden_str(const json_t *object, const char *key); /* "" if absent */
int64_t golden_int(const json_t *object, const char *key);     /* number or decimal text */
uint64_t golden_uint(const json_t *object, const char *key);
/* The object of the array whose member `key` is `value`, or NULL. */
json_t *golden_find(json_t *array, const char *key, const char *value);

#endif
