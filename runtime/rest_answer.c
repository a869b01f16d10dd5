/* What handlers answer with. In: a status and a sentence, or JSON; out: a filled rest_response.
 * Next: rest_server sends it. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rest.h"
#include "rest_media.h"

void rest_response_release(struct rest_response *res)
{
    json_decref(res->json);
    ks_buf_release(&res->text);
    free(res->location);
    free(res->allow);
    free(res->etag);
    *res = (struct rest_response){0};
}

void rest_answer(struct rest_response *res, int status, json_t *take_json)
{
    rest_response_release(res);
    res->status = status;
    res->json = take_json;
}

/* A sentence may quote bytes that are not UTF-8, which JSON cannot hold. */
static json_t *text_json(const char *text)
{
    json_t *json = json_string(text);
    return json ? json : json_string("the reason holds bytes that are not UTF-8");
}

void rest_fail(struct rest_response *res, int status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = NULL;
    if (vasprintf(&message, fmt, args) < 0)
        message = NULL;
    va_end(args);
    json_t *body =
        json_pack("{s:i, s:o}", "error_code", status, "message", text_json(message ? message : ""));
    free(message);
    rest_answer(res, status, body);
}

bool rest_fail_herder(struct rest_response *res, enum herder_answer answer,
                      const struct ks_error *err)
{
    switch (answer) {
    case HERDER_OK:
    case HERDER_CREATED:
        return false;
    case HERDER_NOT_FOUND:
        rest_fail(res, 404, "%s", err->message);
        return true;
    case HERDER_CONFLICT:
        rest_fail(res, 409, "%s", err->message);
        return true;
    case HERDER_INVALID:
        rest_fail(res, 400, "%s", err->message);
        return true;
    case HERDER_UNAVAILABLE:
        break;
    }
    rest_fail(res, 500, "%s", err->message);
    return true;
}

const char *rest_query_get(const struct rest_request *req, const char *name)
{
    for (size_t i = 0; i < req->query_count; i++)
        if (strcmp(req->queries[i].name, name) == 0)
            return req->queries[i].value;
    return NULL;
}

bool rest_query_flag(const struct rest_request *req, const char *name, bool otherwise)
{
    const char *value = rest_query_get(req, name);
    return value ? strcasecmp(value, "true") == 0 : otherwise;
}

bool rest_query_has(const struct rest_request *req, const char *name, const char *value)
{
    for (size_t i = 0; i < req->query_count; i++)
        if (strcmp(req->queries[i].name, name) == 0 && strcmp(req->queries[i].value, value) == 0)
            return true;
    return false;
}

json_t *rest_body_object(const struct rest_request *req, struct rest_response *res)
{
    if (!req->content_type || !rest_media_is_json(req->content_type)) {
        rest_fail(res, 415, "HTTP 415 Unsupported Media Type");
        return NULL;
    }
    json_error_t error;
    json_t *body = json_loadb(req->body, req->body_len, JSON_DECODE_ANY, &error);
    if (!body)
        rest_fail(res, 400, "The request's body is not JSON: %s (line %d, column %d)", error.text,
                  error.line, error.column);
    else if (!json_is_object(body))
        rest_fail(res, 400, "The request's body is not a JSON object");
    if (!json_is_object(body)) {
        json_decref(body);
        return NULL;
    }
    return body;
}
