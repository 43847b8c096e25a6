#include "support/oracle.h"

#include "common/model/civil.h"

#include <gmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_US INT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)
#define ZONE_US (7 * HOUR_US) /* of testbed_open() */

struct oracle_met oracle_met;

struct cell {
	const struct office *office;
	const struct metric *metric;
	const char *labels; /* lent */
	int32_t day;        /* first day of the period */
	int64_t number;     /* of the period, counted in periods of its own grain */
	bool present;       /* it has a value; otherwise it is withdrawn */
	int64_t value_e;
	int64_t received_us; /* when this presence began */
	int64_t revisions;
};

#define HOLDS_MAX 32u

struct hold {
	int64_t from_us;  /* INT64_MIN: since it came */
	int64_t until_us; /* released; INT64_MAX: not yet */
};

struct told {
	struct heard heard;
	bool older;  /* it is held for nothing but that it is */
	bool listed; /* its labels were in their lists when it came */
	struct hold holds[HOLDS_MAX];
	size_t n_holds;
	bool waits; /* at the instant asked about */
};

static bool is_held(const struct told *told)
{
	return told->n_holds > 0 && told->holds[told->n_holds - 1].until_us == INT64_MAX;
}

static void hold(struct told *told, int64_t from_us)
{
	assert_true(told->n_holds < HOLDS_MAX);
	told->holds[told->n_holds++] = (struct hold){ from_us, INT64_MAX };
}

struct shift {
	int64_t office;
	const char *unit; /* lent */
	int32_t day;
};

struct shut {
	const char *metric; /* lent */
	struct period period;
};

/* --- what counts --- */

/* Is "key=..." of @labels, @len bytes, one of the metric's dimensions? */
static bool is_dimension(const struct metric *metric, const char *key, size_t len)
{
	for (size_t i = 0; i < metric->n_dimensions; i++)
		if (strlen(metric->dimensions[i]) == len &&
		    strncmp(metric->dimensions[i], key, len) == 0)
			return true;
	return false;
}

static bool labels_fit(const struct metric *metric, const char *labels)
{
	while (*labels) {
		if (!is_dimension(metric, labels, strcspn(labels, "=")))
			return false;
		labels += strcspn(labels, ";");
		labels += *labels == ';';
	}
	return true;
}

/* Labels are one however they are typed; those of histories differ by capitals alone. */
static bool same_labels(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

/* Every pair of the filter stands among the labels; "k=" wants that there is no k. */
static bool labels_pass(const char *labels, const char *filter)
{
	char hay[600], needle[300];
	(void)snprintf(hay, sizeof(hay), ";%s;", labels);
	while (*filter) {
		int len = (int)strcspn(filter, ";");
		bool none = filter[len - 1] == '=';
		(void)snprintf(needle, sizeof(needle), ";%.*s%s", len, filter, none ? "" : ";");
		if ((strcasestr(hay, needle) != NULL) == none)
			return false;
		filter += len;
		filter += *filter == ';';
	}
	return true;
}

static bool rescale(int64_t value_e, unsigned from, unsigned to, int64_t *ret)
{
	int128 value = value_e;
	for (; from < to; from++)
		if ((value *= 10) > INT64_MAX || value < INT64_MIN)
			return false;
	for (; from > to; from--) {
		if (value % 10)
			return false;
		value /= 10;
	}
	*ret = (int64_t)value;
	return true;
}

static const struct unit *unit_of(const struct oracle *o, const struct office *office, int32_t day)
{
	const char *code = NULL;
	for (size_t i = 0; i < office->n_assignments; i++)
		if (office->assignments[i].from_day <= day)
			code = office->assignments[i].unit_code;
	return code ? units_find(o->reference->units, code, day) : NULL;
}

static int32_t day_of_us(int64_t at_us)
{
	int64_t local = at_us + ZONE_US;
	return (int32_t)(local >= 0 ? local / DAY_US : -((DAY_US - 1 - local) / DAY_US));
}

/* The same, as far as was ordered by now. */
static const struct unit *unit_by_now(const struct oracle *o, int64_t office, int32_t day)
{
	const struct shift *best = NULL;
	for (size_t i = 0; i < o->n_shifts; i++)
		if (o->shifts[i].office == office && o->shifts[i].day <= day &&
		    (!best || o->shifts[i].day >= best->day)) /* the same day again replaces */
			best = &o->shifts[i];
	return best && best->unit ? units_find(o->reference->units, best->unit, day) : NULL;
}

/* All days of the period that was heard of lie in one that is shut. */
static bool is_shut(const struct oracle *o, const struct heard *heard)
{
	int32_t end = heard->day + 1;
	if (heard->grain > GRAIN_DAY)
		end = period_end_day(period_of_day(heard->calendar, heard->grain, heard->day));
	for (size_t i = 0; i < o->n_shut; i++) {
		const struct shut *shut = &o->shut[i];
		bool all = !shut->metric || strcmp(shut->metric, heard->metric) == 0;
		for (int32_t day = heard->day; day < end; day++)
			all &= period_of_day(shut->period.calendar, shut->period.grain, day)
				       .number == shut->period.number;
		if (all)
			return true;
	}
	return false;
}

/* The metric's value of what was heard; false: it cannot count, judged at @now_us. */
static bool counts(const struct oracle *o, const struct heard *heard, const struct metric *metric,
		   int64_t now_us, int64_t *ret_value_e)
{
	*ret_value_e = 0;
	if (!metric || heard->grain != metric->period || heard->calendar != metric->calendar ||
	    !labels_fit(metric, heard->labels) || !unit_by_now(o, heard->office, heard->day) ||
	    heard->day > day_of_us(now_us) + 1)
		return false;
	return heard->withdrawn ||
	       (rescale(heard->value_e, heard->decimals, metric->decimals, ret_value_e) &&
		!(metric->has_min && *ret_value_e < metric->min_e) &&
		!(metric->has_max && *ret_value_e > metric->max_e));
}

/* Is each label a code of its list on the period's first day, where there is a list? A withdrawal
 * may have any. */
static bool is_listed(const struct oracle *o, const struct heard *heard)
{
	const struct dimensions *lists = o->reference->catalogue->dimensions;
	char pair[128];
	for (size_t i = 0; !heard->withdrawn && i < lists->n; i++) {
		const struct code_list *list = &lists->lists[i];
		bool there = false, found = false;
		size_t len = strlen(list->dimension);
		for (const char *at = heard->labels; at; at = strchr(at, ';')) {
			at += *at == ';';
			there |= strncmp(at, list->dimension, len) == 0 && at[len] == '=';
		}
		for (size_t k = 0; k < list->n; k++) {
			const struct code *code = &list->codes[k];
			(void)snprintf(pair, sizeof(pair), "%s=%s", list->dimension, code->code);
			found |= labels_pass(heard->labels, pair) && code->from <= heard->day &&
				 heard->day < code->to;
		}
		if (there && !found)
			return false;
	}
	return true;
}

static int64_t own_number(const struct metric *metric, int32_t day, unsigned nth)
{
	if (metric->period < GRAIN_DAY)
		return (int64_t)day * grain_per_day(metric->period) + nth;
	return period_of_day(metric->calendar, metric->period, day).number;
}

static void note_change(struct oracle *oracle, const struct cell *cell, bool present,
			int64_t value_e, int64_t received_us)
{
	if (cell->present ? present && cell->value_e == value_e : !present)
		return; /* all is as it was */
	oracle->changes =
		realloc(oracle->changes, (oracle->n_changes + 1) * sizeof(*oracle->changes));
	assert_non_null(oracle->changes);
	oracle->changes[oracle->n_changes++] =
		(struct oracle_change){ cell->office, cell->metric,  cell->labels, cell->day,
					cell->number, cell->present, present,      cell->value_e,
					value_e,      received_us };
}

static const struct metric *metric_of(const struct oracle *o, const struct heard *heard)
{
	return catalogue_find(o->reference->catalogue, heard->metric);
}

static void *one_more(void *list, size_t n, size_t size)
{
	list = realloc(list, (n + 1) * size);
	assert_non_null(list);
	return list;
}

void oracle_close(struct oracle *oracle, const char *metric, struct period period)
{
	oracle->shut = one_more(oracle->shut, oracle->n_shut, sizeof(*oracle->shut));
	oracle->shut[oracle->n_shut++] = (struct shut){ metric, period };
}

void oracle_reopen(struct oracle *oracle, const char *metric, struct period period)
{
	size_t kept = 0;
	for (size_t i = 0; i < oracle->n_shut; i++) {
		const struct shut *shut = &oracle->shut[i];
		if (strcmp(shut->metric ? shut->metric : "", metric ? metric : "") != 0 ||
		    shut->period.calendar != period.calendar ||
		    shut->period.grain != period.grain || shut->period.number != period.number)
			oracle->shut[kept++] = *shut;
	}
	oracle->n_shut = kept;
}

struct leave {
	int64_t office;
	const char *metric; /* lent; NULL: all of the form */
	enum grain form;
	int32_t first, end;
	int64_t from_us, until_us;
};

void oracle_excuse(struct oracle *oracle, int64_t office, const char *metric, enum grain form,
		   int32_t first, int32_t end, int64_t at_us)
{
	oracle->leaves = one_more(oracle->leaves, oracle->n_leaves, sizeof(*oracle->leaves));
	oracle->leaves[oracle->n_leaves++] =
		(struct leave){ office, metric, form, first, end, at_us, INT64_MAX };
}

void oracle_excuse_end(struct oracle *oracle, size_t nth, int64_t at_us)
{
	assert_true(nth < oracle->n_leaves);
	oracle->leaves[nth].until_us = at_us;
}

/* --- machines that were set back: by design 9 and older_copy.h --- */

/* The first thing told of the spool; NULL: nothing before told[@end]. */
static const struct told *beginning(const struct oracle *o, uint64_t spool, size_t end)
{
	for (size_t i = 0; i < end; i++)
		if (o->told[i].heard.spool == spool)
			return &o->told[i];
	return NULL;
}

/* Had the spool a batch behind @seq, before told[@end]? */
static bool goes_on(const struct oracle *o, uint64_t spool, uint64_t seq, size_t end)
{
	for (size_t i = 0; i < end; i++)
		if (o->told[i].heard.spool == spool && o->told[i].heard.seq > seq)
			return true;
	return false;
}

/* Did a spool that began before told[@end] go on from @from, itself or through others, and is
 * none that @mine goes on from? */
static bool is_other(const struct oracle *o, uint64_t spool, uint64_t from,
		     const struct heard *mine, size_t end)
{
	for (uint64_t at = mine->from_spool; at; at = beginning(o, at, end)->heard.from_spool)
		if (at == spool)
			return false;
	const struct told *first = beginning(o, spool, end);
	return first && first->heard.from_spool &&
	       (first->heard.from_spool == from ||
		is_other(o, first->heard.from_spool, from, mine, end));
}

/* Is a batch of @theirs newer than what the machine of @mine knew when its spool began? NULL: is
 * any? What is asked about came before told[@end]. */
static bool is_newer(const struct oracle *o, const struct heard *mine, const struct heard *theirs,
		     size_t end)
{
	size_t began = (size_t)(beginning(o, mine->spool, o->n_told) - o->told);
	for (const struct heard *at = mine; at->from_spool;
	     at = &beginning(o, at->from_spool, began)->heard) {
		if (!goes_on(o, at->from_spool, at->from_seq, end))
			continue;
		if (!theirs || (theirs->spool == at->from_spool && theirs->seq > at->from_seq) ||
		    is_other(o, theirs->spool, at->from_spool, mine, began))
			return true;
	}
	return false;
}

static bool is_of_same_figure(const struct heard *a, const struct heard *b)
{
	return a->office == b->office && strcmp(a->metric, b->metric) == 0 &&
	       same_labels(a->labels, b->labels) && a->grain == b->grain &&
	       a->calendar == b->calendar && a->day == b->day && a->nth == b->nth;
}

static bool says_the_same(const struct heard *a, const struct heard *b)
{
	int128 left = a->value_e, right = b->value_e;
	for (unsigned i = a->decimals; i < b->decimals; i++)
		left *= 10;
	for (unsigned i = b->decimals; i < a->decimals; i++)
		right *= 10;
	return a->withdrawn == b->withdrawn && (a->withdrawn || left == right);
}

/* Does told[@at] come from a machine that was set back, and did its office say otherwise since? */
static bool is_older(const struct oracle *o, size_t at)
{
	const struct heard *mine = &o->told[at].heard, *last = NULL;
	size_t began = (size_t)(beginning(o, mine->spool, o->n_told) - o->told);
	if (!is_newer(o, mine, NULL, began))
		return false;
	for (size_t i = 0; i < at; i++) {
		const struct told *told = &o->told[i];
		bool waits = is_held(told) && told->older;
		if (!waits && is_of_same_figure(&told->heard, mine) &&
		    is_newer(o, mine, &told->heard, at))
			last = &told->heard;
	}
	if (!last)
		return false;
	oracle_met.same += says_the_same(last, mine);
	oracle_met.older_than_copy += !says_the_same(last, mine) && last->from_spool != 0;
	return !says_the_same(last, mine);
}

void oracle_hear(struct oracle *oracle, const struct heard *heard)
{
	int64_t value_e;
	bool passes = counts(oracle, heard, metric_of(oracle, heard), heard->received_us, &value_e);
	bool listed = is_listed(oracle, heard), unlisted = passes && !listed;
	oracle->told = one_more(oracle->told, oracle->n_told, sizeof(*oracle->told));
	struct told *told = &oracle->told[oracle->n_told++];
	*told = (struct told){ .heard = *heard, .listed = listed };
	bool waits = !passes || unlisted || is_shut(oracle, heard);
	told->older = !waits && is_older(oracle, oracle->n_told - 1);
	if (waits || told->older)
		hold(told, INT64_MIN);
	oracle_met.older += told->older;
	oracle_met.unlisted += unlisted;
}

/* What counted and cannot any more is held. */
static void judge_again(struct oracle *oracle, int64_t at_us)
{
	for (size_t i = 0; i < oracle->n_told; i++) {
		struct told *told = &oracle->told[i];
		int64_t value_e;
		if (is_held(told) || counts(oracle, &told->heard, metric_of(oracle, &told->heard),
					    INT64_MAX / 2, &value_e))
			continue;
		told->older = false;
		hold(told, at_us);
	}
}

void oracle_refer(struct oracle *oracle, const struct reference *reference, int64_t at_us)
{
	oracle->reference = reference;
	judge_again(oracle, at_us);
}

void oracle_move(struct oracle *oracle, int64_t office, const char *unit, int32_t day,
		 int64_t at_us)
{
	oracle->shifts = one_more(oracle->shifts, oracle->n_shifts, sizeof(*oracle->shifts));
	oracle->shifts[oracle->n_shifts++] = (struct shift){ office, unit, day };
	judge_again(oracle, at_us);
}

void oracle_let_in(struct oracle *oracle, const struct oracle_release *release, size_t *ret_passed,
		   size_t *ret_kept)
{
	*ret_passed = *ret_kept = 0;
	for (size_t i = 0; i < oracle->n_told; i++) {
		struct told *told = &oracle->told[i];
		const struct heard *heard = &told->heard;
		int64_t value_e;
		if (!is_held(told) || (release->entry && release->entry != heard->entry) ||
		    (release->office && release->office != heard->office) ||
		    (release->metric && strcmp(release->metric, heard->metric) != 0))
			continue;
		int64_t now_us =
			release->at_us > heard->received_us ? release->at_us : heard->received_us;
		bool passes = counts(oracle, heard, metric_of(oracle, heard), now_us, &value_e) &&
			      (told->listed || is_listed(oracle, heard)) &&
			      (!is_shut(oracle, heard) || release->closed);
		oracle_met.older_let_in += passes && told->older && release->older_copy;
		told->older = passes && !release->older_copy && is_older(oracle, i);
		if (!passes || told->older) {
			++*ret_kept;
			continue;
		}
		told->holds[told->n_holds - 1].until_us = release->at_us;
		++*ret_passed;
	}
}

static struct cell *cell_of(struct oracle *oracle, const struct heard *heard)
{
	const struct office *office = offices_by_id(oracle->reference->offices, heard->office);
	const struct metric *metric = metric_of(oracle, heard);
	int64_t number = own_number(metric, heard->day, heard->nth);
	for (size_t i = 0; i < oracle->n; i++)
		if (oracle->cells[i].office == office && oracle->cells[i].metric == metric &&
		    oracle->cells[i].number == number &&
		    same_labels(oracle->cells[i].labels, heard->labels))
			return &oracle->cells[i];
	oracle->cells = one_more(oracle->cells, oracle->n, sizeof(*oracle->cells));
	oracle->cells[oracle->n] = (struct cell){ .office = office,
						  .metric = metric,
						  .day = heard->day,
						  .number = number,
						  .labels = heard->labels };
	return &oracle->cells[oracle->n++];
}

static void take(struct oracle *oracle, const struct heard *heard)
{
	const struct metric *metric = metric_of(oracle, heard);
	struct cell *cell = cell_of(oracle, heard);
	int64_t value_e = 0;
	if (!heard->withdrawn)
		assert_true(rescale(heard->value_e, heard->decimals, metric->decimals, &value_e));
	if (cell->present && (heard->withdrawn || cell->value_e != value_e))
		cell->revisions++;
	note_change(oracle, cell, !heard->withdrawn, value_e, heard->received_us);
	if (!cell->present)
		cell->received_us = heard->received_us;
	cell->present = !heard->withdrawn;
	cell->value_e = value_e;
}

void oracle_settle(struct oracle *oracle, int64_t until_us)
{
	oracle->held = oracle->n = oracle->n_changes = 0;
	oracle->until_us = until_us;
	oracle->now_us = until_us == INT64_MAX ? civil_now_us() : until_us;
	for (size_t i = 0; i < oracle->n_told; i++) {
		struct told *told = &oracle->told[i];
		told->waits = false;
		if (told->heard.received_us > until_us)
			continue;
		for (size_t k = 0; k < told->n_holds; k++) {
			const struct hold *hold = &told->holds[k];
			bool released = hold->until_us != INT64_MAX;
			bool waits = hold->from_us <= until_us &&
				     (!released || hold->until_us > until_us);
			oracle_met.mended += released && hold->from_us > until_us;
			oracle_met.unmended += released && waits && hold->from_us > INT64_MIN;
			told->waits |= waits;
		}
		if (told->waits)
			oracle->held++;
		else
			take(oracle, &told->heard);
	}
}

void oracle_free(struct oracle *oracle)
{
	free(oracle->cells);
	free(oracle->changes);
	free(oracle->memo);
	free(oracle->told);
	free(oracle->shifts);
	free(oracle->shut);
	free(oracle->leaves);
	*oracle = (struct oracle){ 0 };
}

/* --- where it counts --- */

static const char rest[] = "the rest"; /* its address is the key of what no other row holds */

static const struct unit *parent_of(const struct oracle *o, const struct unit *unit, int32_t day)
{
	return unit->parent ? units_find(o->reference->units, unit->parent, day) : NULL;
}

/* The nearest unit from @unit upwards that has the asked code; its root when none is asked. */
static const struct unit *area_of(const struct oracle *o, const struct query *query,
				  const struct unit *unit, int32_t day)
{
	for (; unit; unit = parent_of(o, unit, day))
		if (query->area ? strcmp(unit->code, query->area) == 0 : !parent_of(o, unit, day))
			return unit;
	return NULL;
}

/* The unit of @unit's row when there are rows of units; the rest; NULL: outside the area. */
static const void *unit_row_of(const struct oracle *o, const struct query *query,
			       const struct unit *unit, int32_t day)
{
	const struct unit *area = unit ? area_of(o, query, unit, day) : NULL;
	if (!area)
		return NULL;
	if (!query->by || strcmp(query->by, "office") == 0)
		return area;
	while (unit && strcmp(unit->level, query->by) != 0)
		unit = parent_of(o, unit, day);
	return unit && area_of(o, query, unit, day) ? (const void *)unit : rest;
}

/* --- under which borders --- */

#define KIN_MAX 16

struct kin { /* what became of a unit on another day, or what it came from: day by day */
	const struct unit *units[KIN_MAX];
	size_t n;
	bool lost; /* a way ends nowhere */
};

/* @unit NULL: the table of successors names one that is not there. */
static void kin_add(struct kin *kin, const struct unit *unit)
{
	kin->lost |= !unit;
	if (!unit)
		return;
	for (size_t i = 0; i < kin->n; i++)
		if (kin->units[i] == unit)
			return;
	assert_true(kin->n < KIN_MAX);
	kin->units[kin->n++] = unit;
}

/* What stands on @day for @unit of the day before. */
static void night(const struct units *units, const struct unit *unit, int32_t day, struct kin *kin)
{
	size_t n = 0;
	for (size_t i = 0; i < units->n_successors; i++) {
		const struct successor *row = &units->successors[i];
		if (row->effective_on != day || strcmp(row->old_code, unit->code) != 0)
			continue;
		kin_add(kin, units_find(units, row->new_code, day));
		n++;
	}
	if (n > 0)
		return;
	const struct unit *parent = unit->parent ? units_find(units, unit->parent, day - 1) : NULL;
	if (day < unit->valid_to)
		kin_add(kin, unit);
	else if (parent)
		night(units, parent, day, kin);
	else
		kin->lost = true;
}

/* What stood on the day before @day for @unit of that day. */
static void night_back(const struct units *units, const struct unit *unit, int32_t day,
		       struct kin *kin)
{
	size_t n = 0;
	for (size_t i = 0; i < units->n_successors; i++) {
		const struct successor *row = &units->successors[i];
		if (row->effective_on != day || strcmp(row->new_code, unit->code) != 0)
			continue;
		kin_add(kin, units_find(units, row->old_code, day - 1));
		n++;
	}
	if (unit->valid_from < day)
		kin_add(kin, unit);
	else if (n == 0)
		kin->lost = true;
}

static struct kin kin_on(const struct units *units, const struct unit *unit, int32_t day,
			 int32_t to)
{
	struct kin now = { .units = { unit }, .n = 1 };
	while (day != to && !now.lost) {
		struct kin then = { 0 };
		for (size_t i = 0; i < now.n; i++)
			(day < to ? night : night_back)(units, now.units[i],
							day < to ? day + 1 : day, &then);
		now = then;
		day += day < to ? 1 : -1;
	}
	if (now.lost)
		now.n = 0;
	return now;
}

#define MEMO_SIZE 8192u

struct memo { /* the same is asked again and again, and a walk of a hundred days is slow */
	const struct unit *unit;
	int32_t day, to;
	struct kin kin;
};

struct oracle oracle_of(const struct reference *reference)
{
	struct oracle oracle = { .reference = reference,
				 .memo = calloc(MEMO_SIZE, sizeof(*oracle.memo)) };
	assert_non_null(oracle.memo);
	return oracle;
}

static struct kin kin_of(const struct oracle *o, const struct query *query, const struct unit *unit,
			 int32_t day)
{
	const struct units *units = o->reference->units;
	int32_t to;
	assert_int_equal(day_parse(query->structure, &to, &(struct err){ 0 }), 0);
	size_t at = ((size_t)(unit - units->list) + (size_t)(day + 50000) * 31) % MEMO_SIZE;
	struct memo *memo = &o->memo[at];
	if (memo->unit != unit || memo->day != day || memo->to != to)
		*memo = (struct memo){ unit, day, to, kin_on(units, unit, day, to) };
	return memo->kin;
}

/* In which rows of units @unit lies under the borders asked for. */
struct spread {
	const void *rows[KIN_MAX]; /* each once; NULL: outside */
	size_t n;
	bool inside; /* at least in part */
};

static struct spread spread_of(const struct oracle *o, const struct query *query,
			       const struct unit *unit, int32_t day)
{
	struct spread spread = { 0 };
	struct kin kin = { .units = { unit }, .n = 1 };
	int32_t on = day;
	if (query->structure) {
		kin = kin_of(o, query, unit, day);
		assert_int_equal(day_parse(query->structure, &on, &(struct err){ 0 }), 0);
		if (kin.n == 0) { /* told as it was, in the rest */
			spread.rows[0] = rest;
			spread.n = 1;
			spread.inside = area_of(o, query, unit, day) != NULL;
		}
	}
	for (size_t i = 0; i < kin.n; i++) {
		const void *row = unit_row_of(o, query, kin.units[i], on);
		bool known = false;
		spread.inside |= row != NULL;
		for (size_t k = 0; k < spread.n; k++)
			known |= spread.rows[k] == row;
		if (!known)
			spread.rows[spread.n++] = row;
	}
	return spread;
}

/* The row that a figure of (@office, @unit) counts in: a unit, an office, the rest; NULL: none. */
static const void *row_of(const struct oracle *o, const struct query *query,
			  const struct office *office, const struct unit *unit, int32_t day)
{
	if (!unit)
		return NULL;
	struct spread spread = spread_of(o, query, unit, day);
	if (!spread.inside)
		return NULL;
	if (!query->by || strcmp(query->by, "office") != 0)
		return spread.n == 1 ? spread.rows[0] : rest;
	for (size_t i = 0; i < spread.n; i++)
		if (!spread.rows[i])
			return rest; /* undivided, and in part outside: of neither */
	return office;
}

static const void *row_of_office(const struct oracle *o, const struct query *query,
				 const struct office *office, int32_t day)
{
	return row_of(o, query, office, unit_of(o, office, day), day);
}

/* --- one bucket --- */

struct ask {
	const struct oracle *o;
	const struct query *query;
	const struct metric *metric;
	struct period bucket;
	int32_t first, end;                /* days */
	int64_t first_number, last_number; /* of the metric's own periods in the bucket */
	struct cell *cells;                /* [n]: those of the metric and labels asked for */
	size_t n;
	const void *untold[512]; /* [n_untold]: rows that cannot be told */
	size_t n_untold;
	const void **waits_in; /* owned [o->n_told]: the row of what waits; NULL: none */
	/* what every row asks about every day, told once */
	const void **places; /* owned [offices][days]: row_of_office() */
	bool *rooted;        /* owned [days][units]: has_offices() */
};

static void find_places(struct ask *ask)
{
	const struct offices *offices = ask->o->reference->offices;
	size_t days = (size_t)(ask->end - ask->first);
	ask->places = calloc(offices->n * days + 1, sizeof(*ask->places));
	assert_non_null(ask->places);
	for (size_t i = 0; i < offices->n; i++)
		for (size_t k = 0; k < days; k++)
			ask->places[i * days + k] = row_of_office(
				ask->o, ask->query, &offices->list[i], ask->first + (int32_t)k);
}

static const void *place_of(const struct ask *ask, const struct office *office, int32_t day)
{
	size_t days = (size_t)(ask->end - ask->first);
	if (day < ask->first || day >= ask->end)
		return row_of_office(ask->o, ask->query, office, day);
	return ask->places[(size_t)(office - ask->o->reference->offices->list) * days +
			   (size_t)(day - ask->first)];
}

static bool is_asked_for(const struct ask *ask, const struct cell *cell)
{
	return cell->metric == ask->metric &&
	       labels_pass(cell->labels, ask->query->labels ? ask->query->labels : "");
}

static bool in_bucket(const struct ask *ask, const struct cell *cell)
{
	return cell->number >= ask->first_number && cell->number <= ask->last_number;
}

static void set_decimal(mpq_t ret, int64_t value_e, unsigned decimals)
{
	mpz_set_si(mpq_numref(ret), value_e);
	mpz_ui_pow_ui(mpq_denref(ret), 10, decimals);
	mpq_canonicalize(ret);
}

/* @sum of @n values so far, and one more. */
static void combine(mpq_t sum, size_t n, const mpq_t value, enum agg agg)
{
	if (n == 0 || agg == AGG_LAST || (agg == AGG_MIN && mpq_cmp(value, sum) < 0) ||
	    (agg == AGG_MAX && mpq_cmp(value, sum) > 0))
		mpq_set(sum, value);
	else if (agg == AGG_SUM || agg == AGG_MEAN)
		mpq_add(sum, sum, value);
}

static void conclude(mpq_t sum, size_t n, enum agg agg)
{
	if (agg != AGG_MEAN || n == 0)
		return;
	mpq_t count;
	mpq_init(count);
	mpq_set_ui(count, n, 1);
	mpq_div(sum, sum, count);
	mpq_clear(count);
}

/* The row that what @office has on @day is shown in, value and counts: of a row that cannot be
 * told, the rest. */
static const void *shown_in(const struct ask *ask, const struct office *office, int32_t day)
{
	const void *row = place_of(ask, office, day);
	for (size_t i = 0; i < ask->n_untold; i++)
		if (ask->untold[i] == row)
			return rest;
	return row;
}

/* The instant at which a civil or own period of so many a day begins. */
static int64_t start_us(int64_t number, int64_t per_day)
{
	return number * (DAY_US / per_day) - ZONE_US;
}

static bool has_begun(const struct ask *ask)
{
	int64_t first_us = ask->bucket.grain == GRAIN_HOUR ? start_us(ask->bucket.number, 24)
							   : start_us(ask->first, 1);
	return first_us <= ask->o->now_us;
}

/* Level of one series at the bucket's end: the latest in it, or within the carry before it, which
 * a bucket that has not begun has none of. */
static const struct cell *latest(const struct ask *ask, const struct cell *series)
{
	const struct cell *best = NULL;
	int64_t carry = has_begun(ask) ? ask->metric->carry : 0;
	for (size_t i = 0; i < ask->n; i++) {
		const struct cell *cell = &ask->cells[i];
		if (cell->office == series->office && same_labels(cell->labels, series->labels) &&
		    cell->present && cell->number >= ask->first_number - carry &&
		    cell->number <= ask->last_number && (!best || cell->number > best->number))
			best = cell;
	}
	return best;
}

/* The value over time of @series (any cell of it) in @row. False: it has none. */
static bool series_value(const struct ask *ask, const void *row, const struct cell *series,
			 mpq_t ret)
{
	size_t n = 0;
	mpq_t one;
	if (ask->metric->time_agg == AGG_LAST) {
		const struct cell *cell = shown_in(ask, series->office, ask->end - 1) == row
						  ? latest(ask, series)
						  : NULL;
		if (cell)
			set_decimal(ret, cell->value_e, ask->metric->decimals);
		return cell != NULL;
	}
	mpq_init(one);
	for (size_t i = 0; i < ask->n; i++) {
		const struct cell *cell = &ask->cells[i];
		if (cell->office != series->office || !cell->present || !in_bucket(ask, cell) ||
		    !same_labels(cell->labels, series->labels) ||
		    shown_in(ask, cell->office, cell->day) != row)
			continue;
		set_decimal(one, cell->value_e, ask->metric->decimals);
		combine(ret, n++, one, ask->metric->time_agg);
	}
	conclude(ret, n, ask->metric->time_agg);
	mpq_clear(one);
	return n > 0;
}

/* Is cells[i] the first of its office and series that the question is about? */
static bool begins_series(const struct ask *ask, size_t i, const struct office *office)
{
	const struct cell *cells = ask->cells;
	if (cells[i].office != office)
		return false;
	for (size_t k = 0; k < i; k++)
		if (cells[k].office == office && same_labels(cells[k].labels, cells[i].labels))
			return false;
	return true;
}

/* What the offices have in @row, combined; how many have anything. */
static size_t row_values(const struct ask *ask, const void *row, mpq_t ret)
{
	size_t n = 0;
	const struct offices *offices = ask->o->reference->offices;
	enum agg agg = ask->metric->area_agg;
	mpq_t of_office, of_series;
	mpq_inits(of_office, of_series, NULL);
	for (size_t k = 0; k < offices->n; k++) {
		size_t n_series = 0;
		for (size_t i = 0; i < ask->n; i++)
			if (begins_series(ask, i, &offices->list[k]) &&
			    series_value(ask, row, &ask->cells[i], of_series))
				combine(of_office, n_series++, of_series, agg);
		conclude(of_office, n_series, agg);
		if (n_series > 0)
			combine(ret, n++, of_office, agg);
	}
	mpq_clears(of_office, of_series, NULL);
	return n;
}

/* Half to even, without needless zeros. */
static char *value_text(const mpq_t value, unsigned decimals)
{
	mpz_t whole, left, power;
	mpz_inits(whole, left, power, NULL);
	mpz_ui_pow_ui(power, 10, decimals);
	mpz_mul(whole, mpq_numref(value), power);
	mpz_fdiv_qr(whole, left, whole, mpq_denref(value));
	mpz_mul_ui(left, left, 2);
	int order = mpz_cmp(left, mpq_denref(value));
	if (order > 0 || (order == 0 && mpz_odd_p(whole)))
		mpz_add_ui(whole, whole, 1);
	int sign = mpz_sgn(whole);
	mpz_abs(whole, whole);
	mpz_fdiv_qr(whole, left, whole, power);
	char digits[64] = "", *text = NULL;
	if (decimals > 0)
		(void)gmp_snprintf(digits, sizeof(digits), ".%0*Zd", (int)decimals, left);
	for (size_t n = strlen(digits); n > 0 && strchr("0.", digits[n - 1]); n--) {
		bool point = digits[n - 1] == '.';
		digits[n - 1] = '\0';
		if (point)
			break;
	}
	(void)gmp_asprintf(&text, "%s%Zd%s", sign < 0 ? "-" : "", whole, digits);
	mpz_clears(whole, left, power, NULL);
	return text;
}

/* --- who reported --- */

static int32_t day_of_number(const struct metric *metric, int64_t number)
{
	if (metric->period >= GRAIN_DAY)
		return period_first_day(
			(struct period){ metric->calendar, metric->period, (int32_t)number });
	int64_t per_day = grain_per_day(metric->period);
	return (int32_t)(number >= 0 ? number / per_day : -((per_day - 1 - number) / per_day));
}

/* Line by line: is @day off? */
static bool is_off(const char *csv, int32_t day)
{
	bool weekend = false, off = false, worked = false;
	for (const char *line = strchr(csv, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		char from[DAY_TEXT_MAX] = "", to[DAY_TEXT_MAX] = "";
		struct err err;
		int32_t first = 0, last = 0;
		const char *second = strchr(line + 1, ',') + 1, *kind = strchr(second, ',') + 1;
		(void)snprintf(from, sizeof(from), "%.*s", (int)strcspn(line + 1, ","), line + 1);
		(void)snprintf(to, sizeof(to), "%.*s", (int)strcspn(second, ","), second);
		bool weekends = strncmp(kind, "weekend", 7) == 0;
		assert_int_equal(day_parse(from, &first, &err), 0);
		if (*to)
			assert_int_equal(day_parse(to, &last, &err), 0);
		else
			last = weekends ? INT32_MAX : first;
		if (day < first || day > last)
			continue;
		weekend |= weekends;
		worked |= strncmp(kind, "work,", 5) == 0;
		off |= *kind == ',' || strncmp(kind, "off,", 4) == 0;
	}
	int64_t monday = day_from_civil(2024, 1, 1); /* a Monday */
	bool saturday_or_sunday = ((day - monday) % 7 + 7) % 7 > 4;
	return !worked && (off || (weekend && saturday_or_sunday));
}

static bool in_time(const struct metric *metric, int32_t day, int64_t received_us)
{
	int32_t last = day;
	if (metric->period > GRAIN_DAY)
		last = period_end_day(period_of_day(metric->calendar, metric->period, day)) - 1;
	last += (int32_t)metric->due_days;
	while (metric->days_off && is_off(metric->days_off->csv, last))
		last++, oracle_met.moved++;
	int64_t end_us = ((int64_t)last + 1) * DAY_US - ZONE_US;
	return received_us < end_us;
}

static bool on_time(const struct metric *metric, const struct cell *cell)
{
	return in_time(metric, cell->day, cell->received_us);
}

struct pair { /* of an office and one of its own periods */
	bool reported, on_time;
};

static struct pair pair_of(const struct ask *ask, const struct office *office, int64_t number)
{
	struct pair pair = { 0 };
	for (size_t i = 0; i < ask->n; i++) {
		const struct cell *cell = &ask->cells[i];
		if (cell->office != office || cell->number != number || !cell->present)
			continue;
		pair.reported = true;
		pair.on_time |= on_time(ask->metric, cell);
	}
	return pair;
}

static bool stands(const struct ask *ask, const struct office *office, int64_t number)
{
	const struct metric *metric = ask->metric;
	if (metric->time_agg != AGG_LAST)
		return false;
	for (int64_t before = 1; before <= metric->carry; before++)
		if (pair_of(ask, office, number - before).reported)
			return true;
	return false;
}

/* A day is known to its last microsecond. */
static bool is_over(const struct ask *ask, int64_t number)
{
	const struct metric *metric = ask->metric;
	int64_t end_us =
		metric->period < GRAIN_DAY
			? start_us(number + 1, grain_per_day(metric->period))
			: start_us(period_end_day((struct period){ metric->calendar, metric->period,
								   (int32_t)number }),
				   1);
	return end_us <= ask->o->now_us + 1;
}

/* Every day of the period is one on which the office need not report it. */
static bool is_excused(const struct ask *ask, const struct office *office, int64_t number)
{
	const struct metric *metric = ask->metric;
	int32_t first = day_of_number(metric, number), last = first;
	if (metric->period > GRAIN_DAY)
		last = period_end_day((struct period){ metric->calendar, metric->period,
						       (int32_t)number }) -
		       1;
	for (size_t i = 0; i < ask->o->n_leaves; i++) {
		const struct leave *leave = &ask->o->leaves[i];
		bool known = leave->from_us <= ask->o->until_us &&
			     (leave->until_us > ask->o->until_us || leave->until_us == INT64_MAX);
		bool of = leave->metric ? strcmp(leave->metric, metric->name) == 0
					: leave->form == metric->period;
		if (known && of && leave->office == office->id && first >= leave->first &&
		    last < leave->end)
			return true;
	}
	return false;
}

static void count_pair(const struct ask *ask, const struct office *office, int64_t number,
		       bool is_due, struct oracle_row *to)
{
	is_due &= is_over(ask, number);
	struct pair pair = pair_of(ask, office, number);
	to->due += is_due;
	to->reported += is_due && pair.reported;
	to->on_time += is_due && pair.on_time;
	to->extra += !is_due && pair.reported;
	bool carried = is_due && !pair.reported && stands(ask, office, number);
	to->carried += carried;
	if (!is_due || carried || !is_excused(ask, office, number))
		return;
	to->excused += !pair.reported;
	to->forgiven += pair.reported && !pair.on_time;
}

static int by_office_order(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	return x->office < y->office ? -1 : x->office > y->office;
}

/* Only the office's own cells: there are many pairs, most of them of nobody. */
static struct ask of_office(const struct ask *ask, const struct office *office)
{
	struct ask own = *ask;
	while (own.n > 0 && own.cells->office != office)
		own.cells++, own.n--;
	while (own.n > 0 && own.cells[own.n - 1].office != office)
		own.n--;
	return own;
}

static void count_office(const struct ask *ask, const void *row, const struct office *office,
			 struct oracle_row *to)
{
	int64_t due = to->due, reported = to->reported;
	int32_t known = INT32_MIN;
	bool here = false, is_due = false;
	struct ask own = of_office(ask, office);
	for (int64_t number = ask->first_number; number <= ask->last_number; number++) {
		int32_t day = day_of_number(ask->metric, number);
		if (day != known) {
			const struct unit *unit = unit_of(ask->o, office, day);
			here = shown_in(ask, office, day) == row;
			is_due = here && strcmp(unit->level, ask->metric->level) == 0;
			known = day;
		}
		if (here)
			count_pair(&own, office, number, is_due, to);
		else if (ask->bucket.grain > GRAIN_HOUR && ask->metric->period < GRAIN_DAY)
			number += grain_per_day(ask->metric->period) - 1; /* the day's others */
	}
	to->offices_due += to->due > due;
	to->offices_reported += to->reported > reported;
}

/* --- what waits --- */

/* The row of what waits of @office and @day: where it would count or, if it has no unit then, where
 * the last it had lies, else the first that it will have. */
static const void *waits_in(const struct ask *ask, const struct office *office, int32_t day)
{
	int32_t first = day, last = day;
	const struct units *units = ask->o->reference->units;
	for (size_t i = 0; i < office->n_assignments; i++) {
		int32_t from = office->assignments[i].from_day;
		first = from < first ? from : first;
		last = from > last ? from : last;
	}
	for (size_t i = 0; i < units->n; i++)
		last = units->list[i].valid_from > last ? units->list[i].valid_from : last;
	int32_t then = day;
	while (then >= first && !unit_of(ask->o, office, then))
		then--;
	for (then = then < first ? day : then; then <= last; then++)
		if (unit_of(ask->o, office, then))
			return shown_in(ask, office, then);
	return ask->query->area ? NULL : rest;
}

static bool waits_in_bucket(const struct ask *ask, const struct heard *heard)
{
	if (ask->bucket.grain != GRAIN_HOUR)
		return heard->day >= ask->first && heard->day < ask->end;
	int64_t hour = (int64_t)heard->day * 24;
	if (heard->grain < GRAIN_DAY)
		hour += heard->nth / (grain_per_day(heard->grain) / 24);
	return hour == ask->bucket.number;
}

/* Does @office stand on a unit of the metric's level that is not in force on @day? */
static bool is_astray(const struct ask *ask, const struct office *office, int32_t day)
{
	const struct units *units = ask->o->reference->units;
	const struct unit *stood = NULL;
	const char *code = NULL;
	for (size_t i = 0; i < office->n_assignments; i++)
		if (office->assignments[i].from_day <= day)
			code = office->assignments[i].unit_code;
	if (!code || unit_of(ask->o, office, day))
		return false;
	for (size_t i = 0; i < units->n; i++) /* by code and valid_from */
		if (strcmp(units->list[i].code, code) == 0 &&
		    (!stood || units->list[i].valid_to <= day))
			stood = &units->list[i];
	return stood && strcmp(stood->level, ask->metric->level) == 0;
}

static bool anyone_is_astray(const struct ask *ask)
{
	const struct offices *offices = ask->o->reference->offices;
	for (size_t i = 0; i < offices->n; i++)
		if (is_astray(ask, &offices->list[i], ask->end - 1) &&
		    waits_in(ask, &offices->list[i], ask->end - 1))
			return true;
	return false;
}

static void count_row(const struct ask *ask, const void *row, struct oracle_row *to)
{
	for (size_t i = 0; i < ask->o->n_told; i++)
		to->waiting += ask->waits_in[i] == row;
	const struct offices *offices = ask->o->reference->offices;
	for (size_t k = 0; k < offices->n; k++)
		count_office(ask, row, &offices->list[k], to);
	for (size_t i = 0; i < ask->n; i++) {
		const struct cell *cell = &ask->cells[i];
		if (!in_bucket(ask, cell) || shown_in(ask, cell->office, cell->day) != row)
			continue;
		to->observations += cell->present;
		to->revisions += cell->revisions;
	}
	to->missing = to->due - to->reported - to->carried - to->excused;
}

/* --- which rows --- */

/* The units that are roots of what an office reports, on each day. */
static void find_roots(struct ask *ask)
{
	const struct offices *offices = ask->o->reference->offices;
	const struct units *units = ask->o->reference->units;
	const struct query all = { .structure = ask->query->structure };
	ask->rooted = calloc((size_t)(ask->end - ask->first) * units->n + 1, sizeof(*ask->rooted));
	assert_non_null(ask->rooted);
	for (int32_t day = ask->first; day < ask->end && !ask->query->area; day++)
		for (size_t k = 0; k < offices->n; k++) {
			const struct unit *unit = unit_of(ask->o, &offices->list[k], day);
			struct spread spread = { 0 };
			bool *rooted = &ask->rooted[(size_t)(day - ask->first) * units->n];
			if (unit)
				spread = spread_of(ask->o, &all, unit, day);
			for (size_t i = 0; i < spread.n; i++)
				if (spread.rows[i] && spread.rows[i] != rest)
					rooted[(const struct unit *)spread.rows[i] - units->list] =
						true;
		}
}

/* Does an office report under @area on @day? Roots without any stay out of an answer for all. */
static bool has_offices(const struct ask *ask, const struct unit *area, int32_t day)
{
	const struct units *units = ask->o->reference->units;
	return area &&
	       ask->rooted[(size_t)(day - ask->first) * units->n + (size_t)(area - units->list)];
}

/* Under other borders: a unit of that day, if offices lie in its root on any day of the bucket. */
static bool unit_has_row_then(const struct ask *ask, const struct unit *unit)
{
	int32_t on;
	assert_int_equal(day_parse(ask->query->structure, &on, &(struct err){ 0 }), 0);
	if (on < unit->valid_from || unit->valid_to <= on ||
	    unit_row_of(ask->o, ask->query, unit, on) != unit)
		return false;
	if (ask->query->area)
		return true;
	for (int32_t day = ask->first; day < ask->end; day++)
		if (has_offices(ask, area_of(ask->o, ask->query, unit, on), day))
			return true;
	return false;
}

static bool unit_has_row(const struct ask *ask, const struct unit *unit)
{
	if (ask->query->structure)
		return unit_has_row_then(ask, unit);
	for (int32_t day = ask->first; day < ask->end; day++)
		if (unit->valid_from <= day && day < unit->valid_to &&
		    unit_row_of(ask->o, ask->query, unit, day) == unit &&
		    (ask->query->area ||
		     has_offices(ask, area_of(ask->o, ask->query, unit, day), day)))
			return true;
	return false;
}

/* Does a figure of a unit that lies in several rows, or by office in part outside the area, belong
 * to
 * @row in an unknown part? For a level only what stands at the bucket's end matters. */
static bool lies_across(const struct ask *ask, const struct office *office, int32_t day,
			const void *row)
{
	const struct unit *unit = unit_of(ask->o, office, day);
	struct spread spread = { 0 };
	bool in_row = false;
	if (unit && ask->query->structure)
		spread = spread_of(ask->o, ask->query, unit, day);
	if (ask->query->by && strcmp(ask->query->by, "office") == 0)
		return row == office && spread.inside &&
		       row_of_office(ask->o, ask->query, office, day) == rest;
	for (size_t i = 0; i < spread.n; i++)
		in_row |= spread.rows[i] == row;
	return in_row && spread.n > 1;
}

static bool level_lies_across(const struct ask *ask, const void *row)
{
	const struct offices *offices = ask->o->reference->offices;
	for (size_t k = 0; k < offices->n; k++) {
		bool counts_here = false;
		for (size_t i = 0; i < ask->n; i++)
			counts_here |= ask->cells[i].office == &offices->list[k] &&
				       latest(ask, &ask->cells[i]);
		if (counts_here && lies_across(ask, &offices->list[k], ask->end - 1, row))
			return true;
	}
	return false;
}

static bool cannot_be_told(const struct ask *ask, const void *row)
{
	if (!ask->query->structure || row == rest)
		return false;
	if (ask->metric->time_agg == AGG_LAST)
		return level_lies_across(ask, row);
	for (size_t i = 0; i < ask->n; i++)
		if (in_bucket(ask, &ask->cells[i]) && ask->cells[i].present &&
		    lies_across(ask, ask->cells[i].office, ask->cells[i].day, row))
			return true;
	return false;
}

static void find_untold(struct ask *ask)
{
	const struct units *units = ask->o->reference->units;
	const struct offices *offices = ask->o->reference->offices;
	assert_true(units->n + offices->n <= sizeof(ask->untold) / sizeof(ask->untold[0]));
	for (size_t i = 0; i < units->n; i++)
		if (cannot_be_told(ask, &units->list[i]))
			ask->untold[ask->n_untold++] = &units->list[i];
	for (size_t i = 0; i < offices->n; i++)
		if (cannot_be_told(ask, &offices->list[i]))
			ask->untold[ask->n_untold++] = &offices->list[i];
}

static bool office_has_row(const struct ask *ask, const struct office *office)
{
	for (int32_t day = ask->first; day < ask->end; day++)
		if (place_of(ask, office, day)) /* or the rest: in part */
			return true;
	return false;
}

/* A unit may have ended before the bucket, an office have left its last one. */
static bool has_row(const struct ask *ask, const void *row)
{
	if (row == rest)
		return true;
	return ask->query->by && strcmp(ask->query->by, "office") == 0 ? office_has_row(ask, row)
								       : unit_has_row(ask, row);
}

/* The rows of all that waits, as one walk tells them all. */
static void find_waiting(struct ask *ask)
{
	ask->waits_in = calloc(ask->o->n_told + 1, sizeof(*ask->waits_in));
	assert_non_null(ask->waits_in);
	for (size_t i = 0; i < ask->o->n_told; i++) {
		const struct heard *heard = &ask->o->told[i].heard;
		const struct office *office =
			offices_by_id(ask->o->reference->offices, heard->office);
		if (!ask->o->told[i].waits || metric_of(ask->o, heard) != ask->metric ||
		    !labels_pass(heard->labels, ask->query->labels ? ask->query->labels : "") ||
		    !waits_in_bucket(ask, heard))
			continue;
		const void *row = waits_in(ask, office, heard->day);
		ask->waits_in[i] = row && !has_row(ask, row) ? rest : row;
		oracle_met.waiting += ask->waits_in[i] != NULL;
		oracle_met.astray += ask->waits_in[i] && !unit_of(ask->o, office, heard->day);
	}
}

static size_t row_value(const struct ask *ask, const void *row, bool *ret_untold, mpq_t ret)
{
	*ret_untold = false;
	for (size_t i = 0; i < ask->n_untold; i++)
		*ret_untold |= ask->untold[i] == row;
	if (*ret_untold)
		return 0;
	size_t n = row_values(ask, row, ret);
	conclude(ret, n, ask->metric->area_agg);
	return n;
}

/* Does an office have figures in the rest that are of two rows which cannot be told? */
static bool rest_joins_rows(const struct ask *ask)
{
	for (size_t i = 0; i < ask->n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct cell *a = &ask->cells[i], *b = &ask->cells[k];
			if (a->office == b->office && a->present && b->present &&
			    in_bucket(ask, a) && in_bucket(ask, b) &&
			    shown_in(ask, a->office, a->day) == rest &&
			    shown_in(ask, b->office, b->day) == rest &&
			    place_of(ask, a->office, a->day) != place_of(ask, b->office, b->day))
				return true;
		}
	return false;
}

/* On one of some days of the bucket, for there are many. */
static bool silent_part(const struct ask *ask, const void *key)
{
	const struct offices *offices = ask->o->reference->offices;
	for (size_t i = 0; i < offices->n; i++)
		for (int32_t day = ask->first; day < ask->end; day += 10) {
			const struct unit *unit = unit_of(ask->o, &offices->list[i], day);
			if (unit && strcmp(unit->level, ask->metric->level) == 0 &&
			    lies_across(ask, &offices->list[i], day, key))
				return true;
		}
	return false;
}

/* --- why a row has no value --- */

static void say(struct oracle_row *row, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct oracle_row *row, const char *format, ...)
{
	va_list args;
	assert_true(row->n_reasons < ORACLE_REASONS_MAX);
	va_start(args, format);
	int n = vsnprintf(row->reasons[row->n_reasons], ORACLE_REASON_MAX, format, args);
	va_end(args);
	assert_true(n > 0 && (size_t)n < ORACLE_REASON_MAX);
	for (size_t i = 0; i < row->n_reasons; i++)
		if (strcmp(row->reasons[i], row->reasons[row->n_reasons]) == 0)
			return;
	row->n_reasons++;
}

/* Does @unit of @day lie in part in the row, in part elsewhere? */
static bool parts_with(const struct ask *ask, const void *key, const struct unit *unit, int32_t day)
{
	struct spread spread = spread_of(ask->o, ask->query, unit, day);
	bool by_office = ask->query->by && strcmp(ask->query->by, "office") == 0, in_row = false;
	for (size_t i = 0; i < spread.n; i++)
		in_row |= by_office ? spread.rows[i] != NULL : spread.rows[i] == key;
	return in_row && spread.n > 1;
}

/* Whoever is named for a figure of @office and @day: the unit whose parts lie in several rows; on
 * the way to later borders each that was divided between the row and others. */
static void blame(const struct ask *ask, const void *key, const struct office *office, int32_t day,
		  struct oracle_row *row)
{
	int32_t to;
	struct kin now = { .units = { unit_of(ask->o, office, day) }, .n = 1 };
	assert_int_equal(day_parse(ask->query->structure, &to, &(struct err){ 0 }), 0);
	if (to < day)
		say(row, "not derivable: %s %s lies here only in part", now.units[0]->code,
		    now.units[0]->name);
	for (; day < to; day++) {
		struct kin then = { 0 };
		for (size_t i = 0; i < now.n; i++) {
			struct kin heirs = { 0 };
			night(ask->o->reference->units, now.units[i], day + 1, &heirs);
			if (heirs.n > 1 && parts_with(ask, key, now.units[i], day))
				say(row, "not derivable: %s %s was divided in unknown proportions",
				    now.units[i]->code, now.units[i]->name);
			for (size_t k = 0; k < heirs.n; k++)
				kin_add(&then, heirs.units[k]);
		}
		now = then;
	}
}

static void say_who_is_withheld(const struct ask *ask, const void *key, struct oracle_row *row)
{
	bool level = ask->metric->time_agg == AGG_LAST;
	for (size_t i = 0; i < ask->n; i++) {
		const struct cell *cell = &ask->cells[i];
		int32_t day = level ? ask->end - 1 : cell->day;
		bool counts_here =
			level ? latest(ask, cell) != NULL : cell->present && in_bucket(ask, cell);
		if (counts_here && lies_across(ask, cell->office, day, key))
			blame(ask, key, cell->office, day, row);
	}
}

/* Somebody reported here, and stands elsewhere at the bucket's end: the first by code of those that
 * were due. */
static void say_who_left(const struct ask *ask, const void *key, struct oracle_row *row)
{
	const struct office *who = NULL;
	const struct offices *offices = ask->o->reference->offices;
	for (size_t i = 0; i < offices->n; i++) {
		struct oracle_row own = { 0 };
		count_office(ask, key, &offices->list[i], &own);
		if (own.reported > 0 && (!who || strcmp(offices->list[i].code, who->code) < 0))
			who = &offices->list[i];
	}
	int32_t since = ask->end - 1;
	const struct unit *unit = who ? unit_of(ask->o, who, since) : NULL;
	char text[DAY_TEXT_MAX];
	while (unit && unit_of(ask->o, who, since - 1) == unit)
		since--;
	if (!who)
		say(row, "no level at the end of the period: who reported here reports for another "
			 "unit then, or for none");
	else if (unit)
		say(row, "no level at the end of the period: office %s reports for %s %s since %s",
		    who->code, unit->code, unit->name, day_format(since, text));
	else
		say(row, "no level at the end of the period: office %s reports for no unit then",
		    who->code);
}

static void explain(const struct ask *ask, const void *key, struct oracle_row *row)
{
	if (key == rest || row->value)
		return;
	if (row->untold)
		say_who_is_withheld(ask, key, row);
	else if (ask->metric->time_agg == AGG_LAST && row->reported + row->extra > 0)
		say_who_left(ask, key, row);
	else if (row->due > 0)
		say(row, "%s",
		    row->waiting > 0 ? "not reported; what came waits in quarantine"
				     : "not reported");
	else if (!has_begun(ask))
		say(row, "the period has not begun");
	else
		say(row, "%s",
		    row->until[0] ? "the period is under way: nothing is due yet"
				  : "no office was due to report");
}

static void note_what_is_met(const struct ask *ask, const void *key, const struct oracle_row *row)
{
	oracle_met.excused += (uint64_t)row->excused;
	oracle_met.forgiven += (uint64_t)row->forgiven;
	const struct metric *metric = ask->metric;
	bool adds = metric->time_agg == AGG_SUM && metric->area_agg == AGG_SUM;
	oracle_met.left +=
		metric->time_agg == AGG_LAST && !row->value && !row->untold && row->reported > 0;
	oracle_met.rest += key == rest && !adds && row->value && rest_joins_rows(ask);
	oracle_met.silent += key != rest && ask->query->structure && row->value && !row->untold &&
			     silent_part(ask, key);
}

static struct oracle_row *add_row(const struct ask *ask, const void *key,
				  struct oracle_answer *answer)
{
	answer->rows = realloc(answer->rows, (answer->n + 1) * sizeof(*answer->rows));
	assert_non_null(answer->rows);
	struct oracle_row *row = &answer->rows[answer->n++];
	*row = (struct oracle_row){ 0 };
	(void)period_format(ask->bucket, row->period);
	int64_t end_us = ask->bucket.grain == GRAIN_HOUR ? start_us(ask->bucket.number + 1, 24)
							 : start_us(ask->end, 1);
	if (end_us > ask->o->now_us + 1)
		(void)day_format(ask->end - 1, row->until);
	unsigned shown = ask->metric->decimals;
	if (ask->metric->time_agg == AGG_MEAN || ask->metric->area_agg == AGG_MEAN)
		shown += 4;
	mpq_t value;
	mpq_init(value);
	if (row_value(ask, key, &row->untold, value) > 0)
		row->value = value_text(value, shown);
	mpq_clear(value);
	count_row(ask, key, row);
	explain(ask, key, row);
	note_what_is_met(ask, key, row);
	return row;
}

static int by_code(const void *a, const void *b)
{
	const struct office *x = *(const struct office *const *)a,
			    *y = *(const struct office *const *)b;
	return strcmp(x->code, y->code);
}

static void add_offices(const struct ask *ask, struct oracle_answer *answer)
{
	const struct offices *offices = ask->o->reference->offices;
	const struct office *order[256];
	assert_true(offices->n <= 256);
	for (size_t k = 0; k < offices->n; k++)
		order[k] = &offices->list[k];
	qsort(order, offices->n, sizeof(order[0]), by_code);
	for (size_t k = 0; k < offices->n; k++)
		if (office_has_row(ask, order[k]))
			add_row(ask, order[k], answer)->office = order[k];
}

static void ask_bucket(struct ask *ask, struct oracle_answer *answer)
{
	const struct units *units = ask->o->reference->units;
	find_untold(ask);
	find_waiting(ask);
	if (ask->query->by && strcmp(ask->query->by, "office") == 0)
		add_offices(ask, answer);
	else
		for (size_t i = 0; i < units->n; i++) /* by code and valid_from already */
			if (unit_has_row(ask, &units->list[i]))
				add_row(ask, &units->list[i], answer)->unit = &units->list[i];
	struct oracle_row *row = add_row(ask, rest, answer);
	row->astray = anyone_is_astray(ask);
	if (!row->value && !row->observations && !row->due && !row->extra && !row->revisions &&
	    !row->waiting && !row->astray)
		answer->n--;
}

bool oracle_allows(const struct metric *metric, enum calendar calendar, enum grain per)
{
	if (per == GRAIN_MINUTE || per < metric->period)
		return false; /* minutes are not kept apart */
	if (metric->period <= GRAIN_DAY)
		return true;
	if (metric->period == GRAIN_WEEK)
		return per == GRAIN_WEEK;
	return per > GRAIN_WEEK && calendar == metric->calendar;
}

static bool knows_area(const struct oracle *o, const struct query *query, struct period first,
		       struct period last)
{
	const struct units *units = o->reference->units;
	int32_t from = period_first_day(first), end = period_end_day(last);
	if (query->structure) {
		assert_int_equal(day_parse(query->structure, &from, &(struct err){ 0 }), 0);
		end = from + 1;
	}
	for (size_t i = 0; i < units->n; i++)
		for (int32_t day = from; day < end && query->area; day++)
			if (units_find(units, query->area, day))
				return true;
	return !query->area;
}

bool oracle_knows(const struct oracle *oracle, const struct query *query, struct period first,
		  struct period last)
{
	const struct metric *metric = catalogue_find(oracle->reference->catalogue, query->name);
	return knows_area(oracle, query, first, last) && labels_fit(metric, query->labels);
}

static int64_t first_number(const struct metric *metric, struct period bucket)
{
	if (bucket.grain == GRAIN_HOUR)
		return bucket.number * (int64_t)grain_per_day(metric->period) / 24;
	return own_number(metric, period_first_day(bucket), 0);
}

bool oracle_concerns(const struct oracle *oracle, const struct query *query, struct period first,
		     struct period last, const struct oracle_change *change)
{
	struct query whole = *query;
	whole.by = NULL;
	last.number++;
	return strcmp(change->metric->name, query->name) == 0 &&
	       labels_pass(change->labels, query->labels) &&
	       change->number >= first_number(change->metric, first) &&
	       change->number < first_number(change->metric, last) &&
	       row_of_office(oracle, &whole, change->office, change->day);
}

bool oracle_is_late(const struct oracle_change *change)
{
	return !in_time(change->metric, change->day, change->received_us);
}

void oracle_ask(const struct oracle *oracle, const struct query *query, enum calendar calendar,
		enum grain per, int32_t first, int32_t last, struct oracle_answer *ret)
{
	*ret = (struct oracle_answer){ 0 };
	for (int32_t number = first; number <= last; number++) {
		struct ask ask = { .o = oracle,
				   .query = query,
				   .bucket = { calendar, per, number } };
		ask.metric = catalogue_find(oracle->reference->catalogue, query->name);
		ask.first = period_first_day(ask.bucket);
		ask.end = period_end_day(ask.bucket);
		ask.first_number = own_number(ask.metric, ask.first, 0);
		ask.last_number =
			own_number(ask.metric, ask.end - 1, grain_per_day(ask.metric->period) - 1);
		if (per == GRAIN_HOUR) {
			int64_t per_hour = grain_per_day(ask.metric->period) / 24;
			ask.first_number = number * per_hour;
			ask.last_number = ask.first_number + per_hour - 1;
		}
		ask.cells = calloc(oracle->n + 1, sizeof(*ask.cells));
		assert_non_null(ask.cells);
		for (size_t i = 0; i < oracle->n; i++)
			if (is_asked_for(&ask, &oracle->cells[i]))
				ask.cells[ask.n++] = oracle->cells[i];
		qsort(ask.cells, ask.n, sizeof(*ask.cells), by_office_order);
		find_places(&ask);
		find_roots(&ask);
		ask_bucket(&ask, ret);
		free(ask.places);
		free(ask.rooted);
		free(ask.waits_in);
		free(ask.cells);
	}
}

void oracle_answer_free(struct oracle_answer *answer)
{
	for (size_t i = 0; i < answer->n; i++)
		free(answer->rows[i].value);
	free(answer->rows);
	*answer = (struct oracle_answer){ 0 };
}
