/* Which etcd is this? In: a client; out: the version of the member it is connected to. Asked only
 * where a feature of newer servers is needed. */
#include <stdio.h>

#include "etcd_internal.h"
#include "proto_wire.h"

#define VERSION_FIELD 2 /* of etcd's StatusResponse */

static void find_version(const struct ks_buf *reply, char *version, size_t cap)
{
    struct wire wire = wire_of(reply->data, reply->len);
    struct wire_field field;
    version[0] = '\0';
    while (wire_next(&wire, &field))
        if (field.number == VERSION_FIELD && field.type == WIRE_LEN && field.len < cap)
            snprintf(version, cap, "%.*s", (int)field.len, (const char *)field.data);
}

enum ks_status etcd_version(struct etcd_client *client, char *version, size_t cap,
                            struct ks_error *err)
{
    struct ks_error local;
    if (!err)
        err = &local;
    bool fresh;
    enum ks_status status = etcd_connect(client, &fresh, err);
    if (status != KS_OK)
        return status;
    struct grpc_metadata metadata[ETCD_METADATA_MAX];
    struct grpc_call call = {.method = "/etcdserverpb.Maintenance/Status",
                             .metadata = metadata,
                             .metadata_count = etcd_metadata(client, metadata),
                             .request = {"", 0},
                             .deadline_ms = client->call_timeout_ms};
    struct ks_buf reply = {0};
    enum grpc_code code = grpc_client_unary(client->grpc, &call, &reply, NULL, err);
    if (code == GRPC_CODE_OK)
        find_version(&reply, version, cap);
    else
        status = etcd_classify(client, code, err);
    ks_buf_release(&reply);
    return status;
}

/* Before that, a progress notification may run ahead of events (etcd#15220). */
bool etcd_progress_is_exact(const char *version)
{
    int major = 0, minor = 0, patch = 0;
    if (sscanf(version, "%d.%d.%d", &major, &minor, &patch) != 3)
        return false;
    if (major != 3)
        return major > 3;
    return minor > 5 || (minor == 5 && patch >= 13) || (minor == 4 && patch >= 31);
}
