/* Content-Type and Accept, as far as an interface that speaks JSON needs them. */
#ifndef RUNTIME_REST_MEDIA_H
#define RUNTIME_REST_MEDIA_H

#include <stdbool.h>

/* "application/json", in any case, with any parameters. */
bool rest_media_is_json(const char *content_type);
/* Whether an Accept header admits application/json; NULL and "" do. */
bool rest_media_accepts_json(const char *accept);

#endif
