#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline_yaml.h"

static struct pipeline_file parse(const char *yaml)
{
    struct pipeline_file file = {0};
    struct ks_error err = {0};
    if (pipeline_file_parse("p.yaml", yaml, strlen(yaml), &file, &err) != KS_OK)
        fail_msg("%s", err.message);
    return file;
}

static void expect_error(const char *yaml, const char *message)
{
    struct pipeline_file file = {0};
    struct ks_error err = {0};
    assert_int_equal(pipeline_file_parse("p.yaml", yaml, strlen(yaml), &file, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, message);
}

static const char *option(const struct pipeline_file *file, size_t i, const char *name)
{
    return string_map_get(&file->connectors[i].config, name);
}

static void test_short__equals_the_long_form(void **state)
{
    struct pipeline_file file = parse("pipelines:\n"
                                      "  - name: books\n"
                                      "    state: stopped\n"
                                      "    source:\n"
                                      "      milvus:\n"
                                      "        etcd.endpoints: [e1:2379, e2:2379]\n"
                                      "        kafka: {bootstrap.servers: k:9092}\n"
                                      "    sink:\n"
                                      "      milvus.uri: t:19530\n"
                                      "      tasksMax: 1\n");
    struct pipeline_file same =
        parse("connectors:\n"
              "  - name: books-source\n"
              "    class: io.kitestream.milvus.MilvusSourceConnector\n"
              "    config: {topic.prefix: books, milvus.etcd.endpoints: 'e1:2379,e2:2379',\n"
              "             milvus.kafka.bootstrap.servers: 'k:9092'}\n"
              "  - name: books-sink\n"
              "    class: io.kitestream.milvus.MilvusSinkConnector\n"
              "    tasksMax: 1\n"
              "    config: {topic.prefix: books, milvus.uri: 't:19530'}\n");
    assert_int_equal(file.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(string_map_equal(&file.connectors[i].config, &same.connectors[i].config));
        assert_int_equal(file.connectors[i].state, PIPELINE_STOPPED);
    }
    assert_int_equal(pipeline_connector_line(&file.connectors[0], "milvus.etcd.endpoints"), 6);
    pipeline_file_release(&file);
    pipeline_file_release(&same);
}

static void test_short__sink_follows_the_prefix_of_the_source(void **state)
{
    struct pipeline_file file = parse("pipelines:\n"
                                      "- {name: p, source: {topic.prefix: x}, sink: {}}\n"
                                      "- {name: q, source: {topic.prefix: x}, "
                                      "sink: {topic.prefix: y}}\n"
                                      "- {name: r, sink: {class: MilvusSink}}\n");
    assert_int_equal(file.count, 5);
    assert_string_equal(option(&file, 1, "topic.prefix"), "x");
    assert_string_equal(option(&file, 3, "topic.prefix"), "y");
    assert_string_equal(option(&file, 4, "topic.prefix"), "r");
    pipeline_file_release(&file);
}

static void test_short__other_classes_get_no_prefix(void **state)
{
    struct pipeline_file file = parse("pipelines:\n"
                                      "- name: p\n"
                                      "  source: {class: FileStreamSource, file: f, topic: t}\n"
                                      "  sink: {class: FileStreamSink, topics: [t, u]}\n");
    assert_string_equal(option(&file, 0, "connector.class"), "FileStreamSource");
    assert_null(option(&file, 0, "topic.prefix"));
    assert_null(option(&file, 1, "topic.prefix"));
    assert_string_equal(option(&file, 1, "topics"), "t,u");
    pipeline_file_release(&file);
}

static void test_short__both_forms_in_one_file(void **state)
{
    expect_error("connectors:\n- {name: p-sink, class: a}\npipelines:\n- {name: p, sink: {}}\n",
                 "p.yaml:4: a connector \"p-sink\" is there already, in line 2");
    struct pipeline_file file =
        parse("pipelines:\n- {name: p, sink: {}}\nconnectors:\n- {name: q, class: a}\n");
    assert_int_equal(file.count, 2);
    pipeline_file_release(&file);
}

static void test_short__refused(void **state)
{
    expect_error("pipelines:\n- {name: p}\n",
                 "p.yaml:2: this pipeline has neither source nor sink");
    expect_error("pipelines:\n- {source: {}}\n", "p.yaml:2: this pipeline has no name");
    expect_error("pipelines:\n- {name: p, sorce: {}}\n",
                 "p.yaml:2: unknown key \"sorce\" in a pipeline; did you mean \"source\"?");
    expect_error("pipelines:\n- {name: p, source: x}\n",
                 "p.yaml:2: \"source\" must be a map, this is a text");
    expect_error("pipelines:\n- name: p\n  source:\n    name: q\n",
                 "p.yaml:4: \"name\" does not belong among the options; the key \"name\" says it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short__equals_the_long_form),
        cmocka_unit_test(test_short__sink_follows_the_prefix_of_the_source),
        cmocka_unit_test(test_short__other_classes_get_no_prefix),
        cmocka_unit_test(test_short__both_forms_in_one_file),
        cmocka_unit_test(test_short__refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
