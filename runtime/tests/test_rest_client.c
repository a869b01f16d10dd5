#include "rest_client.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A connection: what the server holds, and the client's end. */
struct pair {
    int own, other;
    struct rest_client *client;
};

static struct pair add(struct rest_clients *list, int group)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    return (struct pair){fds[0], fds[1], rest_client_add(list, fds[0], group)};
}

static void drop(struct rest_clients *list, struct pair *p)
{
    rest_client_remove(list, p->client);
    close(p->own);
    close(p->other);
}

static bool is_shut_down(const struct pair *p)
{
    char byte;
    ssize_t got = recv(p->other, &byte, 1, 0);
    assert_true(got == 0 || errno == EAGAIN);
    return got == 0;
}

static void test_sweep__only_those_that_take_too_long(void **state)
{
    struct rest_clients *list = rest_clients_new();
    struct pair sends = add(list, 0), waits = add(list, 0), receives = add(list, 0);
    rest_client_phase(list, waits.client, REST_CLIENT_WAITS);
    rest_client_phase(list, receives.client, REST_CLIENT_RECEIVES);
    assert_int_equal(rest_clients_sweep(list, 60000, 100), 0);
    assert_int_equal(rest_clients_sweep(list, 0, 100), 2);
    assert_true(is_shut_down(&sends));
    assert_false(is_shut_down(&waits));
    assert_true(is_shut_down(&receives));
    drop(list, &sends);
    drop(list, &waits);
    drop(list, &receives);
    assert_int_equal(rest_clients_sweep(list, 0, 100), 0);
    rest_clients_free(list);
}

static void test_sweep__new_ones_have_their_chance_in_a_full_group(void **state)
{
    struct rest_clients *list = rest_clients_new();
    struct pair a = add(list, 1), b = add(list, 1);
    assert_int_equal(rest_clients_sweep(list, 60000, 2), 0);
    assert_false(is_shut_down(&a));
    drop(list, &a);
    drop(list, &b);
    rest_clients_free(list);
}

static void test_wait_answered__phases(void **state)
{
    struct rest_clients *list = rest_clients_new();
    assert_true(rest_clients_wait_answered(list, 0));
    struct pair p = add(list, 0);
    assert_true(rest_clients_wait_answered(list, 0));
    rest_client_phase(list, p.client, REST_CLIENT_WAITS);
    assert_false(rest_clients_wait_answered(list, 10));
    rest_client_phase(list, p.client, REST_CLIENT_RECEIVES);
    assert_false(rest_clients_wait_answered(list, 10));
    rest_client_phase(list, p.client, REST_CLIENT_SENDS);
    assert_true(rest_clients_wait_answered(list, 10));
    rest_client_phase(list, p.client, REST_CLIENT_RECEIVES);
    drop(list, &p);
    assert_true(rest_clients_wait_answered(list, 10));
    rest_clients_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep__only_those_that_take_too_long),
        cmocka_unit_test(test_sweep__new_ones_have_their_chance_in_a_full_group),
        cmocka_unit_test(test_wait_answered__phases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
