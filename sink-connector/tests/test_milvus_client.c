/* The client against a gRPC server in this process: what goes over the wire, and what comes of the
 * answers. Covers milvus_describe.c and milvus_ddl.c as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../milvus_client.h"
#include "helper_grpc_server.h"
#include "milvus_api.pb-c.h"
#include "proto_wire.h"

enum { DEADLINE_MS = 20000 };

struct fixture {
    struct test_server *server;
    struct milvus_client *client;
    struct ks_arena arena;
    /* of the last request */
    char method[64], authorization[64], dbname[64];
    struct ks_buf request;
    /* of the next reply */
    int code;
    struct ks_buf replies[2]; /* the second one for a second call */
    size_t calls;
};

static void handle(void *arg, const struct test_request *request, struct test_reply *ret)
{
    struct fixture *f = arg;
    snprintf(f->method, sizeof(f->method), "%s", strrchr(request->method, '/') + 1);
    f->authorization[0] = f->dbname[0] = '\0';
    test_request_metadata(request, "authorization", f->authorization, sizeof(f->authorization));
    test_request_metadata(request, "dbname", f->dbname, sizeof(f->dbname));
    ks_buf_reset(&f->request);
    ks_buf_add(&f->request, request->body.data, request->body.len);
    const struct ks_buf *reply = &f->replies[f->calls++ ? 1 : 0];
    ks_buf_add(&ret->body, reply->data, reply->len);
    ret->code = f->code;
    ret->text = "the server's text";
}

static void open_client(struct fixture *f, const char *token)
{
    char uri[64];
    struct ks_error err;
    snprintf(uri, sizeof(uri), "http://127.0.0.1:%d", test_server_port(f->server));
    struct milvus_options options = {.uri = uri, .token = token};
    if (milvus_client_open(&options, &f->client, &err))
        fail_msg("%s", err.message);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    fixture.server = test_server_start(0, NULL, false);
    assert_non_null(fixture.server);
    test_server_handle(fixture.server, handle, &fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    milvus_client_close(f->client);
    test_server_stop(f->server);
    ks_buf_release(&f->request);
    ks_buf_release(&f->replies[0]);
    ks_buf_release(&f->replies[1]);
    ks_arena_release(&f->arena);
    return 0;
}

static struct ks_buf *begin_reply(struct fixture *f, size_t i)
{
    test_server_sync(f->server);
    f->calls = 0;
    ks_buf_reset(&f->replies[i]);
    return &f->replies[i];
}

static void reply_with(struct fixture *f, size_t i, const ProtobufCMessage *message)
{
    static const uint8_t ok[] = {0x0a, 0x00}; /* an empty Status */
    struct ks_buf *reply = begin_reply(f, i);
    size_t len = protobuf_c_message_get_packed_size(message);
    ks_buf_add(reply, ok, sizeof(ok));
    protobuf_c_message_pack(message, ks_buf_reserve(reply, len));
    reply->len += len;
    test_server_sync(f->server);
}

static void reply_status(struct fixture *f, bool bare, uint32_t code)
{
    struct ks_buf status = {0}, *reply = begin_reply(f, 0);
    wire_put_uint(&status, 3, code);
    wire_put_str(&status, 2, "why");
    if (bare)
        ks_buf_add(reply, status.data, status.len);
    else
        wire_put_bytes(reply, 1, status.data, status.len);
    ks_buf_release(&status);
    test_server_sync(f->server);
}

static void assert_ok(struct milvus_answer a)
{
    if (a.outcome != MILVUS_OK)
        fail_msg("%s", a.message);
}

static void *sent(struct fixture *f, const ProtobufCMessageDescriptor *type)
{
    test_server_sync(f->server);
    void *message = protobuf_c_message_unpack(type, NULL, f->request.len, f->request.data);
    test_server_sync(f->server);
    assert_non_null(message);
    return message;
}

static bool sent_bytes(struct fixture *f, const char *bytes)
{
    test_server_sync(f->server);
    bool same =
        f->request.len == strlen(bytes) && memcmp(f->request.data, bytes, f->request.len) == 0;
    test_server_sync(f->server);
    return same;
}

static void done(void *message)
{
    protobuf_c_message_free_unpacked(message, NULL);
}

/* ---- the call ---- */

static void test_milvus_write__bytes_and_metadata(void **state)
{
    struct fixture *f = *state;
    open_client(f, "root:Milvus");
    assert_ok(milvus_write(f->client, "Insert", "db1", (struct ks_slice){"abc", 3}, DEADLINE_MS));
    assert_string_equal(f->method, "Insert");
    assert_string_equal(f->authorization, "cm9vdDpNaWx2dXM=");
    assert_string_equal(f->dbname, "db1");
    assert_true(sent_bytes(f, "abc"));
}

static void test_milvus_client_open__token_is_optional(void **state)
{
    struct fixture *f = *state;
    open_client(f, "");
    assert_ok(milvus_write(f->client, "Insert", "", (struct ks_slice){"", 0}, DEADLINE_MS));
    assert_string_equal(f->authorization, "");
    assert_string_equal(f->dbname, "");
}

static void test_milvus_client_open__tokens_of_every_length(void **state)
{
    static const char *const texts[][2] = {
        {"a", "YQ=="}, {"ab", "YWI="}, {"abc", "YWJj"}, {"\xff\xfe\xfb", "//77"}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        open_client(f, texts[i][0]);
        assert_ok(milvus_drop_database(f->client, "d", DEADLINE_MS));
        assert_string_equal(f->authorization, texts[i][1]);
        milvus_client_close(f->client);
        f->client = NULL;
    }
}

static void test_milvus_write__refusals(void **state)
{
    struct fixture *f = *state;
    open_client(f, "secret");
    reply_status(f, false, 100);
    struct milvus_answer a =
        milvus_write(f->client, "Insert", "d", (struct ks_slice){"", 0}, DEADLINE_MS);
    assert_int_equal(a.outcome, MILVUS_NOT_FOUND);
    assert_string_equal(a.message, "Insert: why");
    test_server_sync(f->server);
    f->code = GRPC_CODE_UNAUTHENTICATED;
    test_server_sync(f->server);
    a = milvus_write(f->client, "Insert", "d", (struct ks_slice){"", 0}, DEADLINE_MS);
    assert_int_equal(a.outcome, MILVUS_DENIED);
    assert_non_null(strstr(a.message, "the server's text"));
    assert_null(strstr(a.message, "secret"));
    assert_null(strstr(a.message, "c2VjcmV0"));
}

static void test_milvus_write__nobody_listens(void **state)
{
    struct fixture *f = *state;
    struct ks_error err;
    struct milvus_options options = {.uri = "127.0.0.1:1"};
    assert_int_equal(milvus_client_open(&options, &f->client, &err), KS_OK);
    struct milvus_answer a = milvus_write(f->client, "Insert", "d", (struct ks_slice){"", 0}, 100);
    assert_int_equal(a.outcome, MILVUS_RETRY); /* it never left */
}

static void test_milvus_connect__version(void **state)
{
    struct fixture *f = *state;
    char version[32] = "", tag[] = "v2.5.4";
    MilvusApi__ServerInfo info = MILVUS_API__SERVER_INFO__INIT;
    MilvusApi__ConnectResponse response = MILVUS_API__CONNECT_RESPONSE__INIT;
    info.build_tags = tag;
    response.server_info = &info;
    reply_with(f, 0, &response.base);
    open_client(f, NULL);
    assert_ok(milvus_connect(f->client, DEADLINE_MS, version, sizeof(version)));
    assert_string_equal(f->method, "Connect");
    assert_string_equal(f->dbname, "");
    assert_string_equal(version, "v2.5.4");
}

/* ---- reading ---- */

static void reply_collection(struct fixture *f)
{
    char name[] = "c", description[] = "d", pk[] = "id", partition[] = "_default", alias[] = "a";
    MilvusMeta__FieldSchema field = MILVUS_META__FIELD_SCHEMA__INIT, *fields[] = {&field};
    MilvusMeta__CollectionSchema schema = MILVUS_META__COLLECTION_SCHEMA__INIT;
    MilvusApi__DescribeCollectionResponse response = MILVUS_API__DESCRIBE_COLLECTION_RESPONSE__INIT;
    MilvusApi__ShowPartitionsResponse partitions = MILVUS_API__SHOW_PARTITIONS_RESPONSE__INIT;
    char *names[] = {partition}, *aliases[] = {alias};
    int64_t ids[] = {11};
    field.fieldid = 100;
    field.name = pk;
    field.is_primary_key = true;
    field.data_type = MILVUS_META__DATA_TYPE__Int64;
    schema.name = name;
    schema.description = description;
    schema.enable_dynamic_field = true;
    schema.fields = fields;
    schema.n_fields = 1;
    response.schema = &schema;
    response.collectionid = 7;
    response.shards_num = 2;
    response.num_partitions = 1;
    response.collection_name = alias;
    response.aliases = aliases;
    response.n_aliases = 1;
    response.consistency_level = MILVUS_META__CONSISTENCY_LEVEL__Bounded;
    reply_with(f, 0, &response.base);
    partitions.partition_names = names;
    partitions.n_partition_names = 1;
    partitions.partitionids = ids;
    partitions.n_partitionids = 1;
    reply_with(f, 1, &partitions.base);
}

static void test_milvus_describe_collection__schema_and_partitions(void **state)
{
    struct fixture *f = *state;
    struct milvus_collection c;
    reply_collection(f);
    open_client(f, NULL);
    assert_ok(milvus_describe_collection(f->client, "db1", "a", DEADLINE_MS, &f->arena, &c));
    assert_string_equal(f->method, "ShowPartitions");
    MilvusApi__CollectionRequest *r = sent(f, &milvus_api__collection_request__descriptor);
    assert_string_equal(r->db_name, "db1");
    assert_string_equal(r->collection_name, "a");
    done(r);
    assert_int_equal(c.id, 7);
    assert_string_equal(c.schema.name, "c"); /* not the alias that was asked for */
    assert_int_equal(c.alias_count, 1);
    assert_int_equal(c.schema.shards, 2);
    assert_int_equal(c.schema.num_partitions, 0); /* no partition key */
    assert_int_equal(c.schema.consistency_level, 2);
    assert_int_equal(c.schema.partition_count, 1);
    assert_string_equal(c.schema.partitions[0].name, "_default");
    assert_int_equal(c.schema.field_count, 2);
    assert_true(c.schema.fields[1].is_dynamic);
    assert_string_equal(c.schema.fields[1].name, "$meta");
}

static void test_milvus_describe_collection__absent(void **state)
{
    struct fixture *f = *state;
    struct milvus_collection c = {.id = 5};
    reply_status(f, false, 100);
    open_client(f, NULL);
    struct milvus_answer a =
        milvus_describe_collection(f->client, "d", "c", DEADLINE_MS, &f->arena, &c);
    assert_int_equal(a.outcome, MILVUS_NOT_FOUND);
    assert_int_equal(c.id, 5);
}

static void test_milvus_describe_collection__empty_answer(void **state)
{
    struct fixture *f = *state;
    struct milvus_collection c;
    open_client(f, NULL);
    struct milvus_answer a =
        milvus_describe_collection(f->client, "d", "c", DEADLINE_MS, &f->arena, &c);
    assert_int_equal(a.outcome, MILVUS_AMBIGUOUS);
    assert_non_null(strstr(a.message, "DescribeCollectionResponse"));
}

static void test_milvus_describe_indexes__some_and_none(void **state)
{
    struct fixture *f = *state;
    char name[] = "i", field[] = "v", key[] = "index_type", value[] = "HNSW";
    MilvusMeta__KeyValuePair pair = MILVUS_META__KEY_VALUE_PAIR__INIT, *pairs[] = {&pair};
    MilvusApi__IndexDescription index = MILVUS_API__INDEX_DESCRIPTION__INIT, *list[] = {&index};
    MilvusApi__DescribeIndexResponse response = MILVUS_API__DESCRIBE_INDEX_RESPONSE__INIT;
    struct milvus_index *indexes;
    size_t count;
    pair.key = key;
    pair.value = value;
    index.index_name = name;
    index.field_name = field;
    index.params = pairs;
    index.n_params = 1;
    response.index_descriptions = list;
    response.n_index_descriptions = 1;
    reply_with(f, 0, &response.base);
    open_client(f, NULL);
    assert_ok(
        milvus_describe_indexes(f->client, "d", "c", DEADLINE_MS, &f->arena, &indexes, &count));
    assert_int_equal(count, 1);
    assert_string_equal(indexes[0].name, "i");
    assert_string_equal(indexes[0].field, "v");
    assert_string_equal(indexes[0].params[0].value, "HNSW");
    reply_status(f, false, 700);
    assert_ok(
        milvus_describe_indexes(f->client, "d", "c", DEADLINE_MS, &f->arena, &indexes, &count));
    assert_int_equal(count, 0);
}

static void test_milvus_describe_alias__some_and_none(void **state)
{
    struct fixture *f = *state;
    char name[] = "c";
    const char *collection = "untouched";
    MilvusApi__DescribeAliasResponse response = MILVUS_API__DESCRIBE_ALIAS_RESPONSE__INIT;
    response.collection = name;
    reply_with(f, 0, &response.base);
    open_client(f, NULL);
    assert_ok(milvus_describe_alias(f->client, "d", "a", DEADLINE_MS, &f->arena, &collection));
    assert_string_equal(collection, "c");
    reply_status(f, false, 1600);
    assert_ok(milvus_describe_alias(f->client, "d", "a", DEADLINE_MS, &f->arena, &collection));
    assert_null(collection);
}

static void test_milvus_list_databases__names(void **state)
{
    struct fixture *f = *state;
    char a[] = "default", b[] = "two", *names[] = {a, b};
    const char *const *found;
    size_t count;
    MilvusApi__ListDatabasesResponse response = MILVUS_API__LIST_DATABASES_RESPONSE__INIT;
    response.db_names = names;
    response.n_db_names = 2;
    reply_with(f, 0, &response.base);
    open_client(f, NULL);
    assert_ok(milvus_list_databases(f->client, DEADLINE_MS, &f->arena, &found, &count));
    assert_int_equal(count, 2);
    assert_string_equal(found[1], "two");
}

static void test_milvus_count__strong(void **state)
{
    struct fixture *f = *state;
    int64_t numbers[] = {1234567890123}, count = 0;
    MilvusApi__LongArray longs = MILVUS_API__LONG_ARRAY__INIT;
    MilvusApi__ScalarField scalars = MILVUS_API__SCALAR_FIELD__INIT;
    MilvusApi__FieldData data = MILVUS_API__FIELD_DATA__INIT, *list[] = {&data};
    MilvusApi__QueryResults response = MILVUS_API__QUERY_RESULTS__INIT;
    longs.data = numbers;
    longs.n_data = 1;
    scalars.long_data = &longs;
    data.scalars = &scalars;
    response.fields_data = list;
    response.n_fields_data = 1;
    reply_with(f, 0, &response.base);
    open_client(f, NULL);
    assert_ok(milvus_count(f->client, "d", "c", DEADLINE_MS, &count));
    assert_int_equal(count, 1234567890123);
    MilvusApi__QueryRequest *r = sent(f, &milvus_api__query_request__descriptor);
    assert_string_equal(r->output_fields[0], "count(*)");
    assert_int_equal(r->consistency_level, MILVUS_META__CONSISTENCY_LEVEL__Strong);
    done(r);
    longs.n_data = 0;
    reply_with(f, 0, &response.base);
    assert_int_equal(milvus_count(f->client, "d", "c", DEADLINE_MS, &count).outcome,
                     MILVUS_AMBIGUOUS);
}

static void test_milvus_load_state__fields_have_another_order(void **state)
{
    struct fixture *f = *state;
    enum milvus_load_state load = MILVUS_LOADED;
    MilvusApi__GetLoadStateResponse response = MILVUS_API__GET_LOAD_STATE_RESPONSE__INIT;
    response.state = MILVUS_API__LOAD_STATE__LoadStateLoading;
    reply_with(f, 0, &response.base);
    open_client(f, NULL);
    assert_ok(milvus_load_state(f->client, "d", "c", "p", DEADLINE_MS, &load));
    assert_int_equal(load, MILVUS_LOADING);
    assert_true(sent_bytes(f, "\x12\x01"
                              "c"
                              "\x1a\x01"
                              "p"
                              "\x22\x01"
                              "d"));
    response.state = (MilvusApi__LoadState)9;
    reply_with(f, 0, &response.base);
    assert_int_equal(milvus_load_state(f->client, "d", "c", NULL, DEADLINE_MS, &load).outcome,
                     MILVUS_AMBIGUOUS);
}

/* ---- changing ---- */

static void test_milvus_create_collection__what_the_target_gives_itself_is_left_out(void **state)
{
    static const struct ddl_kv dim = {"dim", "4"}, stamp = {"kitestream.source", "c/1"};
    static const char *const in[] = {"s"}, *const out[] = {"bm"};
    static const struct ddl_field fields[] = {
        {.id = 100,
         .name = "id",
         .type = MILVUS_INT64,
         .is_primary_key = true,
         .auto_id = true,
         .description = ""},
        {.id = 101,
         .name = "v",
         .type = MILVUS_FLOAT_VECTOR,
         .description = "vec",
         .type_params = &dim,
         .type_param_count = 1},
        {.id = 102,
         .name = "n",
         .type = MILVUS_INT32,
         .nullable = true,
         .default_value = "7",
         .description = ""},
        {.id = 103, .name = "$meta", .type = MILVUS_JSON, .is_dynamic = true, .description = ""},
    };
    static const struct ddl_function function = {.name = "f",
                                                 .id = 9,
                                                 .type = 1,
                                                 .description = "",
                                                 .inputs = in,
                                                 .input_count = 1,
                                                 .outputs = out,
                                                 .output_count = 1};
    static const struct ddl_schema schema = {.name = "old",
                                             .description = "text",
                                             .auto_id = true,
                                             .enable_dynamic_field = true,
                                             .shards = 3,
                                             .num_partitions = 16,
                                             .consistency_level = 2,
                                             .fields = fields,
                                             .field_count = 4,
                                             .functions = &function,
                                             .function_count = 1};
    struct fixture *f = *state;
    open_client(f, NULL);
    assert_ok(milvus_create_collection(f->client, "d", "new", &schema, &stamp, 1, DEADLINE_MS));
    MilvusApi__CreateCollectionRequest *r =
        sent(f, &milvus_api__create_collection_request__descriptor);
    assert_string_equal(r->collection_name, "new");
    assert_int_equal(r->shards_num, 3);
    assert_int_equal(r->num_partitions, 16);
    assert_int_equal(r->consistency_level, 2);
    assert_int_equal(r->n_properties, 1);
    assert_string_equal(r->properties[0]->value, "c/1");
    MilvusMeta__CollectionSchema *s =
        milvus_meta__collection_schema__unpack(NULL, r->schema.len, r->schema.data);
    assert_non_null(s);
    assert_string_equal(s->name, "new");
    assert_string_equal(s->description, "text");
    assert_false(s->autoid);
    assert_true(s->enable_dynamic_field);
    assert_int_equal(s->n_fields, 3);
    assert_int_equal(s->fields[0]->fieldid, 0);
    assert_true(s->fields[0]->is_primary_key);
    assert_false(s->fields[0]->autoid);
    assert_string_equal(s->fields[1]->type_params[0]->value, "4");
    assert_true(s->fields[2]->nullable);
    assert_int_equal(s->fields[2]->default_value->int_data, 7);
    assert_int_equal(s->n_functions, 1);
    assert_int_equal(s->functions[0]->id, 0);
    assert_string_equal(s->functions[0]->output_field_names[0], "bm");
    done(s);
    done(r);
}

static void test_milvus_create_collection__bad_default_value(void **state)
{
    static const struct ddl_field field = {
        .name = "n", .type = MILVUS_INT32, .default_value = "\"x\"", .description = ""};
    static const struct ddl_schema schema = {
        .name = "c", .description = "", .fields = &field, .field_count = 1};
    struct fixture *f = *state;
    open_client(f, NULL);
    struct milvus_answer a =
        milvus_create_collection(f->client, "d", "c", &schema, NULL, 0, DEADLINE_MS);
    assert_int_equal(a.outcome, MILVUS_REFUSED);
    assert_non_null(strstr(a.message, "field n"));
    assert_int_equal(f->calls, 0);
}

static void assert_sent(struct fixture *f, struct milvus_answer a, const char *method,
                        const char *dbname, const char *bytes)
{
    assert_ok(a);
    assert_string_equal(f->method, method);
    assert_string_equal(f->dbname, dbname);
    if (!sent_bytes(f, bytes))
        fail_msg("%s: wrong bytes", method);
}

/* Field 2 = database "d", 3 = collection "c" and so on: tag, length, text. */
#define TWO "\x12\x01"
#define THREE "\x1a\x01"
#define FOUR "\x22\x01"
#define FIVE "\x2a\x01"
#define SIX "\x32\x01"

static void test_milvus_ddl__requests_of_one_name_after_the_other(void **state)
{
    static const char *const parts[] = {"p"}, *const colls[] = {"c"};
    struct fixture *f = *state;
    open_client(f, NULL);
    struct milvus_client *m = f->client;
    int64_t ms = DEADLINE_MS;
    assert_sent(f, milvus_drop_collection(m, "d", "c", ms), "DropCollection", "d",
                TWO "d" THREE "c");
    assert_sent(f, milvus_rename_collection(m, "d", "c", "e", "n", ms), "RenameCollection", "d",
                TWO "d" THREE "c" FOUR "n" FIVE "e");
    assert_sent(f, milvus_create_partition(m, "d", "c", "p", ms), "CreatePartition", "d",
                TWO "d" THREE "c" FOUR "p");
    assert_sent(f, milvus_drop_partition(m, "d", "c", "p", ms), "DropPartition", "d",
                TWO "d" THREE "c" FOUR "p");
    assert_sent(f, milvus_release(m, "d", "c", NULL, 0, ms), "ReleaseCollection", "d",
                TWO "d" THREE "c");
    assert_sent(f, milvus_release(m, "d", "c", parts, 1, ms), "ReleasePartitions", "d",
                TWO "d" THREE "c" FOUR "p");
    assert_sent(f, milvus_load(m, "d", "c", NULL, 0, 2, ms), "LoadCollection", "d",
                TWO "d" THREE "c\x20\x02");
    assert_sent(f, milvus_load(m, "d", "c", parts, 1, 0, ms), "LoadPartitions", "d",
                TWO "d" THREE "c" FOUR "p\x28\x01");
    assert_sent(f, milvus_create_alias(m, "d", "c", "a", false, ms), "CreateAlias", "d",
                TWO "d" THREE "c" FOUR "a");
    assert_sent(f, milvus_create_alias(m, "d", "c", "a", true, ms), "AlterAlias", "d",
                TWO "d" THREE "c" FOUR "a");
    assert_sent(f, milvus_drop_alias(m, "d", "a", ms), "DropAlias", "d", TWO "d" THREE "a");
    assert_sent(f, milvus_flush(m, "d", colls, 1, ms), "Flush", "d", TWO "d" THREE "c");
}

static void test_milvus_ddl__requests_with_properties(void **state)
{
    static const struct ddl_kv pair = {"k", "v"};
    static const struct ddl_index index = {
        .name = "i", .field = "f", .params = &pair, .param_count = 1};
    struct fixture *f = *state;
    open_client(f, NULL);
    struct milvus_client *m = f->client;
    int64_t ms = DEADLINE_MS;
#define PAIR "\x06\x0a\x01k\x12\x01v"
    assert_sent(f, milvus_alter_collection(m, "d", "c", &pair, 1, ms), "AlterCollection", "d",
                TWO "d" THREE "c\x2a" PAIR);
    assert_sent(f, milvus_create_index(m, "d", "c", &index, ms), "CreateIndex", "d",
                TWO "d" THREE "c" FOUR "f\x2a" PAIR SIX "i");
    assert_sent(f, milvus_drop_index(m, "d", "c", &index, ms), "DropIndex", "d",
                TWO "d" THREE "c" FOUR "f" FIVE "i");
    assert_sent(f, milvus_alter_index(m, "d", "c", &index, ms), "AlterIndex", "d",
                TWO "d" THREE "c" FOUR "i\x2a" PAIR);
    assert_sent(f, milvus_create_database(m, "d", &pair, 1, ms), "CreateDatabase", "",
                TWO "d\x1a" PAIR);
    assert_sent(f, milvus_alter_database(m, "d", &pair, 1, ms), "AlterDatabase", "",
                TWO "d\x22" PAIR);
    assert_sent(f, milvus_drop_database(m, "d", ms), "DropDatabase", "", TWO "d");
}

static void test_milvus_ddl__refusals(void **state)
{
    struct fixture *f = *state;
    open_client(f, NULL);
    reply_status(f, true, 100);
    struct milvus_answer a = milvus_drop_collection(f->client, "d", "c", DEADLINE_MS);
    assert_int_equal(a.outcome, MILVUS_NOT_FOUND);
    assert_string_equal(a.message, "DropCollection: why");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_milvus_write__bytes_and_metadata),
        TEST(test_milvus_client_open__token_is_optional),
        TEST(test_milvus_client_open__tokens_of_every_length),
        TEST(test_milvus_write__refusals),
        TEST(test_milvus_write__nobody_listens),
        TEST(test_milvus_connect__version),
        TEST(test_milvus_describe_collection__schema_and_partitions),
        TEST(test_milvus_describe_collection__absent),
        TEST(test_milvus_describe_collection__empty_answer),
        TEST(test_milvus_describe_indexes__some_and_none),
        TEST(test_milvus_describe_alias__some_and_none),
        TEST(test_milvus_list_databases__names),
        TEST(test_milvus_count__strong),
        TEST(test_milvus_load_state__fields_have_another_order),
        TEST(test_milvus_create_collection__what_the_target_gives_itself_is_left_out),
        TEST(test_milvus_create_collection__bad_default_value),
        TEST(test_milvus_ddl__requests_of_one_name_after_the_other),
        TEST(test_milvus_ddl__requests_with_properties),
        TEST(test_milvus_ddl__refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
