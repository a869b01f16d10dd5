/* What a worker's schema topic says: ids, and which versions of which subjects they are. Nothing is
 * ever taken out, so texts that were handed out stay. Thread: one at a time. */
#ifndef RUNTIME_SCHEMA_INDEX_H
#define RUNTIME_SCHEMA_INDEX_H

#include "map.h"

/* Owns: all. Zero-initialised is valid and empty. */
struct schema_index {
    struct map by_id; /* struct indexed_schema */
    struct strmap subjects;
};
void schema_index_release(struct schema_index *index);

struct indexed_schema {
    char *json;
    uint64_t fingerprint; /* of the text: what the id is made of */
    uint64_t meaning;     /* the same for every spelling */
};

/* One version of one subject; texts are the index's. */
struct stored_version {
    const char *subject, *json;
    uint32_t version, id;
    uint64_t meaning;
};

/* Takes a record of the topic. A version that another schema has gets the subject's next number.
 * False when another schema has the id: the first in the log keeps it. */
bool schema_index_add(struct schema_index *index, const char *subject, uint32_t version,
                      uint32_t id, const char *json, uint64_t fingerprint, uint64_t meaning);

const struct indexed_schema *schema_index_get(const struct schema_index *index, uint32_t id);
/* The id's version under the subject, 0: none. */
uint32_t schema_index_version(const struct schema_index *index, const char *subject, uint32_t id);
/* The number for a new version. */
uint32_t schema_index_next_version(const struct schema_index *index, const char *subject);

#define SCHEMA_LATEST UINT32_MAX
/* What is looked for; a member that is zero says nothing. */
struct schema_wanted {
    const char *subject, *subject_prefix;
    uint32_t version; /* or SCHEMA_LATEST */
    uint32_t id;
    const uint64_t *meaning;
};
/* By subject and version. Owns: free(*ret). */
size_t schema_index_list(const struct schema_index *index, const struct schema_wanted *wanted,
                         struct stored_version **ret);

#endif
