/* Error classes of Milvus, 2.2 to 3.x. In: codes and texts; out: milvus_answer. Next: write_job and
 * ddl_apply decide by the class. */
#include "milvus_status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto_wire.h"

/* common.Status */
enum { STATUS_LEGACY_CODE = 1, STATUS_REASON = 2, STATUS_CODE = 3, STATUS_RETRIABLE = 4 };
enum { CODE_UNIMPLEMENTED = 10, CODE_UNEXPECTED = 65535, LEGACY_UNEXPECTED = 1 };

struct status {
    int32_t legacy_code, code;
    bool retriable;
    struct ks_slice reason;
};

struct code_class {
    int32_t code;
    enum milvus_outcome outcome;
};

struct text_class {
    const char *text;
    enum milvus_outcome outcome;
};

/* Of Status.code (2.3 and later). Those not listed are AMBIGUOUS: they can come from the depth of a
 * write that was half done. */
static const struct code_class codes[] = {
    {1, MILVUS_RETRY},       /* not ready */
    {3, MILVUS_STALLED},     /* memory limit */
    {4, MILVUS_RETRY},       /* too many requests */
    {6, MILVUS_REFUSED},     /* another cluster */
    {7, MILVUS_STALLED},     /* disk limit */
    {8, MILVUS_RETRY},       /* rate limit */
    {9, MILVUS_STALLED},     /* quota */
    {10, MILVUS_REFUSED},    /* unimplemented */
    {11, MILVUS_RETRY},      /* time tick too long behind */
    {12, MILVUS_RETRY},      /* resources */
    {100, MILVUS_NOT_FOUND}, /* collection */
    {101, MILVUS_REFUSED},   /* not loaded */
    {102, MILVUS_REFUSED},   /* number of collections */
    {103, MILVUS_RETRY},     /* not fully loaded */
    {104, MILVUS_REFUSED},   /* loaded */
    {105, MILVUS_REFUSED},   /* schema */
    {106, MILVUS_RETRY},     /* on recovering */
    {107, MILVUS_REFUSED},   /* clustering key */
    {108, MILVUS_REFUSED},   /* standby */
    {109, MILVUS_REFUSED},   /* schema mismatch */
    {110, MILVUS_RETRY},     /* schema version */
    {200, MILVUS_NOT_FOUND}, /* partition */
    {201, MILVUS_REFUSED},   /* not loaded */
    {202, MILVUS_RETRY},     /* not fully loaded */
    {250, MILVUS_REFUSED},   /* capacity */
    {700, MILVUS_NOT_FOUND}, /* index */
    {701, MILVUS_REFUSED},   /* not supported */
    {702, MILVUS_EXISTS},    /* index */
    {800, MILVUS_NOT_FOUND}, /* database */
    {801, MILVUS_REFUSED},   /* number of databases */
    {802, MILVUS_REFUSED},   /* name */
    {1100, MILVUS_REFUSED},  /* parameter invalid, missing */
    {1101, MILVUS_REFUSED},  {1102, MILVUS_TOO_LARGE},
    {1303, MILVUS_STALLED}, /* the queue denies production */
    {1400, MILVUS_DENIED},   {1401, MILVUS_DENIED},
    {1402, MILVUS_DENIED},   {1600, MILVUS_NOT_FOUND}, /* alias */
    {1601, MILVUS_EXISTS},                             /* alias or collection of that name */
    {1602, MILVUS_EXISTS},   {1700, MILVUS_REFUSED},   /* field */
    {1701, MILVUS_REFUSED},  {1807, MILVUS_RETRY},     /* rate limit of the HTTP side */
};

/* Of Status.error_code, for servers before 2.3, which leave Status.code 0. */
static const struct code_class legacy_codes[] = {
    {3, MILVUS_DENIED},     /* permission */
    {4, MILVUS_NOT_FOUND},  /* collection */
    {5, MILVUS_REFUSED},    /* argument */
    {7, MILVUS_REFUSED},    /* dimension */
    {8, MILVUS_REFUSED},    /* index type */
    {9, MILVUS_REFUSED},    /* collection name */
    {11, MILVUS_REFUSED},   /* row record */
    {13, MILVUS_REFUSED},   /* file */
    {22, MILVUS_REFUSED},   /* field name */
    {25, MILVUS_NOT_FOUND}, /* index */
    {48, MILVUS_STALLED},   /* writes denied */
    {49, MILVUS_RETRY},     /* rate limit */
    {51, MILVUS_REFUSED},   /* upsert with autoID */
    {53, MILVUS_STALLED},   /* memory quota */
    {54, MILVUS_STALLED},   /* disk quota */
    {55, MILVUS_RETRY},     /* time tick too long behind */
    {56, MILVUS_RETRY},     /* not ready */
    {62, MILVUS_REFUSED},   /* schema mismatch */
};

/* Codes 65535 and legacy 1 say nothing, so the text has to: the first match counts. Each holds a
 * character that names of Milvus cannot hold, as texts quote the names of what they are about. A
 * refusal that matches none is REFUSED: nearly all of them are checks of what was asked for. */
static const struct text_class texts[] = {
    {"rate limit", MILVUS_RETRY},
    {"already exist", MILVUS_EXISTS},
    {"duplicate collection", MILVUS_EXISTS},
    {"duplicated new collection", MILVUS_EXISTS},
    {"at most one distinct index", MILVUS_EXISTS},
    {"can't find collection", MILVUS_NOT_FOUND},
    {"collection not found", MILVUS_NOT_FOUND},
    {"partition not found", MILVUS_NOT_FOUND},
    {"database not found", MILVUS_NOT_FOUND},
    {"index not found", MILVUS_NOT_FOUND},
    {"alias not found", MILVUS_NOT_FOUND},
    {"quota exceeded", MILVUS_STALLED},
    {"quota exhausted", MILVUS_STALLED},
    {"larger than max", MILVUS_TOO_LARGE},
    {"message size too large", MILVUS_TOO_LARGE},
    {"context canceled", MILVUS_AMBIGUOUS},
    {"context deadline", MILVUS_AMBIGUOUS},
    {"timed out", MILVUS_AMBIGUOUS},
    {"i/o timeout", MILVUS_AMBIGUOUS},
    {"rpc error:", MILVUS_AMBIGUOUS},
    {"connection refused", MILVUS_AMBIGUOUS},
    {"connection reset", MILVUS_AMBIGUOUS},
    {"connection closed", MILVUS_AMBIGUOUS},
    {"transport is closing", MILVUS_AMBIGUOUS},
    {"service unavailable", MILVUS_AMBIGUOUS},
    {"node not match", MILVUS_AMBIGUOUS},
    {"not ready", MILVUS_AMBIGUOUS},
    {"not healthy", MILVUS_AMBIGUOUS},
    {"local: ", MILVUS_AMBIGUOUS}, /* librdkafka's errors begin so */
    {"broker: ", MILVUS_AMBIGUOUS},
    {"etcdserver:", MILVUS_AMBIGUOUS},
    {"no such host", MILVUS_AMBIGUOUS},
    {"unexpected eof", MILVUS_AMBIGUOUS},
    {": eof", MILVUS_AMBIGUOUS},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- texts ---- */

/* Bytes of the UTF-8 character at p; 0 if it is none. */
static size_t character_bytes(const uint8_t *p, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    if (len < 2 || len > left)
        return len > left ? 0 : len;
    uint32_t value = *p & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3fU);
    }
    bool surrogate = value >= 0xd800 && value < 0xe000;
    return value >= least[len] && value < 0x110000 && !surrogate ? len : 0;
}

/* Cuts at a whole character and replaces what is not UTF-8: the text goes into status and logs. */
static void put_text(struct milvus_answer *a, size_t at, struct ks_slice text)
{
    const uint8_t *p = text.data;
    size_t room = sizeof(a->message) - 1;
    for (size_t i = 0; i < text.len;) {
        size_t len = character_bytes(p + i, text.len - i);
        if (at + (len ? len : 1) > room)
            break;
        if (len)
            memcpy(a->message + at, p + i, len);
        else
            a->message[at] = '?';
        at += len ? len : 1;
        i += len ? len : 1;
    }
    a->message[at] = '\0';
}

static void set_message(struct milvus_answer *a, const char *method, struct ks_slice text)
{
    int len = snprintf(a->message, sizeof(a->message), "%.64s: ", method);
    put_text(a, (size_t)len, text);
}

struct milvus_answer milvus_answer_of(enum milvus_outcome outcome, const char *fmt, ...)
{
    struct milvus_answer a = {.outcome = outcome};
    char text[sizeof(a.message)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    put_text(&a, 0, (struct ks_slice){text, strlen(text)});
    return a;
}

static bool contains(struct ks_slice text, const char *what)
{
    size_t len = strlen(what);
    const char *p = text.data;
    for (size_t i = 0; i + len <= text.len; i++)
        if (strncasecmp(p + i, what, len) == 0)
            return true;
    return false;
}

static enum milvus_outcome text_outcome(struct ks_slice reason, enum milvus_outcome otherwise)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        if (contains(reason, texts[i].text))
            return texts[i].outcome;
    return otherwise;
}

/* ---- gRPC ---- */

static enum milvus_outcome grpc_outcome(enum grpc_code code, struct ks_slice text)
{
    switch (code) {
    case GRPC_CODE_UNAUTHENTICATED:
    case GRPC_CODE_PERMISSION_DENIED:
        return MILVUS_DENIED;
    case GRPC_CODE_RESOURCE_EXHAUSTED:
        return contains(text, "rate limit") ? MILVUS_RETRY : MILVUS_TOO_LARGE;
    case GRPC_CODE_INVALID_ARGUMENT:
    case GRPC_CODE_NOT_FOUND:
    case GRPC_CODE_FAILED_PRECONDITION:
    case GRPC_CODE_OUT_OF_RANGE:
    case GRPC_CODE_UNIMPLEMENTED:
        return MILVUS_REFUSED;
    case GRPC_CODE_INTERNAL: /* not read, or not answered for want of an implementation */
        return contains(text, "error unmarshalling request") ||
                       contains(text, "Marshal called with nil")
                   ? MILVUS_REFUSED
                   : MILVUS_AMBIGUOUS;
    default:
        return MILVUS_AMBIGUOUS;
    }
}

struct milvus_answer milvus_answer_of_grpc(const char *method, enum grpc_code code, bool sent,
                                           const char *message)
{
    struct ks_slice text = {message, strlen(message)};
    struct milvus_answer a = {.outcome = grpc_outcome(code, text), .grpc = (int32_t)code};
    if (code == GRPC_CODE_UNIMPLEMENTED)
        a.code = CODE_UNIMPLEMENTED;
    if (!sent && a.outcome == MILVUS_AMBIGUOUS)
        a.outcome = MILVUS_RETRY;
    set_message(&a, method, text);
    return a;
}

/* ---- common.Status ---- */

static bool read_status(struct ks_slice bytes, struct status *ret)
{
    struct wire wire = wire_of(bytes.data, bytes.len);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        if (field.number == STATUS_REASON && field.type == WIRE_LEN)
            ret->reason = (struct ks_slice){field.data, field.len};
        if (field.type != WIRE_VARINT)
            continue;
        if (field.number == STATUS_LEGACY_CODE)
            ret->legacy_code = (int32_t)field.value;
        else if (field.number == STATUS_CODE)
            ret->code = (int32_t)field.value;
        else if (field.number == STATUS_RETRIABLE)
            ret->retriable = field.value != 0;
    }
    return !wire.bad;
}

/* Goes through the whole reply, so that a broken one is never taken for a success. */
static bool find_status(struct ks_slice reply, struct status *ret)
{
    struct wire wire = wire_of(reply.data, reply.len);
    struct wire_field field;
    bool good = true;
    while (wire_next(&wire, &field))
        if (field.number == 1 && field.type == WIRE_LEN)
            good = good && read_status((struct ks_slice){field.data, field.len}, ret);
    return good && !wire.bad;
}

static enum milvus_outcome find_code(const struct code_class *classes, size_t count, int32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (classes[i].code == code)
            return classes[i].outcome;
    return MILVUS_AMBIGUOUS;
}

static enum milvus_outcome status_outcome(const struct status *s)
{
    enum milvus_outcome unknown = s->retriable ? MILVUS_AMBIGUOUS : MILVUS_REFUSED;
    if (contains(s->reason, "REPLICATE_VIOLATION"))
        return MILVUS_REFUSED;
    if (s->code == CODE_UNEXPECTED || (s->code == 0 && s->legacy_code == LEGACY_UNEXPECTED))
        return text_outcome(s->reason, unknown);
    if (s->code != 0)
        return find_code(codes, COUNT(codes), s->code);
    return find_code(legacy_codes, COUNT(legacy_codes), s->legacy_code);
}

struct milvus_answer milvus_answer_of_reply(const char *method, bool bare, struct ks_slice reply)
{
    static const char no_text[] = "the server gave no reason";
    struct milvus_answer a = {.outcome = MILVUS_OK};
    struct status s = {0};
    if (!(bare ? read_status(reply, &s) : find_status(reply, &s)))
        return milvus_answer_of(MILVUS_AMBIGUOUS,
                                "%s: the answer is not protobuf: is this address Milvus' gRPC "
                                "port?",
                                method);
    if (s.code == 0 && s.legacy_code == 0)
        return a;
    a.code = s.code ? s.code : s.legacy_code;
    a.outcome = status_outcome(&s);
    set_message(&a, method,
                s.reason.len ? s.reason : (struct ks_slice){no_text, sizeof(no_text) - 1});
    return a;
}

bool milvus_means_no_index(const struct milvus_answer *answer)
{
    enum { INDEX_NOT_FOUND = 700, LEGACY_INDEX_NOT_EXIST = 25 };
    return answer->outcome == MILVUS_NOT_FOUND &&
           (answer->code == INDEX_NOT_FOUND || answer->code == LEGACY_INDEX_NOT_EXIST);
}
