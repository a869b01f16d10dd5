/* Placement, with one worker on librdkafka's mock cluster. Several workers and fences are tested
 * with a real Kafka in integration-tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "helper_mock_kafka.h"
#include "log.h"
#include "slot_group.h"

#define DEADLINE_MS 20000
#define ALL_SLOTS 0xffffffffU

struct owner {
    pthread_mutex_t lock;
    slot_mask held;
    int gains, losses;
};

static void on_gained(void *arg, slot_mask slots)
{
    struct owner *o = arg;
    pthread_mutex_lock(&o->lock);
    o->held |= slots;
    o->gains++;
    pthread_mutex_unlock(&o->lock);
}

static void on_lost(void *arg, slot_mask slots)
{
    struct owner *o = arg;
    pthread_mutex_lock(&o->lock);
    o->held &= ~slots;
    o->losses++;
    pthread_mutex_unlock(&o->lock);
}

static slot_mask held_by(struct owner *o)
{
    pthread_mutex_lock(&o->lock);
    slot_mask held = o->held;
    pthread_mutex_unlock(&o->lock);
    return held;
}

static void await_slots(struct owner *o, slot_mask wanted)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (held_by(o) != wanted && clock_mono_ms() < deadline_ms)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_int_equal(held_by(o), wanted);
}

/* Values of Kafka's own tests of murmur2. */
static void test_slot_of__is_kafkas_hash(void **state)
{
    static const struct {
        const char *name;
        uint32_t hash;
    } cases[] = {
        {"21", (uint32_t)-973932308},
        {"foobar", (uint32_t)-790332482},
        {"a-little-bit-long-string", (uint32_t)-985981536},
        {"a-little-bit-longer-string", (uint32_t)-1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", (uint32_t)-58897971},
        {"abc", 479470107},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(slot_group_slot_of(cases[i].name),
                         (cases[i].hash & 0x7fffffff) % SLOT_COUNT);
}

static void test_open__single_worker_gets_all_slots(void **state)
{
    struct mock_kafka kafka;
    struct owner owner = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct slot_events events = {&owner, on_gained, on_lost};
    struct slot_group *group = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "group.id: workers\n");
    mock_kafka_topic(&kafka, "workers-slots", SLOT_COUNT);
    assert_int_equal(slot_group_open(&kafka.worker, &events, &group, &err), KS_OK);
    assert_int_equal(slot_group_confirm(group, 3, 1000, &err), KS_ERR_RETRIABLE);
    assert_string_equal(err.message, "slot 3 is not held by this worker");
    await_slots(&owner, ALL_SLOTS);
    /* The mock does not describe groups; that a real one confirms and that others have the slots of
     * one that is closed at once, is integration-tests' to show. */
    assert_int_equal(slot_group_confirm(group, 3, 1000, &err), KS_ERR_RETRIABLE);
    assert_non_null(strstr(err.message, "slot 3 is not confirmed: "));
    slot_group_close(group);
    assert_int_equal(owner.held, 0);
    assert_int_equal(owner.losses, 1);
    mock_kafka_stop(&kafka);
}

static void test_open__topic_with_other_partitions_is_refused(void **state)
{
    struct mock_kafka kafka;
    const struct slot_events events = {NULL, on_gained, on_lost};
    struct slot_group *group = NULL;
    struct ks_error err = {0};
    mock_kafka_start(&kafka, "group.id: workers\n");
    mock_kafka_topic(&kafka, "workers-slots", 3);
    assert_int_equal(slot_group_open(&kafka.worker, &events, &group, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, "topic workers-slots has 3 partitions instead of 32: delete "
                                     "it, it holds no data");
    mock_kafka_stop(&kafka);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slot_of__is_kafkas_hash),
        cmocka_unit_test(test_open__single_worker_gets_all_slots),
        cmocka_unit_test(test_open__topic_with_other_partitions_is_refused),
    };
    log_init(KS_LOG_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
