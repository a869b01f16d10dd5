/* Which fields the stream has, and how: field.exclude.list, field.mask.hash.list, vector.encoding.
 * Rules are judged by the name under which a collection came into the stream, as
 * collection.include.list is: a rename neither shows a field nor hides one. */
#ifndef SOURCE_FIELD_RULES_H
#define SOURCE_FIELD_RULES_H

#include "catalogue.h"
#include "kitestream/config.h"
#include "name_list.h"

enum { MASKED_LENGTH = 64 }; /* characters of a masked value */

enum vector_encoding {
    VECTORS_ARRAY, /* FloatVector as array<float> */
    VECTORS_BYTES, /* FloatVector as its raw little-endian floats */
    VECTORS_OMIT,  /* no vector fields at all */
};

/* Immutable. `collection` below is database.collection. */
struct field_rules {
    struct name_list exclude, mask;
    enum vector_encoding vectors;
    char *salt; /* NULL: none */
};

/* Errors: FATAL naming the option. */
enum ks_status field_rules_new(const struct ks_config *config, struct field_rules *ret,
                               struct ks_error *err);
void field_rules_release(struct field_rules *rules);
/* What can be judged without a schema. */
void field_rules_validate(const struct ks_config *config, const struct ks_config_issues *issues);

const char *vector_encoding_name(enum vector_encoding encoding);
enum vector_encoding vector_encoding_of(
    const char *name); /* VECTORS_ARRAY for any other, or NULL */
/* Does any rule change the fields of a collection? */
bool field_rules_select(const struct field_rules *rules);
bool field_rules_leave_out(const struct field_rules *rules, const char *collection,
                           struct ks_slice field, enum milvus_type type);
bool field_rules_mask(const struct field_rules *rules, const char *collection, const char *field);

/* field_rules_schema.c: the schema as the stream has it, `from` itself if no rule meets it;
 * applying the rules again changes nothing. Each rule that does not fit is told to `issues`, in a
 * text that names option, field and collection; the field then stays as it is. */
const struct ddl_schema *field_rules_shape(const struct field_rules *rules, const char *collection,
                                           const struct ddl_schema *from, struct ks_arena *arena,
                                           const struct ks_config_issues *issues);
/* The same. Errors: FATAL with the first of these texts. */
enum ks_status field_rules_schema(const struct field_rules *rules, const char *collection,
                                  const struct ddl_schema *from, struct ks_arena *arena,
                                  const struct ddl_schema **ret, struct ks_error *err);
/* Do the rules fit a collection that the stream has already? Errors: as above. */
enum ks_status field_rules_check(const struct field_rules *rules,
                                 const struct catalogue_collection *coll, struct ks_error *err);

#endif
