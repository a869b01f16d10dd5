/* A metadata change in, the same without what the configuration leaves out; next: ddl_stream folds
 * and writes it, so that all that follows (topics, encoders, consumers) knows only fields that are
 * in the stream. Rules that do not fit a collection end the task here, when its schema is first
 * seen, and not at its first row. */
#include "selection.h"

/* A type that cannot be read is told with the first row, as without a filter. */
static enum ks_status try_filter(const struct change_options *options, const char *collection,
                                 const struct ddl_schema *schema, struct ks_error *err)
{
    struct column_layout *layout;
    struct row_filter *filter = NULL;
    struct ks_error ignored;
    if (!options->filters || column_layout_new(schema, &layout, &ignored))
        return KS_OK;
    if (options->fields)
        column_layout_select(layout, options->fields, collection);
    enum ks_status status = row_filters_compile(options->filters, collection, layout, &filter, err);
    row_filter_free(filter);
    column_layout_free(layout);
    return status;
}

enum ks_status selection_shape(const struct change_options *options,
                               const struct catalogue_collection *coll, struct ddl *ddl,
                               struct ks_arena *arena, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    if (!ddl->schema || (!coll && ddl->kind != DDL_CREATE_COLLECTION))
        return KS_OK;
    const char *collection =
        coll ? coll->created_as : ks_arena_printf(arena, "%s.%s", ddl->db, ddl->collection);
    if (options->fields)
        status =
            field_rules_schema(options->fields, collection, ddl->schema, arena, &ddl->schema, err);
    return status ? status : try_filter(options, collection, ddl->schema, err);
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
    enum ks_status status = options->fields ? field_rules_check(options->fields, coll, err) : KS_OK;
    return status ? status : try_filter(options, coll->created_as, coll->schema, err);
}
