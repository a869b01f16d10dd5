/* A real etcd for tests. */
#include "helper_etcd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "grpc_client.h"
#include "proto_wire.h"

extern char **environ;

struct test_etcd {
    char dir[64];
    const struct test_certs *certs;
    bool client_certs;
    int client_port, peer_port;
    char endpoint[32];
    pid_t pid;
    struct grpc_client *grpc;
    char *token;
};

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "test etcd: %s: %s\n", what, detail);
    abort();
}

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        die("no free port", "bind");
    close(fd);
    return ntohs(address.sin_port);
}

static void spawn(struct test_etcd *etcd)
{
    char *data = xasprintf("--data-dir=%s/data", etcd->dir);
    char *client = xasprintf("http%s://127.0.0.1:%d", etcd->certs ? "s" : "", etcd->client_port);
    char *peer = xasprintf("http://127.0.0.1:%d", etcd->peer_port);
    char *cluster = xasprintf("default=%s", peer);
    char *args[32] = {/* setpriv: the server must not outlive a test that crashes */
                      "setpriv", "--pdeathsig",
                      "KILL",    "etcd",
                      data,      "--log-level",
                      "error",   "--listen-client-urls",
                      client,    "--advertise-client-urls",
                      client,    "--listen-peer-urls",
                      peer,      "--initial-advertise-peer-urls",
                      peer,      "--initial-cluster",
                      cluster};
    size_t count = 17;
    if (etcd->certs) {
        const char *more[] = {"--cert-file",           etcd->certs->server_cert, "--key-file",
                              etcd->certs->server_key, "--trusted-ca-file",      etcd->certs->ca};
        for (size_t i = 0; i < 6; i++)
            args[count++] = (char *)more[i];
        if (etcd->client_certs)
            args[count++] = "--client-cert-auth";
    }
    args[count] = NULL;
    char *log = xasprintf("%s/log", etcd->dir);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    int failed = posix_spawnp(&etcd->pid, args[0], &files, NULL, args, environ);
    if (failed)
        die("cannot start etcd", strerror(failed));
    posix_spawn_file_actions_destroy(&files);
    free(log);
    free(data);
    free(client);
    free(peer);
    free(cluster);
}

struct test_etcd *test_etcd_start(const struct test_certs *certs, bool client_certs)
{
    struct test_etcd *etcd = xcalloc(1, sizeof(*etcd));
    strcpy(etcd->dir, "/tmp/kitestream-etcd-XXXXXX");
    if (!mkdtemp(etcd->dir))
        die("mkdtemp", etcd->dir);
    etcd->certs = certs;
    etcd->client_certs = client_certs;
    etcd->client_port = free_port();
    etcd->peer_port = free_port();
    snprintf(etcd->endpoint, sizeof(etcd->endpoint), "127.0.0.1:%d", etcd->client_port);
    spawn(etcd);
    struct grpc_tls tls = {0};
    if (certs)
        tls = (struct grpc_tls){.enabled = true,
                                .ca_file = certs->ca,
                                .cert_file = certs->client_cert,
                                .key_file = certs->client_key};
    struct ks_error err = {0};
    if (grpc_client_open(etcd->endpoint, &tls, &etcd->grpc, &err) != KS_OK)
        die("client", err.message);
    test_etcd_put(etcd, "started", "1");
    return etcd;
}

void test_etcd_kill(struct test_etcd *etcd)
{
    kill(etcd->pid, SIGKILL);
    waitpid(etcd->pid, NULL, 0);
    etcd->pid = 0;
}

void test_etcd_restart(struct test_etcd *etcd)
{
    spawn(etcd);
}

void test_etcd_freeze(struct test_etcd *etcd, bool frozen)
{
    int status;
    kill(etcd->pid, frozen ? SIGSTOP : SIGCONT);
    /* kill() does not wait: until all its threads have stopped it may answer. */
    if (frozen && (waitpid(etcd->pid, &status, WUNTRACED) != etcd->pid || !WIFSTOPPED(status)))
        die("cannot be frozen", "it has ended");
}

void test_etcd_stop(struct test_etcd *etcd)
{
    grpc_client_close(etcd->grpc);
    if (etcd->pid)
        test_etcd_kill(etcd);
    test_remove_tree(etcd->dir);
    free(etcd->token);
    free(etcd);
}

const char *test_etcd_endpoint(const struct test_etcd *etcd)
{
    return etcd->endpoint;
}

void test_etcd_call(struct test_etcd *etcd, const char *method, const struct ks_buf *request,
                    struct ks_buf *reply)
{
    struct grpc_metadata token = {"token", etcd->token};
    struct grpc_call call = {.method = method,
                             .metadata = &token,
                             .metadata_count = etcd->token ? 1 : 0,
                             .request = {request->data, request->len},
                             .deadline_ms = 5000,
                             .wait_for_ready = true};
    struct ks_buf ignored = {0};
    struct ks_error err = {0};
    int64_t until_ms = clock_mono_ms() + 30000;
    enum grpc_code code;
    do {
        code = grpc_client_unary(etcd->grpc, &call, reply ? reply : &ignored, NULL, &err);
    } while (code == GRPC_CODE_UNAVAILABLE && clock_mono_ms() < until_ms);
    ks_buf_release(&ignored);
    if (code != GRPC_CODE_OK)
        die(method, err.message);
}

static void call_and_release(struct test_etcd *etcd, const char *method, struct ks_buf *request)
{
    test_etcd_call(etcd, method, request, NULL);
    ks_buf_release(request);
}

void test_etcd_put(struct test_etcd *etcd, const char *key, const char *value)
{
    struct ks_buf request = {0};
    wire_put_str(&request, 1, key);
    wire_put_str(&request, 2, value);
    call_and_release(etcd, "/etcdserverpb.KV/Put", &request);
}

void test_etcd_delete(struct test_etcd *etcd, const char *key)
{
    struct ks_buf request = {0};
    wire_put_str(&request, 1, key);
    call_and_release(etcd, "/etcdserverpb.KV/DeleteRange", &request);
}

void test_etcd_put_many(struct test_etcd *etcd, const char *prefix, int count, size_t value_bytes)
{
    struct ks_buf transaction = {0}, put = {0}, operation = {0};
    char *value = xcalloc(1, value_bytes + 1);
    memset(value, 'v', value_bytes);
    for (int i = 0; i < count; i++) {
        char *key = xasprintf("%s%05d", prefix, i);
        ks_buf_reset(&put);
        ks_buf_reset(&operation);
        wire_put_str(&put, 1, key);
        wire_put_bytes(&put, 2, value, value_bytes);
        wire_put_bytes(&operation, 2, put.data, put.len);
        wire_put_bytes(&transaction, 2, operation.data, operation.len);
        free(key);
    }
    call_and_release(etcd, "/etcdserverpb.KV/Txn", &transaction);
    ks_buf_release(&put);
    ks_buf_release(&operation);
    free(value);
}

void test_etcd_compact(struct test_etcd *etcd, int64_t revision)
{
    struct ks_buf request = {0};
    wire_put_int(&request, 1, revision);
    wire_put_uint(&request, 2, 1);
    call_and_release(etcd, "/etcdserverpb.KV/Compact", &request);
}

static void call_with_strings(struct test_etcd *etcd, const char *method, const char *first,
                              const char *second)
{
    struct ks_buf request = {0};
    wire_put_str(&request, 1, first);
    if (second)
        wire_put_str(&request, 2, second);
    call_and_release(etcd, method, &request);
}

static void log_in(struct test_etcd *etcd)
{
    struct ks_buf request = {0}, reply = {0};
    wire_put_str(&request, 1, "root");
    wire_put_str(&request, 2, "open sesame");
    test_etcd_call(etcd, "/etcdserverpb.Auth/Authenticate", &request, &reply);
    struct wire w = wire_of(reply.data, reply.len);
    struct wire_field f;
    while (wire_next(&w, &f))
        if (f.number == 2)
            etcd->token = xstrndup((const char *)f.data, f.len);
    ks_buf_release(&request);
    ks_buf_release(&reply);
}

void test_etcd_enable_auth(struct test_etcd *etcd, const char *prefix, const char *prefix_end)
{
    call_with_strings(etcd, "/etcdserverpb.Auth/UserAdd", "root", "open sesame");
    call_with_strings(etcd, "/etcdserverpb.Auth/UserAdd", "reader", "open sesame");
    call_with_strings(etcd, "/etcdserverpb.Auth/RoleAdd", "root", NULL);
    call_with_strings(etcd, "/etcdserverpb.Auth/RoleAdd", "reads", NULL);
    struct ks_buf permission = {0}, grant = {0}, nothing = {0};
    wire_put_str(&permission, 2, prefix);
    wire_put_str(&permission, 3, prefix_end);
    wire_put_str(&grant, 1, "reads");
    wire_put_bytes(&grant, 2, permission.data, permission.len);
    ks_buf_release(&permission);
    call_and_release(etcd, "/etcdserverpb.Auth/RoleGrantPermission", &grant);
    call_with_strings(etcd, "/etcdserverpb.Auth/UserGrantRole", "root", "root");
    call_with_strings(etcd, "/etcdserverpb.Auth/UserGrantRole", "reader", "reads");
    call_and_release(etcd, "/etcdserverpb.Auth/AuthEnable", &nothing);
    log_in(etcd);
}
