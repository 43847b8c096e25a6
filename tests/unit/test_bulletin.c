/* The list of what the province refused is what it tells that waits: whatever was told before by
 * acks, whatever was let in or held since, however much of it fits into what it tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "office/bulletin.h"
#include "support/scratch.h"
#include "support/seeds.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY     20000
#define BATCHES 12u
#define SERIES  3u
#define REASONS 2u

static const char *const reasons[REASONS] = { "the period is closed", "no unit in force" };
static const char *const metrics[SERIES] = { "a", "b", "c" };

struct world {
	char folder[SCRATCH_MAX];
	struct spool *spool;
	uint64_t sealed;
	/* What waits at the province, and what its office was told of by acks: observations. */
	uint32_t waits[BATCHES + 1][SERIES][REASONS];
	bool released[BATCHES + 1][SERIES][REASONS];
	bool told[BATCHES + 1][SERIES][REASONS]; /* in the newest telling, that it waits or not */
	uint64_t oldest;                         /* batch that it told to wait */
	struct err err;
};

static void world_open(struct world *w)
{
	static const struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 35 };
	char path[PATH_MAX];
	*w = (struct world){ 0 };
	scratch_make(true, w->folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", w->folder);
	assert_int_equal(spool_open(path, &limits, &w->spool, NULL, &w->err), 0);
}

static void world_close(struct world *w)
{
	spool_close(w->spool);
	scratch_remove(w->folder);
}

/* A batch with a figure of each series. */
static void seal(struct world *w)
{
	struct observation obs[SERIES];
	uint64_t last;
	bool more;
	for (size_t i = 0; i < SERIES; i++)
		obs[i] = (struct observation){ .metric = metrics[i],
					       .labels = "",
					       .period = { .grain = GRAIN_DAY, .number = DAY },
					       .value_e = (int64_t)w->sealed * 10 + 1 };
	assert_int_equal(spool_record(w->spool, obs, SERIES, NULL, &w->err), 0);
	assert_int_equal(spool_seal(w->spool, 1, &last, &more, &w->err), 0);
	assert_true(last == ++w->sealed);
	assert_int_equal(spool_acked(w->spool, last, 1, &w->err), 0);
}

static void hold(struct world *w, struct dice *dice, uint64_t seq, bool by_ack)
{
	size_t series = dice_below(dice, SERIES), reason = dice_below(dice, REASONS);
	uint32_t n = 1 + (uint32_t)dice_below(dice, 5);
	if (w->waits[seq][series][reason])
		return;
	w->waits[seq][series][reason] = n;
	if (by_ack)
		assert_int_equal(spool_quarantined(w->spool, seq, (uint32_t)series, n,
						   reasons[reason], &w->err),
				 0);
}

static void let_in(struct world *w, struct dice *dice)
{
	uint64_t seq = 1 + dice_below(dice, w->sealed);
	for (size_t i = 0; i < SERIES; i++)
		for (size_t k = 0; k < REASONS; k++)
			if (w->waits[seq][i][k]) {
				w->waits[seq][i][k] = 0;
				w->released[seq][i][k] = true;
			}
}

/* Some of a run's points were let in. */
static void let_some_in(struct world *w, struct dice *dice)
{
	uint32_t *waits = &w->waits[1 + dice_below(dice, w->sealed)][dice_below(dice, SERIES)]
				   [dice_below(dice, REASONS)];
	*waits -= *waits > 1;
}

/* The newest @most of what waits, and what was released. */
static void tell(struct world *w, size_t most, struct err *err)
{
	memset(w->told, 0, sizeof(w->told));
	w->oldest = UINT64_MAX;
	struct spool_waiting waiting[BATCHES * SERIES * REASONS],
		released[BATCHES * SERIES * REASONS];
	struct spool_verdicts told = { .waiting = waiting, .released = released };
	size_t all = 0;
	for (uint64_t seq = w->sealed; seq > 0; seq--)
		for (uint32_t i = 0; i < SERIES; i++)
			for (size_t k = 0; k < REASONS; k++) {
				struct spool_waiting one = {
					.spool_id = spool_id(w->spool),
					.seq = seq,
					.series = i,
					.observations = w->waits[seq][i][k],
					.reason = reasons[k],
				};
				all += one.observations > 0;
				bool waits = one.observations && told.n_waiting < most;
				bool let_in = !one.observations && w->released[seq][i][k] &&
					      told.n_released < (most == SIZE_MAX ? most : 1);
				w->told[seq][i][k] = waits || let_in;
				if (waits) {
					w->oldest = seq;
					waiting[told.n_waiting++] = one;
				} else if (let_in) {
					released[told.n_released++] = one;
				}
			}
	told.whole = told.n_waiting == all;
	told.upto = w->sealed;
	assert_int_equal(spool_told_waiting(w->spool, &told, err), 0);
}

struct listed {
	struct world *w;
	uint64_t sum, wrong, of_told, waiting;
};

static int on_refusal(void *context, const struct spool_refusal *refusal)
{
	struct listed *listed = context;
	size_t reason = strcmp(refusal->reason, reasons[0]) == 0 ? 0 : 1;
	uint32_t waits = listed->w->waits[refusal->seq][refusal->metric[0] - 'a'][reason];
	bool told = listed->w->told[refusal->seq][refusal->metric[0] - 'a'][reason];
	/* what it does not speak of may be as it was */
	listed->wrong += told && waits != refusal->observations;
	listed->wrong += (told || refusal->seq > listed->w->oldest) && !waits;
	listed->of_told += told;
	listed->waiting += waits > 0;
	listed->sum += refusal->observations;
	return 0;
}

static uint64_t told_to_wait(const struct world *w)
{
	uint64_t n = 0;
	for (uint64_t seq = 1; seq <= w->sealed; seq++)
		for (size_t i = 0; i < SERIES; i++)
			for (size_t k = 0; k < REASONS; k++)
				n += w->told[seq][i][k] && w->waits[seq][i][k];
	return n;
}

static uint64_t waits_in_all(const struct world *w)
{
	uint64_t sum = 0;
	for (uint64_t seq = 1; seq <= w->sealed; seq++)
		for (size_t i = 0; i < SERIES; i++)
			for (size_t k = 0; k < REASONS; k++)
				sum += w->waits[seq][i][k];
	return sum;
}

static struct listed list(struct world *w)
{
	struct listed listed = { .w = w };
	assert_int_equal(spool_each_refusal(w->spool, 1000, on_refusal, &listed, &w->err), 0);
	return listed;
}

static void any_course(struct dice *dice, void *context)
{
	struct world w;
	(void)context;
	world_open(&w);
	for (unsigned i = 0; i < BATCHES; i++) {
		seal(&w);
		if (dice_below(dice, 2))
			hold(&w, dice, w.sealed, true);
		if (dice_below(dice, 3) == 0) /* an import held what counted: no ack says so */
			hold(&w, dice, 1 + dice_below(dice, w.sealed), false);
		if (dice_below(dice, 3) == 0)
			let_in(&w, dice);
		if (dice_below(dice, 3) == 0)
			let_some_in(&w, dice);
		if (dice_below(dice, 3) == 0) { /* some of it: nothing that waits is let go */
			uint64_t before = list(&w).waiting;
			tell(&w, 1 + dice_below(dice, 4), &w.err);
			struct spool_status status;
			assert_int_equal(spool_status(w.spool, &status, &w.err), 0);
			struct listed listed = list(&w);
			assert_true(status.held == listed.sum);
			assert_int_equal(listed.wrong, 0);
			assert_true(listed.waiting >= before);
			assert_true(listed.of_told == told_to_wait(&w));
		}
		if (dice_below(dice, 2)) {
			tell(&w, SIZE_MAX, &w.err);
			struct listed listed = list(&w);
			assert_int_equal(listed.wrong, 0);
			assert_true(listed.sum == waits_in_all(&w));
			struct spool_status status;
			assert_int_equal(spool_status(w.spool, &status, &w.err), 0);
			assert_true(status.held == listed.sum && status.released == 0);
		}
	}
	world_close(&w);
}

static void the_list_is_what_waits_after_any_course(void **state)
{
	(void)state;
	for_all_seeds(30, any_course, NULL);
}

/* An ack that came after the question is not undone by the answer. */
static void what_was_told_later_stays(void **state)
{
	struct world w;
	struct spool_verdicts nothing = { .whole = true, .upto = 1 };
	(void)state;
	world_open(&w);
	seal(&w);
	assert_int_equal(spool_quarantined(w.spool, 1, 0, 1, reasons[0], &w.err), 0);
	seal(&w);
	assert_int_equal(spool_quarantined(w.spool, 2, 0, 1, reasons[0], &w.err), 0);
	assert_int_equal(spool_told_waiting(w.spool, &nothing, &w.err), 0);
	assert_int_equal(list(&w).sum, 1);
	/* what waits of a spool that is not this one is no line of it */
	const struct spool_waiting strange = {
		.spool_id = 5, .seq = 1, .series = 0, .observations = 3, .reason = reasons[0]
	};
	nothing = (struct spool_verdicts){
		.waiting = &strange, .n_waiting = 1, .whole = true, .upto = 2
	};
	assert_int_equal(spool_told_waiting(w.spool, &nothing, &w.err), 0);
	assert_int_equal(list(&w).sum, 0);
	world_close(&w);
}

/* --- closed periods --- */

static void a_period_is_closed_when_all_of_its_days_are(void **state)
{
	static char month[] = "2025-06", quarter[] = "2025-Q1", metric[] = "w", none[] = "";
	static char nonsense[] = "2025-99";
	Lantoa__V1__Closing closings[] = { LANTOA__V1__CLOSING__INIT, LANTOA__V1__CLOSING__INIT,
					   LANTOA__V1__CLOSING__INIT },
			    *pointers[] = { &closings[0], &closings[1], &closings[2] };
	Lantoa__V1__Standing standing = LANTOA__V1__STANDING__INIT;
	const struct bulletin told = { .standing = &standing };
	(void)state;
	closings[0].period = month;
	closings[0].metric = none;
	closings[1].period = quarter;
	closings[1].metric = metric;
	closings[2].period = nonsense;
	closings[2].metric = none;
	standing.closing = pointers;
	standing.n_closing = 3;
	static const struct {
		const char *metric, *period;
		bool closed;
	} cases[] = {
		{ "d", "2025-06-01", true },    { "d", "2025-06-30", true },
		{ "d", "2025-07-01", false },   { "d", "2025-05-31", false },
		{ "d", "2025-06-30T23", true }, { "d", "2025-W26", true },
		{ "d", "2025-W27", false },     { "d", "2025-Q2", false },
		{ "d", "2025-06", true },       { "d", "2025-02", false },
		{ "w", "2025-02", true },       { "w", "2025", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[8];
		struct period period;
		(void)snprintf(name, sizeof(name), "%s", cases[i].metric);
		const struct metric of = { .name = name };
		assert_true(period_read(cases[i].period, CALENDAR_CIVIL, &period));
		if ((bulletin_closing(&told, &of, period) != NULL) != cases[i].closed)
			fail_msg("%s %s", cases[i].metric, cases[i].period);
	}
	assert_null(bulletin_closing(&(struct bulletin){ 0 }, &(struct metric){ .name = metric },
				     (struct period){ .grain = GRAIN_DAY, .number = DAY }));
}

/* --- kept --- */

static void what_was_told_is_there_after_a_restart_or_not_at_all(void **state)
{
	static char unit[] = "28001";
	struct world w;
	struct bulletin told;
	struct blob packed = { 0 };
	Lantoa__V1__Standing standing = LANTOA__V1__STANDING__INIT;
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	(void)state;
	world_open(&w);
	assert_int_equal(bulletin_read(w.spool, &told, &w.err), 0);
	assert_null(told.standing);
	bulletin_free(&told);
	standing.version = 77;
	standing.unit = unit;
	frame.kind_case = LANTOA__V1__FRAME__KIND_STANDING;
	frame.standing = &standing;
	assert_int_equal(wire_frame_pack(&frame, &packed, &w.err), 0);
	assert_int_equal(bulletin_keep(w.spool, packed.data, packed.len, 0, &w.err), 0);
	assert_int_equal(bulletin_read(w.spool, &told, &w.err), 0);
	assert_true(told.standing->version == 77);
	assert_string_equal(told.standing->unit, unit);
	bulletin_free(&told);
	assert_int_equal(bulletin_keep(w.spool, "nonsense", 8, 0, &w.err), -EINVAL);
	assert_int_equal(spool_fact_set(w.spool, "standing", "nonsense", 8, &w.err), 0);
	assert_int_equal(bulletin_read(w.spool, &told, &w.err), 0); /* it is told again */
	assert_null(told.standing);
	blob_free(&packed);
	world_close(&w);
}

static void what_was_read_is_news_no_more(void **state)
{
	static char text[] = "Xin xem lại", metric[] = "d", period[] = "2025-06", none[] = "";
	struct world w;
	struct bulletin told;
	struct blob packed = { 0 };
	Lantoa__V1__Message messages[] = { LANTOA__V1__MESSAGE__INIT, LANTOA__V1__MESSAGE__INIT },
			    *pointers[] = { &messages[0], &messages[1] };
	Lantoa__V1__Standing standing = LANTOA__V1__STANDING__INIT;
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	const struct metric of = { .name = metric };
	const struct period june = { .grain = GRAIN_MONTH, .number = 665 };
	char june_text[PERIOD_TEXT_MAX];
	size_t n = 9;
	(void)state;
	world_open(&w);
	assert_string_equal(period_format(june, june_text), period);
	for (uint64_t i = 0; i < 2; i++) {
		messages[i].id = 11 + i;
		messages[i].text = text;
		messages[i].who = messages[i].labels = none;
		messages[i].metric = i ? metric : none;
		messages[i].period = i ? period : none;
	}
	standing.version = 5;
	standing.message = pointers;
	standing.n_message = 2;
	frame.kind_case = LANTOA__V1__FRAME__KIND_STANDING;
	frame.standing = &standing;
	for (int turn = 0; turn < 2; turn++) {
		messages[1].read = turn == 1; /* and then the province knows */
		packed.len = 0;
		assert_int_equal(wire_frame_pack(&frame, &packed, &w.err), 0);
		assert_int_equal(bulletin_keep(w.spool, packed.data, packed.len, 0, &w.err), 0);
		assert_int_equal(bulletin_read(w.spool, &told, &w.err), 0);
		assert_true(bulletin_is_news(&told, told.standing->message[0]));
		assert_int_equal(bulletin_about(&told, &of, "", june) != NULL, turn == 0);
		assert_null(bulletin_about(&told, &of, "a=b", june));
		assert_int_equal(told.n_read, 0);
		bulletin_free(&told);
		if (turn == 1)
			break;
		assert_int_equal(bulletin_mark_read(w.spool, 13, &n, &w.err), -ENOENT);
		assert_int_equal(bulletin_mark_read(w.spool, 12, &n, &w.err), 0);
		assert_int_equal(n, 1);
		assert_int_equal(bulletin_mark_read(w.spool, 12, &n, &w.err), 0);
		assert_int_equal(n, 0);
		assert_int_equal(bulletin_read(w.spool, &told, &w.err), 0);
		assert_true(told.n_read == 1 && told.read[0] == 12);
		assert_null(bulletin_about(&told, &of, "", june));
		bulletin_free(&told);
	}
	assert_int_equal(bulletin_mark_read(w.spool, 0, &n, &w.err), 0); /* all that is left */
	assert_int_equal(n, 1);
	blob_free(&packed);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_is_what_waits_after_any_course),
		cmocka_unit_test(what_was_told_later_stays),
		cmocka_unit_test(a_period_is_closed_when_all_of_its_days_are),
		cmocka_unit_test(what_was_read_is_news_no_more),
		cmocka_unit_test(what_was_told_is_there_after_a_restart_or_not_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
