/* A registry in the test's hands stands in for the real one, which has its own tests. For one test
 * file: it defines the registry's functions. */
#ifndef RUNTIME_TESTS_FAKE_REGISTRY_H
#define RUNTIME_TESTS_FAKE_REGISTRY_H

#include <stdio.h>
#include <string.h>

#include "kitestream/sdk/util.h"
#include "schema_registry.h"

#define FAKE_FIRST_ID 0x01020301u /* of the first schema that is registered, then one more each */
#define FAKE_LATEST_ID 0x01020309u
#define FAKE_KNOWN_ID 7 /* of FAKE_KNOWN_SCHEMA */
#define FAKE_KNOWN_SCHEMA                                                                          \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}"

struct schema_registry {
    char subject[64], schema[256]; /* registered last */
    int opened, registered, fetched;
    enum ks_status answer; /* to everything */
};
static struct schema_registry registry;

enum ks_status schema_registry_open(const struct worker_config *worker,
                                    const struct ks_config *options, struct schema_registry **ret,
                                    struct ks_error *err)
{
    registry = (struct schema_registry){.opened = 1};
    *ret = &registry;
    return KS_OK;
}

void schema_registry_close(struct schema_registry *r)
{
}

enum ks_status schema_registry_register(struct schema_registry *r, const char *subject,
                                        const char *schema_json, uint32_t *ret_id,
                                        struct ks_error *err)
{
    if (r->answer != KS_OK)
        return ks_error_set(err, r->answer, "the registry is away");
    snprintf(r->subject, sizeof r->subject, "%s", subject);
    snprintf(r->schema, sizeof r->schema, "%s", schema_json);
    *ret_id = FAKE_FIRST_ID + (uint32_t)r->registered++;
    return KS_OK;
}

/* The last version of every subject has one field more than the known schema. */
enum ks_status schema_registry_latest(struct schema_registry *r, const char *subject,
                                      uint32_t *ret_id, const char **ret_json, struct ks_error *err)
{
    r->fetched++;
    if (r->answer != KS_OK)
        return ks_error_set(err, r->answer, "the registry is away");
    snprintf(r->subject, sizeof r->subject, "%s", subject);
    *ret_id = FAKE_LATEST_ID;
    *ret_json =
        "{\"type\":\"record\",\"name\":\"a.R\",\"fields\":["
        "{\"name\":\"n\",\"type\":\"int\",\"default\":3},{\"name\":\"a\",\"type\":\"long\"}]}";
    return KS_OK;
}

enum ks_status schema_registry_get(struct schema_registry *r, uint32_t id, const char **ret_json,
                                   struct ks_error *err)
{
    r->fetched++;
    if (r->answer != KS_OK)
        return ks_error_set(err, r->answer, "the registry is away");
    if (id != FAKE_KNOWN_ID)
        return ks_error_set(err, KS_ERR_DATA, "no such id");
    *ret_json = FAKE_KNOWN_SCHEMA;
    return KS_OK;
}

#endif
