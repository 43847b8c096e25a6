#include "common/net/wire.h"
#include "spool/spool.h"
#include "support/fault.h"
#include "support/scratch.h"
#include "support/seeds.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#define DAY_US INT64_C(86400000000)
#define TODAY  20000
#define NOW_US (TODAY * DAY_US)

struct fixture {
	char folder[SCRATCH_MAX], path[PATH_MAX];
	struct spool *spool;
	struct spool_limits limits;
	struct err err;
};

static void reopen(struct fixture *f)
{
	spool_close(f->spool);
	f->spool = NULL;
	int rc = spool_open(f->path, &f->limits, &f->spool, NULL, &f->err);
	if (rc != 0)
		fail_msg("%s", f->err.text);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	f->limits = (struct spool_limits){ .bytes_max = 8 << 20, .keep_days = 35 };
	reopen(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	(void)fault_disarm(); /* a failed test leaves it armed */
	spool_close(f->spool);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static struct observation figure(const char *metric, int32_t day, int64_t value_e)
{
	return (struct observation){
		.metric = metric,
		.labels = "",
		.period = { .calendar = CALENDAR_CIVIL, .grain = GRAIN_DAY, .number = day },
		.value_e = value_e,
	};
}

static void put(struct fixture *f, const struct observation *obs)
{
	if (spool_record(f->spool, obs, 1, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static uint64_t seal(struct fixture *f)
{
	uint64_t last = UINT64_MAX;
	bool more;
	if (spool_seal(f->spool, NOW_US, &last, &more, &f->err) != 0)
		fail_msg("%s", f->err.text);
	return last;
}

static struct spool_status status(struct fixture *f)
{
	struct spool_status found;
	assert_int_equal(spool_status(f->spool, &found, &f->err), 0);
	return found;
}

static int64_t current(struct fixture *f, const struct observation *obs)
{
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	int rc = spool_current(f->spool, obs->metric, obs->labels, obs->period, &value_e, &decimals,
			       &withdrawn, &f->err);
	if (rc != 0)
		fail_msg("%s", f->err.text);
	return withdrawn ? INT64_MIN : value_e;
}

static void verified(struct fixture *f)
{
	if (spool_verify(f->spool, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static void equal_value_is_not_sealed_again(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 7);
	put(f, &obs);
	assert_int_equal(seal(f), 1);
	put(f, &obs);
	assert_int_equal(status(f).unsealed, 0);
	assert_int_equal(seal(f), 1);
	obs.value_e = 8;
	put(f, &obs);
	assert_int_equal(seal(f), 2);
	verified(f);
}

static void add_goes_on_from_the_sealed_value_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 7);
	put(f, &obs);
	seal(f);
	reopen(f);
	obs.add = true;
	obs.value_e = 3;
	put(f, &obs);
	assert_int_equal(current(f, &obs), 10);
	obs.value_e = INT64_MAX;
	assert_int_equal(spool_record(f->spool, &obs, 1, NULL, &f->err), -ERANGE);
	assert_int_equal(current(f, &obs), 10);
}

/* Otherwise 3 would take the place of 7 at the province. */
struct seen {
	char text[1024];
};

static int see(void *context, const struct spool_value *value)
{
	struct seen *seen = context;
	char period[PERIOD_TEXT_MAX];
	size_t len = strlen(seen->text);
	(void)snprintf(seen->text + len, sizeof(seen->text) - len, "%s %s=%lld%s in %llu|",
		       value->obs.labels, period_format(value->obs.period, period),
		       (long long)value->obs.value_e, value->obs.withdrawn ? " withdrawn" : "",
		       (unsigned long long)value->seq);
	return 0;
}

static struct observation month(const char *labels, const char *text, int64_t value_e)
{
	struct observation obs = { .metric = "team.count", .labels = labels, .value_e = value_e };
	struct err err;
	assert_int_equal(period_parse(text, CALENDAR_CIVIL, &obs.period, &err), 0);
	return obs;
}

static void assert_newest(struct fixture *f, int32_t until_day, unsigned most, const char *expected)
{
	struct seen seen = { "" };
	assert_int_equal(spool_each_newest(f->spool, "team.count", CALENDAR_CIVIL, GRAIN_MONTH,
					   until_day, most, see, &seen, &f->err),
			 0);
	assert_string_equal(seen.text, expected);
}

static void newest_values_come_series_by_series(void **state)
{
	struct fixture *f = *state;
	struct observation gone = month("app=a", "2024-03", 0),
			   day = figure("team.count", 19800, 9);
	struct observation first[] = { month("app=b", "2024-01", 1), month("app=a", "2024-01", 2),
				       month("app=a", "2024-02", 3) };
	for (size_t i = 0; i < 3; i++)
		put(f, &first[i]);
	assert_int_equal(seal(f), 2);
	gone.withdrawn = true;
	put(f, &gone);
	put(f, &day); /* of another grain: not of these series */
	assert_newest(f, DAY_MAX, 2,
		      "app=a 2024-03=0 withdrawn in 0|app=a 2024-02=3 in 2|app=b 2024-01=1 in 1|");
	assert_newest(f, day_from_civil(2024, 2, 29), 1,
		      "app=a 2024-02=3 in 2|app=b 2024-01=1 in 1|");
	assert_newest(f, day_from_civil(2023, 12, 31), 9, "");
}

static bool is_kept(struct fixture *f, int32_t day)
{
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	struct observation obs = figure("team.count", day, 0);
	int rc = spool_current(f->spool, "team.count", "", obs.period, &value_e, &decimals,
			       &withdrawn, &f->err);
	assert_true(rc == 0 || rc == -ENOENT);
	return rc == 0;
}

/* Figures of that day, one at a time, and an ack for each. */
static void acks_come(struct fixture *f, int64_t at_us, unsigned n)
{
	struct observation new_day = figure("team.count", (int32_t)(at_us / DAY_US), 1);
	for (unsigned acks = 0; acks < n; acks++) {
		new_day.value_e++;
		put(f, &new_day);
		assert_int_equal(spool_acked(f->spool, seal(f), at_us, &f->err), 0);
	}
}

static void values_of_months_stay_for_two_years_more(void **state)
{
	struct fixture *f = *state;
	struct observation days = figure("team.count", TODAY - 60, 1);
	struct observation months[] = { month("", "2022-07", 7), month("", "2022-10", 10) };
	put(f, &days);
	put(f, &months[0]);
	put(f, &months[1]);
	assert_int_equal(spool_acked(f->spool, seal(f), NOW_US, &f->err), 0);
	assert_true(is_kept(f, TODAY - 60)); /* it came today */
	acks_come(f, NOW_US + 36 * DAY_US, 1);
	assert_false(is_kept(f, TODAY - 60));
	assert_newest(f, DAY_MAX, 9, " 2022-10=10 in 2|");
	verified(f);
}

static void add_is_refused_where_the_value_may_have_been_trimmed(void **state)
{
	struct fixture *f = *state;
	struct observation old = figure("team.count", TODAY - 60, 7), add = old, kept = old;
	put(f, &old);
	kept.period.number = TODAY - 30;
	put(f, &kept);
	assert_int_equal(spool_acked(f->spool, seal(f), NOW_US - 36 * DAY_US, &f->err), 0);
	acks_come(f, NOW_US, 1);
	reopen(f);
	add.add = kept.add = true;
	add.value_e = kept.value_e = 3;
	assert_int_equal(spool_record(f->spool, &add, 1, NULL, &f->err), -ESTALE);
	put(f, &kept);
	assert_int_equal(current(f, &kept), 10);
	add.add = false;
	put(f, &add); /* the whole value is welcome, */
	add.add = true;
	put(f, &add); /* and then there is something to add to */
	assert_int_equal(current(f, &add), 6);
	verified(f);
}

static void withdrawing_is_news_and_adding_starts_from_nothing_then(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 7), gone = obs, add = obs;
	gone.withdrawn = true;
	add.add = true;
	put(f, &obs);
	seal(f);
	put(f, &gone);
	assert_int_equal(current(f, &obs), INT64_MIN);
	assert_int_equal(seal(f), 2);
	put(f, &add);
	assert_int_equal(current(f, &obs), 7);
}

static void other_decimals_move_the_figure_to_a_new_series(void **state)
{
	struct fixture *f = *state;
	struct observation whole = figure("dti.score", TODAY, 7), fine = whole;
	fine.decimals = 2;
	fine.value_e = 25;
	fine.add = true;
	put(f, &whole);
	seal(f);
	put(f, &fine);
	assert_int_equal(current(f, &whole), 725);
	assert_int_equal(seal(f), 2);
	put(f, &whole); /* back again: must be sent, though 7 was sealed before */
	assert_int_equal(seal(f), 3);
	verified(f);
}

static struct observation labelled(const char *labels, int64_t value_e)
{
	struct observation obs = figure("dossiers", TODAY, value_e);
	obs.labels = labels;
	return obs;
}

static int count_series(void *context, const struct spool_value *value)
{
	unsigned *n = context;
	(void)value;
	++*n;
	return 0;
}

/* However it is typed, and whether in one call or after a restart. */
static void a_label_typed_in_another_way_is_the_same_figure(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;
	struct observation both[] = { labelled("sector=Đất đai", 6), labelled("sector=đất  ĐAI", 6),
				      labelled("sector=Hộ tịch", 4) };
	assert_int_equal(spool_record(f->spool, both, 3, NULL, &f->err), 0);
	assert_int_equal(current(f, &both[0]), 6);
	assert_int_equal(current(f, &both[1]), 6);
	reopen(f);
	struct observation again = labelled("sector=đất đai", 7);
	put(f, &again);
	struct observation more[] = { again, labelled("sector=đất đai", 8),
				      labelled("sector=ĐẤT ĐAI", 7) }; /* the last one counts */
	assert_int_equal(spool_record(f->spool, more, 2, NULL, &f->err), 0);
	assert_int_equal(current(f, &both[0]), 8);
	put(f, &more[2]);
	assert_int_equal(current(f, &both[0]), 7);
	again = labelled("sector=Đắt đai", 1); /* another word */
	put(f, &again);
	assert_int_equal(current(f, &both[0]), 7);
	assert_int_equal(spool_each_newest(f->spool, "dossiers", CALENDAR_CIVIL, GRAIN_DAY, TODAY,
					   1, count_series, &n, &f->err),
			 0);
	assert_int_equal(n, 3);
	verified(f);
}

static struct observation part(const char *labels, int64_t value_e)
{
	struct observation obs = labelled(labels, value_e);
	obs.one_kind = true;
	return obs;
}

static void assert_clashes(struct fixture *f, const struct observation obs[], size_t n, size_t bad,
			   const char *sentence)
{
	size_t at = SIZE_MAX;
	assert_int_equal(spool_record(f->spool, obs, n, &at, &f->err), -EEXIST);
	assert_int_equal(at, bad);
	assert_string_equal(f->err.text, sentence);
	assert_int_equal(status(f).refused_rc, 0);
}

/* A total of 10 beside parts of 4 and 6 would be 20 at the province. */
static void a_whole_and_its_parts_do_not_stand_together(void **state)
{
	struct fixture *f = *state;
	size_t left_out = 0;
	struct observation whole = part("", 10),
			   parts[] = { part("sector=land", 4), part("sector=tax", 6) },
			   gone = part("", 0);
	put(f, &whole);
	assert_clashes(f, parts, 2, 0,
		       "dossiers of 2024-10-04 stands undivided, with the value 10, and this part "
		       "of it would count besides. If the parts are to count, withdraw the whole "
		       "first, then hand them in");
	assert_int_equal(spool_record_good(f->spool, parts, 2, &left_out, &f->err), 0);
	assert_int_equal(left_out, 2);
	/* One call takes the one back and hands the others in, in whatever order. */
	gone.withdrawn = true;
	struct observation all[] = { parts[0], gone, parts[1] };
	assert_int_equal(spool_record(f->spool, all, 3, NULL, &f->err), 0);
	assert_int_equal(current(f, &whole), INT64_MIN);
	assert_clashes(f, &whole, 1, 0,
		       "dossiers of 2024-10-04 stands divided: 'sector=land' has the value 4, and "
		       "this would count besides. Hand in the parts alone, which add up to the "
		       "whole; if the whole is to count undivided, withdraw each part first");
	/* As it advises: */
	for (size_t i = 0; i < 2; i++) {
		parts[i].withdrawn = true;
		put(f, &parts[i]);
		parts[i].withdrawn = false;
	}
	put(f, &whole);
	assert_int_equal(current(f, &whole), 10);
	put(f, &gone);
	assert_int_equal(spool_record(f->spool, parts, 2, NULL, &f->err), 0);
	/* Another period is another figure, and what may add does. */
	whole.period.number++;
	put(f, &whole);
	whole.period.number--;
	whole.one_kind = false;
	put(f, &whole);
	/* What stands together since an earlier release may be said again as it is. */
	put(f, &parts[0]);
	assert_int_equal(spool_record_good(f->spool, parts, 2, &left_out, &f->err), 0);
	assert_int_equal(left_out, 0);
	verified(f);
}

static void record_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	struct observation obs[] = { figure("a.a", TODAY, 1), figure("b.b", TODAY, INT64_MAX) };
	put(f, &obs[1]);
	obs[1].add = true;
	size_t bad = 99;
	assert_int_equal(spool_record(f->spool, obs, 2, &bad, &f->err), -ERANGE);
	assert_int_equal(bad, 1);
	assert_int_equal(status(f).unsealed, 1);
}

/* Values of a series are changed together: what a call that failed changed of them is gone. */
static void what_failed_is_not_recorded_by_the_next(void **state)
{
	struct fixture *f = *state;
	struct observation obs[] = { figure("a.a", TODAY, 7), figure("a.a", TODAY, INT64_MAX) };
	obs[0].period = period_in_day(CALENDAR_CIVIL, GRAIN_MINUTE, TODAY, 3);
	obs[1].period = obs[0].period;
	obs[1].add = true;
	put(f, &obs[0]);
	obs[0].value_e = 8;
	assert_int_equal(spool_record(f->spool, obs, 2, NULL, &f->err), -ERANGE);
	assert_int_equal(current(f, &obs[0]), 7);
	struct observation next = obs[0];
	next.period = period_in_day(CALENDAR_CIVIL, GRAIN_MINUTE, TODAY, 4);
	put(f, &next);
	reopen(f);
	assert_int_equal(current(f, &obs[0]), 7);
	assert_int_equal(current(f, &next), 8);
}

struct promise { /* a call that is all or nothing */
	void (*prepare)(struct fixture *f);
	int (*call)(struct fixture *f);
	bool (*done)(struct fixture *f);
};

static void afresh(struct fixture *f, const struct promise *promise)
{
	char journal[PATH_MAX + 16];
	spool_close(f->spool);
	f->spool = NULL;
	(void)snprintf(journal, sizeof(journal), "%s-journal", f->path);
	(void)unlink(f->path);
	(void)unlink(journal);
	reopen(f);
	promise->prepare(f);
	assert_false(promise->done(f));
}

/* Fail the first operation, the second, ... until the call outlives them. Each failure leaves the
 * spool as it was, as seen at once and by whoever opens the file next. Only when the disk is gone
 * for good may a failed call have been done (its commit's last sync failed): whole, or not at
 * all. */
static void hold_against(struct fixture *f, const struct promise *promise, unsigned doors)
{
	for (unsigned after = 0;; after++) {
		assert_true(after < 500);
		afresh(f, promise);
		fault_arm_at(doors, after);
		int rc = promise->call(f);
		bool fired = fault_disarm();
		if (rc != 0 && !(doors & FAULT_STAYS))
			assert_false(promise->done(f));
		reopen(f);
		verified(f);
		bool done = promise->done(f); /* checks that nothing is half done */
		if (rc == 0 || !(doors & FAULT_STAYS))
			assert_int_equal(done, rc == 0);
		if (!fired)
			return;
	}
}

static void hold_against_all(struct fixture *f, const struct promise *promise)
{
	static const unsigned doors[] = { FAULT_DISK, FAULT_FULL, FAULT_MEMORY,
					  FAULT_DISK | FAULT_STAYS, FAULT_FULL | FAULT_STAYS };
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		hold_against(f, promise, doors[i]);
}

static void prepare_sealed(struct fixture *f)
{
	struct observation first = figure("z.z", TODAY - 1, 1);
	put(f, &first);
	seal(f);
}

static void prepare_unsealed(struct fixture *f)
{
	struct observation next[] = { figure("a.a", TODAY, 1), figure("z.z", TODAY, 2) };
	prepare_sealed(f);
	assert_int_equal(spool_record(f->spool, next, 2, NULL, &f->err), 0);
}

static int call_record(struct fixture *f)
{
	struct observation two[] = { figure("a.a", TODAY, 1), figure("z.z", TODAY - 1, 2) };
	return spool_record(f->spool, two, 2, NULL, &f->err);
}

static bool done_record(struct fixture *f)
{
	uint64_t unsealed = status(f).unsealed;
	assert_true(unsealed == 0 || unsealed == 2);
	return unsealed == 2;
}

static int call_seal(struct fixture *f)
{
	uint64_t last;
	bool more;
	return spool_seal(f->spool, NOW_US, &last, &more, &f->err);
}

static bool done_seal(struct fixture *f)
{
	struct spool_status found = status(f);
	bool done = found.last_seq == 2;
	assert_int_equal(found.waiting_batches, done ? 2 : 1);
	assert_int_equal(found.unsealed, done ? 0 : 2);
	return done;
}

static int call_ack(struct fixture *f)
{
	return spool_acked(f->spool, 1, NOW_US + 50 * DAY_US, &f->err);
}

static bool done_ack(struct fixture *f)
{
	struct spool_status found = status(f);
	assert_int_equal(found.waiting_batches, found.acked_seq == 1 ? 0 : 1);
	return found.acked_seq == 1;
}

static void recording_is_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	hold_against_all(*state, &(struct promise){ prepare_sealed, call_record, done_record });
}

static void sealing_is_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	hold_against_all(*state, &(struct promise){ prepare_unsealed, call_seal, done_seal });
}

static void acks_are_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	hold_against_all(*state, &(struct promise){ prepare_sealed, call_ack, done_ack });
}

static void what_was_recorded_survives_kill_9(void **state)
{
	struct fixture *f = *state;
	spool_close(f->spool);
	f->spool = NULL;
	struct observation obs = figure("team.count", TODAY, 5);
	for (int round = 1; round <= 5; round++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) { /* dies without closing anything */
			uint64_t last;
			bool more;
			obs.add = true;
			int rc = spool_open(f->path, &f->limits, &f->spool, NULL, &f->err);
			rc = rc ? rc : spool_record(f->spool, &obs, 1, NULL, &f->err);
			if (rc == 0 && round % 2)
				rc = spool_seal(f->spool, NOW_US, &last, &more, &f->err);
			_exit(rc == 0 ? 0 : 1);
		}
		int result;
		assert_int_equal(waitpid(child, &result, 0), child);
		assert_int_equal(result, 0);
	}
	reopen(f);
	assert_int_equal(current(f, &obs), 25);
	assert_int_equal(status(f).last_seq, 3);
	verified(f);
}

static void two_processes_cannot_share_it(void **state)
{
	struct fixture *f = *state;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct spool *second;
		int rc = spool_open(f->path, &f->limits, &second, NULL, &f->err);
		_exit(rc == -EBUSY ? 0 : 1);
	}
	int result;
	assert_int_equal(waitpid(child, &result, 0), child);
	assert_int_equal(result, 0);
}

static void corrupt_file_is_set_aside_and_the_new_one_has_another_id(void **state)
{
	struct fixture *f = *state;
	uint64_t id = spool_id(f->spool);
	struct observation obs = figure("team.count", TODAY, 5);
	put(f, &obs);
	spool_close(f->spool);
	f->spool = NULL;
	FILE *file = fopen(f->path, "r+");
	assert_non_null(file);
	for (long at = 100; at < 30000; at += 7) {
		(void)fseek(file, at, SEEK_SET);
		(void)fputc(0xa5, file);
	}
	(void)fclose(file);
	char aside[PATH_MAX];
	assert_int_equal(spool_open(f->path, &f->limits, &f->spool, aside, &f->err), 0);
	assert_int_not_equal(strlen(aside), 0);
	assert_int_equal(access(aside, F_OK), 0);
	assert_true(spool_id(f->spool) != id);
	assert_int_equal(status(f).unsealed, 0);
	put(f, &obs);
	reopen(f);
	assert_true(status(f).set_aside); /* until it was looked at, */
	assert_int_equal(unlink(aside), 0);
	assert_false(status(f).set_aside); /* or moved away */
}

static void id_stays_with_the_file_and_is_new_after_renewing(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 5), other = figure("a.a", TODAY, 1);
	uint64_t id = spool_id(f->spool);
	put(f, &obs);
	put(f, &other);
	seal(f);
	assert_int_equal(spool_acked(f->spool, 1, NOW_US, &f->err), 0);
	reopen(f);
	assert_true(spool_id(f->spool) == id);
	assert_int_equal(spool_renew(f->spool, &f->err), 0);
	assert_true(spool_id(f->spool) != id);
	struct spool_status found = status(f);
	assert_int_equal(found.unsealed, 2);
	assert_int_equal(found.last_seq, 0);
	assert_int_equal(seal(f), 1);
	verified(f);
}

/* What the first batch of the spool's life, which is batch @seq, names. */
static void assert_names(struct fixture *f, uint64_t seq, uint64_t from, uint64_t upto)
{
	struct blob payload = { 0 };
	struct batch batch;
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	assert_non_null(arena);
	assert_int_equal(spool_batch(f->spool, seq, &payload, &f->err), 0);
	assert_int_equal(wire_batch_decode(arena, payload.data, payload.len, &batch, &f->err), 0);
	assert_true(batch.from_spool == from);
	assert_int_equal(batch.from_seq, upto);
	blob_free(&payload);
	arena_close(arena);
}

static void a_renewed_spool_names_what_it_goes_on_from(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 5);
	put(f, &obs);
	seal(f);
	uint64_t first = spool_id(f->spool);
	assert_true(spool_life(f->spool).from_id == 0);
	assert_names(f, 1, 0, 0);
	assert_int_equal(spool_acked(f->spool, 1, NOW_US, &f->err), 0);
	obs.value_e = 6;
	put(f, &obs);
	seal(f); /* nobody knows whether the province has it */
	assert_names(f, 2, 0, 0);
	assert_int_equal(spool_renew(f->spool, &f->err), 0);
	reopen(f);
	assert_true(spool_life(f->spool).from_id == first);
	assert_int_equal(spool_life(f->spool).from_seq, 1);
	/* one of which nothing was acked stands for the one before */
	assert_int_equal(spool_renew(f->spool, &f->err), 0);
	assert_true(spool_life(f->spool).from_id == first);
	assert_int_equal(spool_life(f->spool).from_seq, 1);
	seal(f);
	assert_names(f, 1, first, 1);
	uint64_t third = spool_id(f->spool);
	assert_int_equal(spool_acked(f->spool, 1, NOW_US, &f->err), 0);
	assert_int_equal(spool_renew(f->spool, &f->err), 0);
	assert_true(spool_life(f->spool).from_id == third);
	verified(f);
}

/* What was refused for want of room is told as long as there is none, and not a moment longer. */
static void room_says_whether_figures_are_taken(void **state)
{
	struct fixture *f = *state;
	struct spool_status room;
	struct spool_limits wider = { .bytes_max = 4 << 20, .keep_days = 35 };
	f->limits.bytes_max = 256 << 10;
	reopen(f);
	assert_int_equal(spool_room(f->spool, &room, &f->err), 0);
	assert_int_equal(room.refused_rc, 0);
	assert_true(room.disk_free > 0);
	int rc = 0;
	for (int32_t day = TODAY; rc == 0; day--) {
		struct observation obs = figure("team.count", day, day);
		rc = spool_record(f->spool, &obs, 1, NULL, &f->err);
	}
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(spool_room(f->spool, &room, &f->err), 0);
	assert_int_equal(room.refused_rc, -ENOSPC);
	assert_int_equal(room.bytes_max, 256 << 10);
	spool_limit(f->spool, &wider);
	assert_int_equal(spool_room(f->spool, &room, &f->err), 0);
	assert_int_equal(room.refused_rc, 0);
	assert_int_equal(room.bytes_max, 4 << 20);
	struct observation obs = figure("team.count", TODAY + 1, 1);
	assert_int_equal(spool_record(f->spool, &obs, 1, NULL, &f->err), 0);
}

static void a_disk_that_failed_is_told_until_it_takes_figures_again(void **state)
{
	struct fixture *f = *state;
	struct spool_status room;
	struct observation obs = figure("team.count", TODAY, 1);
	fault_arm(0);
	int rc = spool_record(f->spool, &obs, 1, NULL, &f->err);
	assert_true(fault_disarm());
	assert_int_equal(rc, -EIO);
	assert_int_equal(spool_room(f->spool, &room, &f->err), 0);
	assert_int_equal(room.refused_rc, -EIO);
	struct observation wrong = figure("team.count", TODAY, INT64_MAX);
	put(f, &wrong);
	wrong.add = true; /* over 64 bits: that is the figure's fault, not the disk's */
	assert_int_equal(spool_record(f->spool, &wrong, 1, NULL, &f->err), -ERANGE);
	assert_int_equal(spool_room(f->spool, &room, &f->err), 0);
	assert_int_equal(room.refused_rc, 0);
}

static void resting_between_any_two_steps_changes_nothing(void **state)
{
	struct fixture *f = *state;
	for (int32_t day = 0; day < 5; day++) {
		struct observation obs = figure("team.count", TODAY - day, day);
		put(f, &obs);
		spool_rest(f->spool);
		assert_int_equal(status(f).unsealed, 1);
		spool_rest(f->spool);
		uint64_t last = seal(f);
		spool_rest(f->spool);
		assert_int_equal(spool_acked(f->spool, last, NOW_US, &f->err), 0);
		spool_rest(f->spool);
		assert_int_equal(status(f).waiting_batches, 0);
	}
	verified(f);
}

static void full_spool_refuses_figures_and_still_seals_and_acks(void **state)
{
	struct fixture *f = *state;
	f->limits.bytes_max = 256 << 10;
	reopen(f);
	int rc = 0;
	int32_t day = TODAY;
	for (; rc == 0; day--) {
		struct observation obs = figure("team.count", day, day);
		rc = spool_record(f->spool, &obs, 1, NULL, &f->err);
	}
	assert_int_equal(rc, -ENOSPC);
	assert_non_null(strstr(f->err.text, "bytes_max"));
	unsigned rounds = 0;
	for (uint64_t upto = 0, last; (last = seal(f)) > upto; upto = last, rounds++) {
		if (status(f).bytes > f->limits.bytes_max)
			fail_msg("%lu bytes, %lu batches", (unsigned long)status(f).bytes,
				 (unsigned long)last);
		assert_int_equal(spool_acked(f->spool, last, NOW_US + 3000 * DAY_US, &f->err), 0);
	}
	assert_true(rounds > 30);
	assert_int_equal(status(f).unsealed, 0);
	struct observation again = figure("team.count", TODAY + 1, 1);
	put(f, &again);
	verified(f);
}

#define MONTH_DAYS 30

/* Of every minute, long ago, a batch a day. */
static void prepare_month(struct fixture *f)
{
	struct dice dice = dice_seeded(7);
	struct observation list[1440];
	for (int32_t day = 0; day < MONTH_DAYS; day++) {
		for (int32_t minute = 0; minute < 1440; minute++) {
			list[minute] = figure("visits", 0, dice_between(&dice, 0, 100000));
			list[minute].period.grain = GRAIN_MINUTE;
			list[minute].period.number = (TODAY - 100 + day) * 1440 + minute;
		}
		assert_int_equal(spool_record(f->spool, list, 1440, NULL, &f->err), 0);
		assert_int_equal(seal(f), day + 1);
	}
}

static void prepare_two_years(struct fixture *f)
{
	for (int32_t day = 0; day < 700; day++) {
		struct observation obs = figure("team.count", TODAY - 700 + day, day);
		put(f, &obs);
		if (day % 20 == 0)
			seal(f);
	}
	seal(f);
}

/* As when the spool alone was copied. */
static void lose_journal(struct fixture *f)
{
	char journal[PATH_MAX + 16];
	spool_close(f->spool);
	f->spool = NULL;
	(void)snprintf(journal, sizeof(journal), "%s-journal", f->path);
	assert_int_equal(unlink(journal), 0);
	reopen(f);
}

/* What is accepted and what is acked need not a byte that the file does not have. */
static void acks_drop_what_they_may_on_a_disk_without_a_byte(void **state)
{
	struct fixture *f = *state;
	prepare_month(f);
	uint64_t before = status(f).bytes;
	lose_journal(f); /* which had grown meanwhile */
	fault_arm_at(FAULT_GROW | FAULT_STAYS, 0);
	struct observation obs = figure("b.b", TODAY, 1);
	int refused = 0;
	for (int i = 0; i < 2000 && refused == 0; i++) {
		obs.period.number = TODAY + i;
		refused = spool_record(f->spool, &obs, 1, NULL, &f->err);
	}
	assert_int_equal(refused, -ENOSPC);
	for (uint64_t upto = 1; upto <= MONTH_DAYS; upto++)
		if (spool_acked(f->spool, upto, NOW_US, &f->err) != 0)
			fail_msg("%s", f->err.text);
	assert_true(status(f).bytes < before * 2 / 3); /* values go, batches just acked stay */
	put(f, &obs);                                  /* there is room again within the file */
	assert_true(fault_disarm());
	assert_int_equal(status(f).acked_seq, MONTH_DAYS);
	reopen(f);
	verified(f);
}

static void little_is_trimmed_at_a_time_and_all_in_the_end(void **state)
{
	struct fixture *f = *state;
	struct observation late = figure("team.count", TODAY - 600, 600);
	int32_t later = TODAY + 36;
	f->limits.bytes_max = 64 << 20;
	reopen(f);
	prepare_two_years(f);
	acks_come(f, NOW_US, 200);
	assert_true(is_kept(f, TODAY - 700)); /* it came today */
	put(f, &late);                        /* and this one once more, weeks later */
	acks_come(f, NOW_US + 20 * DAY_US, 1);
	acks_come(f, NOW_US + 36 * DAY_US, 1);
	assert_false(is_kept(f, TODAY - 700));
	assert_true(is_kept(f, TODAY - 690)); /* the next acks go on */
	acks_come(f, NOW_US + 36 * DAY_US, 200);
	assert_false(is_kept(f, TODAY - 690));
	assert_false(is_kept(f, later - 37));
	assert_true(is_kept(f, TODAY - 600));
	assert_true(is_kept(f, later));
	verified(f);
}

/* Where values take the room, they go as soon as the province has them. */
static void values_go_sooner_where_they_take_the_room(void **state)
{
	struct fixture *f = *state;
	prepare_two_years(f);
	uint64_t last = status(f).last_seq;
	f->limits.bytes_max = status(f).bytes * 5 / 4; /* of which batches take a small part */
	reopen(f);
	for (uint64_t upto = 1; upto <= last; upto++)
		assert_int_equal(spool_acked(f->spool, upto, NOW_US, &f->err), 0);
	assert_false(is_kept(f, TODAY - 700));
	assert_false(is_kept(f, TODAY - 690));
	assert_true(is_kept(f, TODAY - 35));
	verified(f);
}

static void figures_are_refused_before_the_disk_is_full(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 7);
	put(f, &obs);
	f->limits.reserve = UINT64_MAX;
	reopen(f);
	obs.value_e = 8;
	assert_int_equal(spool_record(f->spool, &obs, 1, NULL, &f->err), -ENOSPC);
	assert_non_null(strstr(f->err.text, "reserve"));
	assert_int_equal(current(f, &obs), 7);
	assert_int_equal(spool_acked(f->spool, seal(f), NOW_US, &f->err), 0);
}

static void acked_batches_wait_again_for_a_restored_province(void **state)
{
	struct fixture *f = *state;
	for (int32_t i = 0; i < 3; i++) {
		struct observation obs = figure("team.count", TODAY + i, i);
		put(f, &obs);
		assert_int_equal(seal(f), i + 1);
	}
	struct blob before = { 0 }, after = { 0 };
	assert_int_equal(spool_batch(f->spool, 2, &before, &f->err), 0);
	assert_int_equal(spool_acked(f->spool, 3, NOW_US, &f->err), 0);
	assert_int_equal(status(f).waiting_batches, 0);
	assert_int_equal(spool_acked(f->spool, 1, NOW_US, &f->err), 0);
	assert_int_equal(status(f).waiting_batches, 2);
	assert_int_equal(spool_batch(f->spool, 2, &after, &f->err), 0);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	assert_int_equal(spool_acked(f->spool, 4, NOW_US, &f->err), -ERANGE);
	assert_int_equal(spool_batch(f->spool, 4, &after, &f->err), -ENOENT);
	blob_free(&before);
	blob_free(&after);
}

/* Not from their sealing, by a clock that may be of 1970. */
static void acked_batches_are_kept_from_their_ack_on(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 0);
	struct blob payload = { 0 };
	uint64_t last;
	bool more;
	for (int i = 0; i < 4; i++) {
		obs.value_e++;
		put(f, &obs);
		assert_int_equal(spool_seal(f->spool, 1, &last, &more, &f->err), 0);
		int64_t at_us = NOW_US + (i == 3 ? 45 : i * 10) * DAY_US;
		assert_int_equal(spool_acked(f->spool, last, at_us, &f->err), 0);
	}
	assert_int_equal(spool_batch(f->spool, 1, &payload, &f->err), -ENOENT);
	assert_int_equal(spool_batch(f->spool, 2, &payload, &f->err), 0); /* 35 days ago */
	obs.value_e++;
	put(f, &obs);
	assert_int_equal(seal(f), 5);
	assert_int_equal(spool_acked(f->spool, 5, NOW_US + 54 * DAY_US, &f->err), 0);
	assert_int_equal(spool_batch(f->spool, 2, &payload, &f->err), -ENOENT);
	assert_int_equal(spool_batch(f->spool, 3, &payload, &f->err), 0);
	blob_free(&payload);
}

static bool matches(struct fixture *f, uint64_t seq, const uint8_t *digest, size_t len)
{
	bool answer;
	assert_int_equal(spool_matches(f->spool, seq, digest, len, &answer, &f->err), 0);
	return answer;
}

static void batch_is_told_from_another_of_its_number(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 5);
	struct blob payload = { 0 };
	uint8_t digest[WIRE_DIGEST_LEN];
	put(f, &obs);
	assert_int_equal(seal(f), 1);
	assert_int_equal(spool_batch(f->spool, 1, &payload, &f->err), 0);
	wire_digest(payload.data, payload.len, digest);
	blob_free(&payload);
	assert_true(matches(f, 1, digest, sizeof(digest)));
	assert_false(matches(f, 1, digest, sizeof(digest) - 1));
	digest[3] ^= 1;
	assert_false(matches(f, 1, digest, sizeof(digest)));
	assert_true(matches(f, 1, NULL, 0));
	assert_true(matches(f, 2, digest, sizeof(digest))); /* not kept */
}

/* What waits while the province is away goes in large batches when it is back. */
static void few_batches_are_sealed_ahead_and_acks_seal_the_rest(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("visits", TODAY, 0);
	obs.period.grain = GRAIN_MINUTE;
	for (int32_t minute = 0; minute < 200; minute++) {
		obs.period.number = TODAY * 1440 + minute;
		obs.value_e = minute;
		put(f, &obs);
		seal(f);
	}
	struct spool_status found = status(f);
	assert_true(found.waiting_batches >= 16 && found.waiting_batches <= 40);
	assert_int_equal(found.waiting_observations + found.unsealed, 200);
	uint64_t last = found.last_seq;
	bool more = false;
	assert_int_equal(spool_seal(f->spool, NOW_US, &last, &more, &f->err), 0);
	assert_true(more);
	assert_int_equal(spool_acked(f->spool, last - 20, NOW_US, &f->err), 0);
	assert_int_equal(spool_seal(f->spool, NOW_US, &last, &more, &f->err), 0);
	assert_false(more);
	assert_int_equal(last, found.last_seq + 1);
	assert_int_equal(status(f).unsealed, 0);
	verified(f);
}

static void year_keeps_its_value_until_long_after_its_end(void **state)
{
	struct fixture *f = *state;
	struct observation year = figure("population.adult", 0, 9), day = figure("a.a", 0, 1);
	int32_t new_year = day_from_civil(2025, 1, 1);
	year.period = period_of_day(CALENDAR_CIVIL, GRAIN_YEAR, new_year);
	day.period = period_of_day(CALENDAR_CIVIL, GRAIN_DAY, new_year);
	put(f, &year);
	put(f, &day);
	uint64_t last = seal(f);
	assert_int_equal(spool_acked(f->spool, last - 1, (new_year + 364) * DAY_US, &f->err), 0);
	reopen(f);
	assert_int_equal(spool_acked(f->spool, last, (new_year + 364) * DAY_US, &f->err), 0);
	acks_come(f, (new_year + 400) * DAY_US, 1);
	assert_int_equal(current(f, &year), 9);
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	assert_int_equal(spool_current(f->spool, "a.a", "", day.period, &value_e, &decimals,
				       &withdrawn, &f->err),
			 -ENOENT);
}

static int count_refusal(void *context, const struct spool_refusal *refusal)
{
	unsigned *n = context;
	assert_string_equal(refusal->metric, "team.count");
	assert_string_equal(refusal->reason, "no unit in force");
	(*n)++;
	return 0;
}

static void quarantined_figures_are_named_and_counted_once(void **state)
{
	struct fixture *f = *state;
	struct observation obs = figure("team.count", TODAY, 5);
	put(f, &obs);
	seal(f);
	for (int i = 0; i < 2; i++)
		assert_int_equal(spool_quarantined(f->spool, 1, 0, 1, "no unit in force", &f->err),
				 0);
	unsigned n = 0;
	assert_int_equal(spool_each_refusal(f->spool, 10, count_refusal, &n, &f->err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(status(f).quarantined, 1);
}

static void facts_are_kept(void **state)
{
	struct fixture *f = *state;
	struct blob out = { 0 };
	f->err = (struct err){ 0 };
	assert_int_equal(spool_fact_get(f->spool, "zone", &out, &f->err), -ENOENT);
	assert_int_equal(f->err.code, 0); /* nobody is told of it as of an error */
	assert_int_equal(spool_fact_set(f->spool, "zone", "UTC", 3, &f->err), 0);
	assert_int_equal(spool_fact_set(f->spool, "zone", "Asia", 4, &f->err), 0);
	reopen(f);
	assert_int_equal(spool_fact_get(f->spool, "zone", &out, &f->err), 0);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.data, "Asia", 4);
	blob_free(&out);
}

/* The model: what a province that takes every batch in order ends up with is what was recorded. */

#define MODEL_SERIES 12
#define MODEL_DAYS   4
#define MODEL_HOURS  24

struct cell {
	bool known, withdrawn;
	int64_t value_e;
};
struct cells {
	struct cell at[MODEL_SERIES][MODEL_DAYS][MODEL_HOURS];
};
struct model {
	struct cells office, province;
	int series_of[WIRE_SERIES_MAX]; /* wire number to model series */
	uint32_t declared;
	uint64_t taken;
};

static void model_observation(struct dice *dice, struct model *model, struct observation *obs,
			      char labels[32])
{
	int series = (int)dice_below(dice, MODEL_SERIES), day = (int)dice_below(dice, MODEL_DAYS),
	    hour = (int)dice_below(dice, MODEL_HOURS);
	(void)snprintf(labels, 32, "s=%d", series);
	*obs = (struct observation){
		.metric = "office.queue_length",
		.labels = labels,
		.period = period_in_day(CALENDAR_CIVIL, GRAIN_HOUR, TODAY + day, (uint32_t)hour),
		.value_e = dice_between(dice, -5, 5),
		.withdrawn = dice_below(dice, 8) == 0,
		.add = dice_below(dice, 3) == 0,
	};
	struct cell *cell = &model->office.at[series][day][hour];
	if (obs->withdrawn)
		*cell = (struct cell){ .known = true, .withdrawn = true };
	else
		*cell = (struct cell){ .known = true,
				       .value_e = (obs->add ? cell->value_e : 0) + obs->value_e };
}

static void province_take(struct model *model, const struct batch *batch)
{
	if (batch->n_declared > 0)
		assert_int_equal(batch->first_declared, model->declared);
	for (size_t i = 0; i < batch->n_declared; i++) {
		int series;
		assert_int_equal(sscanf(batch->declared[i].labels, "s=%d", &series), 1);
		model->series_of[model->declared++] = series;
	}
	for (size_t r = 0; r < batch->n_runs; r++) {
		const struct run *run = &batch->runs[r];
		assert_true(run->series < model->declared);
		for (uint32_t i = 0; i < run->n; i++) {
			const struct point *point = &batch->points[run->first + i];
			model->province
				.at[model->series_of[run->series]][batch->day - TODAY][point->nth] =
				(struct cell){ .known = true,
					       .withdrawn = point->withdrawn,
					       .value_e = point->withdrawn ? 0 : point->value_e };
		}
	}
}

static void province_catch_up(struct fixture *f, struct model *model, uint64_t last)
{
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	assert_non_null(arena);
	while (model->taken < last) {
		struct blob payload = { 0 };
		struct batch batch;
		assert_int_equal(spool_batch(f->spool, ++model->taken, &payload, &f->err), 0);
		assert_int_equal(
			wire_batch_decode(arena, payload.data, payload.len, &batch, &f->err), 0);
		province_take(model, &batch);
		arena_reset(arena);
		blob_free(&payload);
	}
	arena_close(arena);
}

static void check_against_model(struct dice *dice, void *context)
{
	struct fixture *f = context;
	spool_close(f->spool);
	f->spool = NULL;
	(void)unlink(f->path);
	reopen(f);
	struct model *model = calloc(1, sizeof(*model));
	assert_non_null(model);
	for (int step = 0; step < 60; step++) {
		struct observation obs[8];
		char labels[8][32];
		size_t n = dice_below(dice, 8) + 1;
		for (size_t i = 0; i < n; i++)
			model_observation(dice, model, &obs[i], labels[i]);
		assert_int_equal(spool_record(f->spool, obs, n, NULL, &f->err), 0);
		if (dice_below(dice, 4) == 0)
			province_catch_up(f, model, seal(f));
		if (dice_below(dice, 6) == 0)
			assert_int_equal(spool_acked(f->spool, dice_below(dice, model->taken + 1),
						     NOW_US, &f->err),
					 0);
		if (dice_below(dice, 20) == 0)
			reopen(f);
	}
	do {
		province_catch_up(f, model, seal(f));
		assert_int_equal(spool_acked(f->spool, model->taken, NOW_US, &f->err), 0);
	} while (status(f).unsealed > 0);
	assert_memory_equal(&model->office, &model->province, sizeof(model->office));
	verified(f);
	free(model);
}

static void province_that_takes_every_batch_knows_what_was_recorded(void **state)
{
	for_all_seeds(15, check_against_model, *state);
}

/* --- lives: series numbers run out --- */

#define MISTAKES 65536

struct testbed { /* how often the province was told what, by label; 0 is the clerk's own */
	uint8_t told[MISTAKES + 2];
	int64_t own_e;
	uint64_t lives, acked;
	struct spool_life life;
	uint32_t declared;
	int label_of[WIRE_SERIES_MAX];
};

static void book(struct testbed *testbed, const struct batch *batch)
{
	if (batch->n_declared > 0)
		assert_int_equal(batch->first_declared, testbed->declared);
	for (size_t i = 0; i < batch->n_declared; i++) {
		int label = 0;
		if (batch->declared[i].labels[0])
			assert_int_equal(sscanf(batch->declared[i].labels, "s=%d", &label), 1);
		assert_true(testbed->declared < WIRE_SERIES_MAX);
		testbed->label_of[testbed->declared++] = label;
	}
	for (size_t r = 0; r < batch->n_runs; r++) {
		assert_true(batch->runs[r].series < testbed->declared);
		int label = testbed->label_of[batch->runs[r].series];
		testbed->told[label] += (uint8_t)batch->runs[r].n;
		if (label == 0)
			testbed->own_e = batch->points[batch->runs[r].first].value_e;
	}
}

/* Seal, tell the province, ack, until nothing waits. */
static void deliver_at(struct fixture *f, struct testbed *testbed, int64_t at_us)
{
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	assert_non_null(arena);
	do {
		uint64_t last = seal(f);
		struct spool_life life = spool_life(f->spool);
		if (life.id != testbed->life.id) {
			assert_int_equal(life.begin, testbed->acked);
			assert_int_equal(life.before_id, testbed->lives ? testbed->life.id : 0);
			testbed->life = life;
			testbed->lives++;
			testbed->declared = 0;
		}
		while (testbed->acked < last) {
			struct blob payload = { 0 };
			struct batch batch;
			assert_int_equal(spool_batch(f->spool, ++testbed->acked, &payload, &f->err),
					 0);
			assert_int_equal(wire_batch_decode(arena, payload.data, payload.len, &batch,
							   &f->err),
					 0);
			book(testbed, &batch);
			arena_reset(arena);
			blob_free(&payload);
		}
		assert_int_equal(spool_acked(f->spool, last, at_us, &f->err), 0);
	} while (status(f).unsealed > 0);
	arena_close(arena);
}

static void deliver(struct fixture *f, struct testbed *testbed)
{
	deliver_at(f, testbed, NOW_US);
}

static void import_by_mistake(struct fixture *f, int first, int n)
{
	enum { SOME = 8192 };
	struct observation *obs = calloc(SOME, sizeof(*obs));
	char(*labels)[16] = calloc(SOME, sizeof(*labels));
	assert_true(obs && labels);
	for (int from = 0; from < n; from += SOME) {
		size_t some = (size_t)(n - from < SOME ? n - from : SOME);
		for (size_t i = 0; i < some; i++) {
			(void)snprintf(labels[i], sizeof(labels[i]), "s=%d", first + from + (int)i);
			obs[i] = figure("x.x", TODAY, 1);
			obs[i].labels = labels[i];
		}
		if (spool_record(f->spool, obs, some, NULL, &f->err) < 0)
			fail_msg("%s", f->err.text);
	}
	free(obs);
	free(labels);
}

static void series_numbers_that_ran_out_are_given_anew_in_another_life(void **state)
{
	struct fixture *f = *state;
	struct testbed *testbed = calloc(1, sizeof(*testbed));
	assert_non_null(testbed);
	struct observation own = figure("team.count", TODAY, 7);
	f->limits.bytes_max = 64 << 20;
	reopen(f);
	put(f, &own);
	import_by_mistake(f, 1, MISTAKES - 1);
	deliver(f, testbed);
	assert_int_equal(testbed->lives, 1);
	assert_int_equal(testbed->declared, WIRE_SERIES_MAX);
	reopen(f);
	import_by_mistake(f, MISTAKES, 2);
	deliver(f, testbed);
	assert_int_equal(testbed->lives, 2);
	assert_int_equal(testbed->declared, 2);
	/* Once each, but for the one that ended the first life. */
	unsigned twice = 0;
	for (int i = 0; i < MISTAKES + 2; i++) {
		assert_in_range(testbed->told[i], 1, 2);
		twice += testbed->told[i] == 2;
	}
	assert_int_equal(twice, 1);
	reopen(f);
	assert_true(spool_life(f->spool).id == testbed->life.id);
	own.add = true;
	own.value_e = 3;
	put(f, &own);
	deliver(f, testbed);
	assert_int_equal(testbed->own_e, 10);
	verified(f);
	/* All of it is there for a province that was restored; it takes two lives again. */
	assert_int_equal(spool_renew(f->spool, &f->err), 0);
	assert_int_equal(status(f).unsealed, MISTAKES + 2);
	memset(testbed, 0, sizeof(*testbed));
	deliver(f, testbed);
	assert_int_equal(testbed->lives, 2);
	for (int i = 0; i < MISTAKES + 2; i++)
		assert_true(testbed->told[i] >= 1);
	assert_int_equal(testbed->own_e, 10);
	verified(f);
	free(testbed);
}

/* One number a life: the second series waits for the next. */
static void prepare_end(struct fixture *f)
{
	struct observation first = figure("a.a", TODAY, 1), second = figure("z.z", TODAY - 1, 2);
	f->limits.numbers_max = 1;
	reopen(f);
	put(f, &first);
	seal(f);
	assert_int_equal(spool_acked(f->spool, 1, NOW_US, &f->err), 0);
	put(f, &second);
}

static bool done_end(struct fixture *f)
{
	struct spool_status found = status(f);
	assert_int_equal(found.unsealed, 1);
	assert_int_equal(spool_life(f->spool).begin, 0);
	assert_int_equal(found.waiting_observations, found.last_seq - 1);
	return found.last_seq == 2;
}

static void prepare_next_life(struct fixture *f)
{
	prepare_end(f);
	assert_int_equal(seal(f), 2); /* a.a again, as the last */
	assert_int_equal(spool_acked(f->spool, 2, NOW_US, &f->err), 0);
}

static bool done_next_life(struct fixture *f)
{
	struct spool_status found = status(f);
	struct spool_life life = spool_life(f->spool);
	struct observation first = figure("a.a", TODAY, 1), second = figure("z.z", TODAY - 1, 2);
	bool done = life.begin == 2;
	assert_int_equal(found.acked_seq, 2);
	assert_int_equal(found.last_seq, done ? 3 : 2);
	assert_int_equal(found.unsealed, done ? 0 : 1);
	assert_int_equal(current(f, &first), 1);
	assert_int_equal(current(f, &second), 2);
	return done;
}

static void a_life_ends_and_begins_whole_or_not_at_all_whatever_the_disk_refuses(void **state)
{
	hold_against_all(*state, &(struct promise){ prepare_end, call_seal, done_end });
	hold_against_all(*state, &(struct promise){ prepare_next_life, call_seal, done_next_life });
}

static void a_life_is_over_for_every_copy_of_it(void **state)
{
	struct fixture *f = *state;
	struct observation first = figure("a.a", TODAY, 5);
	prepare_next_life(f);
	uint64_t id = spool_id(f->spool);
	/* What comes meanwhile, also of a series with a number, is of the next life. */
	put(f, &first);
	spool_close(f->spool);
	char copy[PATH_MAX + 8], command[2 * PATH_MAX + 32];
	(void)snprintf(copy, sizeof(copy), "%s.copy", f->path);
	(void)snprintf(command, sizeof(command), "cp '%s' '%s'", f->path, copy);
	assert_int_equal(system(command), 0);
	f->spool = NULL;
	reopen(f);
	assert_int_equal(seal(f), 3);
	struct spool_life life = spool_life(f->spool);
	assert_true(life.id != id && life.before_id == id && life.begin == 2);
	spool_close(f->spool);
	f->spool = NULL;
	assert_int_equal(rename(copy, f->path), 0);
	reopen(f);
	assert_int_equal(seal(f), 3);
	assert_true(spool_life(f->spool).id == life.id);
	/* An ack of before that comes late asks for nothing again. */
	assert_int_equal(spool_acked(f->spool, 1, NOW_US, &f->err), 0);
	assert_int_equal(status(f).acked_seq, 2);
	verified(f);
}

static void series_without_a_value_are_forgotten_with_their_life(void **state)
{
	struct fixture *f = *state;
	struct testbed *testbed = calloc(1, sizeof(*testbed));
	assert_non_null(testbed);
	struct observation own = figure("team.count", TODAY + 100, 7);
	struct observation one_more = figure("x.x", TODAY + 100, 1);
	one_more.labels = "s=6";
	f->limits.numbers_max = 2; /* and six series at the most */
	reopen(f);
	put(f, &own);
	import_by_mistake(f, 1, 5);
	deliver(f, testbed);
	assert_int_equal(testbed->lives, 3);
	assert_int_equal(spool_record(f->spool, &one_more, 1, NULL, &f->err), -E2BIG);
	/* Months later what was imported is trimmed. */
	own.value_e = 8;
	put(f, &own);
	deliver_at(f, testbed, NOW_US + 100 * DAY_US);
	put(f, &one_more);
	deliver(f, testbed);
	assert_int_equal(testbed->lives, 4);
	assert_int_equal(testbed->own_e, 8);
	assert_int_equal(testbed->told[6], 1);
	verified(f);
	free(testbed);
}

/* What the refusal advises: keep figures for fewer days, and there is room with the next ack. */
static void series_are_forgotten_sooner_where_figures_are_kept_for_less(void **state)
{
	struct fixture *f = *state;
	struct testbed *testbed = calloc(1, sizeof(*testbed));
	assert_non_null(testbed);
	struct observation own = figure("team.count", TODAY + 100, 7);
	struct observation one_more = figure("x.x", TODAY + 100, 1);
	one_more.labels = "s=6";
	f->limits.numbers_max = 2;
	f->limits.keep_days = 35;
	reopen(f);
	put(f, &own);
	import_by_mistake(f, 1, 5);
	deliver(f, testbed);
	own.value_e = 8;
	put(f, &own);
	deliver_at(f, testbed, NOW_US + 4 * DAY_US);
	assert_int_equal(spool_record(f->spool, &one_more, 1, NULL, &f->err), -E2BIG);
	assert_non_null(strstr(f->err.text, "[spool] keep_acked_days"));
	f->limits.keep_days = 1;
	reopen(f);
	own.value_e = 9;
	put(f, &own);
	deliver_at(f, testbed, NOW_US + 4 * DAY_US);
	put(f, &one_more);
	deliver_at(f, testbed, NOW_US + 4 * DAY_US);
	assert_int_equal(testbed->own_e, 9);
	assert_int_equal(testbed->told[6], 1);
	verified(f);
	free(testbed);
}

/* --- many in one call --- */

#define MANY 20000 /* more than are put in order together */

struct held { /* what the spool holds, as text */
	struct blob text;
};

static int hold_one(void *context, const struct observation *obs)
{
	struct held *held = context;
	char line[160];
	int n = snprintf(line, sizeof(line), "%s %s %d %lld.%u %lld%s\n", obs->metric, obs->labels,
			 (int)obs->period.grain, (long long)obs->period.number, obs->decimals,
			 (long long)obs->value_e, obs->withdrawn ? " withdrawn" : "");
	return blob_append(&held->text, line, (size_t)n);
}

static struct held held_by(struct fixture *f)
{
	struct held held = { 0 };
	assert_int_equal(spool_each_current(f->spool, hold_one, &held, &f->err), 0);
	assert_int_equal(blob_append(&held.text, "", 1), 0);
	return held;
}

/* Figures of few series and periods, so that many hit one: other decimals, sums, withdrawals. */
static void some_of_many(struct dice *dice, struct observation *obs, char labels[32])
{
	static const enum grain grains[] = { GRAIN_MINUTE, GRAIN_HOUR, GRAIN_DAY, GRAIN_MONTH };
	int32_t day = TODAY + (int32_t)dice_below(dice, 3);
	enum grain grain = grains[dice_below(dice, 4)];
	uint32_t nth = (uint32_t)dice_below(dice, grain_per_day(grain));
	(void)snprintf(labels, 32, "s=%d", (int)dice_below(dice, 3));
	*obs = (struct observation){
		.metric = dice_below(dice, 2) ? "visits" : "hours",
		.labels = labels,
		.period = grain > GRAIN_DAY ? period_of_day(CALENDAR_CIVIL, grain, day)
					    : period_in_day(CALENDAR_CIVIL, grain, day, nth),
		.decimals = 2,
		.value_e = dice_between(dice, -9, 9) * 100,
		.withdrawn = dice_below(dice, 9) == 0,
		.add = dice_below(dice, 3) == 0,
	};
	if (!obs->add && dice_below(dice, 4) == 0) {
		obs->decimals = 0;
		obs->value_e /= 100;
	}
}

/* One call does what as many calls do, whatever order it puts them in. */
static void check_many(struct dice *dice, void *context)
{
	struct fixture *f = context;
	static struct observation list[300];
	static char labels[300][32];
	size_t n = 1 + dice_below(dice, 300);
	struct held held[2];
	for (size_t i = 0; i < n; i++)
		some_of_many(dice, &list[i], labels[i]);
	for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
		spool_close(f->spool);
		f->spool = NULL;
		(void)unlink(f->path);
		reopen(f);
		for (size_t i = 0; i < n; i += one_by_one ? 1 : n)
			if (spool_record(f->spool, &list[i], one_by_one ? 1 : n, NULL, &f->err) !=
			    0)
				fail_msg("%s", f->err.text);
		held[one_by_one] = held_by(f);
		verified(f);
	}
	assert_string_equal((char *)held[0].text.data, (char *)held[1].text.data);
	blob_free(&held[0].text);
	blob_free(&held[1].text);
}

static void many_in_a_call_are_as_many_calls(void **state)
{
	for_all_seeds(20, check_many, *state);
}

static void more_than_are_put_in_order_together_are_all_recorded(void **state)
{
	struct fixture *f = *state;
	struct observation *list = calloc(MANY, sizeof(*list));
	size_t bad = 0;
	assert_non_null(list);
	for (int i = 0; i < MANY; i++) {
		list[i] = figure("team.count", TODAY, 1);
		list[i].period = period_in_day(CALENDAR_CIVIL, GRAIN_MINUTE, TODAY + i / 1440,
					       (uint32_t)(i % 1440));
	}
	list[MANY - 7] = list[3]; /* set, and then added to in another lot */
	list[MANY - 7].add = true;
	list[MANY - 5] = list[3];
	list[MANY - 5].value_e = INT64_MAX;
	list[MANY - 5].add = true;
	assert_int_equal(spool_record(f->spool, list, MANY, &bad, &f->err), -ERANGE);
	assert_int_equal(bad, MANY - 5);
	assert_int_equal(status(f).unsealed, 0);
	list[MANY - 5].value_e = 40;
	assert_int_equal(spool_record(f->spool, list, MANY, &bad, &f->err), 0);
	assert_int_equal(status(f).unsealed, MANY - 2);
	assert_int_equal(current(f, &list[3]), 42);
	free(list);
	while (seal(f) < MANY / 1440)
		;
	verified(f);
}

/* --- damage that SQLite does not see --- */

static void damage_values(struct fixture *f)
{
	sqlite3 *db;
	spool_close(f->spool);
	f->spool = NULL;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "UPDATE stretch SET points = x'0004e2c9d7c6'", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void values_that_cannot_be_read_set_the_file_aside(void **state)
{
	struct fixture *f = *state;
	char aside[PATH_MAX];
	struct observation obs = figure("team.count", TODAY, 5);
	put(f, &obs);
	damage_values(f);
	assert_int_equal(spool_open(f->path, &f->limits, &f->spool, aside, &f->err), 0);
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(status(f).unsealed, 0);
	put(f, &obs);
	verified(f);
}

/* What the disk says about its values is judged, whatever it is: an error, never a figure more. */
static void a_disk_that_contradicts_itself_is_an_error_to_the_seal(void **state)
{
	static const char *const damages[] = {
		"UPDATE series SET labels = CAST(x'ff3d' AS TEXT)",
		"UPDATE series SET metric = ''",
		"UPDATE series SET labels = 'no labels'",
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		char labels[32];
		uint64_t last;
		bool more;
		struct observation obs = figure("team.count", TODAY, (int64_t)i);
		(void)snprintf(labels, sizeof(labels), "desk=%zu", i);
		obs.labels = labels;
		put(f, &obs);
		sqlite3 *db;
		spool_close(f->spool);
		f->spool = NULL;
		assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, damages[i], NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
		assert_int_equal(spool_open(f->path, &f->limits, &f->spool, NULL, &f->err), 0);
		assert_int_equal(spool_seal(f->spool, 1, &last, &more, &f->err), -EUCLEAN);
		spool_close(f->spool);
		f->spool = NULL;
		assert_int_equal(unlink(f->path), 0);
		assert_int_equal(spool_open(f->path, &f->limits, &f->spool, NULL, &f->err), 0);
	}
}

static void big_day_is_split_into_batches_that_fit_a_frame(void **state)
{
	struct fixture *f = *state;
	enum { SERIES = 60, CHUNK = 1440 };
	struct observation *obs = calloc(CHUNK, sizeof(*obs));
	assert_non_null(obs);
	struct dice dice = dice_seeded(1);
	for (int s = 0; s < SERIES; s++) {
		char labels[32];
		(void)snprintf(labels, sizeof(labels), "s=%d", s);
		for (uint32_t m = 0; m < CHUNK; m++)
			obs[m] = (struct observation){
				.metric = "office.queue_length",
				.labels = labels,
				.period = period_in_day(CALENDAR_CIVIL, GRAIN_MINUTE, TODAY, m),
				.value_e = (int64_t)(dice_next(&dice) >> 32),
			};
		assert_int_equal(spool_record(f->spool, obs, CHUNK, NULL, &f->err), 0);
	}
	free(obs);
	uint64_t last = seal(f);
	assert_true(last >= 2);
	for (uint64_t seq = 1; seq <= last; seq++) {
		struct blob payload = { 0 };
		assert_int_equal(spool_batch(f->spool, seq, &payload, &f->err), 0);
		assert_true(payload.len < 200000);
		blob_free(&payload);
	}
	verified(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_value_is_not_sealed_again),
		TEST(add_goes_on_from_the_sealed_value_after_a_restart),
		TEST(values_of_months_stay_for_two_years_more),
		TEST(newest_values_come_series_by_series),
		TEST(add_is_refused_where_the_value_may_have_been_trimmed),
		TEST(withdrawing_is_news_and_adding_starts_from_nothing_then),
		TEST(other_decimals_move_the_figure_to_a_new_series),
		TEST(a_label_typed_in_another_way_is_the_same_figure),
		TEST(a_whole_and_its_parts_do_not_stand_together),
		TEST(record_is_all_or_nothing),
		TEST(what_failed_is_not_recorded_by_the_next),
		TEST(recording_is_all_or_nothing_whatever_the_disk_refuses),
		TEST(sealing_is_all_or_nothing_whatever_the_disk_refuses),
		TEST(acks_are_all_or_nothing_whatever_the_disk_refuses),
		TEST(what_was_recorded_survives_kill_9),
		TEST(two_processes_cannot_share_it),
		TEST(corrupt_file_is_set_aside_and_the_new_one_has_another_id),
		TEST(id_stays_with_the_file_and_is_new_after_renewing),
		TEST(a_renewed_spool_names_what_it_goes_on_from),
		TEST(room_says_whether_figures_are_taken),
		TEST(a_disk_that_failed_is_told_until_it_takes_figures_again),
		TEST(resting_between_any_two_steps_changes_nothing),
		TEST(full_spool_refuses_figures_and_still_seals_and_acks),
		TEST(acks_drop_what_they_may_on_a_disk_without_a_byte),
		TEST(little_is_trimmed_at_a_time_and_all_in_the_end),
		TEST(values_go_sooner_where_they_take_the_room),
		TEST(figures_are_refused_before_the_disk_is_full),
		TEST(acked_batches_wait_again_for_a_restored_province),
		TEST(acked_batches_are_kept_from_their_ack_on),
		TEST(batch_is_told_from_another_of_its_number),
		TEST(few_batches_are_sealed_ahead_and_acks_seal_the_rest),
		TEST(year_keeps_its_value_until_long_after_its_end),
		TEST(quarantined_figures_are_named_and_counted_once),
		TEST(facts_are_kept),
		TEST(province_that_takes_every_batch_knows_what_was_recorded),
		TEST(series_numbers_that_ran_out_are_given_anew_in_another_life),
		TEST(a_life_ends_and_begins_whole_or_not_at_all_whatever_the_disk_refuses),
		TEST(a_life_is_over_for_every_copy_of_it),
		TEST(series_without_a_value_are_forgotten_with_their_life),
		TEST(series_are_forgotten_sooner_where_figures_are_kept_for_less),
		TEST(big_day_is_split_into_batches_that_fit_a_frame),
		TEST(many_in_a_call_are_as_many_calls),
		TEST(more_than_are_put_in_order_together_are_all_recorded),
		TEST(a_disk_that_contradicts_itself_is_an_error_to_the_seal),
		TEST(values_that_cannot_be_read_set_the_file_aside),
	};
	fault_install();
	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
