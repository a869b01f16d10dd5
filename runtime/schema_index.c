/* The fold of the schema topic. In: its records, in order; out: what is asked by id, by subject, by
 * meaning. Next: schema_store, which reads the topic, and through it the converters and REST. */
#include "schema_index.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

struct indexed_version {
    uint32_t version, id;
};

struct indexed_subject {
    char *name;
    struct indexed_version *versions; /* ascending */
    size_t count, cap;
};

void schema_index_release(struct schema_index *index)
{
    size_t pos = 0;
    uint64_t id;
    void *value;
    while (map_next(&index->by_id, &pos, &id, &value)) {
        struct indexed_schema *schema = value;
        free(schema->json);
        free(schema);
    }
    pos = 0;
    const char *name;
    while (strmap_next(&index->subjects, &pos, &name, &value)) {
        struct indexed_subject *subject = value;
        free(subject->name);
        free(subject->versions);
        free(subject);
    }
    map_release(&index->by_id);
    strmap_release(&index->subjects);
    *index = (struct schema_index){0};
}

/* ---- adding ---- */

static struct indexed_subject *make_subject(struct schema_index *index, const char *name)
{
    struct indexed_subject *subject = strmap_get(&index->subjects, name);
    if (!subject) {
        subject = xcalloc(1, sizeof *subject);
        subject->name = xstrdup(name);
        strmap_put(&index->subjects, name, subject);
    }
    return subject;
}

static uint32_t version_of(const struct indexed_subject *subject, uint32_t id)
{
    for (size_t i = 0; subject && i < subject->count; i++)
        if (subject->versions[i].id == id)
            return subject->versions[i].version;
    return 0;
}

static uint32_t next_version(const struct indexed_subject *subject)
{
    return subject && subject->count > 0 ? subject->versions[subject->count - 1].version + 1 : 1;
}

static void add_version(struct indexed_subject *subject, uint32_t version, uint32_t id)
{
    if (version_of(subject, id))
        return;
    subject->versions =
        xgrow(subject->versions, subject->count, &subject->cap, sizeof *subject->versions);
    size_t at = 0;
    while (at < subject->count && subject->versions[at].version < version)
        at++;
    if (at < subject->count && subject->versions[at].version == version) {
        version = next_version(subject);
        at = subject->count;
    }
    memmove(subject->versions + at + 1, subject->versions + at,
            (subject->count - at) * sizeof *subject->versions);
    subject->versions[at] = (struct indexed_version){version, id};
    subject->count++;
}

bool schema_index_add(struct schema_index *index, const char *subject, uint32_t version,
                      uint32_t id, const char *json, uint64_t fingerprint, uint64_t meaning)
{
    struct indexed_schema *schema = map_get(&index->by_id, id);
    if (schema && schema->fingerprint != fingerprint)
        return false;
    if (!schema) {
        schema = xcalloc(1, sizeof *schema);
        *schema = (struct indexed_schema){xstrdup(json), fingerprint, meaning};
        map_put(&index->by_id, id, schema);
    }
    add_version(make_subject(index, subject), version, id);
    return true;
}

/* ---- asking ---- */

const struct indexed_schema *schema_index_get(const struct schema_index *index, uint32_t id)
{
    return map_get(&index->by_id, id);
}

uint32_t schema_index_version(const struct schema_index *index, const char *subject, uint32_t id)
{
    return version_of(strmap_get(&index->subjects, subject), id);
}

uint32_t schema_index_next_version(const struct schema_index *index, const char *subject)
{
    return next_version(strmap_get(&index->subjects, subject));
}

struct listing {
    struct stored_version *found;
    size_t count, cap;
};

static bool is_wanted(const struct schema_wanted *wanted, const struct indexed_subject *subject,
                      size_t at, const struct indexed_schema *schema)
{
    const struct indexed_version *v = &subject->versions[at];
    bool version_fits = wanted->version == SCHEMA_LATEST
                            ? at + 1 == subject->count
                            : !wanted->version || wanted->version == v->version;
    return version_fits && (!wanted->id || wanted->id == v->id) &&
           (!wanted->meaning || *wanted->meaning == schema->meaning);
}

static void add_subject(struct listing *l, const struct schema_index *index,
                        const struct indexed_subject *subject, const struct schema_wanted *wanted)
{
    for (size_t i = 0; i < subject->count; i++) {
        const struct indexed_schema *schema = map_get(&index->by_id, subject->versions[i].id);
        if (!is_wanted(wanted, subject, i, schema))
            continue;
        l->found = xgrow(l->found, l->count, &l->cap, sizeof *l->found);
        l->found[l->count++] =
            (struct stored_version){subject->name, schema->json, subject->versions[i].version,
                                    subject->versions[i].id, schema->meaning};
    }
}

static int by_subject_and_version(const void *a, const void *b)
{
    const struct stored_version *one = a, *other = b;
    int order = strcmp(one->subject, other->subject);
    return order != 0 ? order : (one->version > other->version) - (one->version < other->version);
}

size_t schema_index_list(const struct schema_index *index, const struct schema_wanted *wanted,
                         struct stored_version **ret)
{
    struct listing l = {0};
    const char *prefix = wanted->subject_prefix ? wanted->subject_prefix : "";
    size_t pos = 0;
    const char *name;
    void *subject = wanted->subject ? strmap_get(&index->subjects, wanted->subject) : NULL;
    if (subject)
        add_subject(&l, index, subject, wanted);
    while (!wanted->subject && strmap_next(&index->subjects, &pos, &name, &subject))
        if (strncmp(name, prefix, strlen(prefix)) == 0)
            add_subject(&l, index, subject, wanted);
    if (l.count > 1)
        qsort(l.found, l.count, sizeof *l.found, by_subject_and_version);
    *ret = l.found;
    return l.count;
}
