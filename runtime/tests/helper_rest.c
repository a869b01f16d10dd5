#include "helper_rest.h"

#include "rest_router.h"

int helper_rest(const struct rest_context *ctx, const char *method, const char *uri,
                const char *body, struct rest_response *res)
{
    struct rest_call call;
    *res = (struct rest_response){0};
    if (rest_router_find(method, uri, body ? "application/json" : NULL, NULL, true, &call, res)) {
        ks_buf_add_str(&call.body, body ? body : "");
        rest_router_handle(ctx, &call, res);
    }
    rest_call_release(&call);
    return res->status ? res->status : 200;
}
