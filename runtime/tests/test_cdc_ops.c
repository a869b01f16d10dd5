/* The requests of POST /cdc on a herder made of a table: the functions that the linker would take
 * from herder_ops.c are here, and fail when a test wants them to. Targets are Kafka on librdkafka's
 * mock cluster, or a Milvus whose address is a placeholder, which is not tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "cdc_ops.h"
#include "cdc_position.h"
#include "clock.h"
#include "helper_mock_kafka.h"
#include "kitestream/sdk/util.h"

/* ---- the herder ---- */

struct connector {
    char *name; /* NULL: free */
    struct string_map config;
    enum target_state target;
    enum task_state state;
    const char *trace;
    int restarts;
    int64_t created;
    bool unseen; /* of another worker, and read with our next write */
};
#define CONNECTORS_MAX 20
static struct connector table[CONNECTORS_MAX];
static int64_t log_end;
static int writes_left; /* then Kafka is away */
static bool is_late;    /* another worker writes first */
static const char *check_fault;
static char last_logger[50], last_level[20];

static struct connector *find(const char *name)
{
    for (size_t i = 0; i < CONNECTORS_MAX; i++)
        if (table[i].name && !table[i].unseen && strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static void read_log(void)
{
    for (size_t i = 0; i < CONNECTORS_MAX; i++)
        if (table[i].name && table[i].unseen) {
            table[i].unseen = false;
            table[i].created = ++log_end;
        }
}

static struct connector *find_known(const char *name)
{
    struct connector *c = find(name);
    if (!c)
        fail_msg("there is no connector %s", name);
    return c;
}

static void drop(struct connector *c)
{
    free(c->name);
    string_map_release(&c->config);
    *c = (struct connector){0};
}

static bool may_write(struct ks_error *err)
{
    if (writes_left-- > 0)
        return true;
    ks_error_set(err, KS_ERR_RETRIABLE, "Kafka does not answer");
    return false;
}

enum herder_answer herder_check(struct herder *h, const char *name, const struct string_map *config,
                                struct config_issues *issues, struct ks_error *err)
{
    if (check_fault)
        config_issues_add(issues, "milvus.uri", NULL, check_fault);
    return check_fault ? HERDER_INVALID : HERDER_OK;
}

enum herder_answer herder_store_connector(struct herder *h, const char *name,
                                          const struct string_map *config, enum target_state target,
                                          bool only_create, struct ks_error *err)
{
    struct connector *c = find(name);
    struct ks_config view = string_map_view(config);
    if (!may_write(err))
        return HERDER_UNAVAILABLE;
    if (only_create && (c || is_late)) {
        ks_error_set(err, KS_ERR_DATA, "exists");
        return HERDER_CONFLICT;
    }
    for (size_t i = 0; !c && i < CONNECTORS_MAX; i++)
        if (!table[i].name) {
            c = &table[i];
            *c = (struct connector){.name = xstrdup(name), .target = target, .state = TASK_RUNNING};
            read_log();
            c->created = ++log_end;
        }
    assert_non_null(c);
    string_map_release(&c->config);
    c->config = string_map_copy(&view);
    return HERDER_OK;
}

enum herder_answer herder_delete(struct herder *h, const char *name, struct ks_error *err)
{
    struct connector *c = find(name);
    if (!c)
        return HERDER_NOT_FOUND;
    if (!may_write(err))
        return HERDER_UNAVAILABLE;
    drop(c);
    return HERDER_OK;
}

enum herder_answer herder_set_target(struct herder *h, const char *name, enum target_state target,
                                     struct ks_error *err)
{
    struct connector *c = find(name);
    if (!c)
        return HERDER_NOT_FOUND;
    if (!may_write(err))
        return HERDER_UNAVAILABLE;
    c->target = target;
    return HERDER_OK;
}

enum herder_answer herder_restart(struct herder *h, const char *name, int task, bool include_tasks,
                                  bool only_failed, struct ks_error *err)
{
    assert_true(task == -1 && include_tasks && only_failed);
    find_known(name)->restarts++;
    return HERDER_OK;
}

enum herder_answer herder_put_logger(struct herder *h, const char *logger, const char *level,
                                     struct ks_error *err)
{
    snprintf(last_logger, sizeof last_logger, "%s", logger);
    snprintf(last_level, sizeof last_level, "%s", level);
    return HERDER_OK;
}

size_t herder_names(struct herder *h, char ***ret)
{
    size_t count = 0;
    *ret = xcalloc(CONNECTORS_MAX + 1, sizeof **ret);
    for (size_t i = 0; i < CONNECTORS_MAX; i++)
        if (table[i].name && !table[i].unseen)
            (*ret)[count++] = table[i].name;
    return count;
}

bool herder_config(struct herder *h, const char *name, struct connector_config *ret)
{
    struct connector *c = find(name);
    if (!c)
        return false;
    struct ks_config view = string_map_view(&c->config);
    *ret = (struct connector_config){.name = xstrdup(name),
                                     .config = string_map_copy(&view),
                                     .created = c->created,
                                     .target = c->target};
    return true;
}

bool herder_kind(struct herder *h, const char *name, enum ks_class_kind *ret)
{
    const char *cls = string_map_get(&find_known(name)->config, "connector.class");
    if (cls)
        *ret = strstr(cls, "Source") ? KS_CLASS_SOURCE : KS_CLASS_SINK;
    return cls != NULL;
}

bool herder_status(struct herder *h, const char *name, struct connector_status *ret)
{
    struct connector *c = find(name);
    if (!c)
        return false;
    *ret = (struct connector_status){.connector.state = TASK_RUNNING, .task_count = 1};
    ret->tasks = xcalloc(1, sizeof *ret->tasks);
    ret->tasks[0].state = c->state;
    ret->tasks[0].trace = c->trace ? xstrdup(c->trace) : NULL;
    return true;
}

void connector_status_release(struct connector_status *status)
{
    for (size_t i = 0; i < status->task_count; i++)
        task_status_release(&status->tasks[i]);
    free(status->tasks);
    *status = (struct connector_status){0};
}

/* ---- the tests' own ---- */

static struct mock_kafka kafka;
static struct rest_context ctx;
static const char worker_yaml[] = "cdc.source.etcd.address: e:2379\n"
                                  "cdc.source.kafka.address: k:9092\n"
                                  "cdc.max.task.num: 4\n";

static int open_all(void **state)
{
    mock_kafka_start(&kafka, worker_yaml);
    ctx = (struct rest_context){.worker = &kafka.worker};
    return 0;
}

static int close_all(void **state)
{
    mock_kafka_stop(&kafka);
    return 0;
}

static int begin(void **state)
{
    writes_left = 1000;
    is_late = false;
    check_fault = NULL;
    return 0;
}

static int end(void **state)
{
    for (size_t i = 0; i < CONNECTORS_MAX; i++)
        if (table[i].name)
            drop(&table[i]);
    return 0;
}

static struct ks_error error;

static enum ks_status ask(cdc_op_fn *op, json_t *take_data, json_t **ret)
{
    json_t *ignored = NULL;
    error = (struct ks_error){0};
    enum ks_status status = op(&ctx, take_data, ret ? ret : &ignored, &error);
    json_decref(ignored);
    json_decref(take_data);
    return status;
}

static void expect_ok(cdc_op_fn *op, json_t *take_data)
{
    if (ask(op, take_data, NULL) != KS_OK)
        fail_msg("%s", error.message);
}

static void expect_fault(cdc_op_fn *op, json_t *take_data, const char *part)
{
    assert_int_equal(ask(op, take_data, NULL), KS_ERR_DATA);
    if (!strstr(error.message, part))
        fail_msg("\"%s\" instead of \"%s\"", error.message, part);
}

static json_t *task(const char *id)
{
    return json_pack("{s:s}", "task_id", id);
}

static json_t *request(const char *id, const char *db, const char *collection)
{
    return json_pack("{s:s, s:{s:s, s:s}, s:{s:[{s:s}]}}", "task_id", id, "milvus_connect_param",
                     "uri", "http://${env:TARGET}", "token", "root:s3cret", "db_collections", db,
                     "name", collection);
}

static json_t *with(json_t *object, const char *name, json_t *take_value)
{
    json_object_set_new(object, name, take_value);
    return object;
}

static void expect_connector(const char *name, enum target_state target)
{
    assert_int_equal(find_known(name)->target, target);
}

static void expect_shown(const char *id, const char *state, const char *reason_part)
{
    json_t *ret = NULL;
    assert_int_equal(ask(cdc_op_get, task(id), &ret), KS_OK);
    json_t *shown = json_object_get(ret, "task");
    const char *reason = json_string_value(json_object_get(shown, "reason"));
    assert_string_equal(json_string_value(json_object_get(shown, "state")), state);
    assert_true(reason_part ? reason && strstr(reason, reason_part) : !reason);
    json_decref(ret);
}

/* ---- create ---- */

static void test_create__a_pair(void **state)
{
    json_t *ret = NULL;
    assert_int_equal(ask(cdc_op_create, request("t", "default", "books"), &ret), KS_OK);
    assert_string_equal(json_string_value(json_object_get(ret, "task_id")), "t");
    json_decref(ret);
    expect_connector("t-source", TARGET_STARTED);
    expect_connector("t-sink", TARGET_STARTED);
    const struct string_map *sink = &find("t-sink")->config, *source = &find("t-source")->config;
    assert_string_equal(string_map_get(sink, "milvus.token"), "root:s3cret");
    assert_string_equal(string_map_get(sink, "topic.prefix"), "cdc.t");
    assert_string_equal(string_map_get(source, "topic.prefix"), "cdc.t");
    for (size_t i = 0; i < source->count; i++)
        assert_null(strstr(source->entries[i].value, "s3cret"));
    expect_shown("t", "Running", NULL);
}

static void test_create__makes_an_id(void **state)
{
    json_t *ret = NULL, *data = request("", "default", "books");
    assert_int_equal(ask(cdc_op_create, data, &ret), KS_OK);
    const char *id = json_string_value(json_object_get(ret, "task_id"));
    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    json_t *shown = NULL;
    assert_int_equal(ask(cdc_op_get, task(id), &shown), KS_OK);
    json_decref(shown);
    json_decref(ret);
}

static void test_create__again_answers_with_the_id(void **state)
{
    expect_ok(cdc_op_create, request("t", "default", "books"));
    writes_left = 0;
    expect_ok(cdc_op_create, request("t", "default", "films"));
    expect_ok(cdc_op_create, task("t")); /* nothing is compared */
    is_late = true;
    writes_left = 1000;
    expect_ok(cdc_op_create, request("late", "default", "films"));
    assert_null(find("late-sink"));
}

static void test_create__ends_anywhere_and_is_put_right(void **state)
{
    for (int writes = 0; writes < 3; writes++) {
        writes_left = writes;
        assert_int_equal(ask(cdc_op_create, request("t", "default", "books"), NULL),
                         KS_ERR_RETRIABLE);
        writes_left = 1000;
        if (writes > 0) {
            expect_connector("t-source", TARGET_STOPPED);
            expect_shown("t", "Initial", "half made");
            expect_fault(cdc_op_pause, task("t"), "half made");
        }
        expect_ok(cdc_op_create, request("t", "default", "books"));
        expect_connector("t-source", TARGET_STARTED);
        expect_connector("t-sink", TARGET_STARTED);
        expect_shown("t", "Running", NULL);
        expect_ok(cdc_op_delete, task("t"));
    }
}

static void test_create__a_half_made_one_may_be_deleted(void **state)
{
    writes_left = 1;
    assert_int_equal(ask(cdc_op_create, request("t", "default", "books"), NULL), KS_ERR_RETRIABLE);
    writes_left = 1000;
    expect_ok(cdc_op_delete, task("t"));
    assert_null(find("t-source"));
}

static void test_create__beside_other_tasks(void **state)
{
    expect_ok(cdc_op_create, request("a", "default", "books"));
    expect_fault(cdc_op_create, request("b", "default", "books"), "default.books is already");
    expect_ok(cdc_op_create, request("b", "*", "*"));
    assert_string_equal(string_map_get(&find_known("b-source")->config, "collection.exclude.list"),
                        "default\\.books");
    expect_fault(cdc_op_create, request("c", "default", "films"), "already covered");
    expect_ok(cdc_op_delete, task("a"));
    expect_ok(cdc_op_create, request("c", "default", "books"));
    json_t *elsewhere = request("d", "default", "books");
    json_object_set_new(json_object_get(elsewhere, "milvus_connect_param"), "uri",
                        json_string("${env:OTHER}"));
    expect_ok(cdc_op_create, elsewhere);
    expect_ok(cdc_op_create, with(request("e", "default", "x"), "milvus_connect_param",
                                  json_pack("{s:s}", "uri", "${env:THIRD}")));
    expect_fault(cdc_op_create,
                 with(request("f", "default", "x"), "milvus_connect_param",
                      json_pack("{s:s}", "uri", "${env:FOURTH}")),
                 "cdc.max.task.num");
}

/* Two workers: neither had seen the other's task when it looked. */
static void test_create__at_the_same_moment(void **state)
{
    expect_ok(cdc_op_create, request("a", "default", "books"));
    find_known("a-sink")->unseen = true;
    find_known("a-source")->unseen = true;
    expect_fault(cdc_op_create, request("b", "default", "books"), "covered by the task a for");
    assert_null(find("b-source"));
    find_known("a-sink")->unseen = true;
    find_known("a-source")->unseen = true;
    expect_ok(cdc_op_create, request("all", "*", "*"));
    assert_string_equal(
        string_map_get(&find_known("all-source")->config, "collection.exclude.list"),
        "default\\.books");
    expect_connector("all-source", TARGET_STARTED);
    expect_connector("a-source", TARGET_STARTED);
}

/* Each has written its first record, or more of them, and has died before it looked for the other.
 */
static void leave_two_halves(int writes_of_a)
{
    writes_left = writes_of_a;
    assert_int_equal(ask(cdc_op_create, request("a", "default", "books"), NULL), KS_ERR_RETRIABLE);
    find_known("a-source")->unseen = true;
    if (find("a-sink"))
        find_known("a-sink")->unseen = true;
    writes_left = 1; /* not enough to take it back */
    assert_int_equal(ask(cdc_op_create, request("b", "default", "books"), NULL), KS_ERR_RETRIABLE);
    writes_left = 1000;
    expect_connector("a-source", TARGET_STOPPED);
    expect_connector("b-source", TARGET_STOPPED);
    expect_shown("a", "Initial", "half made");
    expect_shown("b", "Initial", "half made");
}

static void expect_one_works(const char *id)
{
    expect_shown(id, "Running", NULL);
    for (size_t i = 0; i < CONNECTORS_MAX; i++)
        if (table[i].name && strncmp(table[i].name, id, 1) != 0)
            assert_true(table[i].target == TARGET_STOPPED);
}

static void test_create__two_halves_are_put_right(void **state)
{
    for (int writes = 1; writes < 3; writes++) {
        leave_two_halves(writes);
        expect_fault(cdc_op_create, request("b", "default", "books"),
                     "covered by the task a for the same target, which is half made");
        expect_fault(cdc_op_create, request("c", "default", "books"), "which is half made");
        expect_ok(cdc_op_create, request("a", "default", "books"));
        expect_one_works("a");
        expect_fault(cdc_op_create, request("b", "default", "books"), "covered by the task a");
        expect_fault(cdc_op_resume, task("b"), "half made");
        expect_one_works("a");
        expect_ok(cdc_op_delete, task("b"));
        expect_ok(cdc_op_delete, task("a"));
    }
}

static void test_create__one_of_two_halves_is_deleted(void **state)
{
    leave_two_halves(2);
    expect_ok(cdc_op_delete, task("a"));
    expect_ok(cdc_op_create, request("b", "default", "books"));
    expect_one_works("b");
    expect_ok(cdc_op_delete, task("b"));
    leave_two_halves(1);
    expect_ok(cdc_op_delete, task("b"));
    expect_ok(cdc_op_create, request("a", "default", "books"));
    expect_one_works("a");
}

/* However that came about: what works is never passed over. */
static void test_create__a_half_beside_a_later_whole_one(void **state)
{
    leave_two_halves(1);
    struct connector *a = find_known("a-source");
    a->unseen = true;
    int64_t created = a->created;
    expect_ok(cdc_op_create, request("b", "default", "books"));
    a->unseen = false;
    a->created = created;
    expect_fault(cdc_op_create, request("a", "default", "books"), "covered by the task b for");
    expect_one_works("b");
}

/* Whichever is put right first: nothing is covered twice. */
static void test_create__two_halves_that_overlap(void **state)
{
    for (int first = 0; first < 2; first++) {
        const char *const order[] = {first ? "all" : "books", first ? "books" : "all"};
        writes_left = 1;
        ask(cdc_op_create, request("books", "default", "books"), NULL);
        find_known("books-source")->unseen = true;
        writes_left = 1;
        ask(cdc_op_create, request("all", "*", "*"), NULL);
        writes_left = 1000;
        for (int i = 0; i < 2; i++)
            expect_ok(cdc_op_create, request(order[i], order[i][0] == 'a' ? "*" : "default",
                                             order[i][0] == 'a' ? "*" : "books"));
        assert_string_equal(
            string_map_get(&find_known("all-source")->config, "collection.exclude.list"),
            "default\\.books");
        expect_shown("all", "Running", NULL);
        expect_shown("books", "Running", NULL);
        expect_ok(cdc_op_delete, task("all"));
        expect_ok(cdc_op_delete, task("books"));
    }
}

static void test_create__what_is_not_possible(void **state)
{
    expect_fault(cdc_op_create, NULL, "there is no target");
    expect_fault(cdc_op_create, request("a/b", "default", "books"), "task_id");
    expect_fault(cdc_op_create,
                 with(request("t", "default", "books"), "extra_info",
                      json_pack("{s:b}", "enable_user_role", 1)),
                 "not replicated yet");
    expect_fault(cdc_op_create,
                 with(request("t", "default", "books"), "positions", json_pack("{s:s}", "a", "b")),
                 "no longer read");
    expect_fault(cdc_op_create,
                 with(request("t", "default", "books"), "rpc_channel_info",
                      json_pack("{s:s}", "position", "%")),
                 "rpc_channel_info.position");
    expect_fault(cdc_op_create,
                 with(request("t", "default", "books"), "name_mapping",
                      json_pack("[{s:s}]", "source_db", "other")),
                 "name_mapping");
    check_fault = "is not good";
    expect_fault(cdc_op_create, request("t", "default", "books"), "milvus.uri: is not good");
    assert_null(find("t-source"));
}

static void test_create__names_that_are_taken(void **state)
{
    struct string_map config = {0};
    string_map_set(&config, "connector.class", "test.Source");
    string_map_set(&config, "topic.prefix", "cdc.u");
    herder_store_connector(NULL, "t-source", &config, TARGET_STARTED, true, NULL);
    expect_fault(cdc_op_create, request("t", "default", "books"), "not of a task");
    expect_fault(cdc_op_create, request("u", "default", "books"),
                 "connector t-source publishes as cdc.u already");
    string_map_set(&config, "connector.class", "test.Sink");
    string_map_set(&config, "topic.prefix", "other");
    herder_store_connector(NULL, "v-sink", &config, TARGET_STARTED, true, NULL);
    expect_fault(cdc_op_create, request("v", "default", "books"), "connector v-sink");
    string_map_release(&config);
}

static void test_create__without_a_source_in_the_worker(void **state)
{
    struct worker_config other = {0};
    ctx.worker = &other;
    expect_fault(cdc_op_create, request("t", "default", "books"), "cdc.source.etcd.address");
    ctx.worker = &kafka.worker;
}

/* And so before whatever its sender does after the answer. */
static void test_create__starts_when_it_was_asked(void **state)
{
    char *earliest = cdc_time_text(clock_wall_ms() - 5000), *latest;
    expect_ok(cdc_op_create, request("t", "default", "books"));
    latest = cdc_time_text(clock_wall_ms());
    const char *start = string_map_get(&find_known("t-source")->config, "start.from");
    assert_true(strcmp(start, earliest) > 0 && strcmp(start, latest) < 0);
    free(earliest);
    free(latest);
}

static void test_create__starts_where_it_is_told(void **state)
{
    struct ks_buf text = {0};
    cdc_position_encode("dml_0", 5, tick_from_ms(1740830400123), &text);
    json_t *data = request("t", "default", "books");
    json_t *info =
        json_array_get(json_object_get(json_object_get(data, "db_collections"), "default"), 0);
    json_object_set_new(info, "positions", json_pack("{s:s}", "dml_0_7v0", ks_buf_str(&text)));
    expect_ok(cdc_op_create, data);
    assert_string_equal(string_map_get(&find_known("t-source")->config, "start.from"),
                        "2025-03-01T12:00:00.123Z");
    data = request("u", "default", "films");
    info = json_array_get(json_object_get(json_object_get(data, "db_collections"), "default"), 0);
    json_object_set_new(info, "use_start_position", json_true());
    expect_ok(cdc_op_create, data);
    assert_string_equal(string_map_get(&find_known("u-source")->config, "start.from"), "earliest");
    ks_buf_release(&text);
}

static void test_create__for_kafka_is_one_connector(void **state)
{
    json_t *data = json_pack("{s:s, s:{s:s, s:s}, s:[{s:s}]}", "task_id", "k",
                             "kafka_connect_param", "address", kafka.worker.bootstrap_servers,
                             "topic", "changes", "collection_infos", "name", "books");
    writes_left = 1;
    assert_int_equal(ask(cdc_op_create, json_incref(data), NULL), KS_ERR_RETRIABLE);
    writes_left = 1000;
    expect_shown("k", "Initial", "half made");
    expect_ok(cdc_op_create, data);
    expect_connector("k-source", TARGET_STARTED);
    assert_null(find("k-sink"));
    expect_shown("k", "Running", NULL);
    expect_ok(cdc_op_pause, task("k"));
    expect_connector("k-source", TARGET_PAUSED);
    expect_ok(cdc_op_delete, task("k"));
    assert_null(find("k-source"));
}

/* ---- the life of a task ---- */

static void test_life__pause_and_resume(void **state)
{
    expect_ok(cdc_op_create, request("t", "default", "books"));
    expect_fault(cdc_op_resume, task("t"), "running already");
    expect_ok(cdc_op_pause, task("t"));
    expect_connector("t-source", TARGET_PAUSED);
    expect_connector("t-sink", TARGET_PAUSED);
    expect_shown("t", "Paused", "by request");
    expect_fault(cdc_op_pause, task("t"), "paused already");
    writes_left = 1;
    assert_int_equal(ask(cdc_op_resume, task("t"), NULL), KS_ERR_RETRIABLE);
    writes_left = 1000;
    expect_shown("t", "Paused", "by request");
    expect_ok(cdc_op_resume, task("t"));
    expect_connector("t-source", TARGET_STARTED);
    expect_connector("t-sink", TARGET_STARTED);
}

static void test_life__a_failure_is_a_pause_with_a_reason(void **state)
{
    expect_ok(cdc_op_create, request("t", "default", "books"));
    find_known("t-sink")->state = TASK_FAILED;
    find_known("t-sink")->trace = "the target refuses the login";
    expect_shown("t", "Paused", "refuses the login");
    expect_ok(cdc_op_resume, task("t"));
    assert_int_equal(find_known("t-sink")->restarts, 1);
    assert_int_equal(find_known("t-source")->restarts, 1);
    expect_ok(cdc_op_pause, task("t"));
}

static void test_life__of_a_task_that_is_not_there(void **state)
{
    static cdc_op_fn *const ops[] = {cdc_op_get, cdc_op_pause, cdc_op_resume, cdc_op_delete};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        expect_fault(ops[i], task("none"), "no task with the task_id none");
        expect_fault(ops[i], NULL, "task_id is empty");
        expect_fault(ops[i], json_pack("{s:i}", "task_id", 7), "task_id must be a string");
    }
    expect_ok(cdc_op_delete, json_pack("{s:s, s:b}", "task_id", "none", "ignore_not_found", 1));
    expect_fault(cdc_op_delete, json_pack("{s:s, s:i}", "task_id", "none", "ignore_not_found", 1),
                 "true or false");
}

static void test_delete__sink_first(void **state)
{
    expect_ok(cdc_op_create, request("t", "default", "books"));
    writes_left = 1;
    assert_int_equal(ask(cdc_op_delete, task("t"), NULL), KS_ERR_RETRIABLE);
    assert_null(find("t-sink"));
    expect_shown("t", "Initial", "half made");
    writes_left = 1000;
    expect_ok(cdc_op_delete, json_pack("{s:s, s:b}", "task_id", "t", "ignore_not_found", 1));
    assert_null(find("t-source"));
}

static void test_list__tasks_only_and_no_secret(void **state)
{
    struct string_map config = {0};
    json_t *ret = NULL;
    assert_int_equal(ask(cdc_op_list, NULL, &ret), KS_OK);
    json_t *wanted = json_pack("{s:[]}", "tasks");
    assert_true(json_equal(ret, wanted));
    json_decref(wanted);
    json_decref(ret);
    herder_store_connector(NULL, "other-source", &config, TARGET_STARTED, true, NULL);
    expect_ok(cdc_op_create, request("t", "default", "books"));
    assert_int_equal(ask(cdc_op_list, NULL, &ret), KS_OK);
    assert_int_equal(json_array_size(json_object_get(ret, "tasks")), 1);
    char *text = json_dumps(ret, 0);
    assert_null(strstr(text, "s3cret"));
    assert_non_null(strstr(text, "http://${env:TARGET}"));
    free(text);
    json_decref(ret);
}

/* ---- how far ---- */

static void expect_position(const json_t *ret, const char *list, const char *wanted)
{
    json_t *position = json_deep_copy(json_array_get(json_object_get(ret, list), 0));
    json_t *expected = json_loads(wanted, 0, NULL);
    assert_non_null(expected);
    uint64_t tick;
    const char *id = json_string_value(json_object_get(position, "msg_id"));
    assert_true(cdc_position_decode(id, &tick));
    json_object_set_new(position, "msg_id", json_integer((json_int_t)tick));
    if (!json_equal(position, expected))
        fail_msg("%s", json_dumps(position, 0));
    json_decref(position);
    json_decref(expected);
}

static void test_position__of_both_connectors(void **state)
{
    json_t *ret = NULL;
    expect_ok(cdc_op_create, request("p", "default", "books"));
    const char *topic = kafka.worker.offset_topic;
    mock_kafka_write(&kafka, topic, 0, "[\"p-source\",{\"channel\":\"dml_0\",\"cluster\":\"c\"}]",
                     "{\"offset\":17,\"tick\":\"2621441\"}");
    mock_kafka_write(&kafka, topic, 1, "[\"p-source\",{\"channel\":\"etcd\",\"cluster\":\"c\"}]",
                     "{\"ddl_seq\":3,\"revision\":99,\"tick\":\"2621441\"}");
    mock_kafka_write(&kafka, topic, 0,
                     "[\"p-sink\",{\"kafka_partition\":1,\"kafka_topic\":\"cdc.p.default.books\"}]",
                     "{\"kafka_offset\":7}");
    mock_kafka_write(&kafka, topic, 0, "[\"p-sink\",{\"sink\":\"state\"}]", "{\"clean\":true}");
    mock_kafka_write(&kafka, topic, 0, "[\"q-source\",{\"channel\":\"dml_9\",\"cluster\":\"c\"}]",
                     "{\"offset\":1,\"tick\":\"1\"}");
    assert_int_equal(ask(cdc_op_position, task("p"), &ret), KS_OK);
    assert_int_equal(json_array_size(json_object_get(ret, "positions")), 1);
    assert_int_equal(json_array_size(json_object_get(ret, "target_positions")), 1);
    expect_position(ret, "positions",
                    "{\"collection_id\": 0, \"channel_name\": \"dml_0\", \"time\": 10,"
                    " \"tt\": 2883584, \"msg_id\": 2621441}");
    expect_position(ret, "op_positions",
                    "{\"collection_id\": -10, \"channel_name\": \"etcd\", \"time\": 10,"
                    " \"tt\": 2883584, \"msg_id\": 2621441}");
    expect_position(ret, "target_positions",
                    "{\"collection_id\": 0, \"channel_name\": \"cdc.p.default.books-1\","
                    " \"time\": 0, \"tt\": 0, \"msg_id\": 0}");
    json_decref(ret);
    expect_ok(cdc_op_create, request("r", "default", "films"));
    mock_kafka_write(&kafka, topic, 0,
                     "[\"r-source\",{\"channel\":\"by-dev-replicate-msg\",\"cluster\":\"c\"}]",
                     "{\"offset\":1,\"tick\":262144}");
    assert_int_equal(ask(cdc_op_position, task("r"), &ret), KS_OK);
    expect_position(ret, "positions",
                    "{\"collection_id\": -10, \"channel_name\": \"by-dev-replicate-msg\","
                    " \"time\": 1, \"tt\": 524288, \"msg_id\": 262144}");
    json_decref(ret);
    assert_int_equal(ask(cdc_op_position, NULL, &ret), KS_OK);
    assert_int_equal(json_array_size(json_object_get(ret, "positions")), 2);
    json_decref(ret);
    assert_int_equal(ask(cdc_op_position, task("none"), &ret), KS_OK);
    json_t *wanted =
        json_pack("{s:[], s:[], s:[]}", "positions", "op_positions", "target_positions");
    assert_true(json_equal(ret, wanted));
    json_decref(wanted);
    json_decref(ret);
}

static void test_maintenance__operations(void **state)
{
    json_t *ret = NULL;
    json_t *data =
        json_pack("{s:s, s:{s:s}}", "operation", "set_log_level", "params", "log_level", "debug");
    assert_int_equal(ask(cdc_op_maintenance, data, &ret), KS_OK);
    assert_string_equal(json_string_value(json_object_get(ret, "state")), "the log level is DEBUG");
    assert_string_equal(last_logger, "root");
    assert_string_equal(last_level, "DEBUG");
    json_decref(ret);
    expect_fault(cdc_op_maintenance, json_pack("{s:s}", "operation", "set_log_level"),
                 "params.log_level");
    expect_fault(cdc_op_maintenance, json_pack("{s:s}", "operation", "set_force_log_msg"),
                 "rows are never written");
    expect_fault(cdc_op_maintenance, NULL, "does not exist");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_create__a_pair),
        TEST(test_create__makes_an_id),
        TEST(test_create__again_answers_with_the_id),
        TEST(test_create__ends_anywhere_and_is_put_right),
        TEST(test_create__a_half_made_one_may_be_deleted),
        TEST(test_create__beside_other_tasks),
        TEST(test_create__at_the_same_moment),
        TEST(test_create__two_halves_are_put_right),
        TEST(test_create__one_of_two_halves_is_deleted),
        TEST(test_create__a_half_beside_a_later_whole_one),
        TEST(test_create__two_halves_that_overlap),
        TEST(test_create__what_is_not_possible),
        TEST(test_create__names_that_are_taken),
        TEST(test_create__without_a_source_in_the_worker),
        TEST(test_create__starts_when_it_was_asked),
        TEST(test_create__starts_where_it_is_told),
        TEST(test_create__for_kafka_is_one_connector),
        TEST(test_life__pause_and_resume),
        TEST(test_life__a_failure_is_a_pause_with_a_reason),
        TEST(test_life__of_a_task_that_is_not_there),
        TEST(test_delete__sink_first),
        TEST(test_list__tasks_only_and_no_secret),
        TEST(test_position__of_both_connectors),
        TEST(test_maintenance__operations),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
