#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/changes.h"
#include "ledger/change.h"
#include "ledger/follow.h"
#include "registry/office_register.h"
#include "registry/units_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 1000

struct measured {
	const char *name;
	void (*make)(const struct changes_input *input);
};

/* @text with @from, which is there, once replaced. The caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t room = strlen(text) + strlen(to) + 1;
	char *made = malloc(room);

	assert_non_null(at);
	assert_non_null(made);
	(void)snprintf(made, room, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return made;
}

static void import_catalogue(const struct changes_input *input, const char *from, const char *to)
{
	char *text = replaced(input->catalogue, from, to);
	bool changed = false;

	assert_int_equal(catalogue_import(input->testbed->db, text, strlen(text), &changed,
					  &input->testbed->err),
			 0);
	assert_true(changed);
	free(text);
}

static void label(const struct changes_input *input)
{
	import_catalogue(input, "\nm0,x,", "\nm0,y,");
}

/* A column that the catalogue does not know is kept as a note. */
static void note(const struct changes_input *input)
{
	import_catalogue(input, ",1,,,\n", ",1,,,by law\n");
}

static void new_metric(const struct changes_input *input)
{
	import_catalogue(input, "\nm0,", "\nnew,x,x,x,flow,sum,sum,day,,0,0,commune,1,,,\nm0,");
}

/* A limit that no figure breaks: all of the metric's are judged. */
static void limit(const struct changes_input *input)
{
	import_catalogue(input, ",1,,,\n", ",1,,1000000,\n");
}

static void unit_renamed(const struct changes_input *input)
{
	char *text = replaced(input->units, "Tỉnh Tiền Giang", "Tỉnh Tiền");
	size_t changed = 0;

	assert_int_equal(units_import(input->testbed->db, text, strlen(text), &changed,
				      &input->testbed->err),
			 0);
	assert_true(changed > 0);
	free(text);
}

static void office_moved(const struct changes_input *input)
{
	char detail[OFFICE_MOVE_DETAIL_MAX];
	bool changed = false;

	assert_int_equal(office_reassign(input->testbed->db, input->office, input->unit,
					 input->moves_on, detail, &changed, &input->testbed->err),
			 0);
	assert_true(changed);
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Milliseconds of CPU, the change itself and its look at what changed included. */
static double once(const struct changes_input *input, const struct measured *change, bool whole,
		   uint64_t *ret_days)
{
	struct testbed *testbed = input->testbed;
	struct reference *after = NULL;
	struct followed followed = { 0 };
	double began = input->now_s(), took;
	int rc = db_begin(testbed->db, &testbed->err);

	assert_int_equal(rc, 0);
	change->make(input);
	assert_int_equal(reference_load(testbed->db, &after, &testbed->err), 0);
	rc = whole ? ledger_follow_whole(testbed->db, after, testbed_time(testbed), &followed,
					 &testbed->err)
		   : ledger_follow(testbed->db, testbed->reference, after, testbed_time(testbed),
				   &followed, &testbed->err);
	assert_int_equal(rc, 0);
	took = (input->now_s() - began) * 1e3;
	assert_true(whole || !followed.whole);
	testbed_exec(testbed, "ROLLBACK");
	reference_close(after);
	*ret_days = followed.office_days;
	return took;
}

static double median(const struct changes_input *input, const struct measured *change, bool whole,
		     int runs, uint64_t *ret_days)
{
	static double took[RUNS_MAX];

	for (int i = 0; i < runs; i++)
		took[i] = once(input, change, whole, ret_days);
	qsort(took, (size_t)runs, sizeof(took[0]), by_time);
	return took[runs / 2];
}

void changes_measure(const struct changes_input *input)
{
	static const struct measured changes[] = {
		{ "a label", label },           { "a note", note },
		{ "a new metric", new_metric }, { "a unit's name", unit_renamed },
		{ "a metric's limit", limit },  { "an office moved", office_moved },
	};

	printf("%-20s %12s %12s %12s\n", "change", "ms", "whole, ms", "office days");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint64_t days, all;
		double by_change = median(input, &changes[i], false, input->runs, &days);
		double whole = median(input, &changes[i], true, input->runs / 3 + 1, &all);

		printf("%-20s %12.1f %12.1f %12llu\n", changes[i].name, by_change, whole,
		       (unsigned long long)days);
	}
}

/* --- in steps --- */

struct stepped {
	double total_ms, longest_ms;
	unsigned n;
};

static void steps_make(const struct changes_input *input, const char *catalogue,
		       struct stepped *ret)
{
	struct testbed *testbed = input->testbed;
	const struct change_form form = { .kind = CHANGE_CATALOGUE,
					  .who = "bench",
					  .note = "",
					  .body = catalogue,
					  .len = strlen(catalogue) };
	struct change *change = change_open();
	struct steps_cost cost = { 0 };
	int64_t id = 0;
	int rc = 1;

	*ret = (struct stepped){ 0 };
	assert_non_null(change);
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	assert_int_equal(change_begin(testbed->db, &form, &cost, &id, &testbed->err), 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	while (rc == 1) {
		double began = input->now_s(), took;

		assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
		rc = change_step(change, testbed->db, testbed->reference, CHANGE_AT_ONCE, 100000,
				 &testbed->err);
		assert_true(rc >= 0);
		assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
		testbed_refresh(testbed);
		took = (input->now_s() - began) * 1e3;
		ret->total_ms += took;
		ret->longest_ms = took > ret->longest_ms ? took : ret->longest_ms;
		ret->n++;
	}
	change_close(change);
}

void changes_measure_steps(const struct changes_input *input)
{
	static const struct {
		const char *name, *old, *new;
	} changes[] = {
		{ "a metric's limit", ",1,,,\n", ",1,,1000000,\n" },
		{ "days until due", ",1,,,\n", ",9,,,\n" },
	};

	printf("%-20s %12s %12s %12s\n", "change in steps", "steps", "longest, ms", "all, ms");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *text = replaced(input->catalogue, changes[i].old, changes[i].new);
		struct stepped there, back;

		steps_make(input, text, &there);
		steps_make(input, input->catalogue, &back); /* the store is as it was */
		printf("%-20s %12u %12.1f %12.1f\n", changes[i].name, there.n,
		       there.longest_ms > back.longest_ms ? there.longest_ms : back.longest_ms,
		       there.total_ms);
		free(text);
	}
}
