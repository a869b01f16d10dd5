/* Our subsets of Milvus' protobuf files against Milvus' own descriptors: every message, member,
 * number, type, label and enum value that we name must be there. A tiny parser of .proto text is
 * all that this takes; what it does not understand fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/buf.h"

#define TOKEN_MAX 128

static json_t *messages, *enums; /* of Milvus: full name → members */

static void merge(const char *path)
{
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error);
    if (!file)
        fail_msg("%s: %s", path, error.text);
    json_object_update(messages, json_object_get(file, "messages"));
    json_object_update(enums, json_object_get(file, "enums"));
    json_decref(file);
}

static int load(void **state)
{
    messages = json_object();
    enums = json_object();
    merge("golden/milvus-2.5/descriptors-wal.json");
    merge("golden/milvus-2.5/descriptors.json");
    return 0;
}

static int unload(void **state)
{
    json_decref(messages);
    json_decref(enums);
    return 0;
}

/* ---- .proto text ---- */

struct parser {
    const char *path, *p;
    char token[TOKEN_MAX]; /* "" at the end */
    size_t members;
    char comment[512]; /* the last line of comment */
};

static void skip_blank(struct parser *in)
{
    for (;;) {
        while (isspace((unsigned char)*in->p))
            in->p++;
        if (strncmp(in->p, "//", 2) != 0)
            return;
        size_t len = strcspn(in->p, "\n");
        assert_true(len < sizeof in->comment);
        memcpy(in->comment, in->p, len);
        in->comment[len] = '\0';
        in->p += len;
    }
}

/* A word with dots, a quoted text, or one other character. */
static const char *next(struct parser *in)
{
    skip_blank(in);
    size_t len = 0;
    if (*in->p == '"') {
        len = 1 + strcspn(in->p + 1, "\"") + 1;
    } else {
        while (isalnum((unsigned char)in->p[len]) || in->p[len] == '_' || in->p[len] == '.')
            len++;
        if (len == 0 && *in->p)
            len = 1;
    }
    assert_true(len < TOKEN_MAX);
    memcpy(in->token, in->p, len);
    in->token[len] = '\0';
    in->p += len;
    return in->token;
}

static void want(struct parser *in, const char *token)
{
    if (strcmp(next(in), token) != 0)
        fail_msg("%s: \"%s\" where \"%s\" should be", in->path, in->token, token);
}

static bool is(const struct parser *in, const char *token)
{
    return strcmp(in->token, token) == 0;
}

/* ---- messages ---- */

struct member {
    int number;
    char name[TOKEN_MAX], type[TOKEN_MAX];
    const char *label; /* opt, rep */
    char oneof[TOKEN_MAX];
};

struct message {
    char name[TOKEN_MAX];
    struct member members[64];
    size_t count;
};

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static void parse_member(struct parser *in, struct message *m, const char *oneof)
{
    assert_true(m->count < 64);
    struct member *member = &m->members[m->count++];
    *member = (struct member){.label = "opt"};
    if (is(in, "repeated")) {
        member->label = "rep";
        next(in);
    }
    strcpy(member->type, last_part(in->token));
    strcpy(member->name, next(in));
    strcpy(member->oneof, oneof);
    want(in, "=");
    member->number = atoi(next(in));
    if (strcmp(next(in), "[") == 0) {
        while (strcmp(next(in), "]") != 0)
            assert_true(in->token[0] != '\0');
        next(in);
    }
    if (!is(in, ";"))
        fail_msg("%s: %s.%s does not end", in->path, m->name, member->name);
}

static void parse_message(struct parser *in, struct message *m)
{
    m->count = 0;
    strcpy(m->name, next(in));
    want(in, "{");
    while (strcmp(next(in), "}") != 0) {
        if (!is(in, "oneof")) {
            parse_member(in, m, "");
            continue;
        }
        char oneof[TOKEN_MAX];
        strcpy(oneof, next(in));
        want(in, "{");
        while (strcmp(next(in), "}") != 0)
            parse_member(in, m, oneof);
    }
}

/* "message:milvus.proto.common.KeyValuePair" is our KeyValuePair. */
static bool same_type(const char *theirs, const char *ours)
{
    if (strncmp(theirs, "message:", 8) == 0 || strncmp(theirs, "enum:", 5) == 0)
        return strcmp(last_part(theirs), ours) == 0;
    return strcmp(theirs, ours) == 0;
}

/* One member of a oneof alone looks the same on the wire. */
static bool same_oneof(const json_t *theirs, const char *ours)
{
    const char *text = json_string_value(json_array_get(theirs, 4));
    if (!text || !*ours)
        return !*ours;
    return strncmp(text, "oneof:", 6) == 0 && strcmp(text + 6, ours) == 0;
}

static bool has_member(const json_t *theirs, const struct member *m)
{
    size_t i;
    json_t *each;
    json_array_foreach((json_t *)(uintptr_t)theirs, i, each)
    {
        if (json_integer_value(json_array_get(each, 0)) == m->number)
            return strcmp(json_string_value(json_array_get(each, 1)), m->name) == 0 &&
                   same_type(json_string_value(json_array_get(each, 2)), m->type) &&
                   strcmp(json_string_value(json_array_get(each, 3)), m->label) == 0 &&
                   same_oneof(each, m->oneof);
    }
    return false;
}

/* The short name may stand for several messages of Milvus; one of them must have all our members.
 */
static void check_as(const struct parser *in, const struct message *m, const char *as)
{
    struct ks_buf trouble = {0};
    const char *name;
    json_t *theirs;
    json_object_foreach(messages, name, theirs)
    {
        if (strcmp(last_part(name), as) != 0)
            continue;
        size_t i = 0;
        while (i < m->count && has_member(theirs, &m->members[i]))
            i++;
        if (i == m->count) {
            ks_buf_release(&trouble);
            return;
        }
        ks_buf_printf(&trouble, " %s has no such %s %s = %d;", name, m->members[i].type,
                      m->members[i].name, m->members[i].number);
    }
    fail_msg("%s: message %s is not Milvus' %s:%s", in->path, m->name, as,
             trouble.len ? ks_buf_str(&trouble) : " no message of that name");
}

static bool is_known(const char *short_name)
{
    const char *name;
    json_t *theirs;
    json_object_foreach(messages, name, theirs)
    {
        if (strcmp(last_part(name), short_name) == 0)
            return true;
    }
    return false;
}

/* A request of our own making stands for those of the calls that the comment before it names. */
static void check_message(const struct parser *in, const struct message *m, const char *comment)
{
    if (is_known(m->name)) {
        check_as(in, m, m->name);
        return;
    }
    char *calls = xstrdup(comment), *rest = NULL;
    size_t named = 0;
    for (char *call = strtok_r(calls, "/ ,.", &rest); call; call = strtok_r(NULL, "/ ,.", &rest)) {
        char *request = xasprintf("%sRequest", call);
        check_as(in, m, request);
        free(request);
        named++;
    }
    if (named < 2)
        fail_msg("%s: message %s is not Milvus' and names no calls", in->path, m->name);
    free(calls);
}

/* ---- enums ---- */

static void check_enum(struct parser *in)
{
    char name[TOKEN_MAX], value[TOKEN_MAX];
    json_t *ours = json_object(), *theirs, *number;
    const char *full, *key;
    strcpy(name, next(in));
    want(in, "{");
    while (strcmp(next(in), "}") != 0) {
        strcpy(value, in->token);
        want(in, "=");
        json_object_set_new(ours, value, json_integer(atoi(next(in))));
        want(in, ";");
    }
    bool found = false;
    json_object_foreach(enums, full, theirs)
    {
        bool fits = strcmp(last_part(full), name) == 0;
        json_object_foreach(ours, key, number)
        {
            fits = fits && json_equal(json_object_get(theirs, key), number);
        }
        found = found || fits;
    }
    if (!found)
        fail_msg("%s: enum %s is not Milvus'", in->path, name);
    json_decref(ours);
}

/* ---- files ---- */

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    struct ks_buf text = {0};
    if (!file)
        fail_msg("%s cannot be opened", path);
    for (size_t got = 1; got > 0;) {
        got = fread(ks_buf_reserve(&text, 4096), 1, 4096, file);
        text.len += got;
    }
    fclose(file);
    return ks_buf_take_str(&text);
}

static void check_file(const char *name, size_t at_least)
{
    char *path = xasprintf("%s/proto/%s", KITESTREAM_SOURCE_DIR, name);
    char *text = read_text(path);
    struct parser in = {.path = name, .p = text};
    static struct message message;
    char comment[sizeof in.comment];
    while (*next(&in)) {
        if (is(&in, "message")) {
            strcpy(comment, in.comment);
            parse_message(&in, &message);
            check_message(&in, &message, comment);
            in.members += message.count;
        } else if (is(&in, "enum")) {
            check_enum(&in);
        } else if (is(&in, "syntax") || is(&in, "package") || is(&in, "import")) {
            while (strcmp(next(&in), ";") != 0)
                assert_true(in.token[0] != '\0');
        } else {
            fail_msg("%s: \"%s\" is not understood", name, in.token);
        }
    }
    assert_true(in.members >= at_least);
    free(text);
    free(path);
}

static void test_proto__metadata_agrees_with_milvus(void **state)
{
    check_file("milvus_meta.proto", 80);
}

static void test_proto__api_agrees_with_milvus(void **state)
{
    check_file("milvus_api.proto", 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proto__metadata_agrees_with_milvus),
        cmocka_unit_test(test_proto__api_agrees_with_milvus),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
