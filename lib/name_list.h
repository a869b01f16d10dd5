/* A list of regular expressions (POSIX extended, each for the whole of a name), from an option. */
#ifndef LIB_NAME_LIST_H
#define LIB_NAME_LIST_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "kitestream/config.h"
#include "kitestream/error.h"

/* Owns: the compiled expressions. Zero-initialised is empty. */
struct name_list {
    regex_t *expressions;
    size_t count;
};

/* `what` the expressions are for, such as "db.collection". Errors: FATAL naming the option and the
 * expression. */
enum ks_status name_list_new(const struct ks_config *config, const char *option, const char *what,
                             struct name_list *ret, struct ks_error *err);
void name_list_release(struct name_list *list);
bool name_list_match(const struct name_list *list, const char *name);

#endif
