/* A topic and a schema in, the id out by which readers find the schema. Next: converters writes it
 * in front of an Avro body, json_converter into a header. */
#include "subject_ids.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "map.h"

/* A topic's key or value in the registry. */
struct subject {
    char *topic;
    struct map ids; /* by schema handle */
    const struct ks_schema *last_schema;
    uint32_t last_id;
};

struct subject_ids {
    struct schema_registry *registry;
    bool is_key;
    struct strmap subjects; /* by topic */
    struct subject *last;
};

struct subject_ids *subject_ids_new(struct schema_registry *registry, bool is_key)
{
    struct subject_ids *s = xcalloc(1, sizeof *s);
    s->registry = registry;
    s->is_key = is_key;
    return s;
}

void subject_ids_free(struct subject_ids *s)
{
    if (!s)
        return;
    size_t pos = 0;
    const char *topic;
    void *value;
    while (strmap_next(&s->subjects, &pos, &topic, &value)) {
        struct subject *subject = value;
        map_release(&subject->ids);
        free(subject->topic);
        free(subject);
    }
    strmap_release(&s->subjects);
    free(s);
}

static struct subject *subject_of(struct subject_ids *s, const char *topic)
{
    if (s->last && strcmp(s->last->topic, topic) == 0)
        return s->last;
    struct subject *subject = strmap_get(&s->subjects, topic);
    if (!subject) {
        subject = xcalloc(1, sizeof *subject);
        subject->topic = xstrdup(topic);
        strmap_put(&s->subjects, topic, subject);
    }
    s->last = subject;
    return subject;
}

enum ks_status subject_ids_get(struct subject_ids *s, const char *topic,
                               const struct ks_schema *schema, uint32_t *ret, struct ks_error *err)
{
    struct subject *subject = subject_of(s, topic);
    if (subject->last_schema == schema) {
        *ret = subject->last_id;
        return KS_OK;
    }
    uint32_t id = (uint32_t)(uintptr_t)map_get(&subject->ids, (uintptr_t)schema);
    if (id == 0) {
        char *name = xasprintf("%s-%s", topic, s->is_key ? "key" : "value");
        enum ks_status status = schema_registry_register(s->registry, name, schema->json, &id, err);
        free(name);
        if (status != KS_OK)
            return status;
        map_put(&subject->ids, (uintptr_t)schema, (void *)(uintptr_t)id);
    }
    subject->last_schema = schema;
    *ret = subject->last_id = id;
    return KS_OK;
}
