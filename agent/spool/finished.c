/* "The report of this period is finished": said by people, though it may be partly empty.
 *
 * It goes in a batch of the day on which the period begins, with figures of that day. Where none of
 * them waits, one that went already goes once more, as it stands: a batch without figures is none
 * to the province. */
#include "spool/spool_internal.h"

#include <errno.h>
#include <string.h>

static int64_t shape_of(struct period period)
{
	return shape_pack(period.calendar, period.grain, 0);
}

/* Refused where no period begins that can be finished. */
static struct period row_period(struct db_row *cells, int day_column, int shape_column)
{
	int32_t day = row_day(cells, day_column);
	int64_t shape = row_shape(cells, shape_column);
	struct period period = { 0 };
	if (cells->rc == 0 && shape_grain(shape) >= GRAIN_DAY)
		period = period_of_day(shape_calendar(shape), shape_grain(shape), day);
	if (cells->rc == 0 && (period.grain < GRAIN_DAY || period_first_day(period) != day ||
			       shape_of(period) != shape))
		(void)db_row_refuse(cells, shape_column);
	return period;
}

/* undone, at_us, seq, author */
static int row_read(sqlite3_stmt *row, struct period period, struct spool_finished *ret_finished,
		    struct err *err)
{
	struct db_row cells = { row, err, 0 };
	const char *author = db_row_text(&cells, 3);
	*ret_finished = (struct spool_finished){
		.period = period,
		.undone = db_row_int(&cells, 0, 0, 1) == 1,
		.at_us = db_row_int(&cells, 1, 0, INT64_MAX),
		.seq = (uint64_t)db_row_int(&cells, 2, -1, SEQ_MAX),
	};
	if (strlen(author) <= SPOOL_AUTHOR_MAX)
		memcpy(ret_finished->author, author, strlen(author) + 1);
	return cells.rc;
}

/* A damaged row costs itself alone: it is as if nothing had been said. */
static int finished_find(struct spool *spool, struct period period,
			 struct spool_finished *ret_finished, struct err *err)
{
	struct err why;
	sqlite3_stmt *get = spool_statement(spool, SQL_FINISHED_GET, err);
	if (!get)
		return err->code;
	if (spool_bind(get, 2, (int64_t[]){ period_first_day(period), shape_of(period) }) !=
	    SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(get, err);
	int read = rc == 1 ? row_read(get, period, ret_finished, &why) : 0;
	if (rc == 1 && read < 0 && read != -EUCLEAN)
		*err = why;
	if (rc == 1)
		rc = read == -EUCLEAN ? -ENOENT : read;
	else if (rc == 0)
		rc = -ENOENT;
	(void)sqlite3_reset(get); /* repeats the step's error, already told */
	return rc;
}

int spool_finished_of(struct spool *spool, struct period period,
		      struct spool_finished *ret_finished, struct err *err)
{
	int rc = finished_find(spool, period, ret_finished, err);
	return rc < 0 && rc != -ENOENT ? err_wrap(err, "spool '%s'", spool->path) : rc;
}

static int check_said_of(struct spool *spool, struct period period, struct err *err)
{
	int64_t one, of[] = { period_first_day(period), shape_of(period) };
	int rc = spool_number(spool, SQL_FINISHED_OF, 2, of, &one, err);
	if (rc == -ENODATA)
		return err_set(err, -EINVAL,
			       "there is no figure of this period here yet. Write what there is "
			       "first; for none at all, write 0");
	return rc;
}

static int put(struct spool *spool, const struct spool_finished *finished, struct err *err)
{
	uint16_t author = 0;
	spool->none_finished = false;
	int rc = check_said_of(spool, finished->period, err);
	if (rc == 0)
		rc = spool_author_id(spool, finished->author, &author, err);
	if (rc == 0)
		rc = spool_run(spool, SQL_FINISHED_PUT, 5,
			       (int64_t[]){ period_first_day(finished->period),
					    shape_of(finished->period), author, finished->at_us,
					    finished->undone },
			       err);
	if (rc == 0)
		rc = spool_keep_within_bound(spool, err);
	return rc == 0 ? spool_commit(spool, err) : rc;
}

int spool_finish(struct spool *spool, const struct spool_finished *finished, struct err *err)
{
	struct spool_finished was;
	int rc = chunk_cache_flush(spool, err);
	if (rc == 0)
		rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = finished_find(spool, finished->period, &was, err);
	bool stands = rc == 0 ? was.undone == finished->undone : rc == -ENOENT && finished->undone;
	if ((rc == 0 || rc == -ENOENT) && !stands)
		return (rc = put(spool, finished, err)) < 0 ? (spool_rollback(spool), rc) : 0;
	spool_rollback(spool);
	return stands ? 0 : err_wrap(err, "spool '%s'", spool->path);
}

int spool_each_finished(struct spool *spool, int32_t from_day,
			int (*on_finished)(void *context, const struct spool_finished *finished),
			void *context, struct err *err)
{
	sqlite3_stmt *walk = spool_statement(spool, SQL_FINISHED_ALL, err);
	if (!walk)
		return err->code;
	int rc = spool_bind(walk, 1, (int64_t[]){ from_day }) == SQLITE_OK
			 ? 0
			 : db_err(err, spool->db, "bind");
	while (rc >= 0 && (rc = db_step(walk, err)) == 1) {
		struct err why;
		struct db_row cells = { walk, &why, 0 };
		struct spool_finished finished;
		struct period period = row_period(&cells, 4, 5);
		int read = cells.rc < 0 ? cells.rc : row_read(walk, period, &finished, &why);
		if (read == -EUCLEAN)
			continue; /* as above */
		if (read < 0)
			*err = why;
		rc = read < 0 ? read : on_finished(context, &finished);
	}
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}

int spool_finished_take(struct spool *spool, struct batch *batch, int64_t seq,
			int (*author_in)(void *context, uint16_t id, struct err *err),
			void *context, struct err *err)
{
	sqlite3_stmt *walk = spool_statement(spool, SQL_FINISHED_WALK, err);
	if (!walk)
		return err->code;
	int rc = spool_bind(walk, 1, (int64_t[]){ batch->day }) == SQLITE_OK
			 ? 0
			 : db_err(err, spool->db, "bind");
	bool damaged = false;
	while (rc >= 0 && batch->n_finished < WIRE_FINISHED_MAX && (rc = db_step(walk, err)) == 1) {
		struct err why;
		struct db_row cells = { walk, &why, 0 };
		struct period period = row_period(&cells, 0, 1);
		uint16_t id = (uint16_t)db_row_int(&cells, 2, 0, UINT16_MAX);
		struct finishing finishing = { .grain = period.grain,
					       .calendar = period.calendar,
					       .at_us = db_row_int(&cells, 3, 0, INT64_MAX),
					       .undone = db_row_int(&cells, 4, 0, 1) == 1 };
		damaged |= cells.rc < 0;
		if (cells.rc < 0)
			continue;
		int author = author_in(context, id, err);
		if (author < 0 && author != -E2BIG)
			rc = author;
		if (author < 0)
			break;
		finishing.author = (uint16_t)author;
		batch->finished[batch->n_finished++] = finishing;
	}
	bool all = rc == 0;
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	spool->finished_taken |= batch->n_finished > 0 || damaged;
	for (size_t i = 0; i < batch->n_finished && rc >= 0; i++)
		rc = spool_run(spool, SQL_FINISHED_SEALED, 3,
			       (int64_t[]){ batch->day,
					    shape_pack(batch->finished[i].calendar,
						       batch->finished[i].grain, 0),
					    seq },
			       err);
	if (rc >= 0 && damaged && all) /* or a batch would be made for it again and again */
		rc = spool_run(spool, SQL_FINISHED_GIVE_UP, 1, (int64_t[]){ batch->day }, err);
	return rc < 0 ? rc : 0;
}
