/* What of this spool waits at the province, as it was told: the list of refusals goes by it. */
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REFUSALS_MAX 1000u /* that are kept: SQL_REFUSAL_TRIM */

struct row {                      /* of the list */
	int64_t id, observations; /* observations 0: it goes */
};

struct telling {
	struct spool *spool;
	const struct spool_verdicts *told;
	bool *listed;    /* owned [told->n_waiting]: it is in the list already */
	uint64_t oldest; /* batch that is told to wait, as the spool counts; 0: none is */
	struct row rows[REFUSALS_MAX];
	size_t n;
};

/* As the spool counts; 0: of a life or a spool that is not known here any more. */
static uint64_t seq_here(const struct spool *spool, const struct spool_waiting *waiting)
{
	const struct spool_life *life = &spool->life;
	uint64_t begin = waiting->spool_id == life->id ? life->begin : life->before_begin;
	bool known = waiting->spool_id == life->id ||
		     (life->before_id != 0 && waiting->spool_id == life->before_id);
	return known && waiting->seq > 0 && waiting->seq <= SEQ_MAX - begin ? begin + waiting->seq
									    : 0;
}

/* In numbers of an earlier life nothing can be told apart but batches. @number: of the series in
 * this life, or -1. */
static bool is_of(const struct spool *spool, const struct spool_waiting *waiting, uint64_t seq,
		  int64_t number)
{
	return seq_here(spool, waiting) == seq &&
	       (number < 0 || seq <= spool->life.begin || number == waiting->series);
}

static bool is_among(const struct spool *spool, const struct spool_waiting list[], size_t n,
		     uint64_t seq, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (is_of(spool, &list[i], seq, number))
			return true;
	return false;
}

/* What becomes of a row of the list. */
static void row_judge(struct telling *telling, sqlite3_stmt *stmt)
{
	const struct spool_verdicts *told = telling->told;
	const struct spool *spool = telling->spool;
	int64_t id = sqlite3_column_int64(stmt, 0);
	uint64_t seq = (uint64_t)sqlite3_column_int64(stmt, 1);
	int64_t number =
		sqlite3_column_type(stmt, 2) == SQLITE_NULL ? -1 : sqlite3_column_int64(stmt, 2);
	const char *reason = (const char *)sqlite3_column_text(stmt, 3);
	int64_t observations = sqlite3_column_int64(stmt, 4);
	for (size_t i = 0; reason && i < told->n_waiting; i++) {
		const struct spool_waiting *waiting = &told->waiting[i];
		if (!is_of(spool, waiting, seq, number) || strcmp(waiting->reason, reason) != 0)
			continue;
		telling->listed[i] = true;
		if (waiting->observations != observations)
			telling->rows[telling->n++] = (struct row){ id, waiting->observations };
		return;
	}
	bool is_told = told->whole || seq > telling->oldest ||
		       is_among(spool, told->released, told->n_released, seq, number);
	if (seq <= told->upto && is_told)
		telling->rows[telling->n++] = (struct row){ id, 0 };
}

static int rows_judge(struct telling *telling, struct err *err)
{
	sqlite3_stmt *walk = spool_statement(telling->spool, SQL_REFUSAL_ROWS, err);
	if (!walk)
		return err->code;
	int rc;
	while ((rc = db_step(walk, err)) == 1)
		if (telling->n < REFUSALS_MAX)
			row_judge(telling, walk);
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}

static int rows_write(struct telling *telling, bool *ret_any, struct err *err)
{
	struct spool *spool = telling->spool;
	const struct spool_verdicts *told = telling->told;
	int rc = 0;
	for (size_t i = 0; i < telling->n && rc == 0; i++) {
		const struct row *row = &telling->rows[i];
		rc = row->observations == 0
			     ? spool_run(spool, SQL_REFUSAL_DROP, 1, (int64_t[]){ row->id }, err)
			     : spool_run(spool, SQL_REFUSAL_PUT, 2,
					 (int64_t[]){ row->id, row->observations }, err);
		*ret_any = true;
	}
	for (size_t i = told->n_waiting; i > 0 && rc == 0; i--) { /* the newest is added last */
		const struct spool_waiting *waiting = &told->waiting[i - 1];
		uint64_t seq = seq_here(spool, waiting);
		if (telling->listed[i - 1] || seq == 0)
			continue;
		rc = spool_refuse(spool, seq, waiting->series, waiting->observations,
				  waiting->reason, err);
		*ret_any = true;
	}
	return rc;
}

int spool_told_waiting(struct spool *spool, const struct spool_verdicts *told, struct err *err)
{
	struct telling *telling = calloc(1, sizeof(*telling));
	bool any = false;
	int rc = telling ? 0 : err_memory(err);
	if (rc == 0) {
		*telling = (struct telling){ .spool = spool, .told = told };
		telling->listed = calloc(told->n_waiting + 1, sizeof(*telling->listed));
		rc = telling->listed ? 0 : err_memory(err);
	}
	for (size_t i = 0; rc == 0 && i < told->n_waiting; i++) {
		uint64_t seq = seq_here(spool, &told->waiting[i]);
		if (seq > 0 && (telling->oldest == 0 || seq < telling->oldest))
			telling->oldest = seq;
	}
	if (rc == 0 && telling->oldest == 0)
		telling->oldest = UINT64_MAX; /* of these batches nothing was told */
	if (rc == 0)
		rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = rows_judge(telling, err);
	if (rc == 0)
		rc = rows_write(telling, &any, err);
	if (rc == 0 && any)
		rc = spool_commit(spool, err);
	else
		spool_rollback(spool); /* as a rule: nothing to write */
	if (rc == 0 && told->whole)
		spool->released = 0; /* it is known which */
	free(telling ? telling->listed : NULL);
	free(telling);
	return rc < 0 ? err_wrap(err, "spool '%s': note what waits", spool->path) : 0;
}
