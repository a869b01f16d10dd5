#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../mono_cond.h"
#include "clock.h"

struct bell {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool rung;
};

static void begin(struct bell *b)
{
    *b = (struct bell){.rung = false};
    pthread_mutex_init(&b->mutex, NULL);
    mono_cond_init(&b->cond);
}

static void end(struct bell *b)
{
    pthread_cond_destroy(&b->cond);
    pthread_mutex_destroy(&b->mutex);
}

static void test_mono_cond_wait__the_time_comes(void **state)
{
    struct bell b;
    begin(&b);
    int64_t until = clock_mono_ms() + 30;
    pthread_mutex_lock(&b.mutex);
    while (mono_cond_wait(&b.cond, &b.mutex, until))
        ; /* woken for nothing */
    pthread_mutex_unlock(&b.mutex);
    assert_true(clock_mono_ms() >= until);
    end(&b);
}

static void *ring(void *arg)
{
    struct bell *b = arg;
    pthread_mutex_lock(&b->mutex);
    b->rung = true;
    pthread_cond_signal(&b->cond);
    pthread_mutex_unlock(&b->mutex);
    return NULL;
}

static void test_mono_cond_wait__woken(void **state)
{
    struct bell b;
    pthread_t thread;
    bool in_time = true;
    begin(&b);
    pthread_mutex_lock(&b.mutex);
    assert_int_equal(pthread_create(&thread, NULL, ring, &b), 0);
    while (!b.rung && in_time)
        in_time = mono_cond_wait(&b.cond, &b.mutex, clock_mono_ms() + 20000);
    pthread_mutex_unlock(&b.mutex);
    pthread_join(thread, NULL);
    assert_true(in_time);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mono_cond_wait__the_time_comes),
        cmocka_unit_test(test_mono_cond_wait__woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
