#include "etcd_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto_wire.h"

/* ---- answers, written with the wire appenders ---- */

static void put_message(struct ks_buf *out, uint32_t number, struct ks_buf *message)
{
    wire_put_bytes(out, number, message->data, message->len);
    ks_buf_release(message);
}

static void put_header(struct ks_buf *out, int64_t revision)
{
    struct ks_buf header = {0};
    wire_put_int(&header, 3, revision);
    put_message(out, 1, &header);
}

static void put_kv(struct ks_buf *out, uint32_t number, const char *key, const char *value,
                   int64_t mod_revision)
{
    struct ks_buf kv = {0};
    wire_put_str(&kv, 1, key);
    wire_put_int(&kv, 3, mod_revision);
    wire_put_str(&kv, 5, value);
    wire_put_str(&kv, 99, "a field of the future");
    put_message(out, number, &kv);
}

static void put_event(struct ks_buf *out, bool is_delete, const char *key, int64_t mod_revision)
{
    struct ks_buf event = {0};
    wire_put_uint(&event, 1, is_delete);
    put_kv(&event, 2, key, is_delete ? "" : "value", mod_revision);
    put_kv(&event, 3, key, "previous", 1);
    put_message(out, 11, &event);
}

static enum etcd_says feed(struct etcd_assembly *assembly, struct ks_buf *message)
{
    enum etcd_says says =
        etcd_assembly_feed(assembly, (struct ks_slice){message->data, message->len});
    ks_buf_release(message);
    return says;
}

/* ---- lists ---- */

static enum ks_status count_kv(void *arg, const struct etcd_kv *kv, struct ks_error *err)
{
    ++*(int *)arg;
    return KS_OK;
}

static enum ks_status decode(const struct ks_buf *bytes, const char *start, int *count,
                             struct etcd_page *page)
{
    struct ks_error err;
    return etcd_page_decode((struct ks_slice){bytes->data, bytes->len},
                            (struct ks_slice){start, strlen(start)}, count_kv, count, page, &err);
}

static void test_page_decode__more_to_come(void **state)
{
    struct ks_buf bytes = {0};
    struct etcd_page page = {0};
    int count = 0;
    put_header(&bytes, 42);
    put_kv(&bytes, 2, "a", "1", 7);
    put_kv(&bytes, 2, "b", "", 9);
    wire_put_uint(&bytes, 3, 1);
    assert_int_equal(decode(&bytes, "a", &count, &page), KS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(page.revision, 42);
    assert_true(page.more);
    assert_int_equal(page.next_key.len, 2);
    assert_memory_equal(page.next_key.data, "b\0", 2);
    ks_buf_release(&page.next_key);
    ks_buf_release(&bytes);
}

static void test_page_decode__refuses_what_would_loop_or_repeat(void **state)
{
    struct ks_buf bytes = {0};
    struct etcd_page page = {0};
    int count = 0;
    put_header(&bytes, 42);
    wire_put_uint(&bytes, 3, 1);
    assert_int_equal(decode(&bytes, "a", &count, &page), KS_ERR_RETRIABLE); /* more of nothing */
    ks_buf_reset(&bytes);
    put_kv(&bytes, 2, "a", "1", 7);
    assert_int_equal(decode(&bytes, "a", &count, &page), KS_ERR_RETRIABLE); /* no header */
    put_header(&bytes, 42);
    assert_int_equal(decode(&bytes, "b", &count, &page), KS_ERR_RETRIABLE); /* before the start */
    put_kv(&bytes, 2, "a", "1", 7);
    assert_int_equal(decode(&bytes, "a", &count, &page), KS_ERR_RETRIABLE); /* twice */
    ks_buf_reset(&bytes);
    ks_buf_add_str(&bytes, "\x0a\xff");
    assert_int_equal(decode(&bytes, "a", &count, &page), KS_ERR_RETRIABLE);
    ks_buf_release(&page.next_key);
    ks_buf_release(&bytes);
}

/* ---- watches ---- */

static void test_feed__created_events_progress(void **state)
{
    struct etcd_assembly assembly = {.delivered = 10};
    struct ks_buf message = {0};
    put_header(&message, 500);
    wire_put_uint(&message, 3, 1);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_CREATED);
    assert_int_equal(assembly.delivered, 10);

    put_header(&message, 500); /* ahead of the events: the watch catches up */
    put_event(&message, false, "a", 11);
    put_event(&message, true, "b", 13);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_EVENTS);
    assert_int_equal(assembly.delivered, 13);
    assert_int_equal(assembly.event_count, 2);
    assert_false(assembly.events[0].is_delete);
    assert_memory_equal(assembly.events[0].kv.value.data, "value", 5);
    assert_true(assembly.events[1].is_delete && assembly.events[1].has_prev);
    assert_memory_equal(assembly.events[1].prev.value.data, "previous", 8);

    put_header(&message, 20);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_PROGRESS);
    assert_int_equal(assembly.delivered, 20);
    put_header(&message, 15);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_PROGRESS);
    assert_int_equal(assembly.delivered, 20);
    etcd_assembly_release(&assembly);
}

static void test_feed__fragments(void **state)
{
    struct etcd_assembly assembly = {.delivered = 10};
    struct ks_buf message = {0};
    for (int i = 0; i < 3; i++) {
        put_header(&message, 11);
        wire_put_uint(&message, 7, 1);
        put_event(&message, false, "a", 11);
        assert_int_equal(feed(&assembly, &message), ETCD_SAYS_NOTHING);
        put_header(&message, 400); /* must not count before the rest of revision 11 */
        assert_int_equal(feed(&assembly, &message), ETCD_SAYS_PROGRESS);
        assert_int_equal(assembly.delivered, 10);
    }
    put_header(&message, 11);
    put_event(&message, false, "z", 11);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_EVENTS);
    assert_int_equal(assembly.event_count, 4);
    assert_int_equal(assembly.delivered, 11);
    etcd_assembly_release(&assembly);
}

static void test_feed__fragments_of_a_broken_connection(void **state)
{
    struct etcd_assembly assembly = {.delivered = 10};
    struct ks_buf message = {0};
    wire_put_uint(&message, 7, 1);
    put_event(&message, false, "half", 11);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_NOTHING);
    etcd_assembly_drop(&assembly);
    put_event(&message, false, "whole", 11);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_EVENTS);
    assert_int_equal(assembly.event_count, 1);
    etcd_assembly_release(&assembly);
}

static void test_feed__canceled(void **state)
{
    struct etcd_assembly assembly = {.delivered = 10};
    struct ks_buf message = {0};
    wire_put_uint(&message, 4, 1);
    wire_put_int(&message, 5, 50);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_CANCELED);
    assert_int_equal(assembly.compact_revision, 50);
    wire_put_uint(&message, 4, 1);
    wire_put_str(&message, 6, "etcdserver: permission denied");
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_CANCELED);
    assert_string_equal(assembly.reason, "etcdserver: permission denied");
    etcd_assembly_release(&assembly);
}

static void test_feed__garbage(void **state)
{
    struct etcd_assembly assembly = {.delivered = 10};
    struct ks_buf message = {0};
    ks_buf_add_str(&message, "\x5a\xff");
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_GARBAGE);
    put_event(&message, false, "repeated", 10);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_GARBAGE);
    put_event(&message, false, "a", 12);
    put_event(&message, false, "back", 11);
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_GARBAGE);
    wire_put_bytes(&message, 11, "", 0); /* an event without a key */
    assert_int_equal(feed(&assembly, &message), ETCD_SAYS_GARBAGE);
    assert_int_equal(assembly.delivered, 10);
    assert_int_equal(assembly.event_count, 0);
    etcd_assembly_release(&assembly);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_decode__more_to_come),
        cmocka_unit_test(test_page_decode__refuses_what_would_loop_or_repeat),
        cmocka_unit_test(test_feed__created_events_progress),
        cmocka_unit_test(test_feed__fragments),
        cmocka_unit_test(test_feed__fragments_of_a_broken_connection),
        cmocka_unit_test(test_feed__canceled),
        cmocka_unit_test(test_feed__garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
