/* A topic and a schema in, the id out by which readers find the schema. Next: converters writes it
 * in front of an Avro body, json_converter into a header. */
#include "subject_ids.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "map.h"
#include "subject_name.h"

/* A topic's key or value in the registry. */
struct subject {
    char *topic;
    struct map writings; /* struct subject_writing, by schema handle */
    const struct ks_schema *last_schema;
    const struct subject_writing *last;
};

struct subject_ids {
    struct schema_registry *registry;
    enum subject_strategy strategy;
    bool is_key, use_latest, strict;
    struct strmap subjects; /* by topic */
    struct subject *last;
};

struct subject_ids *subject_ids_new(struct schema_registry *registry,
                                    const struct ks_config *options, bool is_key, bool can_rewrite)
{
    struct subject_ids *s = xcalloc(1, sizeof *s);
    s->registry = registry;
    s->strategy = subject_strategy_of(options, is_key);
    s->is_key = is_key;
    s->use_latest = can_rewrite && ks_config_bool(options, "use.latest.version", false);
    s->strict = ks_config_bool(options, "latest.compatibility.strict", true);
    return s;
}

static void subject_free(struct subject *subject)
{
    size_t pos = 0;
    uint64_t schema;
    void *value;
    while (map_next(&subject->writings, &pos, &schema, &value)) {
        struct subject_writing *writing = value;
        latest_schema_close(writing->latest);
        free(writing);
    }
    map_release(&subject->writings);
    free(subject->topic);
    free(subject);
}

void subject_ids_free(struct subject_ids *s)
{
    if (!s)
        return;
    size_t pos = 0;
    const char *topic;
    void *value;
    while (strmap_next(&s->subjects, &pos, &topic, &value))
        subject_free(value);
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

static enum ks_status find_id(struct subject_ids *s, const char *name,
                              const struct ks_schema *schema, struct subject_writing *ret,
                              struct ks_error *err)
{
    if (!s->use_latest)
        return schema_registry_register(s->registry, name, schema->json, &ret->id, err);
    enum ks_status status =
        latest_schema_open(s->registry, name, schema->schema, s->strict, &ret->latest, err);
    if (status == KS_OK)
        ret->id = latest_schema_id(ret->latest);
    return status;
}

static enum ks_status add_writing(struct subject_ids *s, struct subject *subject,
                                  const struct ks_schema *schema, struct subject_writing **ret,
                                  struct ks_error *err)
{
    char *name;
    struct subject_writing made = {0};
    enum ks_status status =
        subject_name(s->strategy, subject->topic, s->is_key, schema->schema, &name, err);
    if (status != KS_OK)
        return status;
    status = find_id(s, name, schema, &made, err);
    free(name);
    if (status != KS_OK)
        return status;
    *ret = xmalloc(sizeof **ret);
    **ret = made;
    map_put(&subject->writings, (uintptr_t)schema, *ret);
    return KS_OK;
}

enum ks_status subject_ids_get(struct subject_ids *s, const char *topic,
                               const struct ks_schema *schema, const struct subject_writing **ret,
                               struct ks_error *err)
{
    struct subject *subject = subject_of(s, topic);
    if (subject->last_schema == schema) {
        *ret = subject->last;
        return KS_OK;
    }
    struct subject_writing *writing = map_get(&subject->writings, (uintptr_t)schema);
    enum ks_status status = KS_OK;
    if (!writing)
        status = add_writing(s, subject, schema, &writing, err);
    if (status != KS_OK)
        return status;
    subject->last_schema = schema;
    *ret = subject->last = writing;
    return KS_OK;
}
