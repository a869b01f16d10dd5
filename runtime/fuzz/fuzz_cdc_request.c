/* Any bytes as request_data of a create request: read, check, and all that is made of it. */
#include <stdlib.h>
#include <string.h>

#include "cdc_names.h"
#include "cdc_position.h"
#include "cdc_task.h"

static struct worker_config worker;

/* What was kept of a request must be readable, and nothing but what was asked. */
static void check_record(const struct cdc_create *c)
{
    struct cdc_create again;
    json_t *record = cdc_create_record(c, "t");
    if (cdc_create_read(json_incref(record), &again, NULL))
        abort();
    json_t *second = cdc_create_record(&again, "t");
    if (!json_equal(record, second))
        abort();
    json_decref(second);
    json_decref(record);
    cdc_create_release(&again);
}

/* Two expressions in a list of one would be a name that got through as two. */
static void check_list(const struct string_map *config)
{
    const char *list = string_map_get(config, "collection.include.list");
    if (list && strchr(list, ','))
        abort();
}

static void plan(const struct cdc_create *c)
{
    const struct cdc_taken other = {"t", "default.books", NULL};
    char *name = cdc_name(c->db, c->collection.name), *key = cdc_target_key(c);
    char *mapping = NULL, *start = NULL;
    json_t *excludes = cdc_excludes(&other, 1, name);
    if (cdc_mapping(c, &mapping, NULL))
        mapping = NULL;
    if (c->collection.positions && cdc_positions_start(c->collection.positions, &start, NULL))
        start = NULL;
    (void)cdc_taken_by(&other, 1, name);
    const struct cdc_plan made = {&worker, c, "t", excludes, start, mapping};
    struct string_map source = cdc_source_config(&made), sink = cdc_sink_config(&made);
    check_list(&source);
    string_map_release(&source);
    string_map_release(&sink);
    json_decref(excludes);
    free(mapping);
    free(start);
    free(name);
    free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cdc_limits limits = {.name_length = 64, .replicate_channel = "rep"};
    struct cdc_create c;
    json_t *json = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    if (!json || cdc_create_read(json, &c, NULL))
        return 0;
    check_record(&c);
    (void)cdc_task_id_check(c.task_id, NULL);
    if (cdc_create_check(&c, &limits, NULL) == KS_OK)
        plan(&c);
    cdc_create_release(&c);
    return 0;
}
