/* A metadata change in, the same without what the configuration leaves out; next: ddl_stream folds
 * and writes it, so that all that follows (topics, encoders, consumers) knows only fields that are
 * in the stream. Rules that do not fit a collection end the task here, when its schema is first
 * seen, and not at its first row. */
#include "selection.h"

#include "first_issue.h"

/* A type that cannot be read is told with the first row, as without a filter. */
static void judge_filter(const struct change_options *options, const char *collection,
                         const struct ddl_schema *schema, const struct ks_config_issues *issues)
{
    struct column_layout *layout;
    struct ks_error ignored;
    if (!options->filters || column_layout_new(schema, &layout, &ignored))
        return;
    if (options->fields)
        column_layout_select(layout, options->fields, collection);
    row_filters_judge(options->filters, collection, layout, issues);
    column_layout_free(layout);
}

const struct ddl_schema *selection_judge(const struct change_options *options,
                                         const char *collection, const struct ddl_schema *schema,
                                         struct ks_arena *arena,
                                         const struct ks_config_issues *issues)
{
    if (options->fields)
        schema = field_rules_shape(options->fields, collection, schema, arena, issues);
    judge_filter(options, collection, schema, issues);
    return schema;
}

enum ks_status selection_shape(const struct change_options *options,
                               const struct catalogue_collection *coll, struct ddl *ddl,
                               struct ks_arena *arena, struct ks_error *err)
{
    struct first_issue first = {.err = err};
    struct ks_config_issues issues = first_issue_sink(&first);
    if (!ddl->schema || (!coll && ddl->kind != DDL_CREATE_COLLECTION))
        return KS_OK;
    const char *collection =
        coll ? coll->created_as : ks_arena_printf(arena, "%s.%s", ddl->db, ddl->collection);
    const struct ddl_schema *shaped =
        selection_judge(options, collection, ddl->schema, arena, &issues);
    if (first.found)
        return KS_ERR_FATAL;
    ddl->schema = shaped;
    return KS_OK;
}

bool selection_hides_index(const struct change_options *options,
                           const struct catalogue_collection *coll, const struct ddl *ddl)
{
    if (!ddl->index || !coll || !options->fields || !field_rules_select(options->fields))
        return false;
    for (size_t i = 0; i < coll->schema->field_count; i++)
        if (coll->schema->fields[i].id == ddl->index->field_id)
            return false;
    return true;
}

enum ks_status selection_check(const struct change_options *options,
                               const struct catalogue_collection *coll, struct ks_error *err)
{
    struct first_issue first = {.err = err};
    struct ks_config_issues issues = first_issue_sink(&first);
    enum ks_status status = options->fields ? field_rules_check(options->fields, coll, err) : KS_OK;
    if (status)
        return status;
    judge_filter(options, coll->created_as, coll->schema, &issues);
    return first.found ? KS_ERR_FATAL : KS_OK;
}
