/* What people say of figures, from their recording to the batches: who typed, notes, and that a
 * report is finished. */
#include "common/model/shape.h"
#include "common/net/wire.h"
#include "spool/repair.h"
#include "spool/spool.h"
#include "support/fault.h"
#include "support/scratch.h"
#include "support/seeds.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_US INT64_C(86400000000)
#define TODAY  20000
#define NOW_US (TODAY * DAY_US)
#define SERIES 3
#define DAYS   2
#define HOURS  4
#define TEXTS  4

static const char *const texts[TEXTS] = { "", "hoa", "một ghi chú", "x" };

struct cell { /* of a series' hour; texts are numbers of texts[] */
	bool known, withdrawn;
	int64_t value_e;
	int author, note;
};

struct view {
	struct cell at[SERIES][DAYS][HOURS];
	int finished[DAYS]; /* 0: nothing said, 1: it is, 2: taken back */
};

struct fixture {
	char folder[SCRATCH_MAX], path[PATH_MAX];
	struct spool *spool;
	struct spool_limits limits;
	struct err err;
	struct arena *arena;
	struct view office, province;
	uint64_t taken; /* by the province */
	int series_of[WIRE_SERIES_MAX];
	size_t n_points; /* of the batches that it took */
	size_t n_said;   /* in those: authors, notes, what is finished */
	int64_t finished_us;
};

static void reopen(struct fixture *f)
{
	spool_close(f->spool);
	f->spool = NULL;
	if (spool_open(f->path, &f->limits, &f->spool, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static void anew(struct fixture *f)
{
	spool_close(f->spool);
	f->spool = NULL;
	(void)unlink(f->path);
	reopen(f);
	memset(&f->office, 0, sizeof(f->office));
	memset(&f->province, 0, sizeof(f->province));
	f->taken = 0;
	f->n_points = f->n_said = 0;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	f->limits = (struct spool_limits){ .bytes_max = 8 << 20, .keep_days = 35 };
	f->arena = arena_open(WIRE_ARENA_MAX);
	assert_non_null(f->arena);
	anew(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	(void)fault_disarm();
	spool_close(f->spool);
	arena_close(f->arena);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static int number_of(const char *text)
{
	for (int i = 0; i < TEXTS; i++)
		if (strcmp(texts[i], text) == 0)
			return i;
	fail_msg("'%s' was never said", text);
	return 0;
}

static struct observation figure(int series, int day, int hour, int64_t value_e)
{
	static char labels[8][8];
	static unsigned next;
	char *own = labels[next++ % 8];
	(void)snprintf(own, 8, "s=%d", series);
	return (struct observation){
		.metric = "office.queue_length",
		.labels = own,
		.period = period_in_day(CALENDAR_CIVIL, GRAIN_HOUR, TODAY + day, (uint32_t)hour),
		.value_e = value_e,
	};
}

static void put(struct fixture *f, const struct observation *obs)
{
	if (spool_record(f->spool, obs, 1, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static void put_said(struct fixture *f, int hour, int64_t value_e, const char *author,
		     const char *note)
{
	struct observation obs = figure(0, 0, hour, value_e);
	obs.author = author;
	obs.note = note;
	put(f, &obs);
}

static struct period day_of(int day)
{
	return period_in_day(CALENDAR_CIVIL, GRAIN_DAY, TODAY + day, 0);
}

/* --- the province --- */

static void take_points(struct fixture *f, const struct batch *batch, const struct run *run)
{
	for (uint32_t i = run->first; i < run->first + run->n; i++) {
		const struct point *point = &batch->points[i];
		struct cell *cell = &f->province.at[f->series_of[run->series]][batch->day - TODAY]
						   [point->nth % HOURS];
		int author = point->author == 0 ? 0 : number_of(batch->authors[point->author - 1]);
		*cell = (struct cell){ .known = true,
				       .withdrawn = point->withdrawn,
				       .value_e = point->withdrawn ? 0 : point->value_e,
				       .author = author };
		for (size_t k = 0; k < batch->n_remarks; k++)
			if (batch->remarks[k].point == i)
				cell->note = number_of(batch->remarks[k].text);
	}
}

static void take_batch(struct fixture *f, uint64_t seq, const struct batch *batch)
{
	static unsigned declared;
	declared = seq == 1 ? 0 : declared;
	for (size_t i = 0; i < batch->n_declared; i++)
		f->series_of[declared++] = atoi(batch->declared[i].labels + 2);
	for (size_t i = 0; i < batch->n_runs; i++)
		take_points(f, batch, &batch->runs[i]);
	for (size_t i = 0; i < batch->n_finished; i++) {
		const struct finishing *finishing = &batch->finished[i];
		f->province.finished[batch->day - TODAY] = finishing->undone ? 2 : 1;
		f->finished_us = finishing->at_us;
	}
	f->n_points += batch->n_points;
	f->n_said += batch->n_authors + batch->n_remarks + batch->n_finished;
}

/* Seal, and have the province take it; how many batches. */
static uint64_t deliver(struct fixture *f)
{
	uint64_t before = f->taken, last;
	bool more;
	do {
		if (spool_seal(f->spool, NOW_US, &last, &more, &f->err) != 0)
			fail_msg("%s", f->err.text);
		while (f->taken < last) {
			struct blob payload = { 0 };
			struct batch batch;
			arena_reset(f->arena);
			assert_int_equal(spool_batch(f->spool, ++f->taken, &payload, &f->err), 0);
			assert_int_equal(wire_batch_decode(f->arena, payload.data, payload.len,
							   &batch, &f->err),
					 0);
			take_batch(f, f->taken, &batch);
			blob_free(&payload);
		}
		assert_int_equal(spool_acked(f->spool, last, NOW_US, &f->err), 0);
	} while (more);
	return f->taken - before;
}

/* --- the law --- */

static const char *some_text(struct dice *dice)
{
	int i = (int)dice_below(dice, TEXTS + 1);
	return i == TEXTS ? NULL : texts[i];
}

static void record_some(struct fixture *f, struct dice *dice)
{
	int series = (int)dice_below(dice, SERIES), day = (int)dice_below(dice, DAYS),
	    hour = (int)dice_below(dice, HOURS);
	struct observation obs = figure(series, day, hour, dice_between(dice, 0, 3));
	struct cell *cell = &f->office.at[series][day][hour];
	obs.author = some_text(dice);
	obs.note = some_text(dice);
	obs.withdrawn = dice_below(dice, 6) == 0;
	obs.add = dice_below(dice, 4) == 0;
	put(f, &obs);
	int64_t value_e =
		obs.withdrawn ? 0 : obs.value_e + (obs.add && cell->known ? cell->value_e : 0);
	bool same = cell->known && cell->withdrawn == obs.withdrawn && cell->value_e == value_e;
	if (same && (!obs.note || number_of(obs.note) == cell->note))
		return;
	*cell = (struct cell){ .known = true,
			       .withdrawn = obs.withdrawn,
			       .value_e = value_e,
			       .author = obs.author ? number_of(obs.author) : 0,
			       .note = obs.note ? number_of(obs.note) : 0 };
}

static bool any_of(const struct fixture *f, int day)
{
	bool any = false;
	for (int series = 0; series < SERIES; series++)
		for (int hour = 0; hour < HOURS; hour++)
			any |= f->office.at[series][day][hour].known;
	return any;
}

/* Hours make no report of a day: what stands for it here is a series counted by the day. */
static void finish_some(struct fixture *f, struct dice *dice)
{
	int day = (int)dice_below(dice, DAYS);
	struct observation daily = {
		.metric = "team.count", .labels = "s=0", .period = day_of(day), .value_e = 0
	};
	struct spool_finished finished = { .period = day_of(day),
					   .undone = dice_below(dice, 3) == 0,
					   .at_us = NOW_US };
	int *said = &f->office.finished[day];
	if (!any_of(f, day))
		return;
	assert_int_equal(spool_record(f->spool, &daily, 1, NULL, &f->err), 0);
	(void)snprintf(finished.author, sizeof(finished.author), "%s",
		       texts[dice_below(dice, TEXTS)]);
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), 0);
	if (*said != 0 || !finished.undone)
		*said = finished.undone ? 2 : 1;
}

static void check_histories(struct dice *dice, void *context)
{
	struct fixture *f = context;
	anew(f);
	for (int step = 0; step < 80; step++) {
		record_some(f, dice);
		if (dice_below(dice, 8) == 0)
			finish_some(f, dice);
		if (dice_below(dice, 5) == 0)
			(void)deliver(f);
		if (dice_below(dice, 15) == 0)
			reopen(f);
		if (dice_below(dice, 30) == 0) {
			assert_int_equal(spool_renew(f->spool, &f->err), 0);
			memset(&f->province, 0, sizeof(f->province));
			f->taken = 0;
		}
	}
	(void)deliver(f);
	for (int day = 0; day < DAYS; day++) /* where the daily one, a series 0, lies, too */
		f->office.at[0][day][0] = f->province.at[0][day][0];
	assert_memory_equal(&f->office, &f->province, sizeof(f->office));
	if (spool_verify(f->spool, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static void the_province_knows_what_was_said_of_what_stands(void **state)
{
	for_all_seeds(25, check_histories, *state);
}

/* --- one by one --- */

static void the_same_value_is_sent_again_for_a_note_alone(void **state)
{
	struct fixture *f = *state;
	put_said(f, 1, 8, "hoa", NULL);
	assert_int_equal(deliver(f), 1);
	put_said(f, 1, 8, "x", NULL);
	assert_int_equal(deliver(f), 0);
	assert_int_equal(f->province.at[0][0][1].author, number_of("hoa"));
	put_said(f, 1, 8, "x", texts[2]);
	assert_int_equal(deliver(f), 1);
	assert_int_equal(f->province.at[0][0][1].author, number_of("x"));
	assert_int_equal(f->province.at[0][0][1].note, 2);
	put_said(f, 1, 8, "x", texts[2]);
	assert_int_equal(deliver(f), 0);
	put_said(f, 1, 9, NULL, NULL); /* the note was about 8 */
	assert_int_equal(deliver(f), 1);
	assert_int_equal(f->province.at[0][0][1].author, 0);
	assert_int_equal(f->province.at[0][0][1].note, 0);
}

static int on_value(void *context, const struct spool_value *value)
{
	char *out = context;
	(void)snprintf(out + strlen(out), 200, "%lld:%s:%s;", (long long)value->obs.value_e,
		       value->obs.author, value->obs.note);
	return 0;
}

static void what_was_said_is_told_with_the_value(void **state)
{
	struct fixture *f = *state;
	char told[2000] = "";
	put_said(f, 1, 8, "hoa", texts[2]);
	put_said(f, 2, 9, NULL, NULL);
	put_said(f, 3, 7, "x", NULL);
	(void)deliver(f);
	reopen(f);
	assert_int_equal(spool_each_newest(f->spool, "office.queue_length", CALENDAR_CIVIL,
					   GRAIN_HOUR, TODAY, 10, on_value, told, &f->err),
			 0);
	assert_string_equal(told, "7:x:;9::;8:hoa:một ghi chú;");
}

/* A province of before takes figures alone; what waits for another goes when it is there. */
static void a_province_that_takes_no_remarks_gets_figures_alone(void **state)
{
	struct fixture *f = *state;
	struct observation daily = { .metric = "team.count", .labels = "s=1", .period = day_of(0) };
	struct spool_finished finished = { .period = day_of(0), .author = "hoa", .at_us = 5 };
	assert_false(spool_use_remarks(f->spool, false));
	put_said(f, 1, 8, "hoa", texts[2]);
	put(f, &daily);
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), 0);
	assert_int_equal(deliver(f), 1);
	assert_int_equal(f->n_said, 0);
	assert_int_equal(f->n_points, 2);
	assert_int_equal(deliver(f), 0);
	assert_true(spool_use_remarks(f->spool, true));
	assert_false(spool_use_remarks(f->spool, true));
	assert_int_equal(deliver(f), 1);
	assert_int_equal(f->n_points, 3);
	assert_int_equal(f->province.finished[0], 1);
	assert_int_equal(f->finished_us, 5);
	assert_int_equal(f->n_said, 3); /* and what was said of the value that went once more */
}

static void finished_is_said_of_a_report_that_has_a_figure(void **state)
{
	struct fixture *f = *state;
	struct spool_finished finished = { .period = day_of(0), .author = "hoa", .at_us = 5 },
			      found;
	struct observation daily = { .metric = "team.count", .labels = "s=1", .period = day_of(0) };
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), -EINVAL);
	put_said(f, 1, 8, NULL, NULL); /* of an hour: another report */
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), -EINVAL);
	put(f, &daily);
	assert_int_equal(deliver(f), 1);
	assert_int_equal(spool_finished_of(f->spool, finished.period, &found, &f->err), -ENOENT);
	finished.undone = true; /* nothing to take back */
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), 0);
	assert_int_equal(deliver(f), 0);
	finished.undone = false;
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), 0);
	assert_int_equal(deliver(f), 1);
	finished.at_us = 9; /* the same again is no news */
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), 0);
	assert_int_equal(deliver(f), 0);
	reopen(f);
	assert_int_equal(spool_finished_of(f->spool, finished.period, &found, &f->err), 0);
	assert_string_equal(found.author, "hoa");
	assert_int_equal(found.at_us, 5);
	assert_int_equal(found.seq, 2);
	assert_false(found.undone);
	assert_int_equal(f->n_points, 3);
}

/* As many as a batch may hold, and more: in several. */
static void what_does_not_fit_into_a_batch_goes_in_the_next(void **state)
{
	struct fixture *f = *state;
	char author[16], note[SPOOL_NOTE_MAX + 1];
	memset(note, 'n', SPOOL_NOTE_MAX);
	note[SPOOL_NOTE_MAX] = '\0';
	struct observation list[24];
	char labels[24][16];
	for (int i = 0; i < 1200; i++) {
		struct observation *obs = &list[i % 24];
		*obs = figure(0, 0, i % 24, i);
		(void)snprintf(labels[i % 24], 16, "s=%d", i / 24);
		(void)snprintf(author, sizeof(author), "u%d", i % 100);
		obs->labels = labels[i % 24];
		obs->author = author;
		obs->note = i % 3 ? "n" : note;
		put(f, obs);
	}
	uint64_t last;
	bool more;
	size_t points = 0, notes = 0;
	assert_int_equal(spool_seal(f->spool, NOW_US, &last, &more, &f->err), 0);
	assert_false(more);
	assert_in_range(last, 12, 31);
	for (uint64_t seq = 1; seq <= last; seq++) {
		struct blob payload = { 0 };
		struct batch batch;
		arena_reset(f->arena);
		assert_int_equal(spool_batch(f->spool, seq, &payload, &f->err), 0);
		assert_int_equal(
			wire_batch_decode(f->arena, payload.data, payload.len, &batch, &f->err), 0);
		for (size_t i = 0; i < batch.n_points; i++) {
			(void)snprintf(author, sizeof(author), "u%d",
				       (int)(batch.points[i].value_e % 100));
			assert_string_equal(batch.authors[batch.points[i].author - 1], author);
		}
		points += batch.n_points;
		notes += batch.n_remarks;
		blob_free(&payload);
	}
	assert_int_equal(points, 1200);
	assert_int_equal(notes, 1200);
}

static void a_name_that_is_ever_another_is_no_author(void **state)
{
	struct fixture *f = *state;
	struct observation list[64];
	char authors[64][16];
	int rc = 0;
	for (int i = 0; i < 4096 + 64 && rc == 0; i += 64) {
		for (int k = 0; k < 64; k++) {
			list[k] = figure(k % 3, 0, k / 3, i + k);
			(void)snprintf(authors[k], 16, "u%d", i + k);
			list[k].author = authors[k];
			list[k].labels = k % 3 == 0 ? "s=0" : k % 3 == 1 ? "s=1" : "s=2";
		}
		rc = spool_record(f->spool, list, 64, NULL, &f->err);
		assert_int_equal(rc, i < 4096 ? 0 : -E2BIG);
	}
	list[0].author = "u17"; /* a known one goes on */
	assert_int_equal(spool_record(f->spool, list, 1, NULL, &f->err), 0);
}

static void nothing_is_half_said_whatever_the_disk_refuses(void **state)
{
	struct fixture *f = *state;
	bool fired = true;
	for (unsigned after = 0; fired; after++) {
		anew(f);
		put_said(f, 1, 8, "hoa", texts[2]);
		(void)deliver(f);
		fault_arm(after);
		struct observation obs = figure(0, 0, 1, 9);
		obs.author = "x";
		obs.note = "x";
		int rc = spool_record(f->spool, &obs, 1, NULL, &f->err);
		fired = fault_disarm();
		reopen(f);
		(void)deliver(f);
		const struct cell *cell = &f->province.at[0][0][1];
		bool new = cell->value_e == 9;
		assert_true(new || rc != 0);
		assert_int_equal(cell->author, number_of(new ? "x" : "hoa"));
		assert_int_equal(cell->note, new ? number_of("x") : 2);
		assert_int_equal(spool_verify(f->spool, &f->err), 0);
	}
}

static void what_was_said_survives_kill_9(void **state)
{
	struct fixture *f = *state;
	spool_close(f->spool);
	f->spool = NULL;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct observation daily = { .metric = "team.count",
					     .labels = "s=1",
					     .period = day_of(0),
					     .author = "hoa",
					     .note = "x" };
		struct spool_finished finished = { .period = day_of(0), .author = "hoa" };
		struct err err;
		if (spool_open(f->path, &f->limits, &f->spool, NULL, &err) != 0 ||
		    spool_record(f->spool, &daily, 1, NULL, &err) != 0 ||
		    spool_finish(f->spool, &finished, &err) != 0)
			_exit(1);
		(void)kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	reopen(f);
	assert_int_equal(deliver(f), 1);
	assert_int_equal(f->province.at[1][0][0].author, 1);
	assert_int_equal(f->province.at[1][0][0].note, 3);
	assert_int_equal(f->province.finished[0], 1);
}

static void notes_go_with_the_values_that_are_trimmed(void **state)
{
	struct fixture *f = *state;
	put_said(f, 1, 8, "hoa", texts[2]);
	(void)deliver(f);
	for (int i = 1; i < 4; i++) {
		struct observation obs = figure(0, i % 2, 2, i);
		put(f, &obs);
		uint64_t last;
		bool more;
		assert_int_equal(spool_seal(f->spool, NOW_US, &last, &more, &f->err), 0);
		assert_int_equal(
			spool_acked(f->spool, last, NOW_US + (40 + 40 * i) * DAY_US, &f->err), 0);
	}
	char told[2000] = "";
	assert_int_equal(spool_each_newest(f->spool, "office.queue_length", CALENDAR_CIVIL,
					   GRAIN_HOUR, TODAY, 10, on_value, told, &f->err),
			 0);
	assert_null(strstr(told, texts[2]));
	if (spool_verify(f->spool, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static void what_was_said_is_brought_back_from_a_damaged_file(void **state)
{
	struct fixture *f = *state;
	char old[PATH_MAX + 8];
	struct spool_repaired repaired;
	struct observation daily = { .metric = "team.count", .labels = "s=1", .period = day_of(0) };
	struct spool_finished finished = { .period = day_of(0), .author = "hoa", .at_us = 5 };
	put_said(f, 1, 8, "hoa", texts[2]);
	put_said(f, 2, 8, "hoa", NULL);
	put(f, &daily);
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), 0);
	(void)deliver(f);
	put_said(f, 2, 9, "x", "x");
	spool_close(f->spool);
	f->spool = NULL;
	(void)snprintf(old, sizeof(old), "%s.old", f->path);
	assert_int_equal(rename(f->path, old), 0);
	anew(f);
	put_said(f, 3, 1, "x", NULL);
	if (spool_repair(f->spool, old, false, &repaired, &f->err) != 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(deliver(f), 1);
	assert_int_equal(f->province.at[0][0][1].author, 1);
	assert_int_equal(f->province.at[0][0][1].note, 2);
	assert_int_equal(f->province.at[0][0][2].value_e, 9);
	assert_int_equal(f->province.at[0][0][2].author, 3);
	assert_int_equal(f->province.at[0][0][2].note, 3);
	assert_int_equal(f->province.at[0][0][3].author, 3);
	assert_int_equal(f->province.finished[0], 1);
	assert_int_equal(spool_verify(f->spool, &f->err), 0);
}

static int on_finished(void *context, const struct spool_finished *finished)
{
	assert_int_equal(finished->at_us, 5);
	*(int *)context += 1;
	return 0;
}

/* I11: no batch is made for it again and again, and what is sound is said. */
static void what_is_damaged_of_a_finished_report_costs_itself_alone(void **state)
{
	static const char sql[] = "INSERT INTO finished VALUES(%d, %" PRId64 ", 0, %d, %d, 0)";
	const struct {
		int64_t shape;
		int at_us, undone;
	} damaged[] = { { shape_pack(CALENDAR_CIVIL, GRAIN_HOUR, 0), 5, 0 },
			{ shape_pack(CALENDAR_CIVIL, GRAIN_DAY, 2), 5, 0 },
			{ shape_pack(CALENDAR_CIVIL, GRAIN_MONTH, 0), 5, 0 }, /* of no first day */
			{ shape_pack(CALENDAR_REPORT, GRAIN_DAY, 0), -5, 0 },
			{ INT32_MAX, 5, 0 },
			{ -1, 5, 7 } };
	struct fixture *f = *state;
	struct observation daily = { .metric = "team.count", .labels = "s=1", .period = day_of(0) };
	struct spool_finished finished = { .period = day_of(0), .at_us = 5 }, found;
	char text[200];
	sqlite3 *db;
	int n = 0;
	put(f, &daily);
	(void)deliver(f);
	spool_close(f->spool);
	f->spool = NULL;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		(void)snprintf(text, sizeof(text), sql, TODAY, damaged[i].shape, damaged[i].at_us,
			       damaged[i].undone);
		assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	reopen(f);
	assert_int_equal(spool_finish(f->spool, &finished, &f->err), 0);
	assert_int_equal(deliver(f), 1);
	assert_int_equal(f->province.finished[0], 1);
	assert_int_equal(deliver(f), 0);
	assert_int_equal(spool_each_finished(f->spool, TODAY, on_finished, &n, &f->err), 0);
	assert_int_equal(n, 1);
	finished.period.calendar = CALENDAR_REPORT;
	assert_int_equal(spool_finished_of(f->spool, finished.period, &found, &f->err), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_province_knows_what_was_said_of_what_stands),
		TEST(the_same_value_is_sent_again_for_a_note_alone),
		TEST(what_was_said_is_told_with_the_value),
		TEST(a_province_that_takes_no_remarks_gets_figures_alone),
		TEST(finished_is_said_of_a_report_that_has_a_figure),
		TEST(what_does_not_fit_into_a_batch_goes_in_the_next),
		TEST(a_name_that_is_ever_another_is_no_author),
		TEST(nothing_is_half_said_whatever_the_disk_refuses),
		TEST(what_was_said_survives_kill_9),
		TEST(notes_go_with_the_values_that_are_trimmed),
		TEST(what_was_said_is_brought_back_from_a_damaged_file),
		TEST(what_is_damaged_of_a_finished_report_costs_itself_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
