/* A record of JsonConverter with schemas.enable=true: {"schema": …, "payload": …}. */
#ifndef RUNTIME_JSON_MEMBERS_H
#define RUNTIME_JSON_MEMBERS_H

#include "kitestream/error.h"
#include "kitestream/record.h"

struct json_members {
    struct ks_slice schema, payload; /* texts of the two values, in the record's bytes */
};

/* Finds the two values without building a tree, so that the schema, which is the larger part and
 * the same in all records, can be recognised by its bytes. The values themselves are not checked:
 * their parsers do that. Errors: DATA when the text is not an object of just these two members. */
enum ks_status json_members_find(struct ks_slice text, struct json_members *ret,
                                 struct ks_error *err);

#endif
