/* Which collections a connector is about: include and exclude lists of regular expressions (POSIX
 * extended, matched against the whole of "db.collection"), as Debezium's *.include.list. */
#ifndef LIB_NAME_FILTER_H
#define LIB_NAME_FILTER_H

#include <stdbool.h>

#include "kitestream/config.h"
#include "kitestream/error.h"

struct name_filter;

/* Options "collection.include.list" and "collection.exclude.list". Errors: FATAL naming the option
 * and the expression. */
enum ks_status name_filter_new(const struct ks_config *config, struct name_filter **ret,
                               struct ks_error *err);
void name_filter_free(struct name_filter *f);
bool name_filter_restricts(const struct name_filter *f); /* any list is given */
bool name_filter_match(const struct name_filter *f, const char *db, const char *collection);

#endif
