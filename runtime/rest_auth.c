/* Logins. In: the Authorization header; out: what its sender may. Next: rest_exchange. Secrets are
 * compared by their SHA-256, in constant time. A password's hash is made to be slow: it is computed
 * on the pool, not on the thread of all connections, and what was right is remembered by a keyed
 * digest, so that a client pays for it once. Secrets are never logged; a wrong login is, by name.
 */
#include "rest_auth.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "clock.h"
#include "file_stamp.h"
#include "file_text.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "properties.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define DIGEST_BYTES 32
#define REMEMBERED 64
#define HEADER_MAX 8192
/* Costs what a real one costs, so that a name that exists is not told by time. */
#define NOBODYS_HASH "$6$kitestream$"

struct login {
    char *name, *secret;
};

struct login_file {
    const char *path; /* NULL: not configured */
    struct file_stamp stamp;
    struct login *list;
    size_t count, cap;
};

struct rest_auth {
    const struct rest_options *options;
    pthread_mutex_t lock; /* what follows */
    struct login_file users, tokens;
    uint8_t key[DIGEST_BYTES];
    uint8_t remembered[REMEMBERED][DIGEST_BYTES]; /* of headers with a right password */
    enum rest_auth_answer remembered_answer[REMEMBERED];
    size_t next;
    int64_t warned_ms;
    long unsaid; /* wrong logins since then */
};

/* ---- files ---- */

static void free_secret(char *secret)
{
    if (secret)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

static void release_logins(struct login_file *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->list[i].name);
        free_secret(f->list[i].secret);
    }
    free(f->list);
    f->list = NULL;
    f->count = f->cap = 0;
}

static void take_login(void *arg, const char *name, const char *secret)
{
    struct login_file *f = arg;
    f->list = xgrow(f->list, f->count, &f->cap, sizeof *f->list);
    f->list[f->count++] = (struct login){.name = xstrdup(name), .secret = xstrdup(secret)};
}

/* An empty secret would let everybody in who knows the name. */
static enum ks_status check_logins(const struct login_file *f, struct ks_error *err)
{
    for (size_t i = 0; i < f->count; i++)
        if (!*f->list[i].secret)
            return ks_error_set(err, KS_ERR_FATAL, "%s: \"%.100s\" has nothing behind it", f->path,
                                f->list[i].name);
    if (f->count == 0)
        return ks_error_set(err, KS_ERR_FATAL, "%s has no line name=secret", f->path);
    return KS_OK;
}

/* *ret has the new list only. */
static enum ks_status read_logins(const char *path, struct login_file *ret, struct ks_error *err)
{
    struct login_file f = {.path = path};
    char *text;
    size_t len;
    enum ks_status status = file_text_read(path, FILE_MAX_BYTES, &text, &len, err);
    if (status != KS_OK) {
        ks_error_prefix(err, "%s", path);
        return status;
    }
    properties_each(text, len, take_login, &f);
    OPENSSL_cleanse(text, len);
    free(text);
    status = check_logins(&f, err);
    if (status == KS_OK)
        *ret = f;
    else
        release_logins(&f);
    return status;
}

static enum ks_status refresh_file(struct rest_auth *a, struct login_file *f, struct ks_error *err)
{
    if (!file_stamp_changed(&f->stamp, f->path))
        return KS_OK;
    struct login_file fresh;
    enum ks_status status = read_logins(f->path, &fresh, err);
    if (status != KS_OK)
        return status;
    pthread_mutex_lock(&a->lock);
    release_logins(f);
    f->list = fresh.list;
    f->count = fresh.count;
    f->cap = fresh.cap;
    memset(a->remembered, 0, sizeof a->remembered);
    memset(a->remembered_answer, 0, sizeof a->remembered_answer);
    pthread_mutex_unlock(&a->lock);
    return KS_OK;
}

void rest_auth_refresh(struct rest_auth *a)
{
    struct ks_error err;
    if (!a)
        return;
    if (refresh_file(a, &a->users, &err) != KS_OK)
        log_error("REST: %s; the users of before stay", err.message);
    if (refresh_file(a, &a->tokens, &err) != KS_OK)
        log_error("REST: %s; the tokens of before stay", err.message);
}

enum ks_status rest_auth_open(const struct rest_options *options, struct rest_auth **ret,
                              struct ks_error *err)
{
    *ret = NULL;
    if (!options->users_file && !options->tokens_file)
        return KS_OK;
    struct rest_auth *a = xcalloc(1, sizeof *a);
    a->options = options;
    a->users.path = options->users_file;
    a->tokens.path = options->tokens_file;
    pthread_mutex_init(&a->lock, NULL);
    enum ks_status status = KS_OK;
    if (RAND_bytes(a->key, sizeof a->key) != 1)
        status = ks_error_set(err, KS_ERR_FATAL, "no random numbers for the REST logins");
    struct login_file *files[] = {&a->users, &a->tokens};
    for (size_t i = 0; i < 2 && status == KS_OK; i++) {
        if (!files[i]->path)
            continue;
        status = refresh_file(a, files[i], err);
        if (status == KS_OK && files[i]->count == 0) /* not even looked at: there is none */
            status = ks_error_set(err, KS_ERR_FATAL, "cannot read %s", files[i]->path);
    }
    if (status == KS_OK)
        *ret = a;
    else
        rest_auth_free(a);
    return status;
}

void rest_auth_free(struct rest_auth *a)
{
    if (!a)
        return;
    release_logins(&a->users);
    release_logins(&a->tokens);
    pthread_mutex_destroy(&a->lock);
    OPENSSL_cleanse(a, sizeof *a);
    free(a);
}

const char *rest_auth_challenge(const struct rest_auth *a)
{
    return a->users.path ? "Basic realm=\"kitestream\", charset=\"UTF-8\""
                         : "Bearer realm=\"kitestream\"";
}

/* ---- comparing ---- */

static bool is_same_secret(const char *a, const char *b)
{
    uint8_t digest_a[DIGEST_BYTES], digest_b[DIGEST_BYTES];
    EVP_Digest(a, strlen(a), digest_a, NULL, EVP_sha256(), NULL);
    EVP_Digest(b, strlen(b), digest_b, NULL, EVP_sha256(), NULL);
    return CRYPTO_memcmp(digest_a, digest_b, DIGEST_BYTES) == 0;
}

static bool is_hash(const char *secret)
{
    return *secret == '$';
}

/* Slow on purpose. */
static bool fits_hash(const char *password, const char *hash)
{
    struct crypt_data *data = xcalloc(1, sizeof *data);
    const char *made = crypt_r(password, hash, data);
    bool fits = made && is_hash(made) && is_same_secret(made, hash);
    OPENSSL_cleanse(data, sizeof *data);
    free(data);
    return fits;
}

static enum rest_auth_answer role_of(const struct rest_auth *a, const char *name)
{
    for (size_t i = 0; i < a->options->read_only_count; i++)
        if (strcmp(a->options->read_only[i], name) == 0)
            return REST_AUTH_READ;
    return REST_AUTH_WRITE;
}

/* All of them are compared, so that the time does not tell which one was near. With the lock. */
static enum rest_auth_answer check_token(const struct rest_auth *a, const char *token)
{
    enum rest_auth_answer answer = REST_AUTH_NO;
    for (size_t i = 0; i < a->tokens.count; i++)
        if (is_same_secret(a->tokens.list[i].secret, token))
            answer = role_of(a, a->tokens.list[i].name);
    return answer;
}

/* Once a second: whoever guesses must not fill the log. */
static void warn_wrong(struct rest_auth *a, const char *what)
{
    int64_t now_ms = clock_mono_ms();
    pthread_mutex_lock(&a->lock);
    bool silent = a->warned_ms && now_ms < a->warned_ms + 1000;
    long unsaid = a->unsaid;
    a->unsaid = silent ? unsaid + 1 : 0;
    a->warned_ms = silent ? a->warned_ms : now_ms;
    pthread_mutex_unlock(&a->lock);
    if (!silent)
        log_warn("REST: wrong login: %s (and %ld before that)", what, unsaid);
}

/* ---- basic ---- */

/* "name:password" decoded; false: it is none. */
static bool decode_basic(const char *text, char ret[HEADER_MAX], char **ret_password)
{
    size_t len = strlen(text);
    if (len == 0 || len % 4 != 0 || len >= HEADER_MAX)
        return false;
    int decoded = EVP_DecodeBlock((unsigned char *)ret, (const unsigned char *)text, (int)len);
    if (decoded < 0)
        return false;
    ret[decoded] = '\0'; /* and before it what padding stood for: NULs */
    char *colon = strchr(ret, ':');
    if (!colon)
        return false;
    *colon = '\0';
    *ret_password = colon + 1;
    return true;
}

static void make_digest(const struct rest_auth *a, const char *header, uint8_t ret[DIGEST_BYTES])
{
    HMAC(EVP_sha256(), a->key, sizeof a->key, (const unsigned char *)header, strlen(header), ret,
         NULL);
}

/* With the lock. */
static enum rest_auth_answer recall(const struct rest_auth *a, const uint8_t *digest)
{
    for (size_t i = 0; i < REMEMBERED; i++)
        if (CRYPTO_memcmp(a->remembered[i], digest, DIGEST_BYTES) == 0)
            return a->remembered_answer[i];
    return REST_AUTH_NO;
}

static void remember(struct rest_auth *a, const uint8_t *digest, enum rest_auth_answer answer)
{
    memcpy(a->remembered[a->next], digest, DIGEST_BYTES);
    a->remembered_answer[a->next] = answer;
    a->next = (a->next + 1) % REMEMBERED;
}

/* The last one counts, as in Java. NULL: there is none. With the lock. */
static const char *find_password(const struct rest_auth *a, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < a->users.count; i++)
        if (strcmp(a->users.list[i].name, name) == 0)
            found = a->users.list[i].secret;
    return found;
}

static bool has_hashes(const struct rest_auth *a)
{
    for (size_t i = 0; i < a->users.count; i++)
        if (is_hash(a->users.list[i].secret))
            return true;
    return false;
}

static enum rest_auth_answer check_slowly(struct rest_auth *a, const char *name,
                                          const char *password, const char *take_hash,
                                          const uint8_t *digest)
{
    bool fits = fits_hash(password, take_hash);
    enum rest_auth_answer answer = REST_AUTH_NO;
    pthread_mutex_lock(&a->lock);
    const char *now = find_password(a, name);
    if (fits && now && strcmp(now, take_hash) == 0) { /* not changed meanwhile */
        answer = role_of(a, name);
        remember(a, digest, answer);
    }
    pthread_mutex_unlock(&a->lock);
    return answer;
}

static enum rest_auth_answer check_basic(struct rest_auth *a, const char *header,
                                         const char *encoded, bool may_be_slow)
{
    char text[HEADER_MAX], *password;
    if (!decode_basic(encoded, text, &password))
        return REST_AUTH_NO;
    uint8_t digest[DIGEST_BYTES];
    make_digest(a, header, digest);
    pthread_mutex_lock(&a->lock);
    enum rest_auth_answer answer = recall(a, digest);
    const char *secret = find_password(a, text);
    char *hash = NULL;
    if (answer == REST_AUTH_NO && (secret ? is_hash(secret) : has_hashes(a)))
        hash = xstrdup(secret ? secret : NOBODYS_HASH);
    else if (answer == REST_AUTH_NO && is_same_secret(secret ? secret : "", password) && secret)
        answer = role_of(a, text);
    pthread_mutex_unlock(&a->lock);
    if (hash)
        answer = may_be_slow ? check_slowly(a, text, password, hash, digest) : REST_AUTH_SLOW;
    if (answer == REST_AUTH_NO)
        warn_wrong(a, text);
    free_secret(hash);
    OPENSSL_cleanse(text, sizeof text);
    return answer;
}

/* What follows the scheme's name; NULL: another scheme. */
static const char *after_scheme(const char *header, const char *scheme)
{
    size_t len = strlen(scheme);
    if (strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
        return NULL;
    return header + len + strspn(header + len, " ");
}

enum rest_auth_answer rest_auth_check(struct rest_auth *a, const char *authorization,
                                      bool may_be_slow)
{
    if (!authorization)
        return REST_AUTH_NO;
    const char *encoded = after_scheme(authorization, "Basic");
    const char *token = after_scheme(authorization, "Bearer");
    if (encoded)
        return check_basic(a, authorization, encoded, may_be_slow);
    if (!token)
        return REST_AUTH_NO;
    pthread_mutex_lock(&a->lock);
    enum rest_auth_answer answer = check_token(a, token);
    pthread_mutex_unlock(&a->lock);
    if (answer == REST_AUTH_NO)
        warn_wrong(a, "a bearer token");
    return answer;
}
