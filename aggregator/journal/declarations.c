#include "journal/declarations.h"
#include "common/base/array.h"
#include "common/base/search.h"
#include "journal/series_ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_COSTS 3u /* a list's own bytes, in series */

struct spool_list {
	int64_t spool;         /* row */
	uint64_t used;         /* the turn in which it was asked about last */
	struct declared *list; /* owned [n] */
	size_t n, room;
};

struct declarations {
	sqlite3 *db;                       /* outlives us */
	const struct catalogue *catalogue; /* lent */
	struct spool_list *spools;         /* owned [n], ascending by spool */
	size_t n, room;
	size_t kept;                   /* series in all lists, rooms and LIST_COSTS included */
	uint64_t turn;                 /* counts what was asked */
	struct series_ids *series_ids; /* NULL: on a connection that only reads, */
	sqlite3_stmt *read, *write;    /* where write is, too */
	sqlite3_stmt *labels;          /* of a series */
};

struct declarations *declarations_open(sqlite3 *db, struct err *err)
{
	struct declarations *d = calloc(1, sizeof(*d));
	if (!d) {
		(void)err_memory(err);
		return NULL;
	}
	d->db = db;
	bool readonly = sqlite3_db_readonly(db, "main") == 1;
	int rc = db_prepare(
		db,
		"SELECT d.series, d.shape, s.metric, s.labels, d.number FROM declared d JOIN series"
		" s ON s.id = d.series WHERE d.spool = ? ORDER BY d.number",
		&d->read, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT labels FROM series WHERE id = ?", &d->labels, err);
	if (rc == 0 && !readonly && !(d->series_ids = series_ids_open(db, err)))
		rc = err->code;
	if (rc == 0 && !readonly)
		rc = db_prepare(db, "INSERT INTO declared VALUES(?, ?, ?, ?)", &d->write, err);
	if (rc < 0) {
		declarations_close(d);
		return NULL;
	}
	return d;
}

void declarations_forget(struct declarations *declarations, const struct catalogue *catalogue)
{
	for (size_t i = 0; i < declarations->n; i++)
		free(declarations->spools[i].list);
	declarations->n = declarations->kept = 0;
	declarations->catalogue = catalogue;
	if (declarations->series_ids)
		series_ids_forget(declarations->series_ids);
}

void declarations_close(struct declarations *declarations)
{
	if (!declarations)
		return;
	declarations_forget(declarations, NULL);
	free(declarations->spools);
	series_ids_close(declarations->series_ids);
	sqlite3_finalize(declarations->read);
	sqlite3_finalize(declarations->write);
	sqlite3_finalize(declarations->labels);
	free(declarations);
}

static struct declared judge(const struct catalogue *catalogue, uint32_t series, int64_t shape,
			     const char *metric, const char *labels)
{
	enum grain grain = shape_grain(shape);
	enum calendar calendar = shape_calendar(shape);
	const struct metric *known = catalogue_find(catalogue, metric);
	enum verdict verdict = known ? metric_judge_series(known, labels, calendar, grain)
				     : VERDICT_UNKNOWN_METRIC;
	return (struct declared){ .metric = known,
				  .series = series,
				  .grain = (uint8_t)grain,
				  .calendar = calendar & 7u,
				  .labelled = *labels != '\0',
				  .listed = dimensions_days(catalogue->dimensions, labels) & 15u,
				  .decimals = (uint8_t)shape_decimals(shape),
				  .verdict = (uint8_t)verdict };
}

/* @spool need not be in the cache yet. */
static int append(struct declarations *d, struct spool_list *spool, struct declared declared,
		  struct err *err)
{
	if (spool->n == spool->room) {
		size_t room = spool->room + spool->room / 4 + 16; /* most declare no more */
		struct declared *list = realloc(spool->list, room * sizeof(*list));
		if (!list)
			return err_memory(err);
		d->kept += room - spool->room;
		spool->list = list;
		spool->room = room;
	}
	spool->list[spool->n++] = declared;
	return 0;
}

/* A number that is missing would make those behind it mean other series. */
static bool row_is_sound(sqlite3_stmt *row, size_t number)
{
	int64_t series = sqlite3_column_int64(row, 0), shape = sqlite3_column_int64(row, 1);
	struct err ignored;
	struct db_row cells = { .stmt = row, .err = &ignored };
	(void)db_row_text(&cells, 2); /* cells.rc tells */
	(void)db_row_text(&cells, 3);
	return sqlite3_column_int64(row, 4) == (int64_t)number && series >= 1 &&
	       series <= UINT32_MAX && shape_is_sane(shape) && cells.rc == 0;
}

static int read_list(struct declarations *d, struct spool_list *spool, struct err *err)
{
	int rc;
	sqlite3_bind_int64(d->read, 1, spool->spool);
	while ((rc = db_step(d->read, err)) == 1) {
		if (!row_is_sound(d->read, spool->n)) {
			rc = err_set(err, -EUCLEAN,
				     "what the spool of number %lld declared is damaged at series "
				     "%zu",
				     (long long)spool->spool, spool->n);
			break;
		}
		struct declared declared =
			judge(d->catalogue, (uint32_t)sqlite3_column_int64(d->read, 0),
			      sqlite3_column_int64(d->read, 1),
			      (const char *)sqlite3_column_text(d->read, 2),
			      (const char *)sqlite3_column_text(d->read, 3));
		rc = append(d, spool, declared, err);
		if (rc < 0)
			break;
	}
	sqlite3_reset(d->read);
	return rc;
}

/* Those asked about before the turn @before go. */
static void drop_before(struct declarations *d, uint64_t before)
{
	size_t n = 0;
	for (size_t i = 0; i < d->n; i++) {
		if (d->spools[i].used < before) {
			d->kept -= d->spools[i].room + LIST_COSTS;
			free(d->spools[i].list);
		} else {
			d->spools[n++] = d->spools[i];
		}
	}
	d->n = n;
}

/* Down to three quarters, so that it is not looked through for each: the older half by turns, again
 * and again. What is asked about in this turn stays. */
static void thin_out(struct declarations *d)
{
	if (d->kept <= DECLARED_KEPT)
		return;
	while (d->kept > DECLARED_KEPT / 4 * 3) {
		uint64_t oldest = d->turn;
		for (size_t i = 0; i < d->n; i++)
			oldest = d->spools[i].used < oldest ? d->spools[i].used : oldest;
		if (oldest == d->turn)
			return;
		drop_before(d, oldest + (d->turn - oldest + 1) / 2);
	}
}

static size_t place_of(const struct declarations *d, int64_t row)
{
	return search_first(i, d->n, d->spools[i].spool < row);
}

static int find_spool(struct declarations *d, int64_t row, struct spool_list **ret_spool,
		      struct err *err)
{
	size_t low = place_of(d, row);
	d->turn++;
	if (low == d->n || d->spools[low].spool != row) {
		struct spool_list fresh = { .spool = row };
		if (ARRAY_RESERVE(d->spools, d->room, d->n + 1) < 0)
			return err_memory(err);
		int rc = read_list(d, &fresh, err);
		if (rc < 0) {
			d->kept -= fresh.room;
			free(fresh.list);
			return rc;
		}
		for (size_t i = d->n++; i > low; i--)
			d->spools[i] = d->spools[i - 1];
		d->spools[low] = fresh;
		d->kept += LIST_COSTS;
		d->spools[low].used = d->turn;
		thin_out(d);
		low = place_of(d, row);
	}
	d->spools[low].used = d->turn;
	*ret_spool = &d->spools[low];
	return 0;
}

int declarations_of(struct declarations *declarations, int64_t spool,
		    const struct declared **ret_list, size_t *ret_n, struct err *err)
{
	struct spool_list *found;
	int rc = find_spool(declarations, spool, &found, err);
	if (rc < 0)
		return rc;
	*ret_list = found->list;
	*ret_n = found->n;
	return 0;
}

int declarations_labels(struct declarations *declarations, const struct declared *declared,
			char ret_labels[LABELS_TEXT_MAX], struct err *err)
{
	sqlite3_stmt *labels = declarations->labels;
	sqlite3_bind_int64(labels, 1, declared->series);
	int rc = db_step(labels, err);
	if (rc == 1) {
		struct db_row row = { labels, err, 0 };
		const char *text = db_row_text(&row, 0);
		rc = row.rc;
		if (rc == 0 && strlen(text) < LABELS_TEXT_MAX)
			memcpy(ret_labels, text, strlen(text) + 1);
		else if (rc == 0)
			rc = db_row_refuse(&row, 0);
	} else if (rc == 0) {
		rc = err_set(err, -EUCLEAN, "series %u is not there", declared->series);
	}
	sqlite3_reset(labels);
	return rc;
}

int declarations_ask(struct declarations *declarations, const struct declared *declared,
		     int32_t day, bool *ret_listed, struct err *err)
{
	char labels[LABELS_TEXT_MAX];
	int rc = declarations_labels(declarations, declared, labels, err);
	if (rc == 0)
		*ret_listed = dimensions_hold(declarations->catalogue->dimensions, labels, day);
	return rc;
}

static int add_one(struct declarations *d, struct spool_list *spool, size_t number,
		   const struct declaration *declaration, struct err *err)
{
	uint32_t series = 0;
	int rc = series_ids_find(d->series_ids, declaration->metric, declaration->labels, &series,
				 err);
	if (rc < 0)
		return rc;
	struct declared fresh = judge(d->catalogue, series, declaration_shape(declaration),
				      declaration->metric, declaration->labels);
	if (number < spool->n) {
		const struct declared *known = &spool->list[number];
		if (known->series == series && known->grain == fresh.grain &&
		    known->decimals == fresh.decimals && known->calendar == fresh.calendar)
			return 0;
		return err_set(err, -EBADMSG, "series number %zu was declared otherwise before",
			       number);
	}
	sqlite3_bind_int64(d->write, 1, spool->spool);
	sqlite3_bind_int64(d->write, 2, (int64_t)number);
	sqlite3_bind_int64(d->write, 3, series);
	sqlite3_bind_int64(d->write, 4, declaration_shape(declaration));
	rc = db_run(d->write, err);
	return rc < 0 ? rc : append(d, spool, fresh, err);
}

int declarations_add(struct declarations *declarations, int64_t spool, const struct batch *batch,
		     struct err *err)
{
	if (batch->n_declared == 0)
		return 0;
	struct spool_list *found;
	int rc = find_spool(declarations, spool, &found, err);
	if (rc < 0)
		return rc;
	if (batch->first_declared > found->n)
		return err_set(err, -EBADMSG,
			       "declarations begin at number %u, but only %zu are known",
			       batch->first_declared, found->n);
	if (batch->first_declared + batch->n_declared > WIRE_SERIES_MAX)
		return err_set(err, -EBADMSG, "more than %u series", WIRE_SERIES_MAX);
	for (size_t i = 0; i < batch->n_declared && rc == 0; i++)
		rc = add_one(declarations, found, batch->first_declared + i, &batch->declared[i],
			     err);
	return rc;
}
