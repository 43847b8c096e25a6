#include "ledger/losses.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "ledger/impact.h"
#include "rollup/next.h"
#include "rollup/page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef LOSSES_LOOKUPS_MAX
#define LOSSES_LOOKUPS_MAX                                                                         \
	200000u /* pages asked for: at some 2 us each they take half a second                      \
		 */
#endif
#define CALENDARS 2u

/* --- what is lost --- */

static struct loss *loss_add(struct losses *losses, struct err *err)
{
	struct loss *list = array_room(losses->list, losses->n, sizeof(*list));
	if (!list) {
		(void)err_memory(err);
		return NULL;
	}
	losses->list = list;
	list[losses->n] = (struct loss){ 0 };
	return &list[losses->n++];
}

static void column_add(struct loss *loss, bool differs, const char *name)
{
	size_t len = strlen(loss->columns);
	if (differs) /* all the names there are fit */
		(void)snprintf(loss->columns + len, sizeof(loss->columns) - len, "%s%s",
			       len ? ", " : "", name);
}

/* By which columns do its figures count otherwise, or not at all? */
static void metric_compare(struct loss *loss, const struct metric *before,
			   const struct metric *after)
{
	column_add(loss, strcmp(before->unit, after->unit) != 0, "unit");
	column_add(loss, before->time_agg != after->time_agg, "time_agg");
	column_add(loss, before->area_agg != after->area_agg, "area_agg");
	column_add(loss, before->period != after->period, "period");
	column_add(loss, before->calendar != after->calendar, "calendar");
	column_add(loss, before->decimals != after->decimals, "decimals");
	/* limits of other decimals are other numbers; that is told already */
	bool comparable = before->decimals == after->decimals;
	column_add(loss,
		   comparable && after->has_min &&
			   (!before->has_min || before->min_e < after->min_e),
		   "min");
	column_add(loss,
		   comparable && after->has_max &&
			   (!before->has_max || before->max_e > after->max_e),
		   "max");
	loss->whole = *loss->columns;
	column_add(loss, drops_dimension(before, after), "dimensions");
}

static int metrics_compare(struct losses *losses, const struct catalogue *before,
			   const struct catalogue *after, struct err *err)
{
	for (size_t i = 0; i < before->n; i++) {
		struct loss loss = { .before = &before->metrics[i], .whole = true };
		loss.after = catalogue_find(after, loss.before->name);
		(void)snprintf(loss.key, sizeof(loss.key), "%s", loss.before->name);
		if (loss.after)
			metric_compare(&loss, loss.before, loss.after);
		if (loss.after && !*loss.columns)
			continue;
		struct loss *added = loss_add(losses, err);
		if (!added)
			return err->code;
		*added = loss;
	}
	return 0;
}

static int indicators_compare(struct losses *losses, const struct indicators *before,
			      const struct indicators *after, struct err *err)
{
	for (size_t i = 0; i < before->n; i++) {
		if (indicators_find(after, before->list[i].name))
			continue;
		struct loss *loss = loss_add(losses, err);
		if (!loss)
			return err->code;
		(void)snprintf(loss->key, sizeof(loss->key), "%s", before->list[i].name);
	}
	return 0;
}

static bool same_successor(const struct successor *left, const struct successor *right)
{
	return left->effective_on == right->effective_on &&
	       strcmp(left->old_code, right->old_code) == 0 &&
	       strcmp(left->new_code, right->new_code) == 0;
}

static int successors_compare(struct losses *losses, const struct units *before,
			      const struct units *after, struct err *err)
{
	size_t at = 0; /* both lists are sorted alike */
	for (size_t i = 0; i < before->n_successors; i++) {
		const struct successor *old = &before->successors[i];
		char day[DAY_TEXT_MAX];
		size_t from = at;
		while (at < after->n_successors && !same_successor(&after->successors[at], old))
			at++;
		if (at < after->n_successors)
			continue;
		at = from;
		struct loss *loss = loss_add(losses, err);
		if (!loss)
			return err->code;
		(void)snprintf(loss->key, sizeof(loss->key), "%s %s %s",
			       day_format(old->effective_on, day), old->old_code, old->new_code);
	}
	return 0;
}

/* The first stretch of @unit's days, from @from on, on which @after has no unit of its code. */
static bool uncovered(const struct unit *unit, const struct units *after, int32_t from,
		      int32_t *ret_from, int32_t *ret_end)
{
	size_t first, end;
	units_range(after, unit->code, &first, &end);
	int32_t at = from > unit->valid_from ? from : unit->valid_from;
	for (size_t i = first; i < end && at < unit->valid_to; i++) {
		const struct unit *other = &after->list[i];
		if (other->valid_to <= at)
			continue;
		if (other->valid_from > at) {
			*ret_from = at;
			*ret_end = other->valid_from < unit->valid_to ? other->valid_from
								      : unit->valid_to;
			return true;
		}
		at = other->valid_to;
	}
	*ret_from = at;
	*ret_end = unit->valid_to;
	return at < unit->valid_to;
}

static int units_compare(struct losses *losses, const struct units *before,
			 const struct units *after, struct err *err)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct unit *unit = &before->list[i];
		int32_t from, end;
		char day[DAY_TEXT_MAX];
		if (!uncovered(unit, after, INT32_MIN, &from, &end))
			continue;
		struct loss *loss = loss_add(losses, err);
		if (!loss)
			return err->code;
		loss->unit = unit;
		(void)snprintf(loss->key, sizeof(loss->key), "%s %s", unit->code,
			       day_format(unit->valid_from, day));
		const struct unit *other = units_find(after, unit->code, unit->valid_from);
		column_add(loss, other && other->valid_from == unit->valid_from, "valid_to");
	}
	return 0;
}

/* --- how many figures --- */

struct counting {
	sqlite3 *db;
	const struct reference *before, *after;
	struct losses *losses;
	int32_t from, end; /* days of which there is anything */
	bool grains[GRAIN_COUNT][CALENDARS];
	sqlite3_stmt *page;
	uint32_t lookups;
	struct count { /* of a series */
		uint32_t series;
		struct loss *loss; /* NULL: of none */
		uint64_t figures;
	} * series; /* owned [n_series], ascending */
	size_t n_series;
};

static int series_order(const void *a, const void *b)
{
	const struct count *x = a, *y = b;
	return (x->series > y->series) - (x->series < y->series);
}

static struct count *series_find(const struct counting *c, uint32_t id)
{
	const struct count wanted = { .series = id };
	return c->n_series ? bsearch(&wanted, c->series, c->n_series, sizeof(wanted), series_order)
			   : NULL;
}

static struct loss *loss_of_series(const struct counting *c, const char *metric, const char *labels)
{
	for (size_t i = 0; i < c->losses->n; i++) {
		struct loss *loss = &c->losses->list[i];
		if (!loss->before || strcmp(loss->before->name, metric) != 0)
			continue;
		bool lost = loss->whole ||
			    metric_judge_series(loss->after, labels, loss->before->calendar,
						loss->before->period) != VERDICT_OK;
		return lost ? loss : NULL;
	}
	return NULL;
}

static int series_load(struct counting *c, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(c->db, "SELECT id, metric, labels FROM series ORDER BY id", &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		struct db_row row = { rows, err, 0 };
		struct count count = { .series = (uint32_t)db_row_int(&row, 0, 0, UINT32_MAX) };
		const char *metric = db_row_text(&row, 1), *labels = db_row_text(&row, 2);
		struct count *list = array_room(c->series, c->n_series, sizeof(*list));
		rc = list ? row.rc : err_memory(err);
		if (list)
			c->series = list;
		if (rc < 0)
			break;
		count.loss = loss_of_series(c, metric, labels);
		list[c->n_series++] = count;
	}
	sqlite3_finalize(rows);
	return rc;
}

/* 1, and the page; 0: there is none. */
static int page_look(struct counting *c, struct page_key key, struct page *ret_page,
		     struct err *err)
{
	c->lookups++;
	sqlite3_reset(c->page);
	sqlite3_bind_int(c->page, 1, key.grain);
	sqlite3_bind_int(c->page, 2, key.bucket);
	sqlite3_bind_int64(c->page, 3, key.node);
	int rc = db_step(c->page, err);
	if (rc == 1)
		rc = page_load(key, sqlite3_column_blob(c->page, 0),
			       (size_t)sqlite3_column_bytes(c->page, 0), ret_page, err);
	else
		return rc;
	return rc < 0 ? rc : 1;
}

/* Figures of @node in the bucket: of the metrics that are lost, or, with @loss, all. */
static int bucket_count(struct counting *c, struct period period, int64_t node, struct loss *loss,
			struct err *err)
{
	struct page page;
	const struct page_key key = { page_grain(period.calendar, period.grain), period.number,
				      node };
	int rc = page_look(c, key, &page, err);
	c->losses->more |= rc == -EUCLEAN;
	if (rc != 1)
		return rc == -EUCLEAN ? 0 : rc;
	for (size_t i = 0; i < page.n; i++) {
		struct count *count = series_find(c, page.entries[i].series);
		struct loss *its = loss ? loss : count ? count->loss : NULL;
		if (its)
			its->figures += (uint64_t)page.entries[i].acc.n;
	}
	page_free(&page);
	return 0;
}

/* Of every page that the batches of the days give. */
static int days_count(struct counting *c, int32_t from, int32_t end, int64_t node,
		      struct loss *loss, struct err *err)
{
	int rc = 0;
	from = from > c->from ? from : c->from;
	end = end < c->end ? end : c->end;
	for (int32_t day = from; day < end && rc == 0; day++) {
		if (c->lookups >= LOSSES_LOOKUPS_MAX) {
			c->losses->more = true;
			return 0;
		}
		rc = bucket_count(c, period_of_day(CALENDAR_CIVIL, GRAIN_DAY, day), node, loss,
				  err);
		for (unsigned grain = GRAIN_WEEK; grain < GRAIN_COUNT; grain++)
			for (unsigned calendar = 0; calendar < CALENDARS && rc == 0; calendar++) {
				struct period period = period_of_day((enum calendar)calendar,
								     (enum grain)grain, day);
				if (c->grains[grain][calendar] && period_first_day(period) == day)
					rc = bucket_count(c, period, node, loss, err);
			}
	}
	return rc;
}

static int metrics_count(struct counting *c, struct err *err)
{
	const struct units *units = c->before->units;
	int rc = series_load(c, err);
	for (size_t i = 0; i < units->n && rc == 0; i++)
		if (!units->list[i].parent)
			rc = days_count(c, units->list[i].valid_from, units->list[i].valid_to,
					-units->list[i].id, NULL, err);
	return rc;
}

/* The stretches of an office's @nth stay, from @from on, on which @loss's unit is gone. */
static bool stay_uncovered(const struct counting *c, const struct loss *loss,
			   const struct office *office, size_t nth, int32_t from, int32_t *ret_from,
			   int32_t *ret_end)
{
	const struct assignment *stay = &office->assignments[nth];
	int32_t until = nth + 1 < office->n_assignments ? stay[1].from_day : INT32_MAX;
	from = from > stay->from_day ? from : stay->from_day;
	if (!uncovered(loss->unit, c->after->units, from, ret_from, ret_end) || *ret_from >= until)
		return false;
	*ret_end = *ret_end < until ? *ret_end : until;
	return true;
}

/* The losses of the units of @code: @ret_n of them, which stand together. */
static struct loss *losses_of_code(const struct losses *losses, const char *code, size_t *ret_n)
{
	size_t len = strlen(code);
	/* A code has nothing that sorts before the blank behind it. */
	size_t low = search_first(i, losses->n, strncmp(losses->list[i].key, code, len) < 0);
	size_t end = low;
	while (end < losses->n && strncmp(losses->list[end].key, code, len) == 0 &&
	       losses->list[end].key[len] == ' ')
		end++;
	*ret_n = end - low;
	return losses->list + low;
}

static int stay_count(struct counting *c, const struct office *office, size_t nth, struct err *err)
{
	const char *code = office->assignments[nth].unit_code;
	size_t n = 0;
	struct loss *list = code ? losses_of_code(c->losses, code, &n) : NULL;
	int rc = 0;
	for (size_t i = 0; i < n; i++)
		for (int32_t from = INT32_MIN, end = from;
		     rc == 0 && stay_uncovered(c, &list[i], office, nth, end, &from, &end);)
			rc = days_count(c, from, end, office->id, &list[i], err);
	return rc;
}

static int units_count(struct counting *c, struct err *err)
{
	const struct offices *offices = c->before->offices;
	int rc = 0;
	for (size_t i = 0; i < offices->n; i++)
		for (size_t nth = 0; nth < offices->list[i].n_assignments && rc == 0; nth++)
			rc = stay_count(c, &offices->list[i], nth, err);
	return rc;
}

/* Offices come in order, so one that comes again is the last one. */
static void concern(struct loss *loss, int64_t office)
{
	loss->offices += loss->last_office != office;
	loss->last_office = office;
}

static bool office_stands(struct counting *c, const struct office *office)
{
	bool concerned = false;
	for (size_t nth = 0; nth < office->n_assignments; nth++) {
		const char *code = office->assignments[nth].unit_code;
		size_t n = 0;
		struct loss *list = code ? losses_of_code(c->losses, code, &n) : NULL;
		for (size_t i = 0; i < n; i++) {
			int32_t from, end;
			bool stands =
				stay_uncovered(c, &list[i], office, nth, INT32_MIN, &from, &end);
			if (stands)
				concern(&list[i], office->id);
			concerned |= stands;
		}
	}
	return concerned;
}

/* A unit that ends, while its code had other days, is no loss unless figures lie behind the end. */
static bool is_reform(const struct loss *loss, const struct reference *after)
{
	size_t first, end;
	if (!loss->unit || loss->figures > 0)
		return false;
	units_range(after->units, loss->unit->code, &first, &end);
	return first < end;
}

static void reforms_drop(struct counting *c)
{
	struct losses *losses = c->losses;
	size_t n = 0;
	for (size_t i = 0; i < losses->n; i++)
		if (!is_reform(&losses->list[i], c->after))
			losses->list[n++] = losses->list[i];
	losses->n = n;
}

/* Who has sent any of the metrics: what each spool declared, office by office. */
static int reporters_count(struct counting *c, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int64_t last = 0;
	int rc = db_prepare(c->db,
			    "SELECT s.office, d.series FROM spool s JOIN declared d"
			    " ON d.spool = s.id ORDER BY s.office",
			    &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const struct count *count = series_find(c, (uint32_t)sqlite3_column_int64(rows, 1));
		int64_t office = sqlite3_column_int64(rows, 0);
		rc = 0;
		if (!count || !count->loss)
			continue;
		concern(count->loss, office);
		c->losses->offices += last != office;
		last = office;
	}
	sqlite3_finalize(rows);
	return rc;
}

static int days_bound(struct counting *c, struct err *err)
{
	int64_t from = 0, end = 0;
	int rc = db_number(c->db, "SELECT coalesce(min(day), 0) FROM strand", &from, err);
	if (rc == 0)
		rc = db_number(c->db, "SELECT coalesce(max(day) + 1, 0) FROM strand", &end, err);
	c->from = (int32_t)from;
	c->end = (int32_t)end;
	return rc;
}

static void grains_note(struct counting *c)
{
	const struct catalogue *catalogue = c->before->catalogue;
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		bool own = metric->period > GRAIN_WEEK; /* weeks are the same in both calendars */
		c->grains[metric->period][own ? metric->calendar : CALENDAR_CIVIL] = true;
	}
}

static int page_prepare(struct counting *c, struct err *err)
{
	char sql[128];
	const char *in_force;
	int rc = next_in_force(c->db, &in_force, err);
	if (rc < 0)
		return rc;
	(void)snprintf(sql, sizeof(sql),
		       "SELECT page FROM %s WHERE grain = ? AND bucket = ? AND node = ?",
		       in_force); /* fits */
	return db_prepare(c->db, sql, &c->page, err);
}

static int losses_count(sqlite3 *db, const struct reference *before, const struct reference *after,
			struct losses *losses, struct err *err)
{
	struct counting c = { .db = db, .before = before, .after = after, .losses = losses };
	bool metrics = false, units = false;
	for (size_t i = 0; i < losses->n; i++) {
		metrics |= losses->list[i].before != NULL;
		units |= losses->list[i].unit != NULL;
	}
	if (!metrics && !units)
		return 0;
	grains_note(&c);
	int rc = page_prepare(&c, err);
	if (rc == 0)
		rc = days_bound(&c, err);
	if (rc == 0 && metrics)
		rc = metrics_count(&c, err);
	if (rc == 0 && metrics)
		rc = reporters_count(&c, err);
	if (rc == 0 && units)
		rc = units_count(&c, err);
	if (rc == 0 && units)
		reforms_drop(&c);
	for (size_t i = 0; i < before->offices->n && units; i++)
		losses->offices += office_stands(&c, &before->offices->list[i]);
	for (size_t i = 0; i < losses->n; i++)
		losses->figures += losses->list[i].figures;
	sqlite3_finalize(c.page);
	free(c.series);
	return rc;
}

/* --- all of it --- */

static int key_order(const void *a, const void *b)
{
	return strcmp(((const struct loss *)a)->key, ((const struct loss *)b)->key);
}

int losses_of(sqlite3 *db, const struct reference *before, const struct reference *after,
	      struct losses *ret_losses, struct err *err)
{
	struct losses losses = { 0 };
	int rc = metrics_compare(&losses, before->catalogue, after->catalogue, err);
	if (rc == 0)
		rc = units_compare(&losses, before->units, after->units, err);
	if (rc == 0)
		rc = successors_compare(&losses, before->units, after->units, err);
	if (rc == 0)
		rc = indicators_compare(&losses, before->indicators, after->indicators, err);
	if (losses.n > 0)
		qsort(losses.list, losses.n, sizeof(losses.list[0]), key_order);
	if (rc == 0)
		rc = losses_count(db, before, after, &losses, err);
	if (rc < 0) {
		losses_free(&losses);
		return rc;
	}
	*ret_losses = losses;
	return 0;
}

void losses_free(struct losses *losses)
{
	free(losses->list);
	*losses = (struct losses){ 0 };
}

const struct loss *losses_find(const struct losses *losses, const char *key)
{
	struct loss wanted = { 0 };
	(void)snprintf(wanted.key, sizeof(wanted.key), "%s", key); /* cut as theirs are */
	return losses->n ? bsearch(&wanted, losses->list, losses->n, sizeof(wanted), key_order)
			 : NULL;
}
