#include "helper_etcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "helper_golden.h"

/* etcd's cluster ID does not fit in jansson's integers; no number needed here exceeds a double. */
static json_t *load_lines(const char *path)
{
    FILE *file = fopen(path, "r");
    json_t *array = json_array();
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    while (file && (len = getline(&line, &cap, file)) > 0)
        json_array_append_new(array, json_loadb(line, (size_t)len, JSON_DECODE_INT_AS_REAL, NULL));
    free(line);
    if (file)
        fclose(file);
    return array;
}

static int64_t number(const json_t *object, const char *key)
{
    return (int64_t)json_number_value(json_object_get(object, key));
}

static void add_event(struct etcd_recording *rec, size_t *cap, const json_t *json)
{
    const json_t *kv = json_object_get(json, "kv");
    rec->events = xgrow(rec->events, rec->count, cap, sizeof(*rec->events));
    struct etcd_event *event = &rec->events[rec->count++];
    *event = (struct etcd_event){
        .is_delete = number(json, "type") == 1,
        .kv = {.key = golden_base64(golden_str(kv, "key")),
               .value = golden_base64(golden_str(kv, "value")),
               .create_revision = number(kv, "create_revision"),
               .mod_revision = number(kv, "mod_revision"),
               .version = number(kv, "version")},
    };
}

struct etcd_recording etcd_recording_load(const char *path)
{
    struct etcd_recording rec = {0};
    size_t cap = 0, i, k;
    json_t *lines = load_lines(path), *line, *event;
    json_array_foreach(lines, i, line)
    {
        json_array_foreach(json_object_get(line, "Events"), k, event)
        {
            add_event(&rec, &cap, event);
        }
    }
    json_decref(lines);
    return rec;
}

void etcd_recording_free(struct etcd_recording *rec)
{
    for (size_t i = 0; i < rec->count; i++) {
        free((void *)(uintptr_t)rec->events[i].kv.key.data);
        free((void *)(uintptr_t)rec->events[i].kv.value.data);
    }
    free(rec->events);
}

size_t etcd_recording_next(const struct etcd_recording *rec, size_t from)
{
    size_t at = from;
    while (at < rec->count &&
           (at == from || rec->events[at].kv.mod_revision == rec->events[from].kv.mod_revision))
        at++;
    return at;
}

static bool same_key(const struct etcd_event *a, const struct etcd_event *b)
{
    return a->kv.key.len == b->kv.key.len &&
           memcmp(a->kv.key.data, b->kv.key.data, a->kv.key.len) == 0;
}

static bool is_overwritten(const struct etcd_recording *rec, size_t at, size_t count)
{
    for (size_t i = at + 1; i < count; i++)
        if (same_key(&rec->events[at], &rec->events[i]))
            return true;
    return false;
}

void etcd_recording_list(const struct etcd_recording *rec, size_t count, struct meta_model *m)
{
    struct ks_error err;
    meta_model_list_begin(m);
    for (size_t i = 0; i < count; i++)
        if (!rec->events[i].is_delete && !is_overwritten(rec, i, count) &&
            meta_model_list_kv(m, &rec->events[i].kv, &err) != KS_OK)
            abort();
    int64_t revision = count > 0 ? rec->events[count - 1].kv.mod_revision : 1;
    if (meta_model_list_end(m, revision, &err) != KS_OK)
        abort();
}

/* ---- catalogues as text ---- */

struct lines {
    char **items;
    size_t len, cap;
};

static void add_line(struct lines *lines, char *take_line)
{
    lines->items = xgrow(lines->items, lines->len, &lines->cap, sizeof(*lines->items));
    lines->items[lines->len++] = take_line;
}

static void add_database(void *arg, const char *db, const char *name, int64_t id)
{
    add_line(arg, xasprintf("database %s %" PRId64, name, id));
}

static void add_alias(void *arg, const char *db, const char *name, int64_t id)
{
    add_line(arg, xasprintf("alias %s.%s %" PRId64, db, name, id));
}

static void add_collection(void *arg, struct catalogue_collection *c)
{
    const struct ddl_schema *s = c->schema;
    add_line(arg, xasprintf("collection %" PRId64 " %s.%s (db %" PRId64 ") shards %d level %d "
                            "loaded %d replicas %d",
                            c->id, c->db, c->name, c->db_id, s->shards, s->consistency_level,
                            c->loaded, c->loaded ? c->replicas : 0));
    for (const struct catalogue_partition *p = c->partitions; p; p = p->next)
        add_line(arg, xasprintf("partition %" PRId64 "/%" PRId64 " %s loaded %d", c->id, p->id,
                                p->name, p->loaded));
    for (const struct catalogue_index *i = c->indexes; i; i = i->next)
        for (size_t k = 0; k < i->index->param_count; k++)
            add_line(arg, xasprintf("index %" PRId64 "/%" PRId64 " %s on %s: %s=%s", c->id,
                                    i->index->id, i->index->name, i->index->field,
                                    i->index->params[k].key, i->index->params[k].value));
    for (size_t i = 0; i < s->field_count; i++)
        add_line(arg, xasprintf("field %" PRId64 "/%" PRId64 " %s %s", c->id, s->fields[i].id,
                                s->fields[i].name, milvus_type_name(s->fields[i].type)));
    for (size_t i = 0; i < s->property_count; i++)
        add_line(arg, xasprintf("property %" PRId64 " %s=%s", c->id, s->properties[i].key,
                                s->properties[i].value));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *catalogue_text(const struct catalogue *c)
{
    struct lines lines = {0};
    catalogue_each_database(c, add_database, &lines);
    catalogue_each_alias(c, add_alias, &lines);
    catalogue_each(c, add_collection, &lines);
    qsort(lines.items, lines.len, sizeof(*lines.items), by_text);
    struct ks_buf text = {0};
    for (size_t i = 0; i < lines.len; i++) {
        ks_buf_printf(&text, "%s\n", lines.items[i]);
        free(lines.items[i]);
    }
    free(lines.items);
    return ks_buf_take_str(&text);
}

void catalogue_fold(struct catalogue *c, struct pending_ddl *take_list, int64_t *seq)
{
    for (struct pending_ddl *p = take_list; p; p = p->next) {
        p->ddl->seq = ++*seq;
        if (!catalogue_apply(c, p->ddl) && p->ddl->kind != DDL_GAP)
            abort();
    }
    pending_ddl_list_free(take_list);
}
