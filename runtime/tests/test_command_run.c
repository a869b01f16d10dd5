#include "commands.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"
#include "helper_files.h"

#define PLUGINS KITESTREAM_BINARY_DIR "/test-plugins/good"

static const char *listener = "http://127.0.0.1:0";

/* The real program in a process of its own, its standard error in a file. */
struct program {
    pid_t pid;
    char *dir, *log_path;
};

static struct program start(const char *pipeline)
{
    struct program p = {.dir = helper_dir_new()};
    p.log_path = xasprintf("%s/log", p.dir);
    char *yaml = xasprintf("bootstrap.servers: 127.0.0.1:1\nlisteners: %s\n"
                           "plugin.path: %s\n",
                           listener, PLUGINS);
    char *worker = helper_file_new(p.dir, "worker.yaml", yaml);
    char *file = helper_file_new(p.dir, "p.yaml", pipeline);
    p.pid = fork();
    if (p.pid == 0) {
        int log = open(p.log_path, O_WRONLY | O_CREAT, 0600);
        dup2(log, STDERR_FILENO);
        execl(KITESTREAM_BINARY_DIR "/runtime/kitestream", "kitestream", "run", "-c", worker, file,
              (char *)NULL);
        _exit(127);
    }
    free(worker);
    free(file);
    free(yaml);
    return p;
}

static char *log_text(const struct program *p)
{
    static char text[20000];
    FILE *file = fopen(p->log_path, "r");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[len] = '\0';
    return text;
}

/* Until the log has the text; false after 20 s. */
static bool wait_for_log(const struct program *p, const char *wanted)
{
    for (int64_t end_ms = clock_mono_ms() + 20000; clock_mono_ms() < end_ms; usleep(20000))
        if (strstr(log_text(p), wanted))
            return true;
    return false;
}

static int end(struct program *p)
{
    int status = 0;
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    free(p->log_path);
    helper_dir_remove(p->dir);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static const char good[] = "- {name: a, class: TestSource, config: {file: x}}\n";

static void test_run__sigterm_while_the_brokers_are_away(void **state)
{
    struct program p = start(good);
    assert_true(wait_for_log(&p, "127.0.0.1:1"));
    int64_t begin_ms = clock_mono_ms();
    kill(p.pid, SIGTERM);
    bool stopped = wait_for_log(&p, "stopped");
    assert_int_equal(end(&p), 0);
    assert_true(stopped);
    assert_true(clock_mono_ms() - begin_ms < 10000);
}

static void test_run__second_signal_leaves_at_once(void **state)
{
    struct program p = start(good);
    assert_true(wait_for_log(&p, "listening on"));
    int64_t begin_ms = clock_mono_ms();
    kill(p.pid, SIGTERM); /* the first try to reach the brokers takes longer than that */
    while (clock_mono_ms() < begin_ms + 1100)
        usleep(20000);
    kill(p.pid, SIGINT);
    bool said = wait_for_log(&p, "second signal");
    assert_int_equal(end(&p), 1);
    assert_true(said);
}

static void test_run__two_signals_at_once_are_one(void **state)
{
    struct program p = start(good);
    assert_true(wait_for_log(&p, "listening on"));
    kill(p.pid, SIGSTOP); /* so that it finds both when it goes on */
    kill(p.pid, SIGTERM);
    kill(p.pid, SIGINT);
    kill(p.pid, SIGCONT);
    bool stopped = wait_for_log(&p, "stopped");
    assert_int_equal(end(&p), 0);
    assert_true(stopped);
}

/* The whole answer to a request, or "". */
static char *ask(const struct program *p, const char *path)
{
    static char answer[4000];
    const char *at = strstr(log_text(p), "listening on http://127.0.0.1:");
    size_t len = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)atoi(strchr(strstr(at, "//"), ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        dprintf(fd, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
        for (ssize_t got; (got = read(fd, answer + len, sizeof answer - 1 - len)) > 0;)
            len += (size_t)got;
    }
    close(fd);
    answer[len] = '\0';
    return answer;
}

static void test_run__rest_answers_while_the_brokers_are_away(void **state)
{
    struct program p = start(good);
    assert_true(wait_for_log(&p, "listening on"));
    assert_non_null(strstr(ask(&p, "/"), "kitestream"));
    char *health = ask(&p, "/health");
    assert_non_null(strstr(health, "HTTP/1.1 503"));
    assert_non_null(strstr(health, "\"starting\""));
    kill(p.pid, SIGTERM);
    assert_int_equal(end(&p), 0);
}

static void test_run__port_in_use(void **state)
{
    struct program first = start(good);
    assert_true(wait_for_log(&first, "listening on"));
    const char *url = strstr(log_text(&first), "http://127.0.0.1:");
    char *own = xstrndup(url, strcspn(url, "\n"));
    listener = own;
    struct program second = start(good);
    listener = "http://127.0.0.1:0";
    bool said = wait_for_log(&second, "cannot listen on 127.0.0.1");
    free(own);
    assert_int_equal(end(&second), 1);
    assert_true(said);
    kill(first.pid, SIGTERM);
    assert_int_equal(end(&first), 0);
}

static void test_run__faulty_file_ends_before_anything_is_connected(void **state)
{
    struct program p = start("- {name: a, class: TestSource, config: {fil: x}}\n");
    bool said = wait_for_log(&p, "p.yaml:1: connector \"a\": Unknown configuration \"fil\"");
    assert_int_equal(end(&p), 1);
    assert_true(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run__sigterm_while_the_brokers_are_away),
        cmocka_unit_test(test_run__second_signal_leaves_at_once),
        cmocka_unit_test(test_run__two_signals_at_once_are_one),
        cmocka_unit_test(test_run__rest_answers_while_the_brokers_are_away),
        cmocka_unit_test(test_run__port_in_use),
        cmocka_unit_test(test_run__faulty_file_ends_before_anything_is_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
