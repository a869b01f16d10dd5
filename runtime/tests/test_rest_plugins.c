/* Through the router, with plugins from files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_rest.h"

#define PLUGINS KITESTREAM_BINARY_DIR "/test-plugins/"
#define SOURCE "org.example.TestSourceConnector"

struct fixture {
    struct worker_config worker;
    struct plugin_set *plugins;
    struct rest_context ctx;
    struct rest_response res;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct ks_error err;
    char *dirs[] = {PLUGINS "good", PLUGINS "slow"};
    assert_int_equal(worker_config_load(NULL, &f->worker, &err), KS_OK);
    f->worker.hang_timeout_ms = 5000;
    f->plugins = plugin_set_load(dirs, 2);
    f->ctx = (struct rest_context){.worker = &f->worker, .plugins = f->plugins};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rest_response_release(&f->res);
    plugin_set_free(f->plugins);
    worker_config_release(&f->worker);
    free(f);
    return 0;
}

static int ask(struct fixture *f, const char *method, const char *uri, const char *body)
{
    rest_response_release(&f->res);
    return helper_rest(&f->ctx, method, uri, body, &f->res);
}

static const char *message(const struct fixture *f)
{
    return json_string_value(json_object_get(f->res.json, "message"));
}

/* The entry of that option; of a validation its definition and value. */
static json_t *option(const struct fixture *f, const char *name)
{
    size_t i;
    json_t *entry;
    json_t *list = json_object_get(f->res.json, "configs");
    json_array_foreach(list ? list : f->res.json, i, entry)
    {
        const json_t *named = list ? json_object_get(entry, "value") : entry;
        if (strcmp(json_string_value(json_object_get(named, "name")), name) == 0)
            return entry;
    }
    return NULL;
}

static const char *text_of(const struct fixture *f, const char *name, const char *part,
                           const char *member)
{
    const json_t *found = json_object_get(json_object_get(option(f, name), part), member);
    return json_is_null(found) ? "null" : json_string_value(found);
}

static size_t error_count(const struct fixture *f)
{
    return (size_t)json_integer_value(json_object_get(f->res.json, "error_count"));
}

static bool lists(const json_t *list, const char *member, const char *value)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        const json_t *found = member ? json_object_get(entry, member) : entry;
        if (strcmp(json_string_value(found), value) == 0)
            return true;
    }
    return false;
}

static void test_list__connectors_or_everything(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET", "/connector-plugins", NULL), 200);
    assert_int_equal(json_array_size(f->res.json), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(f->res.json, 0), "class")),
                        "org.example.TestSinkConnector");
    assert_string_equal(json_string_value(json_object_get(json_array_get(f->res.json, 0), "type")),
                        "sink");
    assert_int_equal(ask(f, "GET", "/connector-plugins/?connectorsOnly=false", NULL), 200);
    assert_true(lists(f->res.json, "class", "org.apache.kafka.connect.json.JsonConverter"));
    assert_true(lists(f->res.json, "type", "header_converter"));
}

static void test_options__own_ones_first(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {SOURCE, "TestSourceConnector", "TestSource"};
    for (size_t i = 0; i < 3; i++) {
        char uri[200];
        snprintf(uri, sizeof uri, "/connector-plugins/%s/config", names[i]);
        assert_int_equal(ask(f, "GET", uri, NULL), 200);
        const json_t *first = json_array_get(f->res.json, 0);
        assert_string_equal(json_string_value(json_object_get(first, "name")), "file");
        assert_true(json_is_true(json_object_get(first, "required")));
        assert_true(json_is_null(json_object_get(first, "default_value")));
        assert_string_equal(json_string_value(json_object_get(first, "type")), "STRING");
        assert_int_equal(json_integer_value(json_object_get(first, "order")), -1);
    }
    const json_t *version = option(f, "connector.plugin.version");
    assert_string_equal(json_string_value(json_object_get(version, "default_value")), "1");
    assert_int_equal(json_integer_value(json_object_get(version, "order")), 3);
    assert_int_equal(json_integer_value(json_object_get(version, "order_in_group")), 3);
    assert_true(json_is_null(json_object_get(option(f, "key.converter"), "default_value")));
    assert_string_equal(json_string_value(json_object_get(option(f, "key.converter"), "type")),
                        "CLASS");
    assert_null(option(f, "topic.creation.default.partitions"));
    assert_null(option(f, "producer.override."));
}

static void test_options__grouped_ones_of_a_class(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET", "/connector-plugins/SlowSource/config", NULL), 200);
    const json_t *secret = option(f, "secret");
    assert_string_equal(json_string_value(json_object_get(secret, "type")), "PASSWORD");
    assert_string_equal(json_string_value(json_object_get(secret, "group")), "Access");
    assert_int_equal(json_integer_value(json_object_get(secret, "order")), 1);
    assert_string_equal(
        json_string_value(json_object_get(option(f, "transaction.boundary"), "default_value")),
        "connector");
}

static void test_options__of_a_converter(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET", "/connector-plugins/AvroConverter/config", NULL), 200);
    assert_non_null(option(f, "schema.registry.url"));
    assert_int_equal(ask(f, "GET",
                         "/connector-plugins/org.apache.kafka.connect.storage.StringConverter/"
                         "config",
                         NULL),
                     200);
    assert_int_equal(json_array_size(f->res.json), 0);
}

static void test_options__what_is_not_there(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET", "/connector-plugins/com.example.Nope/config", NULL), 404);
    assert_string_equal(message(f), "Unknown plugin com.example.Nope.");
    assert_int_equal(ask(f, "GET", "/connector-plugins/TestSource/config?version=1", NULL), 200);
    assert_int_equal(ask(f, "GET", "/connector-plugins/TestSource/config?version=2", NULL), 400);
    assert_non_null(strstr(message(f), "available versions: [1]"));
    assert_int_equal(ask(f, "GET", "/connector-plugins/TestSource", NULL), 404);
}

static void test_validate__good(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "PUT", "/connector-plugins/TestSource/config/validate",
                         "{\"connector.class\": \"" SOURCE "\", \"name\": \"n\", \"file\": \"f\", "
                         "\"size\": 7, \"nobody.knows\": \"x\"}"),
                     200);
    assert_int_equal(error_count(f), 0);
    assert_string_equal(json_string_value(json_object_get(f->res.json, "name")), SOURCE);
    assert_string_equal(text_of(f, "size", "value", "value"), "7");
    assert_string_equal(text_of(f, "tasks.max", "value", "value"), "1");
    assert_string_equal(text_of(f, "key.converter", "value", "value"),
                        "io.confluent.connect.avro.AvroConverter");
    assert_null(option(f, "nobody.knows"));
    const json_t *groups = json_object_get(f->res.json, "groups");
    assert_string_equal(json_string_value(json_array_get(groups, 0)), "Common");
    assert_false(lists(groups, NULL, "Kafka Clients"));
    const json_t *value = json_object_get(option(f, "key.converter"), "value");
    assert_true(lists(json_object_get(value, "recommended_values"), NULL,
                      "org.apache.kafka.connect.json.JsonConverter"));
}

static void test_validate__faults_are_an_answer_too(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "PUT", "/connector-plugins/" SOURCE "/config/validate",
                         "{\"connector.class\": \"" SOURCE "\", \"size\": \"many\", \"file\": null,"
                         " \"transforms\": \"t\", \"tasks.max\": \"0\"}"),
                     200);
    assert_int_equal(error_count(f), 5);
    assert_string_equal(text_of(f, "size", "value", "value"), "null");
    assert_string_equal(text_of(f, "tasks.max", "value", "value"), "0");
    const json_t *errors = json_object_get(json_object_get(option(f, "file"), "value"), "errors");
    assert_string_equal(json_string_value(json_array_get(errors, 0)),
                        "Missing required configuration \"file\" which has no default value.");
    assert_string_equal(text_of(f, "transforms.t.type", "definition", "group"), "Transforms: t");
}

static void test_validate__a_router(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "PUT", "/connector-plugins/TestSource/config/validate",
                         "{\"connector.class\": \"" SOURCE "\", \"name\": \"n\", \"file\": \"f\", "
                         "\"transforms\": \"r\", \"transforms.r.type\": \"RegexRouter\","
                         "\"transforms.r.regex\": \"(\"}"),
                     200);
    assert_int_equal(error_count(f), 2);
    assert_string_equal(text_of(f, "transforms.r.type", "definition", "type"), "CLASS");
    assert_string_equal(text_of(f, "transforms.r.regex", "definition", "display_name"), "regex");
    assert_string_equal(text_of(f, "transforms.r.regex", "value", "value"), "(");
    assert_string_equal(text_of(f, "transforms.r.negate", "value", "value"), "false");
    assert_true(lists(json_object_get(f->res.json, "groups"), NULL, "Transforms: r"));
    assert_int_equal(ask(f, "GET", "/connector-plugins/RegexRouter/config", NULL), 200);
    assert_int_equal(json_array_size(f->res.json), 2);
}

static void test_validate__only_what_a_list_of_plugins_sends(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "PUT", "/connector-plugins/TestSinkConnector/config/validate",
                         "{\"connector.class\": \"org.example.TestSinkConnector\", "
                         "\"topics\": \"getPlugins\"}"),
                     200);
    assert_int_equal(error_count(f), 2);
    assert_string_equal(text_of(f, "topics", "value", "value"), "getPlugins");
}

static void test_validate__passwords(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "PUT", "/connector-plugins/SlowSource/config/validate",
                         "{\"connector.class\": \"SlowSource\", \"name\": \"n\", "
                         "\"secret\": \"hush\", \"producer.override.linger.ms\": \"5\","
                         "\"producer.override.sasl.jaas.config\": \"hush\"}"),
                     200);
    assert_string_equal(text_of(f, "secret", "value", "value"), "[hidden]");
    assert_string_equal(text_of(f, "producer.override.linger.ms", "value", "value"), "5");
    assert_string_equal(text_of(f, "producer.override.sasl.jaas.config", "value", "value"),
                        "[hidden]");
    assert_string_equal(text_of(f, "producer.override.sasl.jaas.config", "definition", "type"),
                        "PASSWORD");
    char *all = json_dumps(f->res.json, 0);
    assert_null(strstr(all, "hush"));
    free(all);
}

static void test_validate__refused(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[][2] = {
        {"{}", "contains no connector type"},
        {"{\"topic\": \"x\"}", "contains no connector type"},
        {"{\"connector.class\": \"org.example.TestSinkConnector\"}",
         "Included connector type org.example.TestSinkConnector does not match request type "
         "TestSource"},
        {"{\"connector.class\": \"com.example.TestSource\"}",
         "Failed to find any class that implements Connector and which name matches "
         "com.example.TestSource, available connectors are: "},
        {"{\"connector.class\": {}}", ""},
        {"{", "not JSON"},
        {"[]", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            ask(f, "PUT", "/connector-plugins/TestSource/config/validate", cases[i][0]), 400);
        assert_non_null(strstr(message(f), cases[i][1]));
    }
}

static void test_validate__a_plugin_that_hangs_is_named(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/rest-plugins-XXXXXX", body[300];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    f->worker.hang_timeout_ms = 20;
    snprintf(body, sizeof body,
             "{\"connector.class\": \"SlowSource\", \"name\": \"n\", \"hold\": \"%s\"}", path);
    int status = ask(f, "PUT", "/connector-plugins/SlowSource/config/validate", body);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(status, 500);
    assert_non_null(strstr(message(f), "The plugin org.example.SlowSourceConnector ("));
    assert_non_null(strstr(message(f), "validate() in 20 ms"));

    f->worker.hang_timeout_ms = 60000;
    assert_int_equal(ask(f, "PUT", "/connector-plugins/SlowSource/config/validate", body), 200);
    assert_int_equal(error_count(f), 1);
    assert_true(json_is_null(json_object_get(option(f, "elsewhere"), "definition")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_list__connectors_or_everything),
        TEST(test_options__own_ones_first),
        TEST(test_options__grouped_ones_of_a_class),
        TEST(test_options__of_a_converter),
        TEST(test_options__what_is_not_there),
        TEST(test_validate__good),
        TEST(test_validate__faults_are_an_answer_too),
        TEST(test_validate__a_router),
        TEST(test_validate__only_what_a_list_of_plugins_sends),
        TEST(test_validate__passwords),
        TEST(test_validate__refused),
        TEST(test_validate__a_plugin_that_hangs_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
