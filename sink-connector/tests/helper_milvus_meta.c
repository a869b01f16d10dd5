/* The model's databases, collections and aliases: what 2.3.5 answers to changes of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "helper_milvus_parts.h"

void *model_unpack(const ProtobufCMessageDescriptor *type, struct ks_slice request)
{
    void *message = protobuf_c_message_unpack(type, NULL, request.len, request.data);
    if (!message)
        abort(); /* our client sends no such thing */
    return message;
}

void model_drop(void *message)
{
    protobuf_c_message_free_unpacked(message, NULL);
}

void model_pack(const void *message, struct ks_buf *out)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = xmalloc(len + 1);
    protobuf_c_message_pack(message, bytes);
    ks_buf_add(out, bytes, len);
    free(bytes);
}

void model_set_name(char to[MODEL_NAME], const char *from)
{
    snprintf(to, MODEL_NAME, "%s", from);
}

/* ---- finding ---- */

static bool has_database(const struct milvus_model *m, const char *db)
{
    for (size_t i = 0; i < MODEL_FEW; i++)
        if (*db && strcmp(m->databases[i], db) == 0)
            return true;
    return false;
}

static bool is_called(const struct model_collection *c, const char *name)
{
    bool called = strcmp(c->name, name) == 0;
    for (size_t i = 0; i < MODEL_FEW && *name; i++)
        called |= strcmp(c->aliases[i], name) == 0;
    return called;
}

static struct model_collection *find(struct milvus_model *m, const char *db, const char *name)
{
    for (size_t i = 0; i < MODEL_MANY; i++)
        if (m->collections[i].used && strcmp(m->collections[i].db, *db ? db : "default") == 0 &&
            is_called(&m->collections[i], name))
            return &m->collections[i];
    return NULL;
}

struct model_collection *model_find(struct milvus_model *m, const char *db, const char *name,
                                    struct model_answer *ret)
{
    if (!has_database(m, *db ? db : "default")) {
        *ret = model_refuse(800, "database not found[database=%s]", db);
        return NULL;
    }
    struct model_collection *c = find(m, db, name);
    if (!c)
        *ret = model_refuse(100, "collection not found[collection=%s]", name);
    return c;
}

int model_partition_index(const struct model_collection *c, const char *partition)
{
    for (int i = 0; i < MODEL_FEW && *partition; i++)
        if (strcmp(c->partitions[i].name, partition) == 0)
            return i;
    return -1;
}

void model_collection_free(struct model_collection *c)
{
    milvus_meta__collection_schema__free_unpacked(c->schema, NULL);
    free(c->rows);
    *c = (struct model_collection){0};
}

static struct model_answer greet(struct milvus_model *m, struct ks_slice request,
                                 struct ks_buf *body)
{
    char version[] = "v2.3.5";
    MilvusApi__ServerInfo info = MILVUS_API__SERVER_INFO__INIT;
    MilvusApi__ConnectResponse reply = MILVUS_API__CONNECT_RESPONSE__INIT;
    info.build_tags = version;
    reply.server_info = &info;
    model_pack(&reply, body);
    return model_ok();
}

/* ---- databases ---- */

static struct model_answer create_database(struct milvus_model *m, struct ks_slice request,
                                           struct ks_buf *body)
{
    MilvusApi__CreateDatabaseRequest *r = UNPACK(create_database_request);
    struct model_answer a = model_ok();
    size_t i = 0;
    if (has_database(m, r->db_name))
        a = model_refuse(65535, "database already exist: %s", r->db_name);
    while (m->databases[i][0])
        i++;
    if (a.code == 0)
        model_set_name(m->databases[i], r->db_name);
    model_drop(r);
    return a;
}

static struct model_answer drop_database(struct milvus_model *m, struct ks_slice request,
                                         struct ks_buf *body)
{
    MilvusApi__DropDatabaseRequest *r = UNPACK(drop_database_request);
    struct model_answer a = model_ok();
    for (size_t i = 0; i < MODEL_MANY; i++)
        if (m->collections[i].used && strcmp(m->collections[i].db, r->db_name) == 0)
            a = model_refuse(65535,
                             "database:%s not empty, must drop all collections before drop "
                             "database",
                             r->db_name);
    if (!has_database(m, r->db_name))
        a = model_refuse(800, "database not found[database=%s]", r->db_name);
    for (size_t i = 0; i < MODEL_FEW && a.code == 0; i++)
        if (strcmp(m->databases[i], r->db_name) == 0)
            m->databases[i][0] = '\0';
    model_drop(r);
    return a;
}

static struct model_answer list_databases(struct milvus_model *m, struct ks_slice request,
                                          struct ks_buf *body)
{
    MilvusApi__ListDatabasesResponse reply = MILVUS_API__LIST_DATABASES_RESPONSE__INIT;
    char *names[MODEL_FEW];
    reply.db_names = names;
    for (size_t i = 0; i < MODEL_FEW; i++)
        if (m->databases[i][0])
            names[reply.n_db_names++] = m->databases[i];
    model_pack(&reply, body);
    return model_ok();
}

/* ---- collections ---- */

static void set_property(struct model_collection *c, const char *key, const char *value)
{
    size_t i = 0;
    while (c->properties[i][0][0] && strcmp(c->properties[i][0], key) != 0)
        i++;
    model_set_name(c->properties[i][0], key);
    model_set_name(c->properties[i][1], value);
}

static void remove_property(struct model_collection *c, const char *key)
{
    size_t at = MODEL_FEW, last = 0;
    for (; last < MODEL_FEW && c->properties[last][0][0]; last++)
        if (strcmp(c->properties[last][0], key) == 0)
            at = last;
    if (at == MODEL_FEW)
        return;
    memcpy(c->properties[at], c->properties[last - 1], sizeof(c->properties[at]));
    c->properties[last - 1][0][0] = '\0';
}

static bool same_create(const struct model_collection *c,
                        const MilvusApi__CreateCollectionRequest *r)
{
    struct ks_buf schema = {0};
    model_pack(c->schema, &schema);
    bool same = schema.len == r->schema.len &&
                memcmp(schema.data, r->schema.data, schema.len) == 0 && c->shards == r->shards_num;
    for (size_t i = 0; i < r->n_properties; i++) {
        bool has = false;
        for (size_t k = 0; k < MODEL_FEW; k++)
            has |= strcmp(c->properties[k][0], r->properties[i]->key) == 0 &&
                   strcmp(c->properties[k][1], r->properties[i]->value) == 0;
        same = same && has;
    }
    ks_buf_release(&schema);
    return same;
}

static void add_collection(struct milvus_model *m, const MilvusApi__CreateCollectionRequest *r)
{
    struct model_collection *c = m->collections;
    while (c->used)
        c++;
    c->used = true;
    c->id = ++m->last_id;
    model_set_name(c->db, *r->db_name ? r->db_name : "default");
    model_set_name(c->name, r->collection_name);
    c->schema = milvus_meta__collection_schema__unpack(NULL, r->schema.len, r->schema.data);
    c->shards = r->shards_num;
    for (size_t i = 0; i < r->n_properties; i++)
        set_property(c, r->properties[i]->key, r->properties[i]->value);
    model_set_name(c->partitions[0].name, "_default");
}

static struct model_answer create_collection(struct milvus_model *m, struct ks_slice request,
                                             struct ks_buf *body)
{
    MilvusApi__CreateCollectionRequest *r = UNPACK(create_collection_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    if (c && strcmp(c->name, r->collection_name) != 0)
        a = model_refuse(65535,
                         "create duplicate collection with different parameters, collection: %s",
                         r->collection_name);
    else if (c && !same_create(c, r))
        a = model_refuse(65535,
                         "create duplicate collection with different parameters, collection: %s",
                         c->name);
    else if (!c && a.code == 100) {
        add_collection(m, r);
        a = model_ok();
    }
    model_drop(r);
    return a;
}

/* Milvus forgets what they point at, but not that they are. */
static void leave_aliases(struct milvus_model *m, const struct model_collection *c)
{
    for (size_t i = 0; i < MODEL_FEW; i++)
        if (c->aliases[i][0])
            model_set_name(m->left_aliases[i], c->aliases[i]);
}

static bool is_left(struct milvus_model *m, const char *alias, bool take)
{
    for (size_t i = 0; i < MODEL_FEW; i++) {
        if (strcmp(m->left_aliases[i], alias) != 0)
            continue;
        if (take)
            m->left_aliases[i][0] = '\0';
        return true;
    }
    return false;
}

static struct model_answer drop_collection(struct milvus_model *m, struct ks_slice request,
                                           struct ks_buf *body)
{
    MilvusApi__CollectionRequest *r = UNPACK(collection_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    if (c && strcmp(c->name, r->collection_name) != 0)
        a = model_refuse(65535, "cannot drop the collection via alias = %s", r->collection_name);
    else if (c) {
        leave_aliases(m, c);
        model_collection_free(c);
    } else if (a.code == 100)
        a = model_ok();
    model_drop(r);
    return a;
}

static struct model_answer describe_collection(struct milvus_model *m, struct ks_slice request,
                                               struct ks_buf *body)
{
    MilvusApi__CollectionRequest *r = UNPACK(collection_request);
    MilvusApi__DescribeCollectionResponse reply = MILVUS_API__DESCRIBE_COLLECTION_RESPONSE__INIT;
    MilvusMeta__KeyValuePair kvs[MODEL_FEW], *pointers[MODEL_FEW];
    char *aliases[MODEL_FEW];
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    reply.properties = pointers;
    reply.aliases = aliases;
    for (size_t i = 0; c && i < MODEL_FEW; i++) {
        if (c->aliases[i][0])
            aliases[reply.n_aliases++] = c->aliases[i];
        if (!c->properties[i][0][0])
            continue;
        milvus_meta__key_value_pair__init(&kvs[i]);
        kvs[i].key = c->properties[i][0];
        kvs[i].value = c->properties[i][1];
        pointers[reply.n_properties++] = &kvs[i];
    }
    if (c) {
        char *given = c->schema->name; /* it may have been renamed since */
        c->schema->name = c->name;
        reply.schema = c->schema;
        reply.collectionid = c->id;
        reply.shards_num = c->shards;
        reply.collection_name = r->collection_name;
        model_pack(&reply, body);
        c->schema->name = given;
    }
    model_drop(r);
    return a;
}

static struct model_answer rename_collection(struct milvus_model *m, struct ks_slice request,
                                             struct ks_buf *body)
{
    MilvusApi__RenameCollectionRequest *r = UNPACK(rename_collection_request);
    const char *new_db = *r->newdbname ? r->newdbname : r->db_name;
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->oldname, &a);
    if (c && find(m, new_db, r->newname))
        a = model_refuse(65535,
                         "duplicated new collection name %s:%s with other collection name or "
                         "alias",
                         new_db, r->newname);
    if (c && a.code == 0) {
        model_set_name(c->db, new_db);
        model_set_name(c->name, r->newname);
    }
    model_drop(r);
    return a;
}

static struct model_answer alter_collection(struct milvus_model *m, struct ks_slice request,
                                            struct ks_buf *body)
{
    MilvusApi__AlterCollectionRequest *r = UNPACK(alter_collection_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    if (c && r->n_properties == 0 && !m->removes_properties)
        a = model_refuse(65535, "only support alter collection properties, but collection "
                                "properties is empty");
    for (size_t i = 0; c && i < r->n_properties; i++)
        set_property(c, r->properties[i]->key, r->properties[i]->value);
    for (size_t i = 0; c && m->removes_properties && i < r->n_delete_keys; i++)
        remove_property(c, r->delete_keys[i]);
    model_drop(r);
    return a;
}

static struct model_answer flush(struct milvus_model *m, struct ks_slice request,
                                 struct ks_buf *body)
{
    MilvusApi__FlushRequest *r = UNPACK(flush_request);
    struct model_answer a = model_ok();
    for (size_t i = 0; i < r->n_collection_names; i++)
        model_find(m, r->db_name, r->collection_names[i], &a);
    model_drop(r);
    return a;
}

/* ---- aliases ---- */

static void move_alias(struct milvus_model *m, const char *db, const char *alias,
                       struct model_collection *to)
{
    struct model_collection *from = find(m, db, alias);
    size_t i = 0;
    for (size_t k = 0; from && k < MODEL_FEW; k++)
        if (strcmp(from->aliases[k], alias) == 0)
            from->aliases[k][0] = '\0';
    while (to && to->aliases[i][0])
        i++;
    if (to)
        model_set_name(to->aliases[i], alias);
}

static struct model_answer put_alias(struct milvus_model *m, struct ks_slice request, bool alter)
{
    MilvusApi__AliasRequest *r = UNPACK(alias_request);
    struct model_answer a = model_ok();
    struct model_collection *c = model_find(m, r->db_name, r->collection_name, &a);
    struct model_collection *now = c ? find(m, r->db_name, r->alias) : NULL;
    if (now && strcmp(now->name, r->alias) == 0)
        a = model_refuse(1601, "alias and collection name conflict[alias=%s]", r->alias);
    else if (c && alter && !now && !is_left(m, r->alias, true))
        a = model_refuse(1600, "alias not found[alias=%s]", r->alias);
    else if (c && !alter && ((now && now != c) || is_left(m, r->alias, false)))
        a = model_refuse(1602, "%s is alias to another collection: alias already exist", r->alias);
    else if (c && now != c)
        move_alias(m, r->db_name, r->alias, c);
    model_drop(r);
    return a;
}

static struct model_answer create_alias(struct milvus_model *m, struct ks_slice request,
                                        struct ks_buf *body)
{
    return put_alias(m, request, false);
}

static struct model_answer alter_alias(struct milvus_model *m, struct ks_slice request,
                                       struct ks_buf *body)
{
    return put_alias(m, request, true);
}

static struct model_answer drop_alias(struct milvus_model *m, struct ks_slice request,
                                      struct ks_buf *body)
{
    MilvusApi__AliasNameRequest *r = UNPACK(alias_name_request);
    is_left(m, r->alias, true);
    move_alias(m, r->db_name, r->alias, NULL);
    model_drop(r);
    return model_ok();
}

static struct model_answer describe_alias(struct milvus_model *m, struct ks_slice request,
                                          struct ks_buf *body)
{
    MilvusApi__AliasNameRequest *r = UNPACK(alias_name_request);
    MilvusApi__DescribeAliasResponse reply = MILVUS_API__DESCRIBE_ALIAS_RESPONSE__INIT;
    struct model_answer a = model_ok();
    struct model_collection *c = find(m, r->db_name, r->alias);
    if (c && strcmp(c->name, r->alias) != 0) {
        reply.alias = r->alias;
        reply.collection = c->name;
        model_pack(&reply, body);
    } else {
        a = model_refuse(1600, "alias not found[alias=%s]", r->alias);
    }
    model_drop(r);
    return a;
}

model_method *model_find_method(const struct model_method_entry *methods, size_t count,
                                const char *name, bool *ret_bare)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(methods[i].name, name) == 0) {
            *ret_bare = methods[i].bare;
            return methods[i].run;
        }
    return NULL;
}

model_method *model_meta_method(const char *name, bool *ret_bare)
{
    static const struct model_method_entry methods[] = {
        {"Connect", greet, false},
        {"CreateDatabase", create_database, true},
        {"DropDatabase", drop_database, true},
        {"ListDatabases", list_databases, false},
        {"CreateCollection", create_collection, true},
        {"DropCollection", drop_collection, true},
        {"DescribeCollection", describe_collection, false},
        {"RenameCollection", rename_collection, true},
        {"AlterCollection", alter_collection, true},
        {"Flush", flush, false},
        {"CreateAlias", create_alias, true},
        {"AlterAlias", alter_alias, true},
        {"DropAlias", drop_alias, true},
        {"DescribeAlias", describe_alias, false},
    };
    return model_find_method(methods, sizeof(methods) / sizeof(*methods), name, ret_bare);
}
