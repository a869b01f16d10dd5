#include "pipeline_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct ks_arena arena;
    struct pipeline_file file;
    struct ks_error err;
    struct pipeline_reading reading;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->file.path = strdup("p.yaml");
    f->reading = (struct pipeline_reading){.file = &f->file, .err = &f->err};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    ks_arena_release(&f->arena);
    pipeline_file_release(&f->file);
    free(f);
    return 0;
}

static const struct yaml_node *yaml(struct fixture *f, const char *text)
{
    const struct yaml_node *root = NULL;
    assert_int_equal(yaml_parse("p.yaml", text, strlen(text), &f->arena, &root, NULL), KS_OK);
    return root;
}

static void test_check_keys__all_known_or_the_first_unknown(void **state)
{
    static const char *const valid[] = {"alpha", "beta", NULL};
    struct fixture *f = *state;
    assert_int_equal(pipeline_check_keys(&f->reading, yaml(f, "beta: 1\n"), "x", valid), KS_OK);
    assert_int_equal(pipeline_check_keys(&f->reading, yaml(f, "alpha: 1\nbeto: 1\n"), "x", valid),
                     KS_ERR_FATAL);
    assert_string_equal(f->err.message,
                        "p.yaml:2: unknown key \"beto\" in x; did you mean \"beta\"?");
}

static void test_text__absent_leaves_the_result_alone(void **state)
{
    struct fixture *f = *state;
    const char *text = "before";
    assert_int_equal(pipeline_text(&f->reading, yaml(f, "a: b\n"), "c", &text), KS_OK);
    assert_string_equal(text, "before");
    assert_int_equal(pipeline_text(&f->reading, yaml(f, "a: b\n"), "a", &text), KS_OK);
    assert_string_equal(text, "b");
}

static void test_add__name_is_an_option_too(void **state)
{
    struct fixture *f = *state;
    struct pipeline_connector *c;
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(pipeline_add(&f->reading, name, i + 1, &c), KS_OK);
        assert_string_equal(string_map_get(&c->config, "name"), name);
    }
    assert_int_equal(f->file.count, 20);
    assert_int_equal(pipeline_add(&f->reading, "c7", 99, &c), KS_ERR_FATAL);
    assert_string_equal(f->err.message,
                        "p.yaml:99: a connector \"c7\" is there already, in line 8");
}

static void test_options__nothing_is_no_options(void **state)
{
    struct fixture *f = *state;
    struct pipeline_connector *c;
    assert_int_equal(pipeline_add(&f->reading, "c", 1, &c), KS_OK);
    assert_int_equal(pipeline_options(&f->reading, c, yaml(f, "")), KS_OK);
    assert_int_equal(c->config.count, 1);
}

static void test_read_wanted__limit_of_restarts(void **state)
{
    struct fixture *f = *state;
    struct pipeline_connector *c;
    assert_int_equal(pipeline_add(&f->reading, "c", 1, &c), KS_OK);
    assert_int_equal(pipeline_read_wanted(&f->reading, c,
                                          yaml(f, "state: STOPPED\n"
                                                  "autoRestart: {enabled: 'True'}\n")),
                     KS_OK);
    assert_int_equal(c->state, PIPELINE_STOPPED);
    assert_true(c->auto_restart);
    assert_int_equal(c->max_restarts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_check_keys__all_known_or_the_first_unknown, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_text__absent_leaves_the_result_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_add__name_is_an_option_too, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options__nothing_is_no_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_wanted__limit_of_restarts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
