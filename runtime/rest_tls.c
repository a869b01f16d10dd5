/* TLS of the REST interface. In: PEM files; out: certificate and key for each handshake, and yes or
 * no to a client's certificate. Next: libmicrohttpd and rest_exchange. A handshake gets copies of
 * its own, which the library frees, so a new certificate may come in the midst of it. */
#include "rest_tls.h"

#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file_stamp.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "tls_files.h"

#define CHAIN_MAX 16

struct rest_tls {
    const struct rest_options *options;
    struct file_stamp stamps[3];
    char *first_ca;
    pthread_mutex_t lock;   /* what follows */
    struct tls_files files; /* what is used now */
    gnutls_x509_trust_list_t authorities;
};

/* Of the process. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rest_tls *current;

/* ---- files ---- */

static enum ks_status make_authorities(const char *pem, gnutls_x509_trust_list_t *ret,
                                       struct ks_error *err)
{
    gnutls_x509_trust_list_t list = NULL;
    const gnutls_datum_t text = {(unsigned char *)pem, (unsigned)strlen(pem)};
    if (gnutls_x509_trust_list_init(&list, 0) == 0 &&
        gnutls_x509_trust_list_add_trust_mem(list, &text, NULL, GNUTLS_X509_FMT_PEM, 0, 0) > 0) {
        *ret = list;
        return KS_OK;
    }
    gnutls_x509_trust_list_deinit(list, 1);
    return ks_error_set(err, KS_ERR_FATAL, "listeners.https.ssl.ca.location: no certificate in it");
}

static bool has_changed(struct rest_tls *tls)
{
    const struct rest_options *o = tls->options;
    const char *const paths[] = {o->certificate_file, o->key_file, o->client_ca_file};
    bool changed = false;
    for (size_t i = 0; i < 3; i++)
        changed |= file_stamp_changed(&tls->stamps[i], paths[i]);
    return changed;
}

static enum ks_status load(struct rest_tls *tls, struct ks_error *err)
{
    const struct rest_options *o = tls->options;
    struct tls_files files;
    gnutls_x509_trust_list_t authorities = NULL;
    enum ks_status status =
        tls_files_load(&files, o->client_ca_file, o->certificate_file, o->key_file, err);
    if (status != KS_OK) {
        ks_error_prefix(err, "listeners.https.ssl");
        return status;
    }
    if (files.ca)
        status = make_authorities(files.ca, &authorities, err);
    if (status != KS_OK) {
        tls_files_release(&files);
        return status;
    }
    pthread_mutex_lock(&tls->lock);
    struct tls_files old = tls->files;
    gnutls_x509_trust_list_t old_authorities = tls->authorities;
    tls->files = files;
    tls->authorities = authorities;
    pthread_mutex_unlock(&tls->lock);
    tls_files_release(&old);
    if (old_authorities)
        gnutls_x509_trust_list_deinit(old_authorities, 1);
    return KS_OK;
}

enum ks_status rest_tls_open(const struct rest_options *options, struct rest_tls **ret,
                             struct ks_error *err)
{
    struct rest_tls *tls = xcalloc(1, sizeof *tls);
    tls->options = options;
    pthread_mutex_init(&tls->lock, NULL);
    has_changed(tls);
    enum ks_status status = load(tls, err);
    if (status != KS_OK) {
        rest_tls_close(tls);
        return status;
    }
    tls->first_ca = tls->files.ca ? xstrdup(tls->files.ca) : NULL;
    pthread_mutex_lock(&current_lock);
    current = tls;
    pthread_mutex_unlock(&current_lock);
    *ret = tls;
    return KS_OK;
}

void rest_tls_close(struct rest_tls *tls)
{
    if (!tls)
        return;
    pthread_mutex_lock(&current_lock);
    if (current == tls)
        current = NULL;
    pthread_mutex_unlock(&current_lock);
    tls_files_release(&tls->files);
    if (tls->authorities)
        gnutls_x509_trust_list_deinit(tls->authorities, 1);
    free(tls->first_ca);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

void rest_tls_refresh(struct rest_tls *tls)
{
    struct ks_error err;
    if (!tls || !has_changed(tls))
        return;
    if (load(tls, &err) == KS_OK)
        log_info("REST: the certificate files have changed and are used from now on");
    else
        log_error("REST: %s; the certificate of before stays", err.message);
}

/* ---- handshakes ---- */

static bool import_certificates(const char *pem, gnutls_pcert_st **ret, unsigned *ret_count)
{
    unsigned count = CHAIN_MAX;
    const gnutls_datum_t text = {(unsigned char *)pem, (unsigned)strlen(pem)};
    gnutls_pcert_st *certs = gnutls_calloc(CHAIN_MAX, sizeof *certs);
    if (gnutls_pcert_list_import_x509_raw(certs, &count, &text, GNUTLS_X509_FMT_PEM, 0) != 0) {
        gnutls_free(certs);
        return false;
    }
    *ret = certs;
    *ret_count = count;
    return true;
}

static bool import_key(const char *pem, gnutls_privkey_t *ret)
{
    gnutls_privkey_t key;
    const gnutls_datum_t text = {(unsigned char *)pem, (unsigned)strlen(pem)};
    if (gnutls_privkey_init(&key) != 0)
        return false;
    if (gnutls_privkey_import_x509_raw(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0) != 0) {
        gnutls_privkey_deinit(key);
        return false;
    }
    *ret = key;
    return true;
}

static bool import_all(struct rest_tls *tls, gnutls_pcert_st **ret_certs, unsigned *ret_count,
                       gnutls_privkey_t *ret_key)
{
    gnutls_privkey_t key;
    pthread_mutex_lock(&tls->lock);
    bool good = import_key(tls->files.key, &key);
    if (good && !import_certificates(tls->files.cert, ret_certs, ret_count)) {
        gnutls_privkey_deinit(key);
        good = false;
    }
    pthread_mutex_unlock(&tls->lock);
    if (good)
        *ret_key = key;
    return good;
}

int rest_tls_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                         gnutls_pcert_st **ret_certs, unsigned int *ret_count,
                         gnutls_ocsp_data_st **ret_ocsp, unsigned int *ret_ocsp_count,
                         gnutls_privkey_t *ret_key, unsigned int *flags)
{
    pthread_mutex_lock(&current_lock);
    bool good = current && import_all(current, ret_certs, ret_count, ret_key);
    pthread_mutex_unlock(&current_lock);
    *ret_ocsp = NULL;
    *ret_ocsp_count = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return good ? 0 : -1;
}

/* ---- clients' certificates ---- */

const char *rest_tls_client_ca(const struct rest_tls *tls)
{
    return tls->first_ca;
}

static bool verify(struct rest_tls *tls, gnutls_x509_crt_t *chain, unsigned count)
{
    char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st data = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                  .data = (unsigned char *)purpose};
    unsigned status = 1;
    pthread_mutex_lock(&tls->lock);
    int failed = tls->authorities ? gnutls_x509_trust_list_verify_crt2(
                                        tls->authorities, chain, count, &data, 1, 0, &status, NULL)
                                  : -1;
    pthread_mutex_unlock(&tls->lock);
    return !failed && status == 0;
}

bool rest_tls_client_is_known(struct rest_tls *tls, gnutls_session_t session)
{
    unsigned shown = 0, count = 0;
    const gnutls_datum_t *raw = gnutls_certificate_get_peers(session, &shown);
    gnutls_x509_crt_t chain[CHAIN_MAX];
    bool good = raw && shown > 0 && shown <= CHAIN_MAX;
    while (good && count < shown) {
        good = gnutls_x509_crt_init(&chain[count]) == 0;
        if (good)
            good = gnutls_x509_crt_import(chain[count++], raw++, GNUTLS_X509_FMT_DER) == 0;
    }
    good = good && verify(tls, chain, count);
    while (count > 0)
        gnutls_x509_crt_deinit(chain[--count]);
    return good;
}
