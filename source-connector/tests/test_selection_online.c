/* Rules against the metadata of a recorded Milvus, played back into a real etcd. */
#include "selection_online.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_etcd_play.h"

static struct test_etcd *etcd;

static int start(void **state)
{
    struct etcd_recording rec = etcd_recording_load(GOLDEN_ETCD);
    etcd = test_etcd_start(NULL, false);
    etcd_recording_play(&rec, etcd, 0, etcd_recording_after(&rec, 2925));
    etcd_recording_free(&rec);
    return 0;
}

static int stop(void **state)
{
    test_etcd_stop(etcd);
    return 0;
}

/* ---- asking ---- */

struct rules {
    const char *exclude, *mask, *filter, *own_filter, *include;
};

struct told {
    struct ks_buf text; /* "option | message", a line for each */
    size_t count;
};

static void add_issue(void *ctx, const char *option, const char *message)
{
    struct told *told = ctx;
    ks_buf_printf(&told->text, "%s | %s\n", option, message);
    told->count++;
}

static const char *given(const char *value)
{
    return value ? value : "";
}

static struct told ask_at(const char *endpoint, const struct rules *rules)
{
    struct told told = {0};
    struct ks_config_entry entries[] = {
        {"collection.include.list", given(rules->include)},
        {"field.exclude.list", given(rules->exclude)},
        {"field.mask.hash.list", given(rules->mask)},
        {"field.mask.hash.salt", "pepper"},
        {"milvus.etcd.endpoints", endpoint},
        {"milvus.etcd.meta.sub.path", "meta"},
        {"milvus.etcd.root.path", "goldd"},
        {"row.filter", given(rules->filter)},
        {"row.filter.default.all_types", given(rules->own_filter)},
        {"topic.prefix", "p"},
    };
    struct ks_config_issues issues = {&told, add_issue};
    selection_validate_online(&(struct ks_config){entries, sizeof entries / sizeof *entries},
                              &issues);
    ks_buf_str(&told.text);
    return told;
}

/* Exactly these lines. */
static void check(const struct rules *rules, const char *want)
{
    struct told told = ask_at(test_etcd_endpoint(etcd), rules);
    assert_string_equal(ks_buf_str(&told.text), want);
    ks_buf_release(&told.text);
}

/* ---- tests ---- */

#define ALL_FIELDS "id, b, i8, i16, i32, f, d, s, j, ai, asv, ab, af, v, $meta"

static void test_online__each_rule_that_does_not_fit(void **state)
{
    check(&(struct rules){.exclude = "default.all_types.id", .own_filter = "nothing > 3"},
          "field.exclude.list | field.exclude.list: field 'id' of collection default.all_types "
          "cannot be left out, it is the primary key: a change without it would be nobody's\n"
          "row.filter.default.all_types | row.filter.default.all_types of collection "
          "default.all_types: column 1: 'nothing' is not a field of the collection (keys of the "
          "dynamic field cannot be used); it has " ALL_FIELDS "\n");
    check(
        &(struct rules){.mask = ".*all_types.(v|i8|s)", .own_filter = "s == 'a' and i8 == 'x'"},
        "field.mask.hash.list | field.mask.hash.list: field 'i8' of collection default.all_types "
        "cannot be masked, it is a Int8; only VarChar fields can\n"
        "field.mask.hash.list | field.mask.hash.list: field 'v' of collection default.all_types "
        "cannot be masked, it is a FloatVector; only VarChar fields can\n"
        "row.filter.default.all_types | row.filter.default.all_types of collection "
        "default.all_types: column 14: field 'i8' is a Int8: it is compared with whole numbers\n");
    check(&(struct rules){.exclude = "default.all_types.i8", .own_filter = "i8 == 1"},
          "row.filter.default.all_types | row.filter.default.all_types of collection "
          "default.all_types: column 1: 'i8' is left out by field.exclude.list, and so nobody can "
          "look at it\n");
}

static void test_online__a_filter_for_all_must_fit_all_that_are_captured(void **state)
{
    struct told told = ask_at(test_etcd_endpoint(etcd), &(struct rules){.filter = "b == true"});
    assert_null(strstr(ks_buf_str(&told.text), "all_types"));
    assert_non_null(strstr(ks_buf_str(&told.text),
                           "row.filter | row.filter of collection shop.orders: column 1: 'b' is "
                           "not a field of the collection"));
    ks_buf_release(&told.text);
    check(&(struct rules){.filter = "nothing == 1", .include = "default\\.all_types"}, "");
    check(&(struct rules){.filter = "b == true", .own_filter = "b", .include = "no\\.such"}, "");
}

static void test_online__names_of_fields_that_are_not_there(void **state)
{
    check(&(struct rules){.exclude = "default.all_types.nowhere",
                          .mask = "default\\.all_types\\.(mail|e_mail)"},
          "field.exclude.list | field.exclude.list: 'default.all_types.nowhere' fits no field of "
          "collection default.all_types; it has " ALL_FIELDS "\n"
          "field.mask.hash.list | field.mask.hash.list: 'default\\.all_types\\.(mail|e_mail)' fits "
          "no field of collection default.all_types; it has " ALL_FIELDS "\n");
    /* A dollar is no letter in an expression. */
    check(&(struct rules){.exclude = "default.all_types.$meta"},
          "field.exclude.list | field.exclude.list: 'default.all_types.$meta' fits no field of "
          "collection default.all_types; it has " ALL_FIELDS "\n");
    /* These may be about other collections as well, or fit. */
    check(&(struct rules){.exclude = "default.all_types.\\$meta,default.all_types.(nowhere|j),"
                                     "default.all_types.x|default.later.x,default.all_types.*x,"
                                     "default.all_types_2.x,.*\\.nowhere,default.later.x"},
          "");
}

static void test_online__many_are_counted(void **state)
{
    struct ks_buf many = {0};
    for (int i = 0; i < 25; i++)
        ks_buf_printf(&many, "%sdefault.all_types.x%d", i ? "," : "", i);
    struct told told =
        ask_at(test_etcd_endpoint(etcd), &(struct rules){.exclude = ks_buf_str(&many)});
    assert_int_equal(told.count, 21);
    assert_non_null(strstr(ks_buf_str(&told.text),
                           "field.exclude.list | field.exclude.list: and 5 more rules and "
                           "collections that do not fit\n"));
    ks_buf_release(&told.text);
    ks_buf_release(&many);
}

/* ---- an etcd that does not answer ---- */

/* Accepts connections, and says nothing. */
static int listen_silently(char *endpoint, size_t cap)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(endpoint, cap, "127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

static bool was_called(int fd)
{
    int call = accept(fd, NULL, NULL);
    if (call >= 0)
        close(call);
    return call >= 0;
}

static void test_online__who_does_not_answer_is_no_issue(void **state)
{
    char endpoint[32];
    int fd = listen_silently(endpoint, sizeof endpoint);
    struct told told = ask_at(endpoint, &(struct rules){.exclude = "default.all_types.id"});
    assert_int_equal(told.count, 0);
    assert_true(was_called(fd));
    close(fd);
    ks_buf_release(&told.text);
    told = ask_at(endpoint, &(struct rules){.exclude = "default.all_types.id"}); /* refused */
    assert_int_equal(told.count, 0);
    ks_buf_release(&told.text);
}

static void test_online__a_silent_server_leaves_time_for_the_next(void **state)
{
    char endpoint[32];
    int fd = listen_silently(endpoint, sizeof endpoint);
    char *both = xasprintf("%s,%s", endpoint, test_etcd_endpoint(etcd));
    struct told told = ask_at(both, &(struct rules){.exclude = "default.all_types.id"});
    assert_int_equal(told.count, 1);
    assert_true(was_called(fd));
    close(fd);
    free(both);
    ks_buf_release(&told.text);
}

static void test_online__without_such_rules_nobody_is_asked(void **state)
{
    char endpoint[32];
    int fd = listen_silently(endpoint, sizeof endpoint);
    struct told told = ask_at(endpoint, &(struct rules){.include = "default\\.all_types"});
    assert_int_equal(told.count, 0);
    assert_false(was_called(fd));
    close(fd);
    ks_buf_release(&told.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_online__each_rule_that_does_not_fit),
        cmocka_unit_test(test_online__a_filter_for_all_must_fit_all_that_are_captured),
        cmocka_unit_test(test_online__names_of_fields_that_are_not_there),
        cmocka_unit_test(test_online__many_are_counted),
        cmocka_unit_test(test_online__who_does_not_answer_is_no_issue),
        cmocka_unit_test(test_online__a_silent_server_leaves_time_for_the_next),
        cmocka_unit_test(test_online__without_such_rules_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
