/* The frame of the model: calls in, trouble and answers out. */
#include "helper_milvus_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "helper_milvus_parts.h"
#include "proto_wire.h"

enum { UNIMPLEMENTED = 12, LEGACY_UNEXPECTED = 1, WAIT_S = 20 };

struct model_answer model_ok(void)
{
    return (struct model_answer){0};
}

struct model_answer model_refuse(int code, const char *fmt, ...)
{
    struct model_answer a = {.code = code};
    va_list args;
    va_start(args, fmt);
    vsnprintf(a.text, sizeof(a.text), fmt, args);
    va_end(args);
    return a;
}

/* ---- calls ---- */

static void put_status(struct ks_buf *out, const struct model_answer *a)
{
    if (a->code == 0)
        return;
    wire_put_uint(out, 1, LEGACY_UNEXPECTED);
    wire_put_str(out, 2, a->text);
    wire_put_int(out, 3, a->code);
}

static void put_reply(struct test_reply *reply, const struct model_answer *a, bool bare,
                      const struct ks_buf *body)
{
    struct ks_buf status = {0};
    put_status(&status, a);
    if (bare)
        ks_buf_add(&reply->body, status.data, status.len);
    else
        wire_put_bytes(&reply->body, 1, status.data, status.len);
    ks_buf_release(&status);
    if (a->code == 0 && body->len > 0)
        ks_buf_add(&reply->body, body->data, body->len);
}

/* What this call meets. */
static struct model_trouble take_trouble(struct milvus_model *m, const char *method,
                                         struct ks_slice request)
{
    for (struct model_trouble **at = &m->troubles, *t; (t = *at); at = &t->next) {
        if (strcmp(t->method, method) != 0)
            continue;
        struct model_trouble taken = *t;
        *at = t->next;
        free(t);
        return taken;
    }
    if (m->rows_above > 0 && model_request_rows(method, request) > m->rows_above)
        return m->above;
    return (struct model_trouble){.kind = TROUBLE_NONE};
}

static void note_call(struct milvus_model *m, const char *method)
{
    if (m->call_count < sizeof(m->calls) / sizeof(*m->calls))
        snprintf(m->calls[m->call_count++], sizeof(m->calls[0]), "%s", method);
    pthread_cond_broadcast(&m->called);
}

static void answer_call(struct milvus_model *m, const char *method, struct ks_slice request,
                        struct test_reply *reply)
{
    bool bare = false;
    model_method *run = model_meta_method(method, &bare);
    struct model_trouble t = take_trouble(m, method, request);
    struct model_answer a = model_ok();
    struct ks_buf body = {0};
    if (!run)
        run = model_part_method(method, &bare);
    if (!run)
        run = model_row_method(method);
    reply->hang = t.kind == TROUBLE_HANG || t.kind == TROUBLE_HANG_AFTER;
    if (t.kind == TROUBLE_STATUS)
        a = model_refuse(t.code, "%s", t.text);
    else if (run && t.kind != TROUBLE_GRPC && t.kind != TROUBLE_HANG)
        a = run(m, request, &body);
    if (!run || t.kind == TROUBLE_GRPC || t.kind == TROUBLE_GRPC_AFTER) {
        reply->code = run ? t.code : UNIMPLEMENTED;
        reply->text = run ? t.text : "unknown method";
    }
    put_reply(reply, &a, bare, &body);
    ks_buf_release(&body);
}

static void handle(void *arg, const struct test_request *request, struct test_reply *ret)
{
    struct milvus_model *m = arg;
    const char *method = strrchr(request->method, '/') + 1;
    pthread_mutex_lock(&m->mutex);
    answer_call(m, method, request->body, ret);
    note_call(m, method);
    pthread_mutex_unlock(&m->mutex);
}

/* ---- life ---- */

struct milvus_model *milvus_model_start(void)
{
    struct milvus_model *m = xcalloc(1, sizeof(*m));
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->called, NULL);
    strcpy(m->databases[0], "default");
    m->server = test_server_start(0, NULL, false);
    test_server_handle(m->server, handle, m);
    snprintf(m->uri, sizeof(m->uri), "127.0.0.1:%d", test_server_port(m->server));
    return m;
}

void milvus_model_stop(struct milvus_model *m)
{
    test_server_stop(m->server);
    for (size_t i = 0; i < MODEL_MANY; i++)
        if (m->collections[i].used)
            model_collection_free(&m->collections[i]);
    for (struct model_trouble *t = m->troubles, *next; t; t = next) {
        next = t->next;
        free(t);
    }
    pthread_cond_destroy(&m->called);
    pthread_mutex_destroy(&m->mutex);
    free(m);
}

const char *milvus_model_uri(const struct milvus_model *m)
{
    return m->uri;
}

void milvus_model_trouble(struct milvus_model *m, const char *method, enum trouble kind, int code,
                          const char *text)
{
    struct model_trouble *t = xcalloc(1, sizeof(*t)), **end = &m->troubles;
    *t = (struct model_trouble){.method = method, .kind = kind, .code = code, .text = text};
    pthread_mutex_lock(&m->mutex);
    while (*end)
        end = &(*end)->next;
    *end = t;
    pthread_mutex_unlock(&m->mutex);
}

void milvus_model_removes_properties(struct milvus_model *m)
{
    pthread_mutex_lock(&m->mutex);
    m->removes_properties = true;
    pthread_mutex_unlock(&m->mutex);
}

void milvus_model_trouble_above(struct milvus_model *m, size_t rows, enum trouble kind, int code,
                                const char *text)
{
    pthread_mutex_lock(&m->mutex);
    m->rows_above = rows;
    m->above = (struct model_trouble){.kind = kind, .code = code, .text = text};
    pthread_mutex_unlock(&m->mutex);
}

/* ---- what was asked for ---- */

static size_t count_calls(const struct milvus_model *m, const char *method)
{
    size_t count = 0;
    for (size_t i = 0; i < m->call_count; i++)
        count += strcmp(m->calls[i], method) == 0;
    return count;
}

size_t milvus_model_calls(struct milvus_model *m, const char *method)
{
    pthread_mutex_lock(&m->mutex);
    size_t count = count_calls(m, method);
    pthread_mutex_unlock(&m->mutex);
    return count;
}

bool milvus_model_wait_calls(struct milvus_model *m, const char *method, size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&m->mutex);
    while (count_calls(m, method) < count)
        if (pthread_cond_timedwait(&m->called, &m->mutex, &until))
            break;
    bool came = count_calls(m, method) >= count;
    pthread_mutex_unlock(&m->mutex);
    return came;
}

char *milvus_model_log(struct milvus_model *m)
{
    struct ks_buf text = {0};
    pthread_mutex_lock(&m->mutex);
    for (; m->logged < m->call_count; m->logged++)
        ks_buf_printf(&text, "%s%s", text.len ? " " : "", m->calls[m->logged]);
    pthread_mutex_unlock(&m->mutex);
    return ks_buf_take_str(&text);
}

/* ---- what is there ---- */

bool milvus_model_has_database(struct milvus_model *m, const char *db)
{
    bool has = false;
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < MODEL_FEW; i++)
        has |= strcmp(m->databases[i], db) == 0;
    pthread_mutex_unlock(&m->mutex);
    return has;
}

/* Locks; NULL: no such collection. */
static struct model_collection *look(struct milvus_model *m, const char *db, const char *name)
{
    struct model_answer a;
    pthread_mutex_lock(&m->mutex);
    struct model_collection *c = model_find(m, db, name, &a);
    return c && strcmp(c->name, name) == 0 ? c : NULL;
}

bool milvus_model_has(struct milvus_model *m, const char *db, const char *collection)
{
    bool has = look(m, db, collection) != NULL;
    pthread_mutex_unlock(&m->mutex);
    return has;
}

void milvus_model_property(struct milvus_model *m, const char *db, const char *collection,
                           const char *key, char ret[128])
{
    const struct model_collection *c = look(m, db, collection);
    ret[0] = '\0';
    for (size_t i = 0; c && i < MODEL_FEW; i++)
        if (strcmp(c->properties[i][0], key) == 0)
            strcpy(ret, c->properties[i][1]);
    pthread_mutex_unlock(&m->mutex);
}

void milvus_model_alias(struct milvus_model *m, const char *db, const char *alias, char ret[128])
{
    struct model_answer a;
    pthread_mutex_lock(&m->mutex);
    const struct model_collection *c = model_find(m, db, alias, &a);
    strcpy(ret, c && strcmp(c->name, alias) != 0 ? c->name : "");
    pthread_mutex_unlock(&m->mutex);
}

bool milvus_model_has_partition(struct milvus_model *m, const char *db, const char *collection,
                                const char *partition)
{
    const struct model_collection *c = look(m, db, collection);
    bool has = c && model_partition_index(c, partition) >= 0;
    pthread_mutex_unlock(&m->mutex);
    return has;
}

bool milvus_model_has_index(struct milvus_model *m, const char *db, const char *collection,
                            const char *index)
{
    const struct model_collection *c = look(m, db, collection);
    bool has = false;
    for (size_t i = 0; c && i < MODEL_FEW; i++)
        has |= strcmp(c->indexes[i].name, index) == 0;
    pthread_mutex_unlock(&m->mutex);
    return has;
}

bool milvus_model_is_loaded(struct milvus_model *m, const char *db, const char *collection,
                            const char *partition)
{
    const struct model_collection *c = look(m, db, collection);
    bool loaded = false;
    for (size_t i = 0; c && i < MODEL_FEW; i++)
        loaded |= c->partitions[i].loaded &&
                  (!partition || strcmp(c->partitions[i].name, partition) == 0);
    pthread_mutex_unlock(&m->mutex);
    return loaded;
}

size_t milvus_model_rows(struct milvus_model *m, const char *db, const char *collection)
{
    const struct model_collection *c = look(m, db, collection);
    size_t count = c ? c->row_count : 0;
    pthread_mutex_unlock(&m->mutex);
    return count;
}

size_t milvus_model_copies(struct milvus_model *m, const char *db, const char *collection,
                           int64_t key)
{
    const struct model_collection *c = look(m, db, collection);
    size_t count = 0;
    for (size_t i = 0; c && i < c->row_count; i++)
        count += c->rows[i].key == key;
    pthread_mutex_unlock(&m->mutex);
    return count;
}

int64_t milvus_model_value(struct milvus_model *m, const char *db, const char *collection,
                           int64_t key)
{
    const struct model_collection *c = look(m, db, collection);
    int64_t value = INT64_MIN;
    for (size_t i = 0; c && i < c->row_count; i++)
        if (c->rows[i].key == key)
            value = c->rows[i].value;
    pthread_mutex_unlock(&m->mutex);
    return value;
}
