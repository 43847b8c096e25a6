/* The agent over spools that a disk damaged: never a crash, a hang or a leak; an answer, or an
 * error that says what is the matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/net/wire.h"
#include "spool/repair.h"
#include "spool/spool.h"
#include "support/damage.h"
#include "support/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES 120 /* of each kind; LANTOA_SEEDS=500 makes it a thousand */
#define TODAY 20000

struct fixture {
	char folder[SCRATCH_MAX], path[96], other[96];
	uint8_t *good; /* owned [len] */
	size_t len;
	struct clock *clock;
};

static const struct spool_limits limits = { .bytes_max = 16 << 20, .keep_days = 35 };

/* An error tells what is the matter. */
static void judge(int rc, struct err *err)
{
	if (rc < 0 && (err->code != rc || *err->text == '\0')) {
		print_message("error %d without a sentence: %d '%s'\n", rc, err->code, err->text);
		abort();
	}
	*err = (struct err){ 0 };
}

static void record(struct spool *spool, int32_t day, const char *metric, const char *labels,
		   enum grain grain, int64_t value_e, struct err *err)
{
	struct observation obs = { .metric = metric,
				   .labels = labels,
				   .period = period_in_day(CALENDAR_CIVIL, grain, day, 0),
				   .value_e = value_e };
	for (uint32_t i = 0; i < (grain == GRAIN_HOUR ? 3u : 1u); i++) {
		obs.period = period_in_day(CALENDAR_CIVIL, grain, day, i);
		judge(spool_record(spool, &obs, 1, NULL, err), err);
	}
}

static void fill(struct spool *spool, struct err *err)
{
	uint64_t last = 0;
	bool more = false;
	for (int32_t day = TODAY; day < TODAY + 12; day++) {
		record(spool, day, "queue.length", "", GRAIN_HOUR, day, err);
		record(spool, day, "dossier.count", "k=a", GRAIN_DAY, day, err);
		record(spool, day, "dossier.count", "k=b", GRAIN_DAY, -day, err);
		if (day == TODAY + 5) /* corrected later */
			record(spool, day - 3, "dossier.count", "k=a", GRAIN_DAY, 7, err);
		if (day < TODAY + 10)
			judge(spool_seal(spool, day * INT64_C(86400000000), &last, &more, err),
			      err);
	}
	judge(spool_acked(spool, last / 2, TODAY * INT64_C(86400000000), err), err);
	judge(spool_quarantined(spool, 1, 0, 2, "out of range", err), err);
	judge(spool_fact_set(spool, "office", "A", 1, err), err);
}

/* The undated want a machine whose clock nobody vouches for. */
static void fill_undated(struct spool *spool, struct err *err)
{
	struct observation obs = { .metric = "queue.length",
				   .labels = "",
				   .period = { .grain = GRAIN_HOUR },
				   .value_e = 5,
				   .now = true };
	for (int i = 0; i < 4; i++)
		(void)spool_record(spool, &obs, 1, NULL, err); /* as far as it takes them */
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct spool *spool = NULL;
	struct err err = { 0 };
	if (!f)
		return -1;
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	(void)snprintf(f->other, sizeof(f->other), "%s/fresh.db", f->folder);
	if (spool_open(f->path, &limits, &spool, NULL, &err) < 0)
		fail_msg("%s", err.text);
	fill(spool, &err);
	fill_undated(spool, &err);
	spool_close(spool);
	f->good = damage_read(f->path, &f->len);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	scratch_remove(f->folder);
	free(f->good);
	free(f);
	return 0;
}

static void clear(const struct fixture *f)
{
	char command[160];
	(void)snprintf(command, sizeof(command), "rm -f %s/*", f->folder);
	assert_int_equal(system(command), 0);
}

static void by_bytes(struct dice *dice, void *context)
{
	struct fixture *f = context;
	uint8_t *data = malloc(f->len);
	assert_non_null(data);
	memcpy(data, f->good, f->len);
	damage_bytes(dice, data, f->len);
	clear(f);
	damage_write(f->path, data, f->len);
	free(data);
}

static void by_cells(struct dice *dice, void *context)
{
	struct fixture *f = context;
	clear(f);
	damage_write(f->path, f->good, f->len);
	damage_cells(dice, f->path);
}

static int on_refusal(void *context, const struct spool_refusal *refusal)
{
	*(size_t *)context +=
		strlen(refusal->metric) + strlen(refusal->labels) + strlen(refusal->reason);
	return 0;
}

static int on_entry(void *context, const struct spool_entry *entry)
{
	*(size_t *)context += entry->bytes;
	return 0;
}

static int on_value(void *context, const struct observation *obs)
{
	char text[PERIOD_TEXT_MAX];
	*(size_t *)context += strlen(obs->metric) + strlen(obs->labels) +
			      strlen(period_format(obs->period, text)) + obs->decimals;
	return 0;
}

static int on_newest(void *context, const struct spool_value *value)
{
	return on_value(context, &value->obs);
}

static int on_start(void *context, const struct spool_start *start)
{
	*(size_t *)context += strlen(start->boot) + strlen(start->metrics) +
			      (start->reason ? strlen(start->reason) : 0);
	return 0;
}

static void look(struct spool *spool, struct err *err)
{
	struct spool_status status;
	size_t sum = 0;
	judge(spool_status(spool, &status, err), err);
	judge(spool_each_refusal(spool, 100, on_refusal, &sum, err), err);
	judge(spool_each_batch(spool, on_entry, &sum, err), err);
	judge(spool_each_current(spool, on_value, &sum, err), err);
	judge(spool_each_newest(spool, "dossier.count", CALENDAR_CIVIL, GRAIN_DAY, TODAY + 20, 4,
				on_newest, &sum, err),
	      err);
	judge(spool_each_start(spool, on_start, &sum, err), err);
	judge(spool_verify(spool, err), err);
}

static void work(struct spool *spool, struct err *err)
{
	struct blob out = { 0 };
	uint64_t last = 0, figures = 0;
	int64_t value_e;
	unsigned decimals;
	bool more, withdrawn, matches;
	fill(spool, err);
	*err = (struct err){ 0 };
	judge(spool_current(spool, "dossier.count", "k=a",
			    period_in_day(CALENDAR_CIVIL, GRAIN_DAY, TODAY + 2, 0), &value_e,
			    &decimals, &withdrawn, err),
	      err);
	judge(spool_seal(spool, TODAY * INT64_C(86400000000), &last, &more, err), err);
	for (uint64_t seq = 1; seq < 16; seq++) {
		static const uint8_t digest[WIRE_DIGEST_LEN];
		out.len = 0;
		judge(spool_batch(spool, seq, &out, err), err);
		judge(spool_matches(spool, seq, digest, sizeof(digest), &matches, err), err);
	}
	blob_free(&out);
	struct spool_assigned assigned;
	judge(spool_assign(spool, 1, TODAY * INT64_C(86400000000), &assigned, err), err);
	judge(spool_drop_start(spool, 1, &figures, err), err);
	judge(spool_fact_get(spool, "office", &out, err), err);
	blob_free(&out);
	judge(spool_acked(spool, last, TODAY * INT64_C(86400000000), err), err);
	judge(spool_renew(spool, err), err);
}

static void use(struct dice *dice, void *context)
{
	const struct fixture *f = context;
	struct spool *spool = NULL, *fresh = NULL;
	struct spool_repaired repaired;
	char aside[4200] = "";
	struct err err = { 0 };
	bool repair_first = dice_below(dice, 2) == 0;
	if (repair_first) {
		judge(spool_open(f->other, &limits, &fresh, NULL, &err), &err);
		judge(spool_repair(fresh, f->path, dice_below(dice, 2) == 0, &repaired, &err),
		      &err);
		spool_close(fresh);
	}
	int rc = spool_open(f->path, &limits, &spool, aside, &err);
	judge(rc, &err);
	if (rc < 0)
		return;
	look(spool, &err);
	work(spool, &err);
	look(spool, &err);
	if (*aside)
		judge(spool_repair(spool, aside, false, &repaired, &err), &err);
	spool_close(spool);
}

static void bytes_that_a_disk_changed_harm_no_agent(void **state)
{
	damage_try(FILES, by_bytes, use, *state);
}

static void cells_that_hold_anything_harm_no_agent(void **state)
{
	damage_try(FILES, by_cells, use, *state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_that_a_disk_changed_harm_no_agent, setup,
						teardown),
		cmocka_unit_test_setup_teardown(cells_that_hold_anything_harm_no_agent, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
