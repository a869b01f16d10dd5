/* POST /cdc, milvus-cdc's contract. In: {"request_type", "request_data"}; out: {"code", "data"}, or
 * {"code", "message"} with the same code as HTTP status. Next: one function for each request_type.
 * milvus-cdc answers 200 to everything and has the code in the body only; clients of it look there
 * and find what they expect. */
#include <string.h>

#include "../sdk/utf8.h"
#include "alloc.h"
#include "cdc_ops.h"
#include "kitestream/sdk/util.h"

struct request_type {
    const char *name;
    cdc_op_fn *run;
    bool reads_only;
};

static const struct request_type types[] = {
    {"create", cdc_op_create, false}, {"delete", cdc_op_delete, false},
    {"pause", cdc_op_pause, false},   {"resume", cdc_op_resume, false},
    {"get", cdc_op_get, true},        {"position", cdc_op_position, true},
    {"list", cdc_op_list, true},      {"maintenance", cdc_op_maintenance, false},
};
#define TYPE_NAMES "create, delete, pause, resume, get, position, list, maintenance"

/* Texts of requests may be cut in the middle of a character. */
static json_t *readable(const char *text)
{
    struct ks_buf out = {0};
    size_t left = strlen(text);
    for (const uint8_t *p = (const uint8_t *)text; left > 0;) {
        size_t len = utf8_character(p, left);
        ks_buf_add(&out, len ? p : (const uint8_t *)"?", len ? len : 1);
        p += len ? len : 1;
        left -= len ? len : 1;
    }
    json_t *json = json_string(ks_buf_str(&out));
    ks_buf_release(&out);
    return json;
}

static void fail(struct rest_response *res, int status, const char *text)
{
    json_t *message = readable(text);
    rest_answer(res, status, json_pack("{s:i, s:o}", "code", status, "message", message));
}

static void fail_type(struct rest_response *res, int status, const char *type, const char *text)
{
    struct ks_buf message = {0};
    ks_buf_printf(&message, "fail to handle the %s request, error: %s", type, text);
    fail(res, status, ks_buf_str(&message));
    ks_buf_release(&message);
}

static void run(const struct rest_context *ctx, const struct request_type *type, json_t *data,
                struct rest_response *res)
{
    struct ks_error err = {0};
    json_t *ret = NULL;
    enum ks_status status = type->run(ctx, data, &ret, &err);
    if (status) {
        fail_type(res, status == KS_ERR_DATA ? 400 : 500, type->name, err.message);
        return;
    }
    json_t *answer = json_pack("{s:i}", "code", 200);
    if (ret)
        json_object_set_new(answer, "data", ret);
    rest_answer(res, 200, answer);
}

static const struct request_type *find_type(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

static void dispatch(const struct rest_context *ctx, const struct rest_request *req, json_t *body,
                     struct rest_response *res)
{
    const char *name = json_string_value(json_object_get(body, "request_type"));
    json_t *data = json_object_get(body, "request_data");
    const struct request_type *type = find_type(name ? name : "");
    if (!type)
        fail(res, 400, "request_type must be one of " TYPE_NAMES);
    else if (req->read_only && !type->reads_only)
        fail_type(res, 403, name, "this user may only read: get, position, list");
    else if (data && !json_is_object(data) && !json_is_null(data))
        fail_type(res, 400, name, "request_data must be an object");
    else
        run(ctx, type, json_is_object(data) ? data : NULL, res);
}

/* The shared reader's answer in our form. */
static void reshape(struct rest_response *res)
{
    json_t *message = json_object_get(res->json, "message");
    json_t *answer = json_pack("{s:i, s:O?}", "code", res->status, "message", message);
    rest_answer(res, res->status, answer);
}

static void handle_cdc(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    json_t *body = rest_body_object(req, res);
    if (!body) {
        reshape(res);
        return;
    }
    dispatch(ctx, req, body, res);
    json_decref(body);
}

static void handle_other_method(const struct rest_context *ctx, const struct rest_request *req,
                                struct rest_response *res)
{
    fail(res, 405, "/cdc takes POST only");
    res->allow = xstrdup("POST");
}

const struct rest_route rest_cdc_routes[] = {
    {"POST", "/cdc", handle_cdc, 0},
    {"GET", "/cdc", handle_other_method, REST_EARLY},
    {"PUT", "/cdc", handle_other_method, REST_EARLY},
    {"PATCH", "/cdc", handle_other_method, REST_EARLY},
    {"DELETE", "/cdc", handle_other_method, REST_EARLY},
    {0},
};
