/* Certificates for tests, made with OpenSSL's API. */
#include "helper_certs.h"

#include <ftw.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"

struct identity {
    X509 *cert;
    EVP_PKEY *key;
};

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "test certificates: %s failed\n", what);
        abort();
    }
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(extension != NULL, value);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

/* issuer NULL: a CA that signs itself. */
static struct identity make_identity(const char *name, const struct identity *issuer, long serial)
{
    struct identity id = {.cert = X509_new(), .key = EVP_EC_gen("P-256")};
    must(id.cert && id.key, "key generation");
    X509_set_version(id.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(id.cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), 86400);
    X509_set_pubkey(id.cert, id.key);
    X509_NAME *subject = X509_get_subject_name(id.cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(id.cert, issuer ? X509_get_subject_name(issuer->cert) : subject);
    X509 *issuer_cert = issuer ? issuer->cert : id.cert;
    if (issuer) {
        add_extension(id.cert, issuer_cert, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
        add_extension(id.cert, issuer_cert, NID_ext_key_usage, "serverAuth,clientAuth");
    } else {
        add_extension(id.cert, issuer_cert, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(id.cert, issuer_cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    must(X509_sign(id.cert, issuer ? issuer->key : id.key, EVP_sha256()), "signing");
    return id;
}

static void identity_free(struct identity *id)
{
    X509_free(id->cert);
    EVP_PKEY_free(id->key);
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "we");
    must(file != NULL, path);
    return file;
}

static char *write_cert(const struct test_certs *certs, const char *name, X509 *cert)
{
    char *path = xasprintf("%s/%s", certs->dir, name);
    FILE *file = create(path);
    must(PEM_write_X509(file, cert), path);
    fclose(file);
    return path;
}

static char *write_key(const struct test_certs *certs, const char *name, EVP_PKEY *key)
{
    char *path = xasprintf("%s/%s", certs->dir, name);
    FILE *file = create(path);
    must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), path);
    fclose(file);
    return path;
}

void test_certs_make(struct test_certs *ret)
{
    struct test_certs certs = {.dir = "/tmp/kitestream-certs-XXXXXX"};
    must(mkdtemp(certs.dir) != NULL, "mkdtemp");
    struct identity ca = make_identity("test CA", NULL, 1);
    struct identity other = make_identity("another CA", NULL, 2);
    struct identity server = make_identity("server", &ca, 3);
    struct identity client = make_identity("root", &ca, 4);
    certs.ca = write_cert(&certs, "ca.pem", ca.cert);
    certs.other_ca = write_cert(&certs, "other-ca.pem", other.cert);
    certs.server_cert = write_cert(&certs, "server.pem", server.cert);
    certs.server_key = write_key(&certs, "server.key", server.key);
    certs.client_cert = write_cert(&certs, "client.pem", client.cert);
    certs.client_key = write_key(&certs, "client.key", client.key);
    certs.garbage = xasprintf("%s/garbage.pem", certs.dir);
    FILE *file = create(certs.garbage);
    fputs("-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n-----END CERTIFICATE-----\n", file);
    fclose(file);
    identity_free(&ca);
    identity_free(&other);
    identity_free(&server);
    identity_free(&client);
    *ret = certs;
}

void test_certs_remove(struct test_certs *certs)
{
    test_remove_tree(certs->dir);
    free(certs->ca);
    free(certs->other_ca);
    free(certs->server_cert);
    free(certs->server_key);
    free(certs->client_cert);
    free(certs->client_key);
    free(certs->garbage);
}

char *test_read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    must(file != NULL, path);
    char *text = xcalloc(1, 65536);
    must(fread(text, 1, 65535, file) > 0, path);
    fclose(file);
    return text;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    return remove(path);
}

void test_remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
