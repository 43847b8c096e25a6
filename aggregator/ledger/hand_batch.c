/* Each figure is a run of its own, of one point. A series that the spool has no number for is
 * declared, in the order of the list. */
#include "ledger/hand_batch.h"

#include "common/model/dimensions.h"
#include "common/model/shape.h"
#include "common/net/wire.h"

#include <errno.h>
#include <stdlib.h>

struct numbered {
	const struct observation *obs;
	uint32_t number;
};

struct sealed { /* all owned */
	struct numbered *list;
	struct declaration *declared;
	struct run *runs;
	struct point *points;
	struct remark *remarks;
};

static void sealed_free(struct sealed *sealed)
{
	free(sealed->list);
	free(sealed->declared);
	free(sealed->runs);
	free(sealed->points);
	free(sealed->remarks);
}

static int by_number(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

static int count_read(sqlite3 *db, const struct hand_batch_form *form, int64_t *ret_count,
		      struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "SELECT count(*) FROM declared WHERE spool ="
			    " (SELECT id FROM spool WHERE office = ? AND spool_id = ?)",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, form->office);
		sqlite3_bind_int64(stmt, 2, (int64_t)form->spool_id);
		rc = db_step(stmt, err);
		*ret_count = rc == 1 ? sqlite3_column_int64(stmt, 0) : 0;
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

static int number_prepare(sqlite3 *db, const struct hand_batch_form *form, sqlite3_stmt **ret_stmt,
			  struct err *err)
{
	int rc = db_prepare(db,
			    "SELECT d.number FROM declared d JOIN series s ON s.id = d.series"
			    " WHERE d.spool = (SELECT id FROM spool WHERE office = ?1 AND"
			    " spool_id = ?2) AND s.metric = ?3 AND s.key = ?4 AND d.shape = ?5",
			    ret_stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(*ret_stmt, 1, form->office);
		sqlite3_bind_int64(*ret_stmt, 2, (int64_t)form->spool_id);
	}
	return rc;
}

/* 1: it has one. */
static int number_find(sqlite3_stmt *stmt, const struct observation *obs, uint32_t *ret_number,
		       struct err *err)
{
	char key[LABELS_KEY_MAX] = "";
	labels_key(obs->labels, key);
	sqlite3_bind_text(stmt, 3, obs->metric, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 5,
			   shape_pack(obs->period.calendar, obs->period.grain, obs->decimals));
	int rc = db_step(stmt, err);
	struct db_row row = { stmt, err, 0 };
	if (rc == 1)
		*ret_number = (uint32_t)db_row_int(&row, 0, 0, WIRE_SERIES_MAX - 1);
	sqlite3_reset(stmt);
	return row.rc < 0 ? row.rc : rc;
}

/* Numbers for all, the declarations of those that had none. */
static int number_all(sqlite3 *db, const struct hand_batch_form *form,
		      const struct observation *const list[], size_t n, struct sealed *sealed,
		      struct batch *batch, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int64_t count = 0;
	int rc = count_read(db, form, &count, err);
	if (rc == 0)
		rc = number_prepare(db, form, &stmt, err);
	batch->first_declared = (uint32_t)count;
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct observation *obs = list[i];
		uint32_t number = (uint32_t)count + (uint32_t)batch->n_declared;
		rc = number_find(stmt, obs, &number, err);
		if (rc == 0) {
			if (number >= WIRE_SERIES_MAX)
				rc = err_set(err, -E2BIG,
					     "operators have recorded %u series for this office, "
					     "and no more are kept",
					     WIRE_SERIES_MAX);
			sealed->declared[batch->n_declared++] =
				(struct declaration){ .metric = obs->metric,
						      .labels = obs->labels,
						      .grain = obs->period.grain,
						      .calendar = obs->period.calendar,
						      .decimals = obs->decimals };
		}
		sealed->list[i] = (struct numbered){ obs, number };
		rc = rc < 0 ? rc : 0;
	}
	sqlite3_finalize(stmt);
	return rc;
}

int hand_batch_encode(sqlite3 *db, const struct hand_batch_form *form,
		      const struct observation *const list[], size_t n, struct blob *out,
		      struct err *err)
{
	struct sealed sealed = { .list = calloc(n, sizeof(*sealed.list)),
				 .declared = calloc(n, sizeof(*sealed.declared)),
				 .runs = calloc(n, sizeof(*sealed.runs)),
				 .points = calloc(n, sizeof(*sealed.points)),
				 .remarks = calloc(n, sizeof(*sealed.remarks)) };
	const char *authors[] = { form->who };
	struct batch batch = { .day = period_first_day(list[0]->period),
			       .sealed_us = form->at_us,
			       .declared = sealed.declared,
			       .runs = sealed.runs,
			       .n_runs = n,
			       .points = sealed.points,
			       .n_points = n,
			       .authors = authors,
			       .n_authors = 1,
			       .remarks = sealed.remarks };
	bool whole =
		sealed.list && sealed.declared && sealed.runs && sealed.points && sealed.remarks;
	int rc = whole ? number_all(db, form, list, n, &sealed, &batch, err) : err_memory(err);
	if (rc == 0)
		qsort(sealed.list, n, sizeof(*sealed.list), by_number);
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		const struct observation *obs = sealed.list[i].obs;
		sealed.runs[i] =
			(struct run){ .series = sealed.list[i].number, .first = i, .n = 1 };
		sealed.points[i] = (struct point){ .value_e = obs->withdrawn ? 0 : obs->value_e,
						   .nth = (uint16_t)period_nth(obs->period),
						   .author = 1,
						   .withdrawn = obs->withdrawn };
		if (obs->note && *obs->note)
			sealed.remarks[batch.n_remarks++] = (struct remark){ i, obs->note };
	}
	if (rc == 0)
		rc = wire_batch_encode(&batch, out, err);
	sealed_free(&sealed);
	return rc;
}

int hand_batch_last(sqlite3 *db, int64_t office, uint64_t spool_id, uint64_t *ret_seq,
		    struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT upto FROM spool WHERE office = ? AND spool_id = ?", &stmt,
			    err);
	*ret_seq = 0;
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, office);
		sqlite3_bind_int64(stmt, 2, (int64_t)spool_id);
		rc = db_step(stmt, err);
	}
	struct db_row row = { stmt, err, 0 };
	if (rc == 1)
		*ret_seq = (uint64_t)db_row_int(&row, 0, 0, INT64_MAX);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return row.rc < 0 ? row.rc : rc < 0 ? rc : 0;
}
