/* The target of a request line: path segments and query, decoded. Segments are split before they
 * are decoded, so a connector's name may hold '/' as %2F. */
#ifndef RUNTIME_REST_TARGET_H
#define RUNTIME_REST_TARGET_H

#include "rest.h"

#define REST_SEGMENTS_MAX 8

/* Owns: all. segment_count above REST_SEGMENTS_MAX: there were more, and no route has so many. */
struct rest_target {
    char *path; /* as sent, without the query */
    char *segments[REST_SEGMENTS_MAX];
    size_t segment_count;
    struct rest_query *queries;
    size_t query_count, query_cap;
};

/* `uri` as it stood in the request line: "/a%20b/c?d=e", or with http://host before it. One slash
 * at the end is dropped. Errors: DATA for broken percent codes, NUL and what is not UTF-8. */
enum ks_status rest_target_parse(const char *uri, struct rest_target *ret, struct ks_error *err);
void rest_target_release(struct rest_target *target);

#endif
