/* The page at /ui. In: the files of runtime/ui as they were at the build; out: the same bytes, with
 * headers that keep a browser from running or asking anything that is not of this worker. Next: the
 * browser, whose page asks /connectors and /metrics as any client does. Nothing here waits, so the
 * page comes up also while Kafka is away. */
#include <openssl/evp.h>
#include <string.h>

#include "alloc.h"
#include "rest.h"

extern const char ui_index_html[], ui_css[], ui_icon_svg[], ui_js[], ui_actions_js[], ui_chart_js[],
    ui_connector_js[], ui_metrics_js[], ui_numbers_js[], ui_worker_js[];

#define JAVASCRIPT "text/javascript; charset=utf-8"
#define ETAG_BYTES 16

static const struct {
    const char *name, *type, *text;
} files[] = {
    {"ui.css", "text/css; charset=utf-8", ui_css}, {"ui.js", JAVASCRIPT, ui_js},
    {"actions.js", JAVASCRIPT, ui_actions_js},     {"chart.js", JAVASCRIPT, ui_chart_js},
    {"connector.js", JAVASCRIPT, ui_connector_js}, {"metrics.js", JAVASCRIPT, ui_metrics_js},
    {"numbers.js", JAVASCRIPT, ui_numbers_js},     {"worker.js", JAVASCRIPT, ui_worker_js},
    {"icon.svg", "image/svg+xml", ui_icon_svg},
};

/* no-cache: a browser asks each time whether its copy is still the one, so a newer worker has its
 * own page. */
static const struct rest_header headers[] = {
    {"Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; "
                                "frame-ancestors 'none'; object-src 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-cache"},
    {0},
};

/* By the content: files of one build of one version may differ from the next. */
static char *make_etag(const char *text, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL);
    struct ks_buf etag = {0};
    ks_buf_add_byte(&etag, '"');
    for (size_t i = 0; i < ETAG_BYTES; i++)
        ks_buf_printf(&etag, "%02x", digest[i]);
    ks_buf_add_byte(&etag, '"');
    return ks_buf_take_str(&etag);
}

static void answer_file(struct rest_response *res, const char *type, const char *text)
{
    size_t len = strlen(text);
    rest_answer(res, 200, NULL);
    ks_buf_add(&res->text, text, len);
    res->type = type;
    res->headers = headers;
    res->etag = make_etag(text, len);
}

/* The page's own links are relative, so that it also works behind a proxy that puts a path in
 * front; that takes the slash at the end. */
static void get_page(const struct rest_context *ctx, const struct rest_request *req,
                     struct rest_response *res)
{
    size_t len = strlen(req->path);
    if (len > 0 && req->path[len - 1] == '/') {
        answer_file(res, "text/html; charset=utf-8", ui_index_html);
        return;
    }
    rest_answer(res, 302, NULL);
    res->location = xstrdup("ui/");
}

static void get_file(const struct rest_context *ctx, const struct rest_request *req,
                     struct rest_response *res)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(req->params[0], files[i].name) == 0) {
            answer_file(res, files[i].type, files[i].text);
            return;
        }
    rest_fail(res, 404, "HTTP 404 Not Found");
}

const struct rest_route rest_ui_routes[] = {
    {"GET", "/ui", get_page, REST_EARLY | REST_INLINE | REST_ANY_TYPE},
    {"GET", "/ui/{file}", get_file, REST_EARLY | REST_INLINE | REST_ANY_TYPE},
    {0},
};
