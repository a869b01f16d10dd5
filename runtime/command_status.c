/* `kitestream status`: asks a running worker what its group does. In: its address, from the command
 * line or the worker's file; out: a table or JSON. Any worker knows the states of all; lags are in
 * the metrics of the worker that runs the task, so those are asked too. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "commands.h"
#include "file_text.h"
#include "http_get.h"
#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"
#include "status_report.h"

#define SECRET_MAX_BYTES 65536

struct asking {
    const struct cli *cli;
    char *url; /* without a slash at the end */
    char *user, *token;
    struct http_get_login login;
};

/* ---- whom to ask ---- */

/* A wildcard address listens everywhere, but is no place to connect to. */
static char *reachable(const char *listener)
{
    static const char *const wildcards[] = {"://0.0.0.0", "://[::]", "://:"};
    for (size_t i = 0; i < sizeof wildcards / sizeof *wildcards; i++) {
        const char *at = strstr(listener, wildcards[i]);
        size_t len = strlen(wildcards[i]);
        if (at)
            return xasprintf("%.*s://127.0.0.1%s%s", (int)(at - listener), listener,
                             i == 2 ? ":" : "", at + len);
    }
    return xstrdup(listener);
}

static char *find_url(const struct cli *cli, const struct worker_config *worker)
{
    struct ks_config view = string_map_view(&worker->all);
    char **listeners = NULL, *url = NULL;
    if (cli->url) {
        url = strstr(cli->url, "://") ? xstrdup(cli->url) : xasprintf("http://%s", cli->url);
    } else if (ks_config_list(&view, "listeners", &listeners) > 0) {
        url = reachable(listeners[0]);
    }
    free(listeners);
    for (size_t len = url ? strlen(url) : 0; len > 0 && url[len - 1] == '/'; len--)
        url[len - 1] = '\0';
    return url;
}

/* The first line of a file. */
static enum ks_status read_secret(const char *path, char **ret, struct ks_error *err)
{
    size_t len;
    if (!path)
        return KS_OK;
    enum ks_status status = file_text_read(path, SECRET_MAX_BYTES, ret, &len, err);
    if (status == KS_OK)
        (*ret)[strcspn(*ret, "\r\n")] = '\0';
    else
        ks_error_prefix(err, "%s", path);
    return status;
}

static enum ks_status asking_open(struct asking *a, const struct worker_config *worker,
                                  struct ks_error *err)
{
    a->url = find_url(a->cli, worker);
    enum ks_status status = read_secret(a->cli->user_path, &a->user, err);
    if (status == KS_OK)
        status = read_secret(a->cli->token_path, &a->token, err);
    if (status == KS_OK && !a->url)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "the worker's file has no listeners: give --url of a worker");
    a->login = (struct http_get_login){
        .user_password = a->user, .token = a->token, .ca_file = a->cli->ca_path};
    return status;
}

static void free_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static void asking_close(struct asking *a)
{
    free_secret(a->user);
    free_secret(a->token);
    free(a->url);
}

/* ---- asking ---- */

static enum ks_status get_text(const struct asking *a, const char *base, const char *path,
                               struct ks_buf *ret, struct ks_error *err)
{
    char *url = xasprintf("%s%s", base, path);
    enum ks_status status = http_get(url, &a->login, ret, err);
    free(url);
    return status;
}

/* Of workers that cannot be reached from here the lags stay unknown. */
static void add_lags(const struct asking *a, json_t *report)
{
    const char **workers;
    struct ks_error err;
    size_t count = status_report_workers(report, &workers);
    int scheme_len = (int)(strstr(a->url, "://") - a->url);
    for (size_t i = 0; i < count; i++) {
        struct ks_buf text = {0};
        char *base = xasprintf("%.*s://%s", scheme_len, a->url, workers[i]);
        bool is_alone = count == 1; /* then it is the one that was asked, by whatever name */
        if (get_text(a, is_alone ? a->url : base, "/metrics", &text, &err) == KS_OK)
            status_report_add_metrics(report, ks_buf_str(&text));
        free(base);
        ks_buf_release(&text);
    }
    free(workers);
}

static enum ks_status make_report(const struct asking *a, json_t **ret, struct ks_error *err)
{
    struct ks_buf text = {0};
    json_t *answer = NULL;
    enum ks_status status = get_text(a, a->url, "/connectors?expand=status", &text, err);
    if (status == KS_OK) {
        answer = json_loadb((const char *)text.data, text.len, 0, NULL);
        *ret = status_report_new(answer, a->cli->words, a->cli->word_count);
        if (*ret)
            add_lags(a, *ret);
        else
            status = ks_error_set(err, KS_ERR_FATAL,
                                  "%s does not answer as a worker's REST interface does", a->url);
    }
    json_decref(answer);
    ks_buf_release(&text);
    return status;
}

static bool names_missing(const struct cli *cli, const json_t *report, FILE *err)
{
    size_t found = json_array_size(json_object_get(report, "connectors"));
    if (cli->word_count == 0 || found > 0)
        return false;
    fprintf(err, "kitestream: there is no such connector\n");
    return true;
}

int command_status(const struct cli *cli, const struct worker_config *worker, FILE *out, FILE *err)
{
    struct asking a = {.cli = cli};
    struct ks_error error;
    json_t *report = NULL;
    int code = 1;
    enum ks_status status = asking_open(&a, worker, &error);
    if (status == KS_OK)
        status = make_report(&a, &report, &error);
    if (status != KS_OK) {
        fprintf(err, "kitestream: %s\n", error.message);
    } else if (!names_missing(cli, report, err)) {
        code = status_report_has_failed(report);
        if (cli->json)
            json_dumpf(report, out, JSON_INDENT(2));
        else
            status_report_print(report, out);
        if (cli->json)
            fputc('\n', out);
    }
    json_decref(report);
    asking_close(&a);
    return code;
}
