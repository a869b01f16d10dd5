/* What milvus-cdc's tasks cover: database.collection, either of them `*`. */
#ifndef RUNTIME_CDC_NAMES_H
#define RUNTIME_CDC_NAMES_H

#include <stdbool.h>

#include "kitestream/sdk/buf.h"

/* "db.collection"; free() */
char *cdc_name(const char *db, const char *collection);
bool cdc_name_is_any(const char *name); /* one of its halves is `*` */
/* Is all of `name` within `pattern`? */
bool cdc_name_within(const char *pattern, const char *name);
/* Is there a collection that both mean? */
bool cdc_names_overlap(const char *a, const char *b);
/* Appends the name as an element of collection.include.list, after a comma if there are others. */
void cdc_name_add_regex(struct ks_buf *list, const char *name);
/* False for what no database or collection can be called, and option lists cannot hold. */
bool cdc_name_is_possible(const char *text);

#endif
