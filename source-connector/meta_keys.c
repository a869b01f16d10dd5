/* What an etcd key of Milvus is about. In: the bytes of a key; out: kind and IDs. Keys that do not
 * have the form expected of their folder are of kind "other", never an error: Milvus releases add
 * keys of their own. */
#include "meta_values.h"

#include <string.h>

enum key_form {
    FORM_ID,         /* <id> */
    FORM_OWNER_ID,   /* <owner>/<id> */
    FORM_NAME,       /* <name> */
    FORM_OWNER_NAME, /* <owner>/<name> */
    FORM_FOLDER,     /* <name>/anything */
    FORM_OWNER,      /* <owner>/anything */
};

static const struct {
    const char *folder;
    enum meta_kind kind;
    enum key_form form;
} folders[] = {
    {"root-coord/database/db-info/", META_DATABASE, FORM_ID},
    {"root-coord/database/collection-info/", META_COLLECTION, FORM_OWNER_ID},
    {"root-coord/collection/", META_COLLECTION, FORM_ID},
    {"root-coord/partitions/", META_PARTITION, FORM_OWNER_ID},
    {"root-coord/fields/", META_FIELD, FORM_OWNER_ID},
    {"root-coord/functions/", META_FUNCTION, FORM_OWNER_ID},
    {"root-coord/database/aliases/", META_ALIAS, FORM_OWNER_NAME},
    {"root-coord/aliases/", META_ALIAS, FORM_NAME},
    {"root-coord/collection-alias/", META_OLD_ALIAS, FORM_NAME},
    {"root-coord/credential/", META_RBAC, FORM_FOLDER},
    {"root-coord/privilege-group/", META_RBAC, FORM_FOLDER},
    {"field-index/", META_INDEX, FORM_OWNER_ID},
    {"querycoord-collection-loadinfo/", META_LOAD, FORM_ID},
    {"querycoord-partition-loadinfo/", META_PARTITION_LOAD, FORM_OWNER_ID},
    {"datacoord-meta/s/", META_SEGMENT, FORM_OWNER},
    {"datacoord-meta/import-job/", META_IMPORT, FORM_ID},
    {"importtask/", META_IMPORT, FORM_ID}, /* Milvus 2.3 */
};

/* What is left of a key. */
struct rest {
    const char *p;
    size_t len;
};

static bool take_prefix(struct rest *rest, const char *prefix)
{
    size_t len = strlen(prefix);
    if (rest->len < len || memcmp(rest->p, prefix, len) != 0)
        return false;
    rest->p += len;
    rest->len -= len;
    return true;
}

static bool take_number(struct rest *rest, uint64_t max, uint64_t *ret)
{
    uint64_t number = 0;
    size_t i = 0;
    for (; i < rest->len && rest->p[i] >= '0' && rest->p[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(rest->p[i] - '0');
        if (number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (i == 0)
        return false;
    rest->p += i;
    rest->len -= i;
    *ret = number;
    return true;
}

static bool take_id(struct rest *rest, int64_t *ret)
{
    uint64_t number;
    if (!take_number(rest, INT64_MAX, &number))
        return false;
    *ret = (int64_t)number;
    return true;
}

/* Cuts "_ts<TSO>" off. */
static bool cut_snapshot_tick(struct rest *rest, uint64_t *ret_tick)
{
    size_t digits = 0;
    while (digits < rest->len) {
        char c = rest->p[rest->len - 1 - digits];
        if (c < '0' || c > '9')
            break;
        digits++;
    }
    if (rest->len < digits + 3 || memcmp(rest->p + rest->len - digits - 3, "_ts", 3) != 0)
        return false;
    struct rest number = {rest->p + rest->len - digits, digits};
    rest->len -= digits + 3;
    return take_number(&number, UINT64_MAX, ret_tick) && number.len == 0;
}

/* Names may hold any byte but NUL, which could not be told from their end. */
static bool take_name(struct rest *rest, struct ks_slice *ret)
{
    if (rest->len == 0 || memchr(rest->p, '\0', rest->len))
        return false;
    *ret = (struct ks_slice){rest->p, rest->len};
    rest->len = 0;
    return true;
}

static bool take_form(struct rest *rest, enum key_form form, struct meta_key *key)
{
    switch (form) {
    case FORM_ID:
        return take_id(rest, &key->id) && rest->len == 0;
    case FORM_OWNER_ID:
        return take_id(rest, &key->owner) && take_prefix(rest, "/") && take_id(rest, &key->id) &&
               rest->len == 0;
    case FORM_NAME:
        return take_name(rest, &key->name);
    case FORM_OWNER_NAME:
        return take_id(rest, &key->owner) && take_prefix(rest, "/") && take_name(rest, &key->name);
    case FORM_OWNER:
        return take_id(rest, &key->owner) && take_prefix(rest, "/");
    default:
        return false;
    }
}

static void name_rbac_key(const char *folder, struct rest rest, struct meta_key *key)
{
    const char *slash = memchr(rest.p, '/', rest.len);
    if (strcmp(folder, "root-coord/privilege-group/") == 0)
        key->name = (struct ks_slice){"privilege-group", strlen("privilege-group")};
    else
        key->name = (struct ks_slice){rest.p, slash ? (size_t)(slash - rest.p) : rest.len};
}

bool meta_key_parse(const char *prefix, struct ks_slice slice, struct meta_key *ret)
{
    struct rest rest = {slice.data, slice.len};
    *ret = (struct meta_key){.kind = META_OTHER};
    if (!take_prefix(&rest, prefix))
        return false;
    if (take_prefix(&rest, "snapshots/")) {
        ret->snapshot = true;
        if (!cut_snapshot_tick(&rest, &ret->tick))
            return true;
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct rest inner = rest;
        if (!take_prefix(&inner, folders[i].folder))
            continue;
        struct meta_key key = {
            .kind = folders[i].kind, .snapshot = ret->snapshot, .tick = ret->tick};
        if (folders[i].form == FORM_FOLDER)
            name_rbac_key(folders[i].folder, inner, &key);
        else if (!take_form(&inner, folders[i].form, &key))
            break;
        /* A load belongs to the collection it names. */
        if (key.kind == META_LOAD) {
            key.owner = key.id;
            key.id = 0;
        }
        *ret = key;
        break;
    }
    return true;
}

bool meta_is_tombstone(struct ks_slice value)
{
    return value.len == 3 && memcmp(value.data, "\xe2\x9b\xbc", 3) == 0;
}
