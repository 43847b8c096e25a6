#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/utf8.h"
#include "common/model/catalogue.h"
#include "common/net/wire.h"
#include "common/net/wire_limits.h"
#include "support/fault.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct fixture {
	struct arena *arena;
	struct blob out;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f)
		return -1;
	f->arena = arena_open(WIRE_ARENA_MAX);
	*state = f;
	return f->arena ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	arena_close(f->arena);
	blob_free(&f->out);
	free(f);
	return 0;
}

/* ---- batches ---- */

#define SERIES_MOST 40u

/* A batch that keeps the rules, with room of its own. */
struct sample {
	struct batch batch;
	struct declaration declared[SERIES_MOST];
	struct run runs[SERIES_MOST];
	struct point points[SERIES_MOST * 1440];
	char metrics[SERIES_MOST][METRIC_NAME_MAX + 1];
	const char *authors[WIRE_AUTHORS_MAX];
	struct remark notes[WIRE_NOTES_MAX];
	struct finishing finished[WIRE_FINISHED_MAX];
};

static void sample_declare(struct sample *sample, struct dice *dice)
{
	struct batch *batch = &sample->batch;
	batch->declared = sample->declared;
	batch->n_declared = dice_below(dice, 8);
	batch->first_declared = (uint32_t)dice_below(dice, 20);
	for (size_t i = 0; i < batch->n_declared; i++) {
		(void)snprintf(sample->metrics[i], sizeof(sample->metrics[i]), "tổ.%u",
			       (unsigned)dice_below(dice, 1000));
		sample->declared[i] = (struct declaration){
			.metric = sample->metrics[i],
			.labels = dice_below(dice, 2) ? "" : "app=VNeID;sector=land",
			.grain = (enum grain)dice_below(dice, GRAIN_COUNT),
			.calendar = (enum calendar)dice_below(dice, 2),
			.decimals = (unsigned)dice_below(dice, DECIMALS_MAX + 1),
		};
	}
}

static uint32_t per_day(const struct batch *batch, uint32_t series)
{
	uint32_t at = series - batch->first_declared;
	return at < batch->n_declared ? grain_per_day(batch->declared[at].grain) : 1440;
}

static int64_t some_value(struct dice *dice)
{
	switch (dice_below(dice, 8)) {
	case 0:
		return (int64_t)dice_next(dice);
	case 1:
		return dice_below(dice, 2) ? INT64_MAX : INT64_MIN;
	default:
		return dice_between(dice, -100, 10000);
	}
}

static void sample_add_run(struct sample *sample, struct dice *dice, uint32_t series)
{
	struct batch *batch = &sample->batch;
	struct run run = { .series = series, .first = (uint32_t)batch->n_points };
	uint32_t most = per_day(batch, series), sparse = 1 + (uint32_t)dice_below(dice, 200);
	for (uint32_t nth = (uint32_t)dice_below(dice, most); nth < most;
	     nth += 1 + (uint32_t)dice_below(dice, sparse)) {
		struct point *point = &sample->points[batch->n_points++];
		*point = (struct point){ .nth = (uint16_t)nth };
		point->withdrawn = dice_below(dice, 50) == 0;
		point->value_e = point->withdrawn ? 0 : some_value(dice);
		run.n++;
	}
	sample->runs[batch->n_runs++] = run;
}

/* What people say of it: of every second batch nothing. */
static void sample_remark(struct sample *sample, struct dice *dice)
{
	static const char *const names[] = { "lan", "Nguyễn Văn Tổ", "k" };
	struct batch *batch = &sample->batch;
	if (dice_below(dice, 2))
		return;
	batch->authors = sample->authors;
	batch->remarks = sample->notes;
	batch->finished = sample->finished;
	batch->n_authors = dice_below(dice, WIRE_AUTHORS_MAX + 1);
	for (size_t i = 0; i < batch->n_authors; i++)
		sample->authors[i] = names[dice_below(dice, 3)];
	for (size_t i = 0; i < batch->n_points; i++)
		sample->points[i].author = (uint16_t)dice_below(dice, batch->n_authors + 1);
	for (size_t i = dice_below(dice, 100); i < batch->n_points;
	     i += 1 + dice_below(dice, 3000)) {
		if (batch->n_remarks == WIRE_NOTES_MAX)
			break;
		sample->notes[batch->n_remarks++] =
			(struct remark){ (uint32_t)i, "máy hỏng, đếm lại" };
	}
	batch->n_finished = dice_below(dice, WIRE_FINISHED_MAX + 1);
	for (size_t i = 0; i < batch->n_finished; i++)
		sample->finished[i] = (struct finishing){
			.grain = (enum grain)dice_between(dice, GRAIN_DAY, GRAIN_COUNT - 1),
			.calendar = (enum calendar)dice_below(dice, 2),
			.author = (uint16_t)dice_below(dice, batch->n_authors + 1),
			.undone = dice_below(dice, 2) == 0,
			.at_us = (int64_t)dice_next(dice),
		};
}

static void sample_roll(struct sample *sample, struct dice *dice)
{
	*sample = (struct sample){ 0 };
	struct batch *batch = &sample->batch;
	batch->day = (int32_t)dice_between(dice, DAY_MIN, DAY_MAX);
	batch->sealed_us = dice_between(dice, 0, INT64_C(1) << 52);
	batch->from_spool = dice_below(dice, 2) ? dice_next(dice) : 0;
	batch->from_seq = batch->from_spool ? dice_below(dice, 1000) : 0;
	batch->runs = sample->runs;
	batch->points = sample->points;
	sample_declare(sample, dice);
	size_t n = 1 + dice_below(dice, SERIES_MOST);
	for (uint32_t series = 0; batch->n_runs < n; series += 1 + (uint32_t)dice_below(dice, 3))
		sample_add_run(sample, dice, series);
	sample_remark(sample, dice);
}

static void assert_same_remarks(const struct batch *a, const struct batch *b)
{
	assert_int_equal(a->n_authors, b->n_authors);
	assert_int_equal(a->n_remarks, b->n_remarks);
	assert_int_equal(a->n_finished, b->n_finished);
	for (size_t i = 0; i < a->n_authors; i++)
		assert_string_equal(a->authors[i], b->authors[i]);
	for (size_t i = 0; i < a->n_points; i++)
		assert_int_equal(a->points[i].author, b->points[i].author);
	for (size_t i = 0; i < a->n_remarks; i++) {
		assert_int_equal(a->remarks[i].point, b->remarks[i].point);
		assert_string_equal(a->remarks[i].text, b->remarks[i].text);
	}
	for (size_t i = 0; i < a->n_finished; i++) {
		const struct finishing *x = &a->finished[i], *y = &b->finished[i];
		assert_true(x->grain == y->grain && x->calendar == y->calendar &&
			    x->author == y->author && x->undone == y->undone &&
			    x->at_us == y->at_us);
	}
}

static void assert_same(const struct batch *a, const struct batch *b)
{
	assert_int_equal(a->day, b->day);
	assert_int_equal(a->sealed_us, b->sealed_us);
	assert_true(a->from_spool == b->from_spool && a->from_seq == b->from_seq);
	assert_int_equal(a->first_declared, b->first_declared);
	assert_int_equal(a->n_declared, b->n_declared);
	assert_int_equal(a->n_runs, b->n_runs);
	assert_int_equal(a->n_points, b->n_points);
	for (size_t i = 0; i < a->n_declared; i++) {
		assert_string_equal(a->declared[i].metric, b->declared[i].metric);
		assert_string_equal(a->declared[i].labels, b->declared[i].labels);
		assert_int_equal(a->declared[i].grain, b->declared[i].grain);
		assert_int_equal(a->declared[i].calendar, b->declared[i].calendar);
		assert_int_equal(a->declared[i].decimals, b->declared[i].decimals);
	}
	for (size_t i = 0; i < a->n_runs; i++) {
		assert_int_equal(a->runs[i].series, b->runs[i].series);
		assert_int_equal(a->runs[i].first, b->runs[i].first);
		assert_int_equal(a->runs[i].n, b->runs[i].n);
	}
	for (size_t i = 0; i < a->n_points; i++) {
		assert_int_equal(a->points[i].nth, b->points[i].nth);
		assert_int_equal(a->points[i].value_e, b->points[i].value_e);
		assert_int_equal(a->points[i].withdrawn, b->points[i].withdrawn);
	}
}

static void round_trip(struct dice *dice, void *context)
{
	struct fixture *f = context;
	static struct sample sample;
	sample_roll(&sample, dice);
	f->out.len = 0;
	assert_int_equal(blob_append(&f->out, "kept", 4), 0);
	int rc = wire_batch_encode(&sample.batch, &f->out, &f->err);
	if (rc == -EMSGSIZE) { /* values of all bits do not compress: the caller seals less */
		assert_int_equal(f->out.len, 4);
		return;
	}
	assert_int_equal(rc, 0);
	assert_memory_equal(f->out.data, "kept", 4);
	struct batch batch;
	arena_reset(f->arena);
	rc = wire_batch_decode(f->arena, f->out.data + 4, f->out.len - 4, &batch, &f->err);
	if (rc < 0)
		fail_msg("%s", f->err.text);
	assert_same(&sample.batch, &batch);
	assert_same_remarks(&sample.batch, &batch);
}

static void decode_of_encode_is_the_same_batch(void **state)
{
	for_all_seeds(200, round_trip, *state);
}

static void damage(struct dice *dice, void *context)
{
	struct fixture *f = context;
	static struct sample sample;
	sample_roll(&sample, dice);
	f->out.len = 0;
	if (wire_batch_encode(&sample.batch, &f->out, &f->err) < 0)
		return;
	for (int i = 0; i < 20; i++) {
		f->out.data[dice_below(dice, f->out.len)] ^= (uint8_t)(1u << dice_below(dice, 8));
		struct batch batch;
		arena_reset(f->arena);
		int rc = wire_batch_decode(f->arena, f->out.data,
					   f->out.len - dice_below(dice, f->out.len / 2 + 1),
					   &batch, &f->err);
		assert_true(rc == 0 || rc == -EBADMSG);
	}
}

static void damaged_payloads_are_refused_or_well_formed(void **state)
{
	for_all_seeds(200, damage, *state);
}

/* ---- one rule broken at a time ---- */

/* Two runs, (series 3: nth 0, 5), (series 4: nth 7), one declaration, nothing wrong with it. */
struct parts {
	uint32_t series[2], points[2], steps[3], withdrawn[1], shape[1];
	int64_t values[3];
	char *metric[1], *labels[1];
	uint32_t authors[3], noted[2], finished[2], finished_by[2], undone[1];
	int64_t finished_us[2];
	char *author[1], *note[2];
	Lantoa__V1__Columns columns;
};

static char metric_name[] = "team.count", label_text[] = "app=VNeID", who[] = "lan",
	    words[] = "đếm lại";

static void parts_init(struct parts *parts)
{
	*parts = (struct parts){
		.series = { 3, 4 },
		.points = { 2, 1 },
		.steps = { 1, 5, 8 },
		.values = { 10, 0, -30 },
		.withdrawn = { 1 },
		.shape = { GRAIN_HOUR | 2u << 4 },
		.metric = { metric_name },
		.labels = { label_text },
		.authors = { 1, 0, 1 },
		.noted = { 0, 2 },
		.finished = { GRAIN_DAY, GRAIN_MONTH | 1u << 8 },
		.finished_by = { 0, 1 },
		.undone = { 1 },
		.finished_us = { 5, 6 },
		.author = { who },
		.note = { words, words },
		.columns = LANTOA__V1__COLUMNS__INIT,
	};
	Lantoa__V1__Columns *columns = &parts->columns;
	columns->day = 20269;
	columns->series = parts->series;
	columns->n_series = 2;
	columns->points = parts->points;
	columns->n_points = 2;
	columns->steps = parts->steps;
	columns->n_steps = 3;
	columns->values = parts->values;
	columns->n_values = 3;
	columns->withdrawn = parts->withdrawn;
	columns->n_withdrawn = 1;
	columns->first_declared = 4;
	columns->declared_metric = parts->metric;
	columns->n_declared_metric = 1;
	columns->declared_labels = parts->labels;
	columns->n_declared_labels = 1;
	columns->declared_shape = parts->shape;
	columns->n_declared_shape = 1;
	columns->author = parts->author;
	columns->n_author = 1;
	columns->authors = parts->authors;
	columns->n_authors = 3;
	columns->noted = parts->noted;
	columns->note = parts->note;
	columns->n_noted = columns->n_note = 2;
	columns->finished = parts->finished;
	columns->finished_by = parts->finished_by;
	columns->finished_us = parts->finished_us;
	columns->n_finished = columns->n_finished_by = columns->n_finished_us = 2;
	columns->finished_undone = parts->undone;
	columns->n_finished_undone = 1;
}

static int parts_decode(struct fixture *f, const struct parts *parts, struct batch *ret_batch)
{
	f->out.len = 0;
	assert_int_equal(blob_append(&f->out, "\0", 1), 0);
	size_t len = lantoa__v1__columns__get_packed_size(&parts->columns);
	assert_int_equal(blob_reserve(&f->out, len), 0);
	f->out.len += lantoa__v1__columns__pack(&parts->columns, f->out.data + 1);
	arena_reset(f->arena);
	return wire_batch_decode(f->arena, f->out.data, f->out.len, ret_batch, &f->err);
}

static void columns_that_keep_the_rules_are_taken(void **state)
{
	struct parts parts;
	struct batch batch;
	parts_init(&parts);
	assert_int_equal(parts_decode(*state, &parts, &batch), 0);
	assert_int_equal(batch.n_points, 3);
	assert_int_equal(batch.points[1].nth, 5);
	assert_true(batch.points[1].withdrawn);
	assert_int_equal(batch.points[2].nth, 7);
	assert_int_equal(batch.points[2].value_e, -30);
	assert_int_equal(batch.points[0].author, 1);
	assert_int_equal(batch.points[1].author, 0);
	assert_string_equal(batch.remarks[1].text, words);
	assert_int_equal(batch.remarks[1].point, 2);
	assert_int_equal(batch.finished[1].grain, GRAIN_MONTH);
	assert_true(batch.finished[1].undone && !batch.finished[0].undone);
}

#define BREAK(name, statement)                                                                     \
	static void break_##name(struct parts *p)                                                  \
	{                                                                                          \
		statement;                                                                         \
	}
BREAK(day_low, p->columns.day = DAY_MIN - 1)
BREAK(day_high, p->columns.day = DAY_MAX + 1)
BREAK(series_twice, p->series[1] = 3)
BREAK(series_descending, p->series[1] = 2)
BREAK(series_beyond, p->series[1] = WIRE_SERIES_MAX)
BREAK(points_zero, p->points[0] = 0)
BREAK(points_more_than_values, p->points[1] = 2)
BREAK(points_fewer_than_values, p->points[0] = 1)
BREAK(points_that_wrap, p->points[1] = UINT32_MAX)
BREAK(points_missing, p->columns.n_points = 1)
BREAK(steps_missing, p->columns.n_steps = 2)
BREAK(values_missing, p->columns.n_values = 2)
BREAK(step_zero, p->steps[1] = 0)
BREAK(step_beyond_day, p->steps[1] = 1440)
BREAK(step_that_wraps, p->steps[1] = UINT32_MAX)
BREAK(nth_beyond_declared_grain, p->steps[2] = 25)
BREAK(withdrawn_beyond, p->withdrawn[0] = 3)
BREAK(withdrawn_with_value, p->withdrawn[0] = 0)
BREAK(labels_missing, p->columns.n_declared_labels = 0)
BREAK(shape_missing, p->columns.n_declared_shape = 0)
BREAK(declared_beyond, p->columns.first_declared = WIRE_SERIES_MAX)
BREAK(grain_unknown, p->shape[0] = GRAIN_COUNT)
BREAK(decimals_unknown, p->shape[0] = GRAIN_HOUR | 7u << 4)
BREAK(calendar_unknown, p->shape[0] = GRAIN_HOUR | 2u << 8)
BREAK(shape_with_more_bits, p->shape[0] = GRAIN_HOUR | 1u << 31)
BREAK(metric_empty, p->metric[0] = label_text + sizeof(label_text) - 1)
BREAK(metric_not_utf8, static char bad[] = "\xff"; p->metric[0] = bad)
BREAK(metric_with_control, static char bad[] = "a\nb"; p->metric[0] = bad)
BREAK(labels_not_canonical, static char bad[] = "b=1;a=2"; p->labels[0] = bad)
BREAK(author_unnamed, p->authors[1] = 2)
BREAK(author_that_wraps, p->authors[1] = UINT32_MAX)
BREAK(authors_fewer_than_values, p->columns.n_authors = 2)
BREAK(author_empty, static char bad[] = ""; p->author[0] = bad)
BREAK(author_long,
      static char bad[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
      p->author[0] = bad)
BREAK(author_not_utf8, static char bad[] = "\xff"; p->author[0] = bad)
BREAK(notes_fewer, p->columns.n_note = 1)
BREAK(note_beyond, p->noted[1] = 3)
BREAK(note_twice, p->noted[1] = 0)
BREAK(note_empty, static char bad[] = ""; p->note[1] = bad)
BREAK(note_long, static char bad[WIRE_TEXT_MAX + 2]; memset(bad, 'x', WIRE_TEXT_MAX + 1);
      p->note[1] = bad)
BREAK(note_with_control, static char bad[] = "a\x1b[2J"; p->note[0] = bad)
BREAK(finished_hour, p->finished[0] = GRAIN_HOUR)
BREAK(finished_grain_unknown, p->finished[0] = GRAIN_COUNT)
BREAK(finished_by_fewer, p->columns.n_finished_by = 1)
BREAK(finished_us_fewer, p->columns.n_finished_us = 1)
BREAK(finished_by_unnamed, p->finished_by[1] = 2)
BREAK(undone_beyond, p->undone[0] = 2)
BREAK(finished_with_decimals, p->finished[0] = GRAIN_DAY | 1u << 4)

static void each_broken_rule_is_named(void **state)
{
	static void (*const breaks[])(struct parts *) = {
		break_day_low,
		break_day_high,
		break_series_twice,
		break_series_descending,
		break_series_beyond,
		break_points_zero,
		break_points_more_than_values,
		break_points_fewer_than_values,
		break_points_that_wrap,
		break_points_missing,
		break_steps_missing,
		break_values_missing,
		break_step_zero,
		break_step_beyond_day,
		break_step_that_wraps,
		break_nth_beyond_declared_grain,
		break_withdrawn_beyond,
		break_withdrawn_with_value,
		break_labels_missing,
		break_shape_missing,
		break_declared_beyond,
		break_grain_unknown,
		break_decimals_unknown,
		break_calendar_unknown,
		break_shape_with_more_bits,
		break_metric_empty,
		break_metric_not_utf8,
		break_metric_with_control,
		break_labels_not_canonical,
		break_author_unnamed,
		break_author_that_wraps,
		break_authors_fewer_than_values,
		break_author_empty,
		break_author_long,
		break_author_not_utf8,
		break_notes_fewer,
		break_note_beyond,
		break_note_twice,
		break_note_empty,
		break_note_long,
		break_note_with_control,
		break_finished_hour,
		break_finished_grain_unknown,
		break_finished_with_decimals,
		break_finished_by_fewer,
		break_finished_us_fewer,
		break_finished_by_unnamed,
		break_undone_beyond,
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		struct parts parts;
		struct batch batch;
		parts_init(&parts);
		breaks[i](&parts);
		f->err = (struct err){ 0 };
		if (parts_decode(f, &parts, &batch) != -EBADMSG)
			fail_msg("break %zu was taken", i);
		assert_true(strncmp(f->err.text, "batch: ", 7) == 0);
	}
}

/* ---- codecs and limits ---- */

static int payload_decode(struct fixture *f)
{
	struct batch batch;
	arena_reset(f->arena);
	return wire_batch_decode(f->arena, f->out.data, f->out.len, &batch, &f->err);
}

static void zeros_compress(struct fixture *f, size_t len)
{
	void *zeros = calloc(1, len);
	assert_non_null(zeros);
	f->out.len = 0;
	assert_int_equal(blob_append(&f->out, "\1", 1), 0);
	assert_int_equal(blob_reserve(&f->out, ZSTD_compressBound(len)), 0);
	size_t n = ZSTD_compress(f->out.data + 1, ZSTD_compressBound(len), zeros, len, 1);
	assert_false(ZSTD_isError(n));
	f->out.len += n;
	free(zeros);
}

static void a_zip_bomb_is_refused_before_it_is_unpacked(void **state)
{
	struct fixture *f = *state;
	zeros_compress(f, WIRE_COLUMNS_MAX + 1);
	assert_int_equal(payload_decode(f), -EBADMSG);
	assert_non_null(strstr(f->err.text, "more than allowed"));
}

static void two_zstd_frames_in_a_row_are_refused(void **state)
{
	struct fixture *f = *state;
	zeros_compress(f, 100);
	uint8_t copy[64];
	size_t len = f->out.len - 1;
	assert_true(len <= sizeof(copy));
	memcpy(copy, f->out.data + 1, len);
	assert_int_equal(blob_append(&f->out, copy, len), 0);
	assert_int_equal(payload_decode(f), -EBADMSG);
}

static void a_payload_needs_a_codec_that_is_known(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(payload_decode(f), -EBADMSG); /* empty */
	assert_int_equal(blob_append(&f->out, "\2abc", 4), 0);
	assert_int_equal(payload_decode(f), -EBADMSG);
	assert_non_null(strstr(f->err.text, "unknown codec"));
}

/* What is tags and little else: @n times @field's tag with an empty text or message. */
static void field_repeat(struct blob *out, unsigned field, size_t n)
{
	unsigned tag = field << 3 | 2;
	uint8_t one[3] = { (uint8_t)tag, 0 }, two[3] = { (uint8_t)(tag | 0x80), 1, 0 };
	assert_true(field < 32);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(blob_append(out, field < 16 ? one : two, field < 16 ? 2 : 3), 0);
}

static void columns_take(struct fixture *f, const struct blob *columns)
{
	size_t bound = ZSTD_compressBound(columns->len);
	f->out.len = 0;
	assert_int_equal(blob_append(&f->out, "\1", 1), 0);
	assert_int_equal(blob_reserve(&f->out, bound), 0);
	size_t n = ZSTD_compress(f->out.data + 1, bound, columns->data, columns->len, 19);
	assert_false(ZSTD_isError(n));
	f->out.len += n;
}

/* 107 bytes that stand for half a million declarations: it is what they are too many of that is
 * said, before any of them is unpacked. */
static void more_of_a_field_than_is_allowed_is_the_senders_fault(void **state)
{
	struct fixture *f = *state;
	static const unsigned fields[] = { 9, 10, 1, 30 }; /* two repeated, a number, an unknown */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct blob columns = { 0 };
		field_repeat(&columns, fields[i], WIRE_COLUMNS_MAX / 3);
		columns_take(f, &columns);
		assert_true(f->out.len < 200);
		assert_int_equal(payload_decode(f), -EBADMSG);
		assert_non_null(strstr(f->err.text, "than allowed"));
		assert_false(arena_is_full(f->arena));
		blob_free(&columns);
	}
}

static void packed_add(struct blob *columns, unsigned field, const uint8_t *data, size_t len)
{
	uint8_t head[6] = { (uint8_t)(field << 3 | 2) };
	size_t n = 1;
	for (size_t rest = len; n == 1 || rest > 0; rest >>= 7)
		head[n++] = (uint8_t)((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
	assert_int_equal(blob_append(columns, head, n), 0);
	assert_int_equal(blob_append(columns, data, len), 0);
}

static void more_numbers_than_are_allowed_are_refused(void **state)
{
	struct fixture *f = *state;
	static const uint8_t zeros[WIRE_POINTS_MAX + 1];
	static const struct {
		unsigned field;
		size_t most;
	} cases[] = { { 2, WIRE_SERIES_MAX }, { 3, WIRE_SERIES_MAX }, { 4, WIRE_POINTS_MAX },
		      { 5, WIRE_POINTS_MAX }, { 6, WIRE_POINTS_MAX }, { 11, WIRE_DECLARED_MAX } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct blob columns = { 0 };
		packed_add(&columns, cases[i].field, zeros, cases[i].most + 1);
		columns_take(f, &columns);
		assert_int_equal(payload_decode(f), -EBADMSG);
		assert_non_null(strstr(f->err.text, "than allowed"));
		columns.len = 0; /* and as many as are allowed are not too many of them */
		packed_add(&columns, cases[i].field, zeros, cases[i].most);
		columns_take(f, &columns);
		assert_int_equal(payload_decode(f), -EBADMSG);
		assert_null(strstr(f->err.text, "than allowed"));
		packed_add(&columns, cases[i].field, zeros, 1); /* piece by piece */
		columns_take(f, &columns);
		assert_int_equal(payload_decode(f), -EBADMSG);
		assert_non_null(strstr(f->err.text, "in one piece"));
		blob_free(&columns);
	}
}

/* All that the limits allow at once unpacks: so no bytes of a peer meet the arena's. */
static void what_the_limits_allow_fits_the_arena(void **state)
{
	struct fixture *f = *state;
	static Lantoa__V1__Columns columns;
	static uint32_t series[WIRE_SERIES_MAX], points[WIRE_SERIES_MAX], shapes[WIRE_DECLARED_MAX];
	static uint32_t steps[WIRE_POINTS_MAX], withdrawn[WIRE_POINTS_MAX];
	static int64_t values[WIRE_POINTS_MAX];
	static uint32_t authors[WIRE_POINTS_MAX], noted[WIRE_NOTES_MAX];
	static char *notes[WIRE_NOTES_MAX], *all_authors[WIRE_AUTHORS_MAX];
	static char metric[] = "m", labels[] = "", *metrics[WIRE_DECLARED_MAX],
		    *all_labels[WIRE_DECLARED_MAX];
	struct blob packed = { 0 };
	lantoa__v1__columns__init(&columns);
	for (uint32_t i = 0; i < WIRE_SERIES_MAX; i++) {
		series[i] = i;
		points[i] = WIRE_POINTS_MAX / WIRE_SERIES_MAX;
	}
	for (uint32_t i = 0; i < WIRE_POINTS_MAX; i++) {
		steps[i] = 1;
		withdrawn[i] = i;
	}
	for (uint32_t i = 0; i < WIRE_DECLARED_MAX; i++) {
		metrics[i] = metric;
		all_labels[i] = labels;
	}
	columns.n_series = columns.n_points = WIRE_SERIES_MAX;
	columns.series = series;
	columns.points = points;
	columns.n_steps = columns.n_values = WIRE_POINTS_MAX;
	columns.n_withdrawn = WIRE_POINTS_MAX / 3; /* more do not compress into a payload */
	columns.steps = steps;
	columns.values = values;
	columns.withdrawn = withdrawn;
	columns.n_declared_metric = columns.n_declared_labels = columns.n_declared_shape =
		WIRE_DECLARED_MAX;
	columns.declared_metric = metrics;
	columns.declared_labels = all_labels;
	columns.declared_shape = shapes; /* of minutes */
	for (uint32_t i = 0; i < WIRE_NOTES_MAX; i++) {
		noted[i] = i;
		notes[i] = metric;
	}
	for (uint32_t i = 0; i < WIRE_AUTHORS_MAX; i++)
		all_authors[i] = metric;
	columns.n_noted = columns.n_note = WIRE_NOTES_MAX;
	columns.noted = noted;
	columns.note = notes;
	columns.n_author = WIRE_AUTHORS_MAX;
	columns.author = all_authors;
	columns.n_authors = WIRE_POINTS_MAX;
	columns.authors = authors;
	assert_int_equal(blob_reserve(&packed, lantoa__v1__columns__get_packed_size(&columns)), 0);
	packed.len = lantoa__v1__columns__pack(&columns, packed.data);
	/* and all the fields that we do not know */
	field_repeat(&packed, 30,
		     WIRE_FIELDS_MAX - 2 * WIRE_DECLARED_MAX - 8 - WIRE_NOTES_MAX -
			     WIRE_AUTHORS_MAX);
	assert_true(packed.len <= WIRE_COLUMNS_MAX);
	columns_take(f, &packed);
	if (payload_decode(f) != 0)
		fail_msg("%s", f->err.text);
	assert_false(arena_is_full(f->arena));
	field_repeat(&packed, 30, 1);
	columns_take(f, &packed);
	assert_int_equal(payload_decode(f), -EBADMSG);
	assert_non_null(strstr(f->err.text, "more fields than allowed"));
	blob_free(&packed);
}

/* A payload that is within its own limits and meets the arena's after all. */
static void the_arenas_limit_is_the_senders_fault_too(void **state)
{
	struct fixture *f = *state;
	struct batch batch;
	zeros_compress(f, 100);
	struct arena *small = arena_open(16);
	assert_non_null(small);
	assert_int_equal(wire_batch_decode(small, f->out.data, f->out.len, &batch, &f->err),
			 -EBADMSG);
	assert_non_null(strstr(f->err.text, "more memory than"));
	assert_true(arena_is_full(small));
	arena_close(small);
}

static void descriptor_is_limited(const ProtobufCMessageDescriptor *kind)
{
	assert_true(kind->n_fields <= WIRE_KIND_FIELDS_MAX);
	for (unsigned i = 0; i < kind->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &kind->fields[i];
		if (field->label == PROTOBUF_C_LABEL_REPEATED && wire_limit_of(kind, field) == 0)
			fail_msg("%s.%s is repeated and has no limit", kind->short_name,
				 field->name);
		if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			descriptor_is_limited(field->descriptor);
	}
}

static void every_repeated_field_of_the_protocol_has_a_limit(void **state)
{
	(void)state;
	descriptor_is_limited(&lantoa__v1__frame__descriptor);
	descriptor_is_limited(&lantoa__v1__columns__descriptor);
	descriptor_is_limited(&lantoa__v1__files__descriptor);
}

static void frame_wrap(struct fixture *f, unsigned kind, const struct blob *message)
{
	f->out.len = 0;
	if (kind == 16) { /* a tag of two bytes */
		packed_add(&f->out, 1, message->data, message->len);
		f->out.data[0] = 0x82;
		assert_int_equal(blob_append(&f->out, "", 1), 0);
		memmove(f->out.data + 2, f->out.data + 1, f->out.len - 2);
		f->out.data[1] = 1;
		return;
	}
	packed_add(&f->out, kind, message->data, message->len);
}

static void frames_to_an_office_are_held_to_their_limits_too(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Frame *frame = NULL;
	static const struct {
		unsigned kind, field;
		size_t n;
		int rc;
	} cases[] = {
		{ 5, 4, WIRE_HELD_MAX, 0 }, /* Ack.quarantined */
		{ 5, 4, WIRE_HELD_MAX + 1, -EBADMSG },
		{ 5, 4, 100000, -EBADMSG },
		{ 3, 2, 1, 0 }, /* Catalogue.csv */
		{ 3, 2, 2, -EBADMSG },
		{ 10, 3, 1, 0 }, /* Enrolled.catalogue */
		{ 10, 3, 100000, -EBADMSG },
		{ 2, 7, 100000, -EBADMSG }, /* Welcome.office */
		{ 8, 15, 100, 0 },          /* Pong with what a later version may add */
		{ 8, 15, 100000, -EBADMSG },
		{ 16, 1, WIRE_HEADS_MAX, 0 }, /* Heads.head */
		{ 16, 1, WIRE_HEADS_MAX + 1, -EBADMSG },
		{ 14, 5, WIRE_CLOSED_MAX, 0 }, /* Standing.closed, .waiting, .released, .message */
		{ 14, 5, WIRE_CLOSED_MAX + 1, -EBADMSG },
		{ 14, 6, WIRE_WAITING_MAX + 1, -EBADMSG },
		{ 14, 8, WIRE_WAITING_MAX + 1, -EBADMSG },
		{ 14, 10, WIRE_MESSAGES_MAX, 0 },
		{ 14, 10, WIRE_MESSAGES_MAX + 1, -EBADMSG },
		{ 14, 11, WIRE_CLOSED_MAX, 0 }, /* Standing.closing */
		{ 14, 11, WIRE_CLOSED_MAX + 1, -EBADMSG },
		{ 12, 5, 2, -EBADMSG }, /* EditionPiece.data */
		{ 1, 12, 1, 0 },        /* Hello.condition */
		{ 1, 12, 2, -EBADMSG },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct blob message = { 0 };
		field_repeat(&message, cases[i].field, cases[i].n);
		frame_wrap(f, cases[i].kind, &message);
		arena_reset(f->arena);
		int rc = wire_frame_unpack(f->arena, f->out.data, f->out.len, &frame, &f->err);
		if (rc != cases[i].rc)
			fail_msg("case %zu: %d %s", i, rc, f->err.text);
		assert_false(arena_is_full(f->arena));
		blob_free(&message);
	}
}

static void random_values_travel_raw_and_like_ones_small(void **state)
{
	struct fixture *f = *state;
	static struct point points[1000];
	struct run run = { .series = 0, .n = 1000 };
	struct batch batch = { .runs = &run, .n_runs = 1, .points = points, .n_points = 1000 };
	struct dice dice = dice_seeded(1);
	for (uint16_t i = 0; i < 1000; i++)
		points[i] = (struct point){ .nth = i, .value_e = 7 };
	assert_int_equal(wire_batch_encode(&batch, &f->out, &f->err), 0);
	assert_int_equal(f->out.data[0], 1);
	assert_true(f->out.len < 100);
	batch.n_points = run.n = 2;
	points[0].value_e = (int64_t)dice_next(&dice);
	points[1].value_e = (int64_t)dice_next(&dice);
	f->out.len = 0;
	assert_int_equal(wire_batch_encode(&batch, &f->out, &f->err), 0);
	assert_int_equal(f->out.data[0], 0);
}

/* ---- frames ---- */

static int frame_unpack(struct fixture *f, Lantoa__V1__Frame **ret_frame)
{
	arena_reset(f->arena);
	return wire_frame_unpack(f->arena, f->out.data, f->out.len, ret_frame, &f->err);
}

static char office_name[] = "Phường Đạo Thạnh";

static void welcome_pack(struct fixture *f, char *name)
{
	Lantoa__V1__Welcome welcome = LANTOA__V1__WELCOME__INIT;
	welcome.protocol = WIRE_PROTOCOL_MAX;
	welcome.upto = 12;
	welcome.office_name = name;
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	frame.kind_case = LANTOA__V1__FRAME__KIND_WELCOME;
	frame.welcome = &welcome;
	f->out.len = 0;
	assert_int_equal(wire_frame_pack(&frame, &f->out, &f->err), 0);
}

static void a_frame_comes_out_as_it_went_in(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Frame *frame = NULL;
	welcome_pack(f, office_name);
	assert_int_equal(frame_unpack(f, &frame), 0);
	assert_int_equal(frame->kind_case, LANTOA__V1__FRAME__KIND_WELCOME);
	assert_int_equal(frame->welcome->upto, 12);
	assert_string_equal(frame->welcome->office_name, office_name);
}

static void text_that_is_not_utf8_is_refused_however_deep(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Frame *frame = NULL;
	static char bad[] = "Ph\xc0\xaf";
	welcome_pack(f, bad);
	assert_int_equal(frame_unpack(f, &frame), -EBADMSG);
	Lantoa__V1__Quarantined quarantined = LANTOA__V1__QUARANTINED__INIT, *list = &quarantined;
	quarantined.reason = bad;
	Lantoa__V1__Ack ack = LANTOA__V1__ACK__INIT;
	ack.n_quarantined = 1;
	ack.quarantined = &list;
	Lantoa__V1__Frame sent = LANTOA__V1__FRAME__INIT;
	sent.kind_case = LANTOA__V1__FRAME__KIND_ACK;
	sent.ack = &ack;
	f->out.len = 0;
	assert_int_equal(wire_frame_pack(&sent, &f->out, &f->err), 0);
	assert_int_equal(frame_unpack(f, &frame), -EBADMSG);
	assert_non_null(strstr(f->err.text, "UTF-8"));
	assert_null(frame);
}

/* The one byte '#' of a packed message, which no number of it is, becomes a NUL. */
static void nul_put(struct blob *bytes)
{
	uint8_t *at = memchr(bytes->data, '#', bytes->len);
	assert_non_null(at);
	assert_null(memchr(at + 1, '#', bytes->len - (size_t)(at + 1 - bytes->data)));
	*at = 0;
}

/* Unpacked, the text would end there, and nobody would see that it had been another. */
static void a_nul_ends_no_text(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Frame *frame = NULL;
	static char with_mark[] = "app=VN#id", name[] = "Ph#ng", metric[] = "team#count";
	struct parts parts;
	struct batch batch;
	welcome_pack(f, name);
	nul_put(&f->out);
	assert_int_equal(frame_unpack(f, &frame), -EBADMSG);
	assert_string_equal(f->err.text, "frame: a text in it holds a NUL");
	for (int i = 0; i < 2; i++) {
		parts_init(&parts);
		assert_int_equal(parts_decode(f, &parts, &batch), 0);
		assert_false(batch.nul);
		*(i == 0 ? &parts.labels[0] : &parts.metric[0]) = i == 0 ? with_mark : metric;
		(void)parts_decode(f, &parts, &batch);
		nul_put(&f->out);
		arena_reset(f->arena);
		assert_int_equal(
			wire_batch_decode(f->arena, f->out.data, f->out.len, &batch, &f->err), 0);
		assert_true(batch.nul); /* the ledger refuses it: test_journal */
	}
}

/* A province may be hostile to an office, and an office to its province. */
static void what_nobody_can_see_is_marked_and_what_is_long_is_cut(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Frame *frame = NULL;
	static char name[] = "\x1b]0;x\x07 xã\nMAINPID=1 \xe2\x80\xae",
		    endless[4 * WIRE_TEXT_MAX] = "x";
	welcome_pack(f, name);
	assert_int_equal(frame_unpack(f, &frame), 0);
	assert_string_equal(frame->welcome->office_name, "?]0;x? xã MAINPID=1 ?");
	while (strlen(endless) + 3 < sizeof(endless))
		strcat(endless, "ặ");
	f->out.len = 0;
	welcome_pack(f, endless);
	assert_int_equal(frame_unpack(f, &frame), 0);
	assert_int_equal(strlen(frame->welcome->office_name), WIRE_TEXT_MAX);
	assert_true(utf8_valid(frame->welcome->office_name, WIRE_TEXT_MAX));
	static char empty[] = "";
	f->out.len = 0;
	welcome_pack(f, empty);
	assert_int_equal(frame_unpack(f, &frame), 0);
	assert_string_equal(frame->welcome->office_name, "");
}

static void a_frame_is_exactly_one_kind_that_we_know(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Frame *frame = NULL;
	assert_int_equal(frame_unpack(f, &frame), -EBADMSG); /* empty */
	welcome_pack(f, office_name);
	assert_int_equal(blob_append(&f->out, "\x3a\0", 2), 0); /* and a Ping */
	assert_int_equal(frame_unpack(f, &frame), -EBADMSG);
	f->out.len = 0;
	assert_int_equal(blob_append(&f->out, "\xfa\x01\0", 3), 0); /* field 31 */
	assert_int_equal(frame_unpack(f, &frame), -EBADMSG);
	assert_null(frame);
}

static void a_frame_over_the_limit_is_neither_packed_nor_unpacked(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Frame *frame = NULL, sent = LANTOA__V1__FRAME__INIT;
	assert_int_equal(blob_reserve(&f->out, WIRE_FRAME_MAX + 1), 0);
	memset(f->out.data, 0, WIRE_FRAME_MAX + 1);
	f->out.len = WIRE_FRAME_MAX + 1;
	assert_int_equal(frame_unpack(f, &frame), -EMSGSIZE);
	Lantoa__V1__Catalogue catalogue = LANTOA__V1__CATALOGUE__INIT;
	catalogue.csv.data = f->out.data;
	catalogue.csv.len = WIRE_FRAME_MAX;
	sent.kind_case = LANTOA__V1__FRAME__KIND_CATALOGUE;
	sent.catalogue = &catalogue;
	struct blob packed = { 0 };
	assert_int_equal(wire_frame_pack(&sent, &packed, &f->err), -EMSGSIZE);
	assert_int_equal(packed.len, 0);
	blob_free(&packed);
}

static void flip(struct dice *dice, void *context)
{
	struct fixture *f = context;
	Lantoa__V1__Frame *frame = NULL;
	welcome_pack(f, office_name);
	for (int i = 0; i < 30; i++) {
		f->out.data[dice_below(dice, f->out.len)] = (uint8_t)dice_below(dice, 256);
		int rc = frame_unpack(f, &frame);
		assert_true(rc == 0 || rc == -EBADMSG);
	}
}

static void damaged_frames_are_refused_or_well_formed(void **state)
{
	for_all_seeds(300, flip, *state);
}

/* Each of the fields whose length is known, a byte longer and a byte shorter. */
static void bytes_of_another_length_are_refused(void **state)
{
	struct fixture *f = *state;
	static uint8_t bytes[WIRE_PIECE_MAX + 1];
	static const struct {
		size_t chain, digest, data;
		int rc;
	} cases[] = {
		{ 32, 32, WIRE_PIECE_MAX, 0 },
		{ 0, 0, 0, 0 },
		{ 31, 32, 5, -EBADMSG },
		{ 33, 32, 5, -EBADMSG },
		{ 32, 31, 5, -EBADMSG },
		{ 32, 33, 5, -EBADMSG },
		{ 32, 32, WIRE_PIECE_MAX + 1, -EBADMSG },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		Lantoa__V1__Frame pong_frame = LANTOA__V1__FRAME__INIT,
				  piece_frame = LANTOA__V1__FRAME__INIT, *frame = NULL;
		Lantoa__V1__Pong pong = LANTOA__V1__PONG__INIT;
		Lantoa__V1__Head head = LANTOA__V1__HEAD__INIT;
		Lantoa__V1__EditionPiece piece = LANTOA__V1__EDITION_PIECE__INIT;
		head.position = 7;
		head.chain = (ProtobufCBinaryData){ cases[i].chain, bytes };
		pong.head = &head;
		pong_frame.kind_case = LANTOA__V1__FRAME__KIND_PONG;
		pong_frame.pong = &pong;
		piece.version = 1;
		piece.digest = (ProtobufCBinaryData){ cases[i].digest, bytes };
		piece.data = (ProtobufCBinaryData){ cases[i].data, bytes };
		piece_frame.kind_case = LANTOA__V1__FRAME__KIND_EDITION_PIECE;
		piece_frame.edition_piece = &piece;
		f->out.len = 0;
		assert_int_equal(wire_frame_pack(&pong_frame, &f->out, &f->err), 0);
		int rc = frame_unpack(f, &frame);
		f->out.len = 0;
		assert_int_equal(wire_frame_pack(&piece_frame, &f->out, &f->err), 0);
		if (rc == 0)
			rc = frame_unpack(f, &frame);
		if (rc != cases[i].rc)
			fail_msg("case %zu: %d %s", i, rc, f->err.text);
	}
}

/* ---- editions ---- */

static void edition_round_trip(struct dice *dice, void *context)
{
	struct fixture *f = context;
	static uint8_t bytes[300000];
	static char names[4][32];
	Lantoa__V1__Files files = LANTOA__V1__FILES__INIT, *back = NULL;
	Lantoa__V1__File list[4], *pointers[4];
	uint8_t digest[WIRE_EDITION_DIGEST], again[WIRE_EDITION_DIGEST];
	files.file = pointers;
	files.n_file = dice_below(dice, 5);
	bool plain = dice_below(dice, 2);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = plain ? (uint8_t)('a' + i % 7) : (uint8_t)dice_next(dice);
	for (size_t i = 0; i < files.n_file; i++) {
		lantoa__v1__file__init(&list[i]);
		(void)snprintf(names[i], sizeof(names[i]), "%zu.csv", i);
		list[i].name = names[i];
		list[i].data = (ProtobufCBinaryData){ dice_below(dice, sizeof(bytes)), bytes };
		pointers[i] = &list[i];
	}
	f->out.len = 0;
	assert_int_equal(wire_edition_pack(&files, &f->out, &f->err), 0);
	uint64_t version = wire_edition_version(f->out.data, f->out.len, digest);
	assert_true(version != 0);
	arena_reset(f->arena);
	assert_int_equal(wire_edition_unpack(f->arena, f->out.data, f->out.len, &back, &f->err), 0);
	assert_int_equal(back->n_file, files.n_file);
	for (size_t i = 0; i < files.n_file; i++) {
		assert_string_equal(back->file[i]->name, names[i]);
		assert_int_equal(back->file[i]->data.len, list[i].data.len);
		if (list[i].data.len > 0)
			assert_memory_equal(back->file[i]->data.data, bytes, list[i].data.len);
	}
	/* a byte that is another is another edition, or none */
	f->out.data[dice_below(dice, f->out.len)] ^= 1;
	assert_true(wire_edition_version(f->out.data, f->out.len, again) != version);
	arena_reset(f->arena);
	int rc = wire_edition_unpack(f->arena, f->out.data, f->out.len, &back, &f->err);
	assert_true(rc == 0 || rc == -EBADMSG);
}

static void an_edition_comes_out_as_it_went_in(void **state)
{
	for_all_seeds(60, edition_round_trip, *state);
}

static void
editions_that_are_too_large_or_name_a_file_twice_are_neither_made_nor_taken(void **state)
{
	struct fixture *f = *state;
	Lantoa__V1__Files files = LANTOA__V1__FILES__INIT, *back = NULL;
	Lantoa__V1__File file = LANTOA__V1__FILE__INIT, *list[] = { &file, &file };
	static char name[] = "catalogue.csv";
	uint8_t *bytes = calloc(1, WIRE_FILES_LEN_MAX + 1);
	assert_non_null(bytes);
	file.name = name;
	files.file = list;
	files.n_file = 2;
	assert_int_equal(wire_edition_pack(&files, &f->out, &f->err), -EUCLEAN);
	files.n_file = 1;
	file.data = (ProtobufCBinaryData){ WIRE_FILES_LEN_MAX, bytes };
	assert_int_equal(wire_edition_pack(&files, &f->out, &f->err), -EFBIG);
	struct dice dice = dice_seeded(7); /* what does not compress */
	for (size_t i = 0; i < WIRE_EDITION_MAX; i++)
		bytes[i] = (uint8_t)dice_next(&dice);
	file.data.len = WIRE_EDITION_MAX;
	assert_int_equal(wire_edition_pack(&files, &f->out, &f->err), -EFBIG);
	assert_int_equal(f->out.len, 0);
	/* two of one name, as a hostile province packs them */
	static const uint8_t twice[] = "\0\x0a\3\x0a\1a\x0a\3\x0a\1a";
	assert_int_equal(wire_edition_unpack(f->arena, twice, sizeof(twice) - 1, &back, &f->err),
			 -EBADMSG);
	assert_non_null(strstr(f->err.text, "twice"));
	/* and 4 MiB and a byte of zeros, in a few bytes */
	size_t bound = ZSTD_compressBound(WIRE_FILES_LEN_MAX + 1);
	memset(bytes, 0, WIRE_FILES_LEN_MAX + 1);
	assert_int_equal(blob_reserve(&f->out, bound + 1), 0);
	f->out.data[0] = 1;
	f->out.len = 1 + ZSTD_compress(f->out.data + 1, bound, bytes, WIRE_FILES_LEN_MAX + 1, 1);
	arena_reset(f->arena);
	assert_int_equal(wire_edition_unpack(f->arena, f->out.data, f->out.len, &back, &f->err),
			 -EBADMSG);
	assert_non_null(strstr(f->err.text, "more than allowed"));
	/* at the limit it fits the arena */
	arena_reset(f->arena);
	f->out.len = 0;
	file.data = (ProtobufCBinaryData){ WIRE_FILES_LEN_MAX - 100, bytes };
	assert_int_equal(wire_edition_pack(&files, &f->out, &f->err), 0);
	assert_int_equal(wire_edition_unpack(f->arena, f->out.data, f->out.len, &back, &f->err), 0);
	assert_int_equal(back->file[0]->data.len, WIRE_FILES_LEN_MAX - 100);
	free(bytes);
}

/* ---- memory ---- */

static void encode_and_decode_say_so_when_memory_runs_out(void **state)
{
	struct fixture *f = *state;
	struct run run = { .n = 1 };
	struct point point = { .value_e = 5 };
	struct batch batch = { .runs = &run, .n_runs = 1, .points = &point, .n_points = 1 }, back;
	bool fired = true;
	for (unsigned after = 0; fired; after++) {
		blob_free(&f->out);
		struct arena *arena = NULL;
		fault_arm_at(FAULT_MEMORY, after);
		int rc = wire_batch_encode(&batch, &f->out, &f->err);
		if (rc == 0)
			arena = arena_open(WIRE_ARENA_MAX);
		if (arena)
			rc = wire_batch_decode(arena, f->out.data, f->out.len, &back, &f->err);
		fired = fault_disarm();
		assert_true(fired ? rc == -ENOMEM || !arena : rc == 0);
		assert_true(fired || back.points[0].value_e == 5);
		arena_close(arena);
	}
}

static void an_arena_hands_out_zeroed_memory_again_and_again_up_to_its_limit(void **state)
{
	(void)state;
	struct arena *arena = arena_open(1000000);
	assert_non_null(arena);
	for (int round = 0; round < 3; round++) {
		size_t n = 0;
		for (unsigned char *piece; (piece = arena_alloc(arena, 1000)); n++) {
			assert_int_equal((uintptr_t)piece % 16, 0);
			assert_int_equal(piece[0] | piece[500] | piece[999], 0);
			memset(piece, 0xff, 1000);
		}
		assert_int_equal(n, 1000000 / 1008);
		assert_null(arena_alloc(arena, SIZE_MAX));
		arena_reset(arena);
	}
	assert_null(arena_alloc(arena, 1000001));
	assert_non_null(arena_alloc(arena, 0));
	arena_close(arena);
	arena_close(NULL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void the_highest_protocol_that_both_speak_is_spoken(void **state)
{
	(void)state;
	/* every range of 1 to 3 with ours, which is 1 to 3 */
	for (uint32_t min = 1; min <= WIRE_PROTOCOL_MAX; min++)
		for (uint32_t max = min; max <= WIRE_PROTOCOL_MAX; max++)
			assert_int_equal(wire_protocol(min, max), max);
	assert_int_equal(WIRE_PROTOCOL_MAX, 3);
	assert_int_equal(wire_protocol(1, 9), WIRE_PROTOCOL_MAX);
	assert_int_equal(wire_protocol(2, 9), WIRE_PROTOCOL_MAX);
	assert_int_equal(wire_protocol(WIRE_PROTOCOL_MAX + 1, 9), 0);
	assert_int_equal(wire_protocol(0, 0), 0);
	assert_int_equal(wire_protocol(2, 1), 0); /* upside down */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_highest_protocol_that_both_speak_is_spoken),
		test(decode_of_encode_is_the_same_batch),
		test(damaged_payloads_are_refused_or_well_formed),
		test(columns_that_keep_the_rules_are_taken),
		test(each_broken_rule_is_named),
		test(a_zip_bomb_is_refused_before_it_is_unpacked),
		test(two_zstd_frames_in_a_row_are_refused),
		test(a_payload_needs_a_codec_that_is_known),
		test(more_of_a_field_than_is_allowed_is_the_senders_fault),
		test(more_numbers_than_are_allowed_are_refused),
		test(what_the_limits_allow_fits_the_arena),
		test(the_arenas_limit_is_the_senders_fault_too),
		test(every_repeated_field_of_the_protocol_has_a_limit),
		test(frames_to_an_office_are_held_to_their_limits_too),
		test(random_values_travel_raw_and_like_ones_small),
		test(a_frame_comes_out_as_it_went_in),
		test(text_that_is_not_utf8_is_refused_however_deep),
		test(a_nul_ends_no_text),
		test(what_nobody_can_see_is_marked_and_what_is_long_is_cut),
		test(a_frame_is_exactly_one_kind_that_we_know),
		test(a_frame_over_the_limit_is_neither_packed_nor_unpacked),
		test(damaged_frames_are_refused_or_well_formed),
		test(bytes_of_another_length_are_refused),
		test(an_edition_comes_out_as_it_went_in),
		test(editions_that_are_too_large_or_name_a_file_twice_are_neither_made_nor_taken),
		test(encode_and_decode_say_so_when_memory_runs_out),
		test(an_arena_hands_out_zeroed_memory_again_and_again_up_to_its_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
