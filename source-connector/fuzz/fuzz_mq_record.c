/* Any bytes as the value of an MQ record: decoded, and read as a flush. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "mq_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mq_record rec = {0};
    struct ks_error err = {0};
    struct ks_slice value = {data, size};
    if (mq_record_decode(value, false, &rec, &err) != KS_OK)
        return 0;
    bool rows = (rec.kind == MQ_INSERT || rec.kind == MQ_DELETE) && rec.row_count > 0;
    if (rows && (rec.begin_tick == 0 || rec.begin_tick > rec.end_tick || !rec.shard_name.len))
        abort();
    struct mq_flush flush;
    if (mq_record_flush(&rec, &flush, &err) == KS_OK && flush.collection_count > MQ_FLUSH_PAGE)
        abort();
    return 0;
}
