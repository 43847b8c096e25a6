/* The store of change.py and export.py, while no aggregator has it.
 *
 *   change_store fill STORE OBSERVATIONS OFFICES    where there is none yet; prints how many
 *                                                   observations, seconds, and the last day
 *   change_store months STORE OBSERVATIONS OFFICES  the same of monthly figures
 *   change_store whole STORE CATALOGUE              imports that file in one transaction, judges
 *                                                   every entry and makes every page anew; prints
 *                                                   the seconds, and how many offices' days
 *   change_store steps STORE CATALOGUE              imports that file in steps as the aggregator
 *                                                   does, or releases what waits where it is "-";
 *                                                   prints how many figures that holds and lets in,
 *                                                   the seconds, and in ms the longest step before
 *                                                   it is in force, that which puts it in force,
 *                                                   and the longest after it, each with its commit:
 *                                                   of time, and likewise of CPU */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/filling.h"
#include "bench/measure.h"
#include "common/model/civil.h"
#include "ledger/change.h"
#include "ledger/follow.h"
#include "registry/offices.h"
#include "schema/event.h"
#include "support/province.h"
#include "support/testbed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fill(char **argv)
{
	const struct filling filling = { .path = argv[2],
					 .observations = strtoull(argv[3], NULL, 10),
					 .offices = (unsigned)strtoul(argv[4], NULL, 10),
					 .monthly = strcmp(argv[1], "months") == 0 };
	struct filled filled = { 0 };
	char last[DAY_TEXT_MAX];
	struct err err = { 0 };
	if (filling.observations == 0 || filling.offices < 1 ||
	    filling.offices > FILLING_OFFICES_MAX)
		return 2;
	(void)filling_fill(&filling, &filled, &err); /* what fails ends the process */
	printf("%" PRIu64 " %.1f %s\n", filled.observations, (double)filled.took_us / 1e6,
	       day_format(filled.next_day - 1, last));
	return 0;
}

static int whole(char **argv)
{
	static struct testbed testbed;
	struct reference *after = NULL;
	struct followed followed;
	size_t len = 0;
	bool changed = false;
	char *csv = file_text(argv[3], &len);
	struct err *err = &testbed.err;
	uint64_t began_us = now_us();
	int64_t at_us = 0;
	if (!csv)
		return 2;
	testbed_open_at(&testbed, argv[2]);
	testbed_acts_at(civil_now_us());
	int rc = db_begin(testbed.db, err);
	if (rc == 0)
		rc = event_time(testbed.db, civil_now_us(), &at_us, err);
	if (rc == 0)
		rc = catalogue_import(testbed.db, csv, len, &changed, err);
	if (rc == 0)
		rc = reference_load(testbed.db, &after, err);
	if (rc == 0)
		rc = ledger_follow_whole(testbed.db, after, at_us, &followed, err);
	if (rc == 0)
		rc = event_append(testbed.db,
				  &(struct event_form){ .who = "bench",
							.kind = "catalogue import",
							.at_us = at_us },
				  NULL, err);
	if (rc == 0)
		rc = db_commit(testbed.db, err);
	if (rc < 0)
		(void)fprintf(stderr, "change_store: %s\n", err->text);
	else
		printf("%.1f %" PRIu64 "\n", (double)(now_us() - began_us) / 1e6,
		       followed.office_days);
	reference_close(after);
	testbed_release(&testbed);
	free(csv);
	return rc < 0;
}

#define STEP_WORK 2000000u /* as changing.c */
#define STEP_US   100000

struct longest { /* of three kinds of steps */
	uint64_t us[3], cpu_us[3];
};

static void longest_note(uint64_t *longest, uint64_t took)
{
	*longest = took > *longest ? took : *longest;
}

static int step(struct testbed *testbed, struct change *change, struct longest *longest)
{
	struct change_state before = { 0 }, after = { 0 };
	struct err *err = &testbed->err;
	uint64_t began_us = now_us(), began_cpu_us = measure_cpu_us();
	int more = 0, rc = db_begin(testbed->db, err);
	if (rc == 0)
		rc = change_read(testbed->db, &before, err);
	if (rc == 0)
		rc = more = change_step(change, testbed->db, testbed->reference, STEP_WORK, STEP_US,
					err);
	if (rc >= 0)
		rc = change_read(testbed->db, &after, err);
	if (rc == 0)
		rc = db_commit(testbed->db, err);
	size_t stage = before.stage >= CHANGE_SETTLING ? 2 : after.stage >= CHANGE_SETTLING;
	longest_note(&longest->us[stage], now_us() - began_us);
	longest_note(&longest->cpu_us[stage], measure_cpu_us() - began_cpu_us);
	testbed_refresh(testbed);
	return rc < 0 ? rc : more;
}

static int steps(char **argv)
{
	static struct testbed testbed;
	const struct steps_cost cost = { 0 };
	const bool release = strcmp(argv[3], "-") == 0;
	struct change_form form = { .kind = release ? CHANGE_RELEASE : CHANGE_CATALOGUE,
				    .who = "bench",
				    .note = "bench" };
	struct change_state state = { 0 };
	struct change *change = change_open();
	struct err *err = &testbed.err;
	char *csv = release ? NULL : file_text(argv[3], &form.len);
	struct longest longest = { 0 };
	uint64_t began_us = now_us();
	int64_t id = 0;
	if ((!csv && !release) || !change)
		return 2;
	form.body = csv;
	testbed_open_at(&testbed, argv[2]);
	testbed_acts_at(civil_now_us());
	int rc = db_begin(testbed.db, err);
	if (rc == 0)
		rc = change_begin(testbed.db, &form, &cost, &id, err);
	if (rc == 0)
		rc = db_commit(testbed.db, err);
	while (rc >= 0 && (rc = step(&testbed, change, &longest)) == 1)
		;
	if (rc == 0)
		rc = change_read(testbed.db, &state, err);
	if (rc == 0)
		rc = state.code;
	if (rc < 0)
		(void)fprintf(stderr, "change_store: %s\n", *err->text ? err->text : state.text);
	else
		printf("%" PRIu64 " %" PRIu64 " %.1f  %.1f %.1f %.1f  %.1f %.1f %.1f\n", state.held,
		       release ? state.rows : 0, (double)(now_us() - began_us) / 1e6,
		       (double)longest.us[0] / 1e3, (double)longest.us[1] / 1e3,
		       (double)longest.us[2] / 1e3, (double)longest.cpu_us[0] / 1e3,
		       (double)longest.cpu_us[1] / 1e3, (double)longest.cpu_us[2] / 1e3);
	change_close(change);
	testbed_release(&testbed);
	free(csv);
	return rc < 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && (strcmp(argv[1], "fill") == 0 || strcmp(argv[1], "months") == 0))
		return fill(argv);
	if (argc == 4 && strcmp(argv[1], "whole") == 0)
		return whole(argv);
	if (argc == 4 && strcmp(argv[1], "steps") == 0)
		return steps(argv);
	(void)fprintf(stderr, "usage: change_store fill|months STORE OBSERVATIONS OFFICES\n"
			      "       change_store whole STORE CATALOGUE\n"
			      "       change_store steps STORE CATALOGUE|-\n");
	return 2;
}
