/* Any metadata, as events and as a listing: keys are made valid-looking from a table, values are
 * the fuzzer's bytes. What comes out must fold. (That a diff of the same state is empty holds only
 * for what Milvus writes, where no two partitions of a collection have one name: test_meta_golden.)
 *
 * Input: records of {key kind, owner, ID, flags, value length, value}. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "meta_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVENTS_MAX 128
#define KEY_MAX 96

static const char *const KEYS[] = {
    "m/root-coord/database/db-info/%d",
    "m/root-coord/database/collection-info/%d/%d",
    "m/root-coord/partitions/%d/%d",
    "m/root-coord/fields/%d/%d",
    "m/root-coord/functions/%d/%d",
    "m/root-coord/database/aliases/%d/a%d",
    "m/field-index/%d/%d",
    "m/querycoord-collection-loadinfo/%d",
    "m/querycoord-partition-loadinfo/%d/%d",
    "m/datacoord-meta/import-job/%d",
    "m/root-coord/collection/%d",
    "m/root-coord/collection-alias/a%d",
    "m/root-coord/credential/roles/r%d",
    "other/%d",
};
#define KEY_COUNT (sizeof KEYS / sizeof *KEYS)

enum { DELETE = 1, SNAPSHOT = 2, NEXT_REVISION = 4, TOMBSTONE = 8 };

struct input {
    struct etcd_event events[EVENTS_MAX];
    char keys[EVENTS_MAX][KEY_MAX];
    size_t count;
    int64_t revision;
};

static void add(struct input *in, const uint8_t *head, struct ks_slice value)
{
    char *key = in->keys[in->count];
    unsigned owner = head[1] % 4, id = head[2] % 8 + (head[0] % KEY_COUNT == 3 ? 98u : 0u);
    size_t len = 0;
    if (head[3] & SNAPSHOT)
        len = (size_t)snprintf(key, KEY_MAX, "m/snapshots/");
        /* Kinds with one number take the first. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-extra-args"
    len += (size_t)snprintf(key + len, KEY_MAX - len, KEYS[head[0] % KEY_COUNT] + (len ? 2 : 0),
                            owner, id);
#pragma clang diagnostic pop
    if (head[3] & SNAPSHOT)
        len += (size_t)snprintf(key + len, KEY_MAX - len, "_ts%u", head[3] >> 4);
    if (head[3] & NEXT_REVISION)
        in->revision++;
    if (head[3] & TOMBSTONE)
        value = (struct ks_slice){"\xe2\x9b\xbc", 3};
    in->events[in->count++] = (struct etcd_event){
        .is_delete = head[3] & DELETE,
        .kv = {.key = {key, len},
               .value = value,
               .create_revision = in->revision,
               .mod_revision = in->revision},
    };
}

static void read_input(struct input *in, const uint8_t *data, size_t size)
{
    in->count = 0;
    in->revision = 2;
    while (size >= 5 && in->count < EVENTS_MAX) {
        size_t len = data[4] < size - 5 ? data[4] : size - 5;
        add(in, data, (struct ks_slice){data + 5, len});
        data += 5 + len;
        size -= 5 + len;
    }
}

static void fold(struct catalogue *c, struct pending_ddl *list)
{
    int64_t seq = 0;
    for (struct pending_ddl *p = list; p; p = p->next) {
        p->ddl->seq = ++seq;
        if (!catalogue_apply(c, p->ddl) && p->ddl->kind != DDL_GAP)
            abort();
    }
    pending_ddl_list_free(list);
}

static void ask(struct meta_model *m)
{
    const struct meta_channel_use *uses;
    size_t count = meta_model_channels(m, &uses);
    for (size_t i = 0; i < count; i++)
        if (meta_model_life(m, uses[i].collection_id) != META_CREATED)
            abort();
    (void)meta_model_creating_floor(m);
}

/* The events one after the other, then the difference to what they said. */
static void follow(const struct input *in)
{
    struct meta_model *m = meta_model_new("m/");
    struct catalogue *c = catalogue_new();
    struct pending_ddl *list = NULL, *again = NULL;
    struct ks_error err;
    meta_model_list_begin(m);
    (void)meta_model_list_end(m, 1, &err);
    enum ks_status status = meta_model_events(m, in->events, in->count, &list, &err);
    fold(c, list);
    ask(m);
    if (status == KS_OK && meta_model_diff(m, c, false, &again, &err) != KS_OK)
        abort();
    fold(c, again);
    catalogue_free(c);
    meta_model_free(m);
}

/* The same keys as a listing, compared with an empty stream, with and without history. */
static void list_and_diff(const struct input *in, bool history)
{
    struct meta_model *m = meta_model_new("m/");
    struct catalogue *c = catalogue_new();
    struct pending_ddl *list = NULL, *again = NULL;
    struct ks_error err;
    enum ks_status status = KS_OK;
    meta_model_list_begin(m);
    for (size_t i = 0; i < in->count && status == KS_OK; i++)
        if (!in->events[i].is_delete)
            status = meta_model_list_kv(m, &in->events[i].kv, &err);
    (void)meta_model_list_end(m, in->revision, &err);
    if (history)
        meta_model_said(m, 3, 2);
    if (meta_model_diff(m, c, !history, &list, &err) != KS_OK)
        abort();
    fold(c, list);
    ask(m);
    meta_model_said(m, UINT64_MAX, INT64_MAX);
    if (meta_model_diff(m, c, false, &again, &err) != KS_OK)
        abort();
    fold(c, again);
    catalogue_free(c);
    meta_model_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input in;
    read_input(&in, data, size);
    follow(&in);
    list_and_diff(&in, false);
    list_and_diff(&in, true);
    return 0;
}
