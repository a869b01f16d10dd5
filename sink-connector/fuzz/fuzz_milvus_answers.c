/* Any bytes as replies of MilvusService. The first byte chooses the method. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "milvus_answers.h"
#include "milvus_schema.h"
#include "milvus_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_collection(struct ks_slice reply, struct ks_arena *arena)
{
    struct milvus_collection c;
    const char *bad = NULL;
    if (milvus_read_collection(reply, arena, &c).outcome != MILVUS_OK)
        return;
    /* What was described can be asked for again, but for default values of odd types. */
    MilvusMeta__CollectionSchema *message = milvus_schema_message("c", &c.schema, arena, &bad);
    if (!message && !bad)
        abort();
    if (message && milvus_meta__collection_schema__get_packed_size(message) == 0)
        abort();
}

static void read_reply(uint8_t method, struct ks_slice reply, struct ks_arena *arena)
{
    char version[16];
    struct ddl_schema schema;
    struct milvus_index *indexes;
    const char *const *names, *name;
    size_t count;
    int64_t number;
    enum milvus_load_state state;
    switch (method % 9) {
    case 0:
        milvus_read_connect(reply, version, sizeof(version));
        break;
    case 1:
        milvus_read_version(reply, version, sizeof(version));
        break;
    case 2:
        read_collection(reply, arena);
        break;
    case 3:
        milvus_read_partitions(reply, arena, &schema);
        break;
    case 4:
        milvus_read_indexes(reply, arena, &indexes, &count);
        break;
    case 5:
        milvus_read_databases(reply, arena, &names, &count);
        break;
    case 6:
        milvus_read_alias(reply, arena, &name);
        break;
    case 7:
        milvus_read_count(reply, &number);
        break;
    default:
        milvus_read_load_state(reply, &state);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct ks_slice reply = {data + 1, size - 1};
    struct ks_arena arena = {0};
    struct milvus_answer a = milvus_answer_of_reply("Method", data[0] & 0x80, reply);
    if (memchr(a.message, '\0', sizeof(a.message)) == NULL)
        abort();
    read_reply(data[0] & 0x7f, reply, &arena);
    ks_arena_release(&arena);
    return 0;
}
