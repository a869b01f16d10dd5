/* PEM files of a TLS client or server. In: file names; out: their text, known to be usable. Next:
 * grpc's credentials, the REST interface. */
#include "tls_files.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/buf.h"
#include "kitestream/sdk/util.h"

#define FILE_MAX_BYTES (4 * 1024 * 1024)

static enum ks_status read_file(const char *path, const char *what, char **ret,
                                struct ks_error *err)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return ks_error_set(err, KS_ERR_FATAL, "cannot read the %s %s: %s", what, path,
                            strerror(errno));
    struct ks_buf buf = {0};
    size_t got;
    do {
        got = fread(ks_buf_reserve(&buf, 8192), 1, 8192, file);
        buf.len += got;
    } while (got > 0 && buf.len <= FILE_MAX_BYTES);
    enum ks_status status = KS_OK;
    if (ferror(file))
        status = ks_error_set(err, KS_ERR_FATAL, "cannot read the %s %s: %s", what, path,
                              strerror(errno));
    else if (buf.len > FILE_MAX_BYTES)
        status = ks_error_set(err, KS_ERR_FATAL, "the %s %s is larger than 4 MiB", what, path);
    fclose(file);
    if (status == KS_OK)
        *ret = ks_buf_take_str(&buf);
    ks_buf_release(&buf);
    return status;
}

/* Parses every certificate of the text; the first is returned, NULL if there is none or one of them
 * is damaged. */
static X509 *parse_certificates(const char *pem)
{
    X509 *first = NULL, *cert;
    BIO *bio = BIO_new_mem_buf(pem, -1);
    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (!first)
            first = cert;
        else
            X509_free(cert);
    }
    unsigned long reason = ERR_peek_last_error();
    bool clean_end =
        ERR_GET_LIB(reason) == ERR_LIB_PEM && ERR_GET_REASON(reason) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (!clean_end) {
        X509_free(first);
        first = NULL;
    }
    return first;
}

/* Without this OpenSSL would ask for the passphrase on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    return -1;
}

static EVP_PKEY *parse_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    ERR_clear_error();
    BIO_free(bio);
    return key;
}

static enum ks_status check_ca(const char *path, const char *pem, struct ks_error *err)
{
    X509 *cert = parse_certificates(pem);
    if (!cert)
        return ks_error_set(err, KS_ERR_FATAL,
                            "the CA file %s holds no valid PEM certificates "
                            "(expected -----BEGIN CERTIFICATE-----)",
                            path);
    X509_free(cert);
    return KS_OK;
}

static enum ks_status check_pair(const char *cert_path, const char *cert_pem, const char *key_path,
                                 const char *key_pem, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    X509 *cert = parse_certificates(cert_pem);
    EVP_PKEY *key = parse_key(key_pem);
    if (!cert)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "the certificate %s is not a valid PEM certificate", cert_path);
    else if (!key)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "the key %s is not a valid, unencrypted PEM private key", key_path);
    else if (X509_check_private_key(cert, key) != 1)
        status = ks_error_set(err, KS_ERR_FATAL, "the key %s does not belong to the certificate %s",
                              key_path, cert_path);
    ERR_clear_error();
    X509_free(cert);
    EVP_PKEY_free(key);
    return status;
}

enum ks_status tls_files_load(struct tls_files *ret, const char *ca_file, const char *cert_file,
                              const char *key_file, struct ks_error *err)
{
    struct tls_files files = {0};
    enum ks_status status = KS_OK;
    if (!cert_file != !key_file)
        return ks_error_set(err, KS_ERR_FATAL,
                            "a certificate needs both files, certificate and key: %s is "
                            "missing",
                            cert_file ? "the key" : "the certificate");
    if (ca_file) {
        status = read_file(ca_file, "CA file", &files.ca, err);
        if (status == KS_OK)
            status = check_ca(ca_file, files.ca, err);
    }
    if (status == KS_OK && cert_file) {
        status = read_file(cert_file, "certificate", &files.cert, err);
        if (status == KS_OK)
            status = read_file(key_file, "key", &files.key, err);
        if (status == KS_OK)
            status = check_pair(cert_file, files.cert, key_file, files.key, err);
    }
    if (status == KS_OK)
        *ret = files;
    else
        tls_files_release(&files);
    return status;
}

void tls_files_release(struct tls_files *files)
{
    if (files->key)
        OPENSSL_cleanse(files->key, strlen(files->key));
    free(files->ca);
    free(files->cert);
    free(files->key);
    *files = (struct tls_files){0};
}
