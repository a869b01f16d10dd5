/* The source's offsets: {"filename": f} -> {"position": behind the last line}. In: one that
 * somebody wants to set; out: whether a task could start from it. */
#include <jansson.h>
#include <string.h>

#include "filestream.h"
#include "kitestream/sdk/util.h"

static enum ks_status check(const json_t *partition, const json_t *offset, struct ks_error *err)
{
    const json_t *position = json_object_get(offset, "position");
    if (!json_is_string(json_object_get(partition, "filename")))
        return ks_error_set(err, KS_ERR_DATA,
                            "the partition of a file must have the key 'filename' with its path");
    if (!position)
        return ks_error_set(err, KS_ERR_DATA, "the offset of a file must have the key 'position'");
    if (!json_is_integer(position) || json_integer_value(position) < 0)
        return ks_error_set(err, KS_ERR_DATA,
                            "'position' must be a number of bytes, 0 or more, without quotes");
    return KS_OK;
}

enum ks_status filestream_check_offset(const struct ks_config *config, const char *partition_json,
                                       const char *offset_json, struct ks_error *err)
{
    if (!offset_json) /* whatever it is, it may be forgotten */
        return KS_OK;
    json_t *partition = json_loads(partition_json, 0, NULL);
    json_t *offset = json_loads(offset_json, 0, NULL);
    enum ks_status status = check(partition, offset, err);
    json_decref(partition);
    json_decref(offset);
    return status;
}
