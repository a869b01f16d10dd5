#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../owner.h"

static void test_owner__this_process_is_not_gone(void **state)
{
    char self[OWNER_TEXT_MAX];
    owner_self(self);
    assert_false(owner_is_gone(self));
}

static void test_owner__a_process_that_ended_is_gone(void **state)
{
    char child[OWNER_TEXT_MAX];
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char self[OWNER_TEXT_MAX] = "";
        owner_self(self);
        _exit(write(fds[1], self, sizeof(self)) != sizeof(self));
    }
    assert_int_equal(read(fds[0], child, sizeof(child)), sizeof(child));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(owner_is_gone(child));
    close(fds[0]);
    close(fds[1]);
}

static void test_owner__another_process_with_its_pid_is_another_owner(void **state)
{
    char self[OWNER_TEXT_MAX];
    owner_self(self);
    strcat(self, "9");
    assert_true(owner_is_gone(self));
}

static void test_owner__another_boot_or_host_proves_nothing(void **state)
{
    assert_false(owner_is_gone("00000000-0000-0000-0000-000000000000/1/1"));
    assert_false(owner_is_gone(""));
    assert_false(owner_is_gone("nonsense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owner__this_process_is_not_gone),
        cmocka_unit_test(test_owner__a_process_that_ended_is_gone),
        cmocka_unit_test(test_owner__another_process_with_its_pid_is_another_owner),
        cmocka_unit_test(test_owner__another_boot_or_host_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
