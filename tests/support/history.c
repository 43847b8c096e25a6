#include "support/history.h"

#include "common/sys/db.h"
#include "ledger/change.h"
#include "registry/successors.h"
#include "schema/event.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *const history_areas[] = { "P",  "D1", "D2", "D3", "C1", "C2",
				      "C3", "C4", "C5", "Q",  "X",  NULL };

static const char *const labelings[] = { "", "k=a", "k=b", "j=x;k=a", "j=x" };
#define LABELINGS (sizeof(labelings) / sizeof(labelings[0]))

/* The first so many fit. */
static size_t labelings_for(const struct metric *metric)
{
	return metric->n_dimensions == 0 ? 1 : metric->n_dimensions == 1 ? 3 : LABELINGS;
}

static bool chance(struct history *h, unsigned percent)
{
	return dice_below(h->dice, 100) < percent;
}

/* A day while figures come in, or somewhat before. */
static int32_t some_day(struct history *h)
{
	return h->base + (int32_t)dice_between(h->dice, -5, h->days);
}

/* --- the province --- */

#define REFORMED 1u /* the office of C2 */

static void say(char *text, size_t room, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(char *text, size_t room, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text + len, room - len, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < room - len);
}

static void say_unit(struct history *h, const char *code, const char *level, const char *parent,
		     int32_t from, int32_t to)
{
	char first[DAY_TEXT_MAX], end[DAY_TEXT_MAX];
	say(h->units, sizeof(h->units), "%s,%s of %d,%s,%s,%s,%s\n", code, code, from - h->base,
	    level, parent, day_format(from, first), to == UNIT_OPEN ? "" : day_format(to, end));
}

static void say_heirs(struct history *h, int32_t day, const char *old, const char *heirs)
{
	char text[DAY_TEXT_MAX];
	const char *share = strchr(heirs, ' ') ? "" : "1";
	for (; *heirs; heirs += strcspn(heirs, " ") + (strchr(heirs, ' ') != NULL))
		say(h->successors, sizeof(h->successors), "%s,%s,%.*s,%s\n", day_format(day, text),
		    old, (int)strcspn(heirs, " "), heirs, share);
}

/* What becomes of the units that end, and of one that is divided and lives on. "": nothing. */
static void make_successors(struct history *h, int32_t split, int32_t end, int32_t turn)
{
	static const char *const d2[] = { "D3", "D3", "D1 D3", "" };
	static const char *const c2[] = { "C2", "C1 C2", "C1 C2", "" };
	static const char *const c3[] = { "C3", "C1 C3", "C1 C3", "X" };
	static const char *const c4[] = { "C5", "C1", "C1 C5", "" };
	say(h->successors, sizeof(h->successors), "effective_on,old_code,new_code,share\n");
	say_heirs(h, split, "D1", "D1");
	say_heirs(h, end, "D2", d2[dice_below(h->dice, 4)]);
	say_heirs(h, split, "C2", h->reform ? "C1 C2" : c2[dice_below(h->dice, 4)]);
	say_heirs(h, end, "C3", c3[dice_below(h->dice, 4)]);
	say_heirs(h, turn, "C4", c4[dice_below(h->dice, 4)]);
	if (chance(h, 30)) /* a day on which nothing else may change */
		say_heirs(h, turn + (int32_t)dice_below(h->dice, 10), "C1", "C1 C5");
}

static void make_units(struct history *h)
{
	int32_t born = h->base - 900, split = h->base + (int32_t)dice_between(h->dice, 1, 30),
		end = split + (int32_t)dice_between(h->dice, 1, 25),
		turn = h->base + (int32_t)dice_between(h->dice, 1, HISTORY_DAYS);
	h->reform = chance(h, 40) ? split : 0;
	say(h->units, sizeof(h->units), "code,name,level,parent,valid_from,valid_to\n");
	say_unit(h, "P", "province", "", born, UNIT_OPEN);
	say_unit(h, "Q", "province", "", born, UNIT_OPEN);
	say_unit(h, "D1", "district", "P", born, split); /* one code, two districts */
	say_unit(h, "D1", "district", "P", split, UNIT_OPEN);
	say_unit(h, "D2", "district", "P", born, end);
	say_unit(h, "D3", "district", "P", end, UNIT_OPEN);
	say_unit(h, "C1", "commune", "D1", born, UNIT_OPEN); /* its parent changes row */
	say_unit(h, "C2", "commune", "D2", born, split);
	say_unit(h, "C2", "commune", "P", split, UNIT_OPEN); /* no district any more */
	say_unit(h, "C3", "commune", "D2", born, end);
	say_unit(h, "C3", "commune", "D3", end, UNIT_OPEN);
	say_unit(h, "C4", "commune", "D1", born, turn);      /* ends */
	say_unit(h, "C5", "commune", "D1", turn, UNIT_OPEN); /* begins */
	say_unit(h, "X", "commune", "Q", born, UNIT_OPEN);
	make_successors(h, split, end, turn);
}

static void make_moves(struct history *h)
{
	static const char *const homes[HISTORY_OFFICES] = { "C1", "C2", "C3", "C4",
							    "D1", "P",  "C3", "X" };
	static const char *const others[] = { "C1", "C5", "D3", "C1", "C1", "X", NULL, "C1" };
	for (size_t i = 0; i < HISTORY_OFFICES; i++) {
		size_t n = chance(h, 40) ? 0 : dice_below(h->dice, 3);
		int32_t day = h->base - 800;
		h->moves[i][0].unit = homes[i];
		h->n_moves[i] = n + 1;
		for (size_t k = 0; k <= n; k++) {
			h->moves[i][k].day = day;
			if (k > 0)
				h->moves[i][k].unit = others[dice_below(h->dice, 8)];
			day = (k ? day : h->base) + (int32_t)dice_between(h->dice, 1, 40);
		}
	}
	if (h->reform) {
		h->n_moves[REFORMED] = 2;
		h->moves[REFORMED][1].unit = "C1";
		h->moves[REFORMED][1].day = h->reform + (int32_t)dice_between(h->dice, 0, 9);
	}
}

static void make_metric(struct history *h, const char *name)
{
	static const char *const times[] = { "sum", "sum", "last", "last", "mean", "min", "max" };
	static const char *const areas[] = { "sum", "sum", "sum", "mean", "min", "max" };
	static const char *const levels[] = { "commune", "commune", "district", "province" };
	static const char *const dimensions[] = { "", "", "k", "j;k" };
	enum grain grain = (enum grain)dice_below(h->dice, GRAIN_COUNT);
	if (chance(h, 50))
		grain = (enum grain)dice_below(h->dice, GRAIN_WEEK); /* the most intricate */
	if (h->diligent && grain < GRAIN_DAY)
		grain = GRAIN_DAY; /* an hour of a day would be silence in the others */
	size_t aggs = dice_below(h->dice, 7);
	const char *time = times[aggs], *area = areas[dice_below(h->dice, 6)];
	if (h->diligent) /* as is common, and units' pages go by it */
		area = aggs > 3 ? time : "sum";
	bool carries = strcmp(time, "last") == 0 && grain != GRAIN_MINUTE && chance(h, 60);
	unsigned decimals = (unsigned)dice_below(h->dice, 4);
	const char *level = levels[dice_below(h->dice, 4)];
	if (h->reform && strcmp(name, h->names[0]) == 0) {
		static const char *const mixed[] = { "mean", "min", "max" };
		grain = GRAIN_DAY;
		time = area = mixed[dice_below(h->dice, 3)];
		carries = false;
		level = "commune";
	}
	/* Each a statement: the order in which arguments are called is the compiler's. */
	enum calendar calendar = chance(h, 40) ? CALENDAR_REPORT : CALENDAR_CIVIL;
	const char *max = chance(h, 20) ? "5000" : "", *min = chance(h, 20) ? "-500" : "";
	unsigned due_days = (unsigned)dice_below(h->dice, 20);
	unsigned carry = carries ? (unsigned)dice_between(h->dice, 1, 5) : 0;
	say(h->catalogue, sizeof(h->catalogue), "%s,x,x,x,flow,%s,%s,%s,%s,%u,%u,%s,%u,%s,%s,%s\n",
	    name, time, area, grain_name(grain), dimensions[dice_below(h->dice, 4)], decimals,
	    carry, level, due_days, min, max, calendar_name(calendar));
}

static void make_catalogue(struct history *h)
{
	say(h->catalogue, sizeof(h->catalogue),
	    "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"
	    "level,due_days,min,max,calendar\n");
	for (size_t i = 0; i < HISTORY_METRICS; i++) {
		(void)snprintf(h->names[i], sizeof(h->names[i]), "m%zu", i);
		make_metric(h, h->names[i]);
	}
}

void history_open(const struct history *history, struct testbed *ret_testbed)
{
	size_t rows;
	testbed_open(ret_testbed, history->units, history->catalogue, NULL, false);
	if (db_begin(ret_testbed->db, &ret_testbed->err) < 0 ||
	    successors_import(ret_testbed->db, history->successors, strlen(history->successors),
			      &rows, &ret_testbed->err) < 0 ||
	    db_commit(ret_testbed->db, &ret_testbed->err) < 0)
		fail_msg("successors: %s", ret_testbed->err.text);
	for (size_t i = 0; i < HISTORY_OFFICES; i++) {
		char code[8];
		(void)snprintf(code, sizeof(code), "o%zu", i);
		int64_t id = testbed_office(ret_testbed, code, history->moves[i][0].unit,
					    history->moves[i][0].day);
		assert_int_equal(id, i + 1); /* what was sealed says so */
		for (size_t k = 1; k < history->n_moves[i]; k++)
			testbed_move(ret_testbed, id, history->moves[i][k].unit,
				     history->moves[i][k].day);
	}
	/* the last moves, too, are in the ledger before anything comes */
	if (event_append(ret_testbed->db,
			 &(struct event_form){ .who = "test", .kind = "office move" }, NULL,
			 &ret_testbed->err) < 0)
		fail_msg("%s", ret_testbed->err.text);
	testbed_refresh(ret_testbed);
}

/* --- what offices send --- */

#define FIGURES_MAX      16u
#define HISTORY_MACHINES 2u /* of an office: the one it works with, and a copy of that */

struct batch_making {
	struct history *h;
	const struct catalogue *catalogue;
	int32_t day;
	struct testbed_figure figures[FIGURES_MAX];
	size_t n;
};

static uint16_t some_nth(struct history *h, enum grain grain)
{
	static const uint16_t minutes[] = { 0, 1, 2, 59, 60, 61, 840, 1439 };
	static const uint16_t hours[] = { 0, 1, 2, 9, 10, 11, 22, 23 };
	if (grain > GRAIN_HOUR)
		return 0;
	return (grain == GRAIN_MINUTE ? minutes : hours)[dice_below(h->dice, 8)];
}

static int64_t some_value(struct history *h)
{
	if (chance(h, 4))
		return (int64_t)dice_next(h->dice); /* anything that fits */
	if (chance(h, 25))
		return 5; /* so that some come again unchanged */
	return chance(h, 10) ? 0 : dice_between(h->dice, -999, 9999);
}

static void add_figure(struct batch_making *making, struct testbed_figure figure)
{
	for (size_t i = 0; i < making->n; i++) {
		const struct testbed_figure *other = &making->figures[i];
		if (strcmp(other->metric, figure.metric) == 0 &&
		    strcasecmp(other->labels, figure.labels) == 0 && other->grain == figure.grain &&
		    other->calendar == figure.calendar && other->decimals == figure.decimals &&
		    other->nth == figure.nth)
			return;
	}
	if (making->n < FIGURES_MAX)
		making->figures[making->n++] = figure;
}

static bool begins_on(enum calendar calendar, enum grain grain, int32_t day)
{
	return grain <= GRAIN_DAY || period_first_day(period_of_day(calendar, grain, day)) == day;
}

static void spoil(struct history *h, struct testbed_figure *figure, int32_t day)
{
	switch (dice_below(h->dice, 4)) {
	case 0:
		figure->metric = "nope";
		break;
	case 1:
		figure->labels = "z=1";
		break;
	case 2:
		figure->decimals = 6;
		break;
	default:
		if (begins_on(figure->calendar, GRAIN_MONTH, day)) {
			figure->grain = GRAIN_MONTH;
			figure->nth = 0;
		} else {
			figure->calendar = !figure->calendar;
			if (!begins_on(figure->calendar, figure->grain, day))
				figure->calendar = !figure->calendar;
		}
	}
}

/* The same label, in another spelling. */
static const char *typed_otherwise(const char *labels)
{
	return strcmp(labels, "k=a") == 0       ? "k=A"
	       : strcmp(labels, "j=x;k=a") == 0 ? "j=X;k=a"
						: labels;
}

static void add_series(struct batch_making *making, const struct metric *metric)
{
	struct history *h = making->h;
	struct testbed_figure figure = { .metric = metric->name,
					 .grain = metric->period,
					 .calendar = metric->calendar,
					 .decimals = metric->decimals };
	if (!begins_on(metric->calendar, metric->period, making->day))
		return;
	figure.labels = labelings[dice_below(h->dice, labelings_for(metric))];
	if (chance(h, 10))
		figure.decimals = (unsigned)dice_below(h->dice, 5);
	for (size_t n = dice_below(h->dice, 4) + 1; n > 0; n--) {
		struct testbed_figure one = figure;
		one.nth = some_nth(h, metric->period);
		one.withdrawn = chance(h, 12);
		one.value_e = one.withdrawn ? 0 : some_value(h);
		if (one.value_e % 3 == 0)
			one.labels = typed_otherwise(one.labels);
		if (chance(h, 4))
			spoil(h, &one, making->day);
		add_figure(making, one);
	}
}

static int32_t batch_day(struct history *h, const struct metric *metric, int32_t *cursor)
{
	int32_t day = *cursor;
	if (chance(h, 55) && day < h->base + HISTORY_DAYS)
		*cursor += (int32_t)dice_below(h->dice, 4);
	else
		day = some_day(h);
	return metric->period > GRAIN_DAY
		       ? period_first_day(period_of_day(metric->calendar, metric->period, day))
		       : day;
}

/* Some of what the office said of a day that it spoke of before: again, corrected or withdrawn. */
static bool say_again(struct batch_making *making, int64_t office)
{
	struct history *h = making->h;
	size_t at = h->n_heard ? dice_below(h->dice, h->n_heard) : 0;
	if (h->n_heard == 0 || h->heard[at].office != office)
		return false;
	making->day = h->heard[at].day;
	for (size_t i = 0; i < h->n_heard; i++) {
		const struct heard *heard = &h->heard[i];
		struct testbed_figure figure = { .metric = heard->metric,
						 .labels = heard->labels,
						 .grain = heard->grain,
						 .calendar = heard->calendar,
						 .decimals = heard->decimals,
						 .nth = heard->nth };
		if (heard->office != office || heard->day != making->day ||
		    (i != at && chance(h, 50)))
			continue;
		figure.withdrawn = chance(h, 25);
		figure.value_e = figure.withdrawn ? 0
				 : chance(h, 30)  ? heard->value_e
						  : some_value(h);
		add_figure(making, figure);
	}
	return making->n > 0;
}

static void keep(struct history *h, const struct batch_making *making,
		 const struct testbed_spool *spool, const struct testbed_batch *batch)
{
	h->batches = realloc(h->batches, (h->n + 1) * sizeof(*h->batches));
	h->heard = realloc(h->heard, (h->n_heard + making->n) * sizeof(*h->heard));
	assert_true(h->batches && h->heard);
	h->batches[h->n++] = *batch;
	for (size_t i = 0; i < making->n; i++) {
		const struct testbed_figure *figure = &making->figures[i];
		h->heard[h->n_heard++] = (struct heard){ .office = batch->office,
							 .metric = figure->metric,
							 .labels = figure->labels,
							 .grain = figure->grain,
							 .calendar = figure->calendar,
							 .decimals = figure->decimals,
							 .day = making->day,
							 .nth = figure->nth,
							 .withdrawn = figure->withdrawn,
							 .value_e = figure->value_e,
							 .received_us = batch->received_us,
							 .entry = (int64_t)h->n,
							 .spool = spool->id,
							 .seq = spool->seq,
							 .from_spool = spool->from_id,
							 .from_seq = spool->from_seq };
	}
}

/* A fresh spool: as a rule of a machine that was set back to what it, or the other, was once. */
static void begin_spool(struct history *h, const struct testbed_spool machines[HISTORY_MACHINES],
			struct testbed_spool *spool)
{
	const struct testbed_spool *from = &machines[dice_below(h->dice, HISTORY_MACHINES)];
	struct testbed_spool fresh = { .office = spool->office, .id = dice_next(h->dice) };
	if (from->id != 0 && chance(h, 75)) {
		fresh.from_id = from->id;
		fresh.from_seq = dice_below(h->dice, from->seq + 1);
	}
	*spool = fresh;
}

/* Seal what was made, and keep it. */
static void send(struct batch_making *making, struct testbed_spool machines[HISTORY_MACHINES],
		 int64_t received_us)
{
	struct testbed_batch batch;
	struct testbed_spool *spool = &machines[chance(making->h, 10)];
	if (spool->id == 0 || chance(making->h, 4) || spool->n + making->n > TESTBED_SERIES_MAX)
		begin_spool(making->h, machines, spool);
	testbed_seal(spool, making->day, making->figures, making->n, received_us, &batch);
	keep(making->h, making, spool, &batch);
}

static void make_batch(struct history *h, const struct catalogue *catalogue,
		       struct testbed_spool machines[HISTORY_MACHINES], int32_t *cursor)
{
	bool reformed = h->reform && machines[0].office == REFORMED + 1;
	const struct metric *metric =
		&catalogue->metrics[reformed ? 0 : dice_below(h->dice, catalogue->n)];
	struct batch_making making = { .h = h };
	if (!say_again(&making, machines[0].office)) {
		making.day = batch_day(h, metric, cursor);
		add_series(&making, metric);
	}
	for (size_t n = dice_below(h->dice, 4); n > 0; n--)
		add_series(&making, &catalogue->metrics[dice_below(h->dice, catalogue->n)]);
	int64_t delay_us = dice_between(h->dice, 0, chance(h, 50) ? 30 : 700) * 3600000000;
	int32_t received = making.day + (int32_t)dice_between(h->dice, -1, 1);
	if (chance(h, 6)) { /* from an office whose clock runs ahead */
		received = making.day - (int32_t)dice_between(h->dice, 1, 4);
		delay_us %= 17 * INT64_C(3600000000);
	}
	send(&making, machines, (int64_t)received * 86400000000 + delay_us);
}

/* What an office has of a day. */
static void make_diligent_batch(struct history *h, const struct catalogue *catalogue,
				struct testbed_spool machines[HISTORY_MACHINES], int32_t day)
{
	struct batch_making making = { .h = h, .day = day };
	int64_t delay_h = dice_between(h->dice, 0, chance(h, 80) ? 20 : 300);
	bool again = chance(h, 10) && say_again(&making, machines[0].office);
	for (size_t i = 0; i < catalogue->n && !again; i++)
		if (chance(h, 95))
			add_series(&making, &catalogue->metrics[i]);
	if (making.n > 0)
		send(&making, machines, (making.day * INT64_C(24) + delay_h) * 3600000000);
}

struct history_making {
	struct catalogue *catalogue;
	struct testbed_spool machines[HISTORY_OFFICES][HISTORY_MACHINES];
	int32_t cursors[HISTORY_OFFICES];
};

static void begin(struct history *history, struct dice *dice, int32_t days, bool diligent,
		  struct history_making *making)
{
	static const char *const bases[] = { "1969-12-10", "2025-05-20", "2024-02-01",
					     "2024-11-28" };
	struct err err;
	*making = (struct history_making){ 0 };
	*history = (struct history){ .dice = dice, .days = days, .diligent = diligent };
	assert_int_equal(day_parse(bases[dice_below(dice, 4)], &history->base, &(struct err){ 0 }),
			 0);
	make_units(history);
	make_moves(history);
	bool all_speak = chance(history, 50);
	for (size_t i = 1; i < HISTORY_OFFICES; i++)
		history->silent[i] = !all_speak && chance(history, 30);
	make_catalogue(history);
	if (catalogue_read(history->catalogue, strlen(history->catalogue), &making->catalogue,
			   &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < HISTORY_OFFICES; i++) {
		making->cursors[i] = history->base;
		for (size_t k = 0; k < HISTORY_MACHINES; k++)
			making->machines[i][k].office = (int64_t)i + 1;
	}
}

/* The catalogue goes; names stay with us. */
static void end(struct history *history, struct history_making *making)
{
	for (size_t i = 0; i < history->n_heard; i++)
		for (size_t k = 0; k < HISTORY_METRICS; k++)
			if (history->heard[i].metric == making->catalogue->metrics[k].name)
				history->heard[i].metric = history->names[k];
	catalogue_close(making->catalogue);
}

void history_make(struct history *history, struct dice *dice, size_t n_batches)
{
	struct history_making making;
	begin(history, dice, HISTORY_DAYS, false, &making);
	while (history->n < n_batches) {
		size_t i = dice_below(dice, HISTORY_OFFICES);
		if (!history->silent[i])
			make_batch(history, making.catalogue, making.machines[i],
				   &making.cursors[i]);
	}
	end(history, &making);
}

void history_make_diligent(struct history *history, struct dice *dice, int32_t days)
{
	struct history_making making;
	begin(history, dice, days, true, &making);
	for (int32_t day = history->base; day < history->base + days; day++)
		for (size_t i = 0; i < HISTORY_OFFICES; i++) {
			bool holiday = (day - history->base) % 7 > 4;
			if (!history->silent[i] && chance(history, holiday ? 10 : 95))
				make_diligent_batch(history, making.catalogue, making.machines[i],
						    day);
		}
	end(history, &making);
}

static void forget_acts(struct history *h)
{
	for (size_t i = 0; i < h->n_acts; i++) {
		reference_close(h->acts[i].after);
		h->acts[i].after = NULL;
	}
	reference_close(h->before);
	h->before = NULL;
}

void history_free(struct history *history)
{
	for (size_t i = 0; i < history->n; i++)
		blob_free(&history->batches[i].payload);
	free(history->batches);
	free(history->heard);
	forget_acts(history);
	for (size_t i = 0; i < history->n_acts; i++)
		free(history->acts[i].csv);
	free(history->acts);
	change_close(history->change);
	*history = (struct history){ 0 };
}

static void hear_again(struct history *history)
{
	for (size_t i = 0; i < history->n_heard; i++)
		history->heard[i].received_us =
			history->batches[history->heard[i].entry - 1].received_us;
}

void history_in_order(struct history *history, int64_t apart_us)
{
	struct testbed_batch *batches = history->batches;
	for (size_t i = 1; i < history->n; i++) {
		int64_t earliest_us = batches[i - 1].received_us + apart_us;
		if (batches[i].received_us < earliest_us)
			batches[i].received_us = earliest_us;
	}
	hear_again(history);
}

/* --- what the operator orders --- */

static int64_t when_all_is_over(const struct history *h)
{
	return (int64_t)(h->base + 1000) * 86400000000;
}

static void make_move(struct history *h, struct act *act)
{
	static const char *const units[] = { "P", "D1", "C1", "C2", "C3", "C4", "C5", "X", NULL };
	act->office = (int64_t)dice_below(h->dice, HISTORY_OFFICES) + 1;
	act->unit = units[dice_below(h->dice, 9)];
	act->day = h->base + (int32_t)dice_between(h->dice, -20, HISTORY_DAYS);
}

static void make_closing(struct history *h, struct act *act)
{
	enum calendar calendar = chance(h, 50) ? CALENDAR_REPORT : CALENDAR_CIVIL;
	enum grain grain = (enum grain)dice_between(h->dice, GRAIN_DAY, GRAIN_YEAR);
	act->period =
		period_of_day(grain < GRAIN_MONTH ? CALENDAR_CIVIL : calendar, grain, some_day(h));
	act->metric = chance(h, 40) ? h->names[dice_below(h->dice, HISTORY_METRICS)] : NULL;
	act->at_us = when_all_is_over(h);
}

static void make_reopening(struct history *h, struct act *act)
{
	const struct act *like = &h->acts[dice_below(h->dice, h->n_acts)];
	make_closing(h, act);
	if (like->kind == ACT_CLOSE) { /* else one that was hardly ever closed */
		act->period = like->period;
		act->metric = like->metric;
	}
}

/* A period of some days, or of some months, and what is reported in it. */
static void make_excuse(struct history *h, struct act *act)
{
	make_closing(h, act);
	act->office = (int64_t)dice_below(h->dice, HISTORY_OFFICES) + 1;
	act->day = (int32_t)dice_below(h->dice, 3); /* so many more */
	act->form = (enum grain)dice_between(h->dice, GRAIN_MINUTE, act->period.grain);
}

static void make_release(struct history *h, struct act *act)
{
	act->at_us = chance(h, 50) ? when_all_is_over(h)
				   : h->heard[dice_below(h->dice, h->n_heard)].received_us;
	act->closed = chance(h, 40);
	act->older_copy = chance(h, 40);
	if (chance(h, 30))
		act->entry = (int64_t)dice_below(h->dice, h->n) + 1;
	if (chance(h, 30))
		act->office = (int64_t)dice_below(h->dice, HISTORY_OFFICES) + 1;
	if (chance(h, 30))
		act->metric = h->names[dice_below(h->dice, HISTORY_METRICS)];
}

/* Three orders: a move by mistake, to no unit at all, of an office of which figures have come, if
 * any have; back to where it was; and what was held meanwhile is let in. */
static void make_mended_move(struct history *h, struct act act[3])
{
	size_t office = dice_below(h->dice, HISTORY_OFFICES), come = 0;
	const char *home = NULL;
	make_move(h, &act[0]);
	while (come < h->n_heard && h->heard[come].entry <= (int64_t)act[0].before)
		come++;
	if (come > 0) {
		const struct heard *heard = &h->heard[dice_below(h->dice, come)];
		office = (size_t)heard->office - 1;
		act[0].day = heard->day - (int32_t)dice_below(h->dice, 5);
	}
	for (size_t k = 0; k < h->n_moves[office]; k++)
		if (h->moves[office][k].day <= act[0].day)
			home = h->moves[office][k].unit;
	act[0].office = (int64_t)office + 1;
	act[0].unit = NULL;
	act[1] = act[2] = act[0];
	act[1].unit = home;
	act[2].kind = ACT_RELEASE;
	act[2].at_us = when_all_is_over(h);
}

static void make_acts(struct history *history, size_t n)
{
	static const enum act_kind kinds[] = { ACT_MOVE,   ACT_MOVE,    ACT_CLOSE,   ACT_CLOSE,
					       ACT_REOPEN, ACT_RELEASE, ACT_RELEASE, ACT_RELEASE };
	size_t before = 0;
	history->acts = calloc(n, sizeof(*history->acts));
	assert_non_null(history->acts);
	for (; history->n_acts < n; history->n_acts++) {
		struct act *act = &history->acts[history->n_acts];
		before += dice_below(history->dice, history->n * 2 / n);
		act->before = before = before < history->n ? before : history->n;
		act->kind = kinds[history->n_acts ? dice_below(history->dice, 8) : 2];
		if (act->kind == ACT_MOVE && n - history->n_acts > 2 && chance(history, 60)) {
			make_mended_move(history, act);
			history->n_acts += 2;
		} else if (act->kind == ACT_MOVE)
			make_move(history, act);
		else if (act->kind == ACT_CLOSE)
			make_closing(history, act);
		else if (act->kind == ACT_REOPEN)
			make_reopening(history, act);
		else
			make_release(history, act);
	}
}

#define APART_US 2000000 /* a question, which is in whole seconds, can be between */

/* Time never runs backward (chain.h): an act comes behind all that came before it, a release at the
 * time that is wanted or soon, and what comes after it comes behind it. */
static void acts_follow(struct history *h)
{
	int64_t now_us = h->batches[0].received_us;
	size_t act = 0;
	for (size_t i = 0; i <= h->n; i++) {
		for (; act < h->n_acts && h->acts[act].before <= i; act++, now_us++) {
			int64_t *at_us = &h->acts[act].at_us;
			if (h->acts[act].kind != ACT_RELEASE)
				continue;
			if (*at_us < now_us + APART_US ||
			    (i < h->n && *at_us == when_all_is_over(h)))
				*at_us = now_us + APART_US;
			now_us = *at_us;
		}
		if (i < h->n && h->batches[i].received_us < now_us)
			h->batches[i].received_us = (now_us / 1000000 + 1) * 1000000;
		if (i < h->n)
			now_us = h->batches[i].received_us;
	}
	hear_again(h);
}

void history_make_acts(struct history *history, size_t n)
{
	make_acts(history, n);
	acts_follow(history);
}

/* Behind all that comes before as many batches. */
static void act_insert(struct history *h, const struct act *act)
{
	size_t at = h->n_acts;
	struct act *acts = realloc(h->acts, (h->n_acts + 1) * sizeof(*acts));
	assert_non_null(acts);
	for (; at > 0 && acts[at - 1].before > act->before; at--)
		acts[at] = acts[at - 1];
	acts[at] = *act;
	h->acts = acts;
	h->n_acts++;
}

/* With other orders, so that batches are posted together as they would be without. */
static size_t some_act(struct history *h)
{
	return h->n_acts > 0 ? h->acts[dice_below(h->dice, h->n_acts)].before : h->n;
}

void history_make_excuses(struct history *history, size_t n)
{
	struct dice own = *history->dice, *lent = history->dice;
	history->dice = &own;
	for (size_t i = 1; i <= n; i++) {
		struct act act = { .kind = ACT_EXCUSE, .before = some_act(history) };
		make_excuse(history, &act);
		act_insert(history, &act);
		if (i % 4 > 0)
			continue;
		act = (struct act){ .kind = ACT_EXCUSE_END,
				    .before = some_act(history),
				    .entry = (int64_t)dice_below(&own, i) + 1 };
		act_insert(history, &act);
	}
	history->dice = lent;
}

static void say_days_off(struct history *h, char *csv, size_t room, int32_t from, int32_t to,
			 const char *kind)
{
	char first[DAY_TEXT_MAX], last[DAY_TEXT_MAX];
	say(csv, room, "%s,%s,%s,x,x\n", day_format(from, first), to ? day_format(to, last) : "",
	    kind);
	(void)h;
}

/* Weekends or not, some holidays, and Saturdays that are worked. */
static void make_calendar(struct history *h, struct act *act)
{
	char csv[2048] = "from,to,kind,name_vi,name_en\n";
	act->kind = ACT_IMPORT;
	act->what = "calendar";
	if (chance(h, 70))
		say_days_off(h, csv, sizeof(csv), h->base + (int32_t)dice_between(h->dice, -30, 30),
			     0, "weekend");
	for (int32_t day = h->base - 5; day < h->base + HISTORY_DAYS + 30;) {
		int32_t first = day + (int32_t)dice_between(h->dice, 1, 15),
			last = first + (int32_t)dice_below(h->dice, 5);
		bool saturday = ((first + 3) % 7 + 7) % 7 == 5;
		day = last + 1;
		if (saturday)
			say_days_off(h, csv, sizeof(csv), first, 0, "work");
		else
			say_days_off(h, csv, sizeof(csv), first, last, chance(h, 50) ? "off" : "");
	}
	act->csv = strdup(csv);
	assert_non_null(act->csv);
}

void history_make_calendars(struct history *history, size_t n)
{
	struct dice own = *history->dice, *lent = history->dice;
	history->dice = &own;
	for (size_t i = 0; i < n; i++) {
		struct act act = { .before = some_act(history) };
		make_calendar(history, &act);
		act_insert(history, &act);
	}
	history->dice = lent;
}

/* --- other editions --- */

/* The same units and successors, but that all happens on other days, and they have other names. */
static void make_borders(struct history *h, struct act act[2])
{
	char units[sizeof(h->units)], successors[sizeof(h->successors)];
	int32_t reform = h->reform;
	memcpy(units, h->units, sizeof(units));
	memcpy(successors, h->successors, sizeof(successors));
	h->units[0] = h->successors[0] = '\0';
	make_units(h);
	act[0].kind = act[1].kind = ACT_IMPORT;
	act[0].what = "units";
	act[0].csv = strdup(h->units);
	act[1].what = "successors";
	act[1].csv = strdup(h->successors);
	memcpy(h->units, units, sizeof(units));
	memcpy(h->successors, successors, sizeof(successors));
	h->reform = reform;
	assert_true(act[0].csv && act[1].csv);
	if (chance(h, 30)) /* communes of D1 lie in Q */
		for (char *at = act[0].csv; (at = strstr(at, ",commune,D1,"));) {
			at += strlen(",commune,");
			*at++ = 'Q';
			memmove(at, at + 1, strlen(at));
		}
}

/* One field of a line of the catalogue is another. */
static void field_change(struct history *h, char *line, size_t room)
{
	static const char *const
		labels[] = { "x", "y", "z" },
		*const areas[] = { "sum", "mean", "min", "max" },
		*const levels[] = { "commune", "district", "province" },
		*const days[] = { "0", "3", "9", "19" }, *const mins[] = { "", "-500", "0" },
		*const maxes[] = { "", "5000", "100" }, *const decimals[] = { "0", "1", "2", "3" },
		*const dimensions[] = { "", "k", "j;k" };
	static const struct {
		unsigned field;
		const char *const *list;
		size_t n;
	} changes[] = { { 1, labels, 3 },     { 2, labels, 3 },   { 6, areas, 4 },
			{ 8, dimensions, 3 }, { 9, decimals, 4 }, { 11, levels, 3 },
			{ 12, days, 4 },      { 13, mins, 3 },    { 14, maxes, 3 } };
	size_t which = dice_below(h->dice, sizeof(changes) / sizeof(changes[0]));
	const char *value = changes[which].list[dice_below(h->dice, changes[which].n)];
	char changed[256];
	char *at = line;
	for (unsigned i = 0; i < changes[which].field; i++)
		at = strchr(at, ',') + 1;
	(void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - line), line, value,
		       at + strcspn(at, ","));
	(void)snprintf(line, room, "%s", changed);
}

/* One metric is another, or gone; or it is the first edition again. */
static void make_edition(struct history *h, struct act *act)
{
	size_t which = dice_below(h->dice, HISTORY_METRICS), i = 0;
	bool whole = chance(h, 20), gone = chance(h, 15), first = chance(h, 15);
	char old[sizeof(h->catalogue)], edition[sizeof(h->catalogue)] = "";
	memcpy(old, h->catalogue, sizeof(old));
	for (char *line = strtok(old, "\n"); line; line = strtok(NULL, "\n"), i++) {
		char text[256];
		(void)snprintf(text, sizeof(text), "%s", line);
		if (i == which + 1 && !first && gone)
			continue;
		if (i == which + 1 && !first && whole) {
			char kept[sizeof(h->catalogue)];
			memcpy(kept, h->catalogue, sizeof(kept));
			h->catalogue[0] = '\0';
			make_metric(h, h->names[which]);
			(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(h->catalogue, "\n"),
				       h->catalogue);
			memcpy(h->catalogue, kept, sizeof(kept));
		} else if (i > 0 && !first && (i == which + 1 || chance(h, 20))) {
			field_change(h, text, sizeof(text));
		}
		say(edition, sizeof(edition), "%s\n", text);
	}
	act->kind = ACT_IMPORT;
	act->what = "catalogue";
	act->csv = strdup(edition);
	assert_non_null(act->csv);
}

static void make_indicators(struct history *h, struct act *act)
{
	static const char *const formulas[] = { "m0 / m1 * 100", "m1 + m2", "m0 - m3", "m2 / m3" };
	char csv[256] = "";
	size_t formula = dice_below(h->dice, 4);
	unsigned target = (unsigned)dice_below(h->dice, 100);
	say(csv, sizeof(csv), "name,label_vi,label_en,formula,unit,target_year,target_value\n");
	if (!chance(h, 25))
		say(csv, sizeof(csv), "i0,x,x,%s,%%,2025,%u\n", formulas[formula], target);
	act->kind = ACT_IMPORT;
	act->what = "indicators";
	act->csv = strdup(csv);
	assert_non_null(act->csv);
}

/* Lists that have all labels, some, or some on some days; or none, so that all text is free. */
static void make_lists(struct history *h, struct act *act)
{
	static const char *const codes[] = { "j,x", "k,a", "k,b", "k,c" };
	char csv[512] = "", from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
	say(csv, sizeof(csv), "dimension,code,label_vi,label_en,valid_from,valid_to\n");
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		int32_t day = h->base + (int32_t)dice_below(h->dice, HISTORY_DAYS);
		bool since = chance(h, 30), until = chance(h, 30);
		if (chance(h, 35))
			continue;
		say(csv, sizeof(csv), "%s,,,%s,%s\n", codes[i], since ? day_format(day, from) : "",
		    until ? day_format(day + 9, to) : "");
	}
	act->kind = ACT_IMPORT;
	act->what = "dimensions";
	act->csv = strdup(csv);
	assert_non_null(act->csv);
}

/* Whichever it is, what follows is the same history. */
static void make_indicators_or_lists(struct history *h, struct act *act, bool lists)
{
	struct dice before = *h->dice;
	make_indicators(h, act);
	if (!lists)
		return;
	struct dice after = *h->dice;
	*h->dice = before;
	free(act->csv);
	make_lists(h, act);
	*h->dice = after;
}

static void make_rename(struct history *h, struct act *act)
{
	char name[32];
	act->kind = ACT_RENAME;
	act->office = (int64_t)dice_below(h->dice, HISTORY_OFFICES) + 1;
	(void)snprintf(name, sizeof(name), "name %u", (unsigned)dice_below(h->dice, 5));
	act->csv = strdup(name);
	assert_non_null(act->csv);
}

void history_make_all_acts(struct history *history, size_t n)
{
	make_acts(history, n);
	for (size_t i = 0; i < n; i++) {
		struct act *act = &history->acts[i];
		act->before = act->before ? act->before : 1;
		if (act->kind == ACT_RELEASE)
			act->at_us = INT64_MIN; /* when it is done */
		if (chance(history, 50))
			continue;
		*act = (struct act){ .before = act->before };
		if (i + 1 < n && chance(history, 30)) {
			history->acts[i + 1] =
				(struct act){ .before = history->acts[i + 1].before };
			make_borders(history, act);
			i++;
		} else if (chance(history, 20))
			make_rename(history, act);
		else if (chance(history, 40))
			make_indicators_or_lists(history, act, i % 2);
		else
			make_edition(history, act);
	}
}

/* --- and does --- */

static void do_closing(struct testbed *testbed, struct act *act)
{
	char period[PERIOD_TEXT_MAX];
	const struct closing_form form = { .period = period_format(act->period, period),
					   .metric = act->metric,
					   .calendar = calendar_name(act->period.calendar),
					   .who = "test",
					   .at_us = act->at_us };
	int rc = testbed_order_closing(testbed, act->kind == ACT_REOPEN, &form);
	bool gone = act->metric && !catalogue_find(testbed->reference->catalogue, act->metric);
	assert_true(rc == 0 || gone || rc == (act->kind == ACT_REOPEN ? -ENOENT : -EEXIST));
	act->refused = rc < 0;
}

static void do_excuse(struct testbed *testbed, struct act *act, const char *office)
{
	char period[PERIOD_TEXT_MAX], until[PERIOD_TEXT_MAX];
	struct period last = act->period;
	last.number += act->day;
	const struct excuse_form form = { .office = office,
					  .metric = act->metric,
					  .form = act->metric ? NULL : grain_name(act->form),
					  .period = period_format(act->period, period),
					  .until = period_format(last, until),
					  .calendar = calendar_name(act->period.calendar),
					  .reason = "test",
					  .who = "test" };
	int rc = testbed_order_excuse(testbed, &form, &act->entry);
	assert_true(rc == 0 || rc == -EINVAL || rc == -EEXIST);
	act->refused = rc < 0;
}

/* As of now, and of no store: what is known of it later must be the same. */
static struct reference *reference_copy(struct testbed *testbed)
{
	struct reference *reference = NULL;
	if (reference_load(testbed->db, &reference, &testbed->err) < 0)
		fail_msg("reference: %s", testbed->err.text);
	return reference;
}

/* --- in steps --- */

/* False: it is none that can be made so. */
static bool begin_steps(struct history *h, struct testbed *testbed, struct act *act,
			const char *office)
{
	struct change_form form = { .who = "test", .note = "note" };
	struct steps_cost cost = { 0 };
	int64_t id = 0;
	bool moves = act->kind == ACT_MOVE;
	bool places = act->kind == ACT_IMPORT && strcmp(act->what, "units") == 0;
	bool catalogue = act->kind == ACT_IMPORT && strcmp(act->what, "catalogue") == 0;
	bool calendar = act->kind == ACT_IMPORT && strcmp(act->what, "calendar") == 0;
	if (!h->stepwise || !(moves || places || catalogue || calendar))
		return false;
	form.kind = moves      ? CHANGE_MOVE
		    : places   ? CHANGE_UNITS
		    : calendar ? CHANGE_CALENDAR
			       : CHANGE_CATALOGUE;
	form.body = act->csv;
	form.len = act->csv ? strlen(act->csv) : 0;
	form.office = office;
	form.unit = act->unit;
	form.from = act->day;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	if (change_begin(testbed->db, &form, &cost, &id, &testbed->err) < 0)
		fail_msg("begin: %s", testbed->err.text);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	h->change = change_open();
	assert_non_null(h->change);
	h->under_way = act;
	act->refused = true;
	return true;
}

/* When @at batches have come. */
static void step(struct history *h, struct testbed *testbed, size_t at)
{
	struct change_state state;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	int rc = change_step(h->change, testbed->db, testbed->reference,
			     1 + dice_below(h->dice, 6000), 0, &testbed->err);
	if (rc < 0 || change_read(testbed->db, &state, &testbed->err) < 0)
		fail_msg("step: %s", testbed->err.text);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	testbed_refresh(testbed);
	if (h->under_way && state.stage >= CHANGE_SETTLING) {
		struct act *act = h->under_way;
		act->refused = state.code < 0;
		act->before = at;
		act->done_us = testbed_number(testbed, "SELECT max(at_us) FROM event");
		if (!act->refused)
			act->after = reference_copy(testbed);
		h->under_way = NULL;
	}
	if (rc == 0) {
		change_close(h->change);
		h->change = NULL;
	}
}

/* They move nothing that a change rests on, and so come in its midst. */
static bool excuses(const struct act *act)
{
	return act->kind == ACT_EXCUSE || act->kind == ACT_EXCUSE_END;
}

static void do_act(struct history *h, struct testbed *testbed, struct act *act)
{
	char office[24];
	(void)snprintf(office, sizeof(office), "o%d", (int)act->office - 1);
	if (begin_steps(h, testbed, act, office))
		return;
	/* Time never runs backward, so that "as known at" cuts the ledger in two. */
	act->done_us = testbed_time(testbed);
	if (act->kind == ACT_RELEASE && act->at_us > act->done_us)
		act->done_us = act->at_us;
	const struct release_form form = { .entry = act->entry,
					   .office = act->office ? office : NULL,
					   .metric = act->metric,
					   .closed = act->closed,
					   .older_copy = act->older_copy,
					   .who = "test",
					   .at_us = act->done_us };
	if (act->kind == ACT_RELEASE) {
		testbed_order_release(testbed, &form, &act->released, &act->kept);
		return;
	}
	if (act->kind == ACT_MOVE)
		act->refused = !testbed_order_move(testbed, office, act->unit, act->day);
	else if (act->kind == ACT_IMPORT)
		act->refused = testbed_order_import(testbed, act->what, act->csv) < 0;
	else if (act->kind == ACT_RENAME)
		(void)testbed_order_rename(testbed, office, act->csv);
	else if (act->kind == ACT_EXCUSE)
		do_excuse(testbed, act, office);
	else if (act->kind == ACT_EXCUSE_END)
		act->refused = testbed_order_excuse_end(testbed, act->entry) < 0;
	else
		do_closing(testbed, act);
	if (!act->refused && !excuses(act))
		act->after = reference_copy(testbed);
}

/* All that come before batch @at. */
static void do_acts(struct history *h, struct testbed *testbed, size_t at)
{
	if (at == 0) {
		h->n_done = 0;
		forget_acts(h);
		h->before = reference_copy(testbed);
	}
	while (h->n_done < h->n_acts && h->acts[h->n_done].before <= at) {
		while (h->change && !excuses(&h->acts[h->n_done]))
			step(h, testbed, at);
		do_act(h, testbed, &h->acts[h->n_done++]);
	}
	while (h->change && at == h->n)
		step(h, testbed, at);
}

static void tell_release(struct oracle *oracle, const struct act *act)
{
	const struct oracle_release release = { act->entry,  act->office,     act->metric,
						act->closed, act->older_copy, act->done_us };
	size_t passed, kept;
	oracle_let_in(oracle, &release, &passed, &kept);
	assert_int_equal(passed, act->released);
	assert_int_equal(kept, act->kept);
}

static void tell_excuse(struct oracle *oracle, const struct act *act)
{
	struct period last = act->period;
	last.number += act->day;
	oracle_excuse(oracle, act->office, act->metric, act->form, period_first_day(act->period),
		      period_end_day(last), act->done_us);
	assert_int_equal(oracle->n_leaves, act->entry); /* its number in the ledger */
}

static void tell_act(struct oracle *oracle, const struct act *act)
{
	if (act->kind == ACT_RELEASE)
		tell_release(oracle, act);
	else if (act->refused)
		return;
	else if (act->kind == ACT_MOVE)
		oracle_move(oracle, act->office, act->unit, act->day, act->done_us);
	else if (act->kind == ACT_IMPORT || act->kind == ACT_RENAME)
		oracle_refer(oracle, act->after, act->done_us);
	else if (act->kind == ACT_EXCUSE)
		tell_excuse(oracle, act);
	else if (act->kind == ACT_EXCUSE_END)
		oracle_excuse_end(oracle, (size_t)act->entry - 1, act->done_us);
	else if (act->kind == ACT_CLOSE)
		oracle_close(oracle, act->metric, act->period);
	else
		oracle_reopen(oracle, act->metric, act->period);
}

void history_tell(const struct history *history, const struct testbed *testbed, int64_t until_us,
		  struct oracle *ret_oracle)
{
	size_t act = 0, heard = 0;
	const struct reference *then = history->before ? history->before : testbed->reference;
	*ret_oracle = oracle_of(then);
	for (size_t i = 0; i < HISTORY_OFFICES; i++)
		for (size_t k = 0; k < history->n_moves[i]; k++)
			oracle_move(ret_oracle, (int64_t)i + 1, history->moves[i][k].unit,
				    history->moves[i][k].day, INT64_MIN);
	for (size_t at = 0; at <= history->n; at++) {
		for (; act < history->n_done && history->acts[act].before <= at; act++) {
			const struct act *done = &history->acts[act];
			if (done->after)
				ret_oracle->reference = done->after;
			if (done->after && done->done_us <= until_us)
				then = done->after;
			tell_act(ret_oracle, done);
		}
		for (; heard < history->n_heard && history->heard[heard].entry == (int64_t)at + 1;
		     heard++)
			oracle_hear(ret_oracle, &history->heard[heard]);
	}
	ret_oracle->reference = then; /* I4: as it was known */
	oracle_settle(ret_oracle, until_us);
}

/* --- how it arrives --- */

/* What must leave no trace: a batch once more, one too early, bytes that are none. */
static void disturb(struct history *h, struct testbed *testbed, size_t next)
{
	struct testbed_batch odd = h->batches[dice_below(h->dice, h->n)];
	bool before = false;
	switch (dice_below(h->dice, 3)) {
	case 0:
		if (next == 0)
			return;
		odd = h->batches[dice_below(h->dice, next)];
		assert_int_equal(testbed_post(testbed, &odd), POSTED_BEFORE);
		return;
	case 1:
		odd.seq += 1000;
		assert_int_equal(testbed_post(testbed, &odd), POSTING_GAP);
		return;
	default:
		odd = h->batches[next];
		odd.payload.len--; /* a field has two bytes at least: never the end of one */
		for (size_t i = 0; i < next; i++)
			before |= h->batches[i].office == odd.office &&
				  h->batches[i].spool_id == odd.spool_id &&
				  h->batches[i].seq == odd.seq;
		assert_false(before);
		assert_int_equal(testbed_post(testbed, &odd), POSTING_BAD);
	}
}

static void post_group(struct history *h, struct testbed *testbed, size_t from, size_t to,
		       bool undone)
{
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	ledger_begin(testbed->ledger, testbed->reference);
	for (size_t i = from; i < to; i++) {
		if (chance(h, 8))
			disturb(h, testbed, i);
		if (testbed_post(testbed, &h->batches[i]) != POSTED)
			fail_msg("batch %zu was not taken: %s", i, testbed->err.text);
	}
	bool finished = !undone || chance(h, 50);
	if (finished && ledger_finish(testbed->ledger, &testbed->err) < 0)
		fail_msg("finish: %s", testbed->err.text);
	if (undone) {
		db_rollback(testbed->db);
		ledger_forget(testbed->ledger);
	} else {
		assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	}
}

void history_post_part(struct history *history, struct testbed *testbed, size_t from, size_t end)
{
	do_acts(history, testbed, from);
	for (size_t to; from < end; from = to) {
		to = from + 1 + (size_t)dice_below(history->dice, chance(history, 30) ? 12 : 3);
		if (to > end)
			to = end;
		if (history->n_done < history->n_acts && history->acts[history->n_done].before < to)
			to = history->acts[history->n_done].before;
		while (chance(history, 12))
			post_group(history, testbed, from, to, true);
		post_group(history, testbed, from, to, false);
		do_acts(history, testbed, to);
		if (history->change) /* never between two parts: time would stand still there */
			step(history, testbed, to);
		if (!chance(history, 3))
			continue;
		if (history->change)
			change_forget(history->change);
		testbed_reopen(testbed);
	}
}

void history_post(struct history *history, struct testbed *testbed)
{
	history_post_part(history, testbed, 0, history->n);
}
