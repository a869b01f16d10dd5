#include "commands.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"
#include "helper_files.h"

#define PLUGINS KITESTREAM_BINARY_DIR "/test-plugins/good"

/* The real program in a process of its own, its standard error in a file. */
struct program {
    pid_t pid;
    char *dir, *log_path;
};

static struct program start(const char *pipeline)
{
    struct program p = {.dir = helper_dir_new()};
    p.log_path = xasprintf("%s/log", p.dir);
    char *yaml = xasprintf("bootstrap.servers: 127.0.0.1:1\nplugin.path: %s\n", PLUGINS);
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
    assert_true(wait_for_log(&p, "127.0.0.1:1"));
    kill(p.pid, SIGSTOP); /* so that it finds both when it goes on */
    kill(p.pid, SIGTERM);
    kill(p.pid, SIGINT);
    kill(p.pid, SIGCONT);
    bool said = wait_for_log(&p, "second signal");
    assert_int_equal(end(&p), 1);
    assert_true(said);
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
        cmocka_unit_test(test_run__faulty_file_ends_before_anything_is_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
