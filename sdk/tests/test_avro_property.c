/* What must hold for every schema and every row, tried on random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helper_avro.h"
#include "helper_oracle.h"
#include "helper_random.h"

#include <cmocka.h>

#define SCHEMAS 400
#define ROWS 10

/* One random schema with its plans. */
struct subject {
    struct random random;
    struct ks_arena arena;
    struct ks_buf json;
    struct ks_avro_schema *schema;
    struct ks_avro_encoder *enc;
    struct ks_avro_decoder *dec;
    struct ks_cell *cells, *decoded;
    struct ks_buf body;
    struct ks_error err;
};

static void subject_init(struct subject *s, uint64_t seed)
{
    *s = (struct subject){.random = {.state = seed, .arena = &s->arena}};
    random_schema(&s->random, &s->json);
    s->schema = schema_of(ks_buf_str(&s->json));
    assert_int_equal(ks_avro_encoder_new(s->schema, &s->enc, NULL), KS_OK);
    assert_int_equal(ks_avro_decoder_new(s->schema, s->schema, &s->dec, NULL), KS_OK);
    size_t count = ks_avro_encoder_cells(s->enc);
    assert_int_equal(count + 1, cells_of(s->schema));
    assert_int_equal(count, ks_avro_decoder_cells(s->dec));
    s->cells = calloc(count, sizeof *s->cells);
    s->decoded = calloc(count, sizeof *s->decoded);
}

static void subject_release(struct subject *s)
{
    free(s->cells);
    free(s->decoded);
    ks_avro_encoder_free(s->enc);
    ks_avro_decoder_free(s->dec);
    ks_avro_schema_free(s->schema);
    ks_buf_release(&s->json);
    ks_buf_release(&s->body);
    ks_arena_release(&s->arena);
}

static void next_row(struct subject *s)
{
    size_t count = random_row(&s->random, s->schema, s->cells);
    assert_int_equal(count, ks_avro_encoder_cells(s->enc));
    ks_buf_reset(&s->body);
    if (ks_avro_encode(s->enc, s->cells, &s->body, &s->err))
        fail_msg("%s: %s", ks_buf_str(&s->json), s->err.message);
}

static enum ks_status decode(struct subject *s, struct ks_slice body)
{
    return ks_avro_decode(s->dec, body, s->decoded, &s->arena, &s->err);
}

/* A copy of exactly the length, so that ASan sees a read beyond it. */
static struct ks_slice tight_copy(const void *data, size_t len)
{
    void *copy = malloc(len ? len : 1);
    if (len)
        memcpy(copy, data, len);
    return (struct ks_slice){copy, len};
}

static void test_row__decodes_to_the_same_cells(void **state)
{
    for (uint64_t seed = 1; seed <= SCHEMAS; seed++) {
        struct subject s;
        subject_init(&s, seed);
        for (int i = 0; i < ROWS; i++) {
            next_row(&s);
            if (decode(&s, slice_of(&s.body)))
                fail_msg("seed %d: %s", (int)seed, s.err.message);
            assert_true(cells_equal(s.schema, s.cells, s.decoded));
        }
        subject_release(&s);
    }
}

static void test_row__same_bytes_as_avro_c(void **state)
{
    for (uint64_t seed = 1; seed <= SCHEMAS; seed++) {
        struct subject s;
        subject_init(&s, seed);
        struct oracle *oracle = oracle_new(ks_buf_str(&s.json));
        struct ks_buf theirs = {0};
        for (int i = 0; i < ROWS; i++) {
            next_row(&s);
            ks_buf_reset(&theirs);
            oracle_encode(oracle, s.schema, s.cells, &theirs);
            assert_int_equal(theirs.len, s.body.len);
            assert_memory_equal(theirs.data, s.body.data, s.body.len);
            ks_buf_reset(&theirs);
            oracle_rewrite(oracle, slice_of(&s.body), &theirs);
            assert_int_equal(theirs.len, s.body.len);
            assert_memory_equal(theirs.data, s.body.data, s.body.len);
        }
        ks_buf_release(&theirs);
        oracle_free(oracle);
        subject_release(&s);
    }
}

static void test_row__json_and_back(void **state)
{
    for (uint64_t seed = 1; seed <= SCHEMAS; seed++) {
        struct subject s;
        subject_init(&s, seed);
        struct ks_buf text = {0}, again = {0};
        for (int i = 0; i < ROWS; i++) {
            next_row(&s);
            ks_buf_reset(&text);
            ks_buf_reset(&again);
            if (ks_avro_to_json(s.schema, slice_of(&s.body), &text, &s.err) ||
                ks_avro_from_json(s.schema, ks_buf_str(&text), text.len, &again, &s.err))
                fail_msg("seed %d: %s in %s", (int)seed, s.err.message, ks_buf_str(&text));
            assert_int_equal(again.len, s.body.len);
            assert_memory_equal(again.data, s.body.data, s.body.len);
        }
        ks_buf_release(&text);
        ks_buf_release(&again);
        subject_release(&s);
    }
}

/* A body cut anywhere is refused, or it would have had bytes left over. */
static void test_row__every_cut_is_refused(void **state)
{
    for (uint64_t seed = 1; seed <= SCHEMAS / 4; seed++) {
        struct subject s;
        subject_init(&s, seed);
        next_row(&s);
        for (size_t len = 0; len < s.body.len && len < 500; len++) {
            struct ks_slice cut = tight_copy(s.body.data, len);
            assert_int_equal(decode(&s, cut), KS_ERR_DATA);
            struct ks_buf text = {0};
            assert_int_equal(ks_avro_to_json(s.schema, cut, &text, NULL), KS_ERR_DATA);
            assert_int_equal(text.len, 0);
            ks_buf_release(&text);
            free((void *)cut.data);
        }
        subject_release(&s);
    }
}

/* A damaged body is refused or read as some other row, which then survives its own round trip. */
static void test_row__damage_is_survived(void **state)
{
    size_t accepted = 0, refused = 0;
    for (uint64_t seed = 1; seed <= SCHEMAS; seed++) {
        struct subject s;
        subject_init(&s, seed);
        for (int i = 0; i < ROWS; i++) {
            next_row(&s);
            for (int hits = 0; s.body.len && hits < 3; hits++)
                s.body.data[random_below(&s.random, s.body.len)] = (uint8_t)random_next(&s.random);
            struct ks_slice damaged = tight_copy(s.body.data, s.body.len);
            bool taken = decode(&s, damaged) == KS_OK;
            accepted += taken;
            refused += !taken;
            ks_buf_reset(&s.body);
            if (taken)
                assert_int_equal(ks_avro_encode(s.enc, s.decoded, &s.body, NULL), KS_OK);
            free((void *)damaged.data);
            if (taken)
                assert_int_equal(decode(&s, slice_of(&s.body)), KS_OK);
        }
        subject_release(&s);
    }
    assert_true(accepted > 0 && refused > 0);
}

/* A reader that knows none of the fields passes over all of them, to the last byte. */
static void test_row__skipped_whole(void **state)
{
    struct ks_avro_schema *nothing = schema_of("{'type':'record','name':'Nothing','fields':[]}");
    for (uint64_t seed = 1; seed <= SCHEMAS; seed++) {
        struct subject s;
        subject_init(&s, seed);
        struct ks_avro_decoder *skipper;
        assert_int_equal(ks_avro_decoder_new(s.schema, nothing, &skipper, NULL), KS_OK);
        for (int i = 0; i < ROWS; i++) {
            next_row(&s);
            assert_int_equal(ks_avro_decode(skipper, slice_of(&s.body), NULL, &s.arena, &s.err),
                             KS_OK);
            ks_buf_add_byte(&s.body, 0);
            assert_int_equal(ks_avro_decode(skipper, slice_of(&s.body), NULL, &s.arena, &s.err),
                             KS_ERR_DATA);
        }
        ks_avro_decoder_free(skipper);
        subject_release(&s);
    }
    ks_avro_schema_free(nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row__decodes_to_the_same_cells),
        cmocka_unit_test(test_row__same_bytes_as_avro_c),
        cmocka_unit_test(test_row__json_and_back),
        cmocka_unit_test(test_row__every_cut_is_refused),
        cmocka_unit_test(test_row__damage_is_survived),
        cmocka_unit_test(test_row__skipped_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
