#include "ledger/steps.h"

#include "common/base/array.h"
#include "ledger/follow_internal.h"
#include "rollup/next.h"
#include "rollup/next_day.h"
#include "rollup/unit_acc.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define OFFICE_WORK 2000u /* of an office's day: its pages, and those of the units above: 80 us */
#define MOVE_SHARE  8u    /* what only moves is not played: entries of pages, of so many figures */

enum phase { PHASE_NONE, PHASE_TAKE, PHASE_PUT, PHASE_EXTREMES };

struct part {
	size_t from, to; /* of the touched */
};

struct steps {
	struct following f;
	int32_t from, end; /* of the days that any of it can touch */
	int64_t loaded;    /* the last entry of the journal when the lists of f were made */
	bool extremes;    /* is there a metric of whose figures units keep the least or greatest? */
	enum phase phase; /* of the part in work, */
	struct part part; /* whose it is, */
	int64_t part_end_us; /* and when it is to end, by the clock: INT64_MAX: any time */
	sqlite3_stmt *newer; /* has a day entries behind that? */
	sqlite3_stmt *change_day;
	sqlite3_stmt *office_day; /* how much an office's day holds */
};

static int64_t clock_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* How much a step may still do. */
struct purse {
	uint64_t left;
	int64_t end_us; /* of the clock; INT64_MAX: any */
	bool used;
};

static struct purse purse_of(uint64_t budget, int64_t limit_us)
{
	return (struct purse){ .left = budget,
			       .end_us = limit_us > 0 ? clock_us() + limit_us : INT64_MAX };
}

static bool purse_is_empty(const struct purse *purse)
{
	return purse->used && (purse->left == 0 || clock_us() >= purse->end_us);
}

/* Half of the time that is left: what was changed is yet to be written. */
static int64_t purse_half_us(const struct purse *purse)
{
	int64_t now_us = clock_us();
	return purse->end_us == INT64_MAX ? INT64_MAX
	       : purse->end_us > now_us   ? now_us + (purse->end_us - now_us) / 2
					  : now_us;
}

static void purse_take(struct purse *purse, uint64_t work, uint64_t *total)
{
	purse->left -= work < purse->left ? work : purse->left;
	purse->used = true;
	*total += work;
}

static uint64_t work_of(const struct touched *touched)
{
	uint64_t n = touched->observations > 0 ? (uint64_t)touched->observations : 0;
	return OFFICE_WORK + (touched->touch == TOUCH_MOVE   ? n / MOVE_SHARE
			      : touched->touch == TOUCH_ANEW ? 2 * n
							     : n);
}

static bool has_extremes(const struct catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->n; i++)
		if (unit_acc_agg(&catalogue->metrics[i]) != AGG_SUM)
			return true;
	return false;
}

/* --- opening --- */

static int prepare(struct steps *s, struct err *err)
{
	int rc = db_prepare(s->f.db, "SELECT 1 FROM strand WHERE day = ? AND entry > ? LIMIT 1",
			    &s->newer, err);
	if (rc == 0)
		rc = db_prepare(s->f.db, "INSERT OR IGNORE INTO change_day VALUES(?)",
				&s->change_day, err);
	if (rc == 0)
		rc = db_prepare(s->f.db,
				"SELECT observations FROM strand WHERE day = ? AND office = ?",
				&s->office_day, err);
	return rc;
}

static int last_entry(const struct steps *s, int64_t *ret_entry, struct err *err)
{
	return db_number(s->f.db, "SELECT coalesce(max(id), 0) FROM journal", ret_entry, err);
}

struct steps *steps_open(sqlite3 *db, const struct reference *before, const struct reference *after,
			 struct err *err)
{
	struct steps *s = calloc(1, sizeof(*s));
	if (!s) {
		(void)err_memory(err);
		return NULL;
	}
	s->f = (struct following){ .db = db, .before = before, .after = after, .next = true };
	s->extremes = has_extremes(before->catalogue) || has_extremes(after->catalogue);
	int rc = impact_of(before, after, &s->f.impact, err);
	if (rc == 0)
		rc = last_entry(s, &s->loaded, err);
	if (rc == 0)
		rc = following_open(&s->f, err);
	if (rc == 0)
		rc = prepare(s, err);
	if (rc < 0) {
		steps_close(s);
		return NULL;
	}
	following_range(&s->f.impact, &s->from, &s->end);
	return s;
}

void steps_close(struct steps *steps)
{
	if (!steps)
		return;
	sqlite3_finalize(steps->newer);
	sqlite3_finalize(steps->change_day);
	sqlite3_finalize(steps->office_day);
	following_close(&steps->f);
	free(steps);
}

void steps_begin(struct steps *steps)
{
	declarations_forget(steps->f.declarations, steps->f.after->catalogue);
	review_begin(steps->f.review);
	fold_begin(steps->f.fold, steps->f.after);
}

uint64_t steps_held(const struct steps *steps)
{
	return review_done(steps->f.review)->held;
}

const struct damaged_days *steps_damaged(const struct steps *steps)
{
	return &review_done(steps->f.review)->damaged;
}

/* --- what it costs --- */

#define WEIGHED_MAX 50000u /* offices' days that are looked at: 30 ms */

struct days {
	int32_t *list; /* owned [n] */
	size_t n, room;
};

static int days_list(struct following *f, struct days *days, struct err *err)
{
	int32_t from, end;
	int rc;
	following_range(&f->impact, &from, &end);
	for (int64_t next = from; (rc = following_day(f, next, end, err)) == 1;
	     next = (int64_t)f->day + 1) {
		if (ARRAY_RESERVE(days->list, days->room, days->n + 1) < 0)
			return err_memory(err);
		days->list[days->n++] = f->day;
	}
	return rc;
}

/* How far to leap through @n days so that each is met once, and the first few lie all over them:
 * no divisor in common, and near the golden section (Knuth, volume 3, 6.4). */
static size_t leap_of(size_t n)
{
	size_t leap = (size_t)((double)n * 0.618) | 1;
	for (;; leap++) {
		size_t a = n, b = leap;
		while (b > 0) {
			size_t rest = a % b;
			a = b;
			b = rest;
		}
		if (a <= 1)
			return leap;
	}
}

static int days_weigh(struct following *f, const struct days *days, struct steps_cost *cost,
		      struct err *err)
{
	size_t leap = leap_of(days->n), done = 0;
	int rc = 0;
	for (size_t at = 0; done < days->n && f->seen < WEIGHED_MAX && rc == 0; done++) {
		f->day = days->list[at];
		at = (at + leap) % days->n;
		rc = following_touched(f, err);
		for (size_t i = 0; i < f->n_touched; i++) {
			cost->office_days++;
			cost->observations += (uint64_t)f->touched[i].observations;
			cost->work += work_of(&f->touched[i]);
		}
	}
	cost->about = done < days->n;
	if (cost->about) {
		double times = (double)days->n / (double)done;
		cost->office_days = (uint64_t)((double)cost->office_days * times);
		cost->observations = (uint64_t)((double)cost->observations * times);
		cost->work = (uint64_t)((double)cost->work * times);
	}
	return rc;
}

int steps_weigh(sqlite3 *db, const struct reference *before, const struct reference *after,
		struct steps_cost *ret_cost, struct err *err)
{
	struct following f = { .db = db, .before = before, .after = after };
	struct steps_cost cost = { 0 };
	struct days days = { 0 };
	int rc = impact_of(before, after, &f.impact, err);
	if (rc == 0 && !impact_is_none(&f.impact)) {
		rc = following_lists(&f, err);
		if (rc == 0)
			rc = days_list(&f, &days, err);
		if (rc == 0 && days.n > 0)
			rc = days_weigh(&f, &days, &cost, err);
	}
	following_close(&f);
	free(days.list);
	if (rc == 0)
		*ret_cost = cost;
	return rc;
}

/* --- a day --- */

/* Whom the day touches, whatever came meanwhile. */
static int touched_read(struct steps *s, struct err *err)
{
	sqlite3_bind_int(s->newer, 1, s->f.day);
	sqlite3_bind_int64(s->newer, 2, s->loaded);
	int rc = db_step(s->newer, err);
	sqlite3_reset(s->newer);
	if (rc == 1) {
		rc = last_entry(s, &s->loaded, err);
		if (rc == 0)
			rc = following_reload(&s->f, err);
	}
	return rc < 0 ? rc : following_touched(&s->f, err);
}

static int day_freeze(struct steps *s, struct err *err)
{
	sqlite3_bind_int(s->change_day, 1, s->f.day);
	int rc = db_run(s->change_day, err);
	return rc < 0 ? rc : next_freeze(s->f.db, s->f.day, err);
}

/* What was judged can be played, or is held by now. */
static int on_bad(void *context, int64_t office, int32_t day, struct err *err)
{
	struct err why = { 0 };
	return is_damage(review_reads(context, office, day, &why)) ? 0 : err->code;
}

/* Its pages cannot be taken apart, but the journal makes them anew. */
static int day_anew(struct steps *s, struct err *err)
{
	struct following *f = &s->f;
	int rc = 0;
	for (size_t i = 0; i < f->n_touched && rc == 0; i++)
		if (f->touched[i].touch != TOUCH_MOVE)
			rc = review_day(f->review, f->touched[i].after->id, f->day,
					&f->touched[i].damaged, err);
	return rc < 0 ? rc : next_anew(f->db, f->after, f->day, on_bad, f->review, err);
}

/* @todo, and where a page cannot be read the day from its journal instead. *@ret_anew: it was so.
 */
static int guarded(struct steps *s, int (*todo)(struct steps *s, struct err *err), bool *ret_anew,
		   struct err *err)
{
	struct err why = { 0 };
	const struct reviewed reviewed = *review_done(s->f.review);
	int rc = db_exec(s->f.db, "SAVEPOINT day", err);
	*ret_anew = false;
	if (rc < 0)
		return rc;
	rc = todo(s, &why);
	if (rc >= 0)
		return db_exec(s->f.db, "RELEASE day", err);
	if (db_undo(s->f.db, "day", &why, err) < 0)
		return err->code;
	fold_forget(s->f.fold);
	fold_begin(s->f.fold, s->f.after);
	review_back(s->f.review, &reviewed);
	if (rc != -EUCLEAN)
		return err_set(err, rc, "%s", why.text);
	*ret_anew = true;
	return day_anew(s, err);
}

static int whole_day(struct steps *s, struct err *err)
{
	return following_do_day(&s->f, err);
}

/* --- a day in parts --- */

/* The part ends before its office @i, as its time is over: where a disk is slow, or others have the
 * cores, as much work takes longer. */
static bool part_ends(struct steps *s, size_t i)
{
	if (i == s->part.from || clock_us() < s->part_end_us)
		return false;
	s->part.to = i;
	return true;
}

static int part_take(struct steps *s, struct err *err)
{
	struct following *f = &s->f;
	int rc = 0;
	for (size_t i = s->part.from; i < s->part.to && rc == 0 && !part_ends(s, i); i++)
		if (f->touched[i].touch != TOUCH_PLAYED)
			rc = following_take(f, &f->touched[i], err);
	return rc < 0 ? rc : fold_settle(f->fold, err);
}

static int part_put(struct steps *s, struct err *err)
{
	struct following *f = &s->f;
	int rc = 0;
	for (size_t i = s->part.from; i < s->part.to && rc == 0 && !part_ends(s, i); i++) {
		struct touched *touched = &f->touched[i];
		if (touched->touch == TOUCH_ANEW)
			rc = following_judge(f, touched, err);
		if (rc == 0 && touched->touch != TOUCH_MOVE)
			rc = following_put(f, touched, err);
	}
	return rc < 0 ? rc : fold_settle(f->fold, err);
}

static unsigned depth_of(const struct units *units, const struct unit *unit, int32_t day)
{
	unsigned depth = 0;
	while ((unit = units_parent(units, unit, day)) && depth <= UNITS_DEPTH_MAX)
		depth++;
	return depth;
}

static int page_lose(struct steps *s, struct page_key key, unsigned depth, struct err *err)
{
	struct following *f = &s->f;
	struct page *page;
	int rc = fold_page(f->fold, key, &page, err);
	for (size_t i = 0; rc == 0 && i < page->n; i++) {
		const struct metric *metric = following_metric(f, page->entries[i].series);
		if (metric && unit_acc_agg(metric) != AGG_SUM)
			rc = fold_lose(f->fold,
				       &(struct minmax_stale){ .key = key,
							       .series = page->entries[i].series,
							       .metric = metric,
							       .day = f->day,
							       .depth = depth },
				       err);
	}
	return rc;
}

/* Of all units that stand on the day. */
static int extremes_find(struct steps *s, struct err *err)
{
	struct following *f = &s->f;
	const struct units *units = f->after->units;
	struct page_key keys[FOLLOWING_PAGES_MAX];
	size_t n = following_pages(f, keys);
	int rc = 0;
	for (size_t i = 0; i < units->n && rc == 0; i++) {
		const struct unit *unit = &units->list[i];
		if (f->day < unit->valid_from || f->day >= unit->valid_to)
			continue;
		unsigned depth = depth_of(units, unit, f->day);
		for (size_t k = 0; k < n && rc == 0; k++) {
			keys[k].node = -unit->id;
			rc = page_lose(s, keys[k], depth, err);
		}
	}
	return rc < 0 ? rc : fold_settle(f->fold, err);
}

static int part_do(struct steps *s, struct err *err)
{
	switch (s->phase) {
	case PHASE_TAKE:
		return part_take(s, err);
	case PHASE_PUT:
		return part_put(s, err);
	default:
		return extremes_find(s, err);
	}
}

/* Each of both phases does half of it. */
static uint64_t half_of(const struct touched *touched)
{
	return work_of(touched) / 2;
}

/* As many offices from the place's on as the purse takes, at least one. */
static struct part part_of(const struct steps *s, const struct steps_place *place,
			   const struct purse *purse)
{
	const struct following *f = &s->f;
	struct part part = { 0 };
	uint64_t left = purse->left;
	while (part.from < f->n_touched && f->touched[part.from].after->id < place->office)
		part.from++;
	for (part.to = part.from; part.to < f->n_touched; part.to++) {
		uint64_t office = half_of(&f->touched[part.to]);
		if (part.to > part.from && office > left)
			break;
		left -= office < left ? office : left;
	}
	return part;
}

/* One step of a day that takes several. */
static int day_part(struct steps *s, struct steps_place *place, struct purse *purse, uint64_t *work,
		    struct err *err)
{
	struct following *f = &s->f;
	bool anew = false;
	if (place->phase == PHASE_NONE)
		*place = (struct steps_place){ f->day, PHASE_TAKE, INT64_MIN };
	s->phase = (enum phase)place->phase;
	s->part = (struct part){ 0 };
	if (place->phase != PHASE_EXTREMES)
		s->part = part_of(s, place, purse);
	s->part_end_us = purse_half_us(purse);
	int rc = guarded(s, part_do, &anew, err);
	if (rc < 0)
		return rc;
	if (place->phase == PHASE_EXTREMES)
		purse_take(purse, OFFICE_WORK, work);
	for (size_t i = s->part.from; i < s->part.to; i++)
		purse_take(purse, half_of(&f->touched[i]), work);
	bool through = place->phase == PHASE_EXTREMES || s->part.to == f->n_touched;
	if (anew || (through && (place->phase == PHASE_EXTREMES ||
				 (place->phase == PHASE_PUT && !s->extremes))))
		*place = (struct steps_place){ (int64_t)f->day + 1, PHASE_NONE, INT64_MIN };
	else if (through)
		*place = (struct steps_place){ f->day, place->phase + 1, INT64_MIN };
	else
		place->office = f->touched[s->part.to].after->id;
	return 0;
}

/* --- day by day --- */

static int day_do(struct steps *s, struct steps_place *place, struct purse *purse, uint64_t budget,
		  uint64_t *work, struct err *err)
{
	struct following *f = &s->f;
	uint64_t cost = 0;
	bool anew = false;
	int rc = touched_read(s, err);
	for (size_t i = 0; i < f->n_touched; i++)
		cost += work_of(&f->touched[i]);
	if (rc == 0 && f->n_touched > 0)
		rc = day_freeze(s, err);
	if (rc < 0)
		return rc;
	if (place->phase != PHASE_NONE || cost > budget)
		return day_part(s, place, purse, work, err);
	if (f->n_touched > 0) {
		rc = guarded(s, whole_day, &anew, err);
		purse_take(purse, cost, work);
	}
	*place = (struct steps_place){ (int64_t)f->day + 1, PHASE_NONE, INT64_MIN };
	return rc;
}

int steps_days(struct steps *steps, struct steps_place *place, uint64_t budget, int64_t limit_us,
	       uint64_t *work, struct err *err)
{
	struct purse purse = purse_of(budget, limit_us);
	while (!purse_is_empty(&purse)) {
		int64_t from = place->day < steps->from ? steps->from : place->day;
		int rc = following_day(&steps->f, from, steps->end, err);
		if (rc == 0)
			rc = next_freeze(steps->f.db, DAY_MAX, err);
		else if (rc == 1)
			rc = day_do(steps, place, &purse, budget, work, err) < 0 ? err->code : 1;
		if (rc <= 0)
			return rc;
	}
	return 1;
}

/* --- what came meanwhile --- */

static int observations_of(struct steps *s, const struct office_day *of, struct touched *touched,
			   struct err *err)
{
	sqlite3_bind_int(s->office_day, 1, of->day);
	sqlite3_bind_int64(s->office_day, 2, of->office);
	int rc = db_step(s->office_day, err);
	touched->observations = rc == 1 ? sqlite3_column_int64(s->office_day, 0) : 0;
	sqlite3_reset(s->office_day);
	return rc < 0 ? rc : 0;
}

/* As a whole: by what is to be it stands in the pages already, as it was before it became stale. */
static int stale_office(struct steps *s, struct err *err)
{
	struct following *f = &s->f;
	struct touched *touched = &f->touched[0];
	int rc = review_day(f->review, touched->after->id, f->day, &touched->damaged, err);
	f->stands_next = true;
	if (rc == 0 && touched->damaged) {
		rc = following_reload(f, err);
		if (rc == 0)
			rc = following_take(f, touched, err);
	} else if (rc == 0)
		rc = fold_play(f->fold, touched->after, f->day, NULL, 0, err);
	f->stands_next = false;
	return rc < 0 ? rc : fold_settle(f->fold, err);
}

static int stale_do(struct steps *s, const struct office_day *of, struct purse *purse,
		    uint64_t *work, struct err *err)
{
	struct following *f = &s->f;
	const struct office *office = offices_by_id(f->after->offices, of->office);
	struct touched touched = {
		.before = office, .after = office, .touch = TOUCH_ANEW, .whole = true
	};
	bool anew = false;
	int rc = 0;
	f->day = of->day;
	f->n_touched = 0;
	if (of->office == NEXT_WHOLE_DAY) {
		purse_take(purse, purse->left, work);
		rc = next_anew(f->db, f->after, of->day, on_bad, f->review, err);
	} else if (office) {
		rc = observations_of(s, of, &touched, err);
		purse_take(purse, work_of(&touched), work);
		struct touched *list = rc == 0 ? array_room(f->touched, 0, sizeof(*list)) : NULL;
		if (rc == 0 && !list)
			rc = err_memory(err);
		if (list) {
			f->touched = list;
			list[f->n_touched++] = touched;
		}
		if (rc == 0)
			rc = guarded(s, stale_office, &anew, err);
	}
	if (rc == 0) {
		sqlite3_bind_int(s->change_day, 1, of->day);
		rc = db_run(s->change_day, err);
	}
	return rc < 0 ? rc : next_fresh(f->db, of, err);
}

int steps_stale(struct steps *steps, uint64_t budget, int64_t limit_us, uint64_t *work,
		struct err *err)
{
	struct purse purse = purse_of(budget, limit_us);
	struct office_day of;
	int rc;
	while ((rc = next_stale(steps->f.db, &of, err)) == 1 && !purse_is_empty(&purse)) {
		rc = stale_do(steps, &of, &purse, work, err);
		if (rc < 0)
			break;
	}
	return rc;
}
