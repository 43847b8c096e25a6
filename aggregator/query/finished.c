#include "query/finished.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/model/shape.h"

#include <stdio.h>
#include <stdlib.h>

int finished_open(sqlite3 *db, struct finished_list *ret_finished, struct err *err)
{
	*ret_finished = (struct finished_list){ 0 };
	return db_prepare(db,
			  "SELECT f.office, f.author, f.at_us, f.undone, j.received_us"
			  " FROM finished f JOIN journal j ON j.id = f.entry"
			  " WHERE f.day = ?1 AND f.shape = ?2 AND j.received_us <= ?3"
			  " ORDER BY f.office, f.entry",
			  &ret_finished->stmt, err);
}

void finished_close(struct finished_list *finished)
{
	sqlite3_finalize(finished->stmt);
	free(finished->list);
	*finished = (struct finished_list){ 0 };
}

/* The newest of each office stays, unless it takes it back. */
static int add(struct finished_list *finished, sqlite3_stmt *stmt, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	int64_t at_us = sqlite3_column_int64(stmt, 2);
	struct finished one = { .office = sqlite3_column_int64(stmt, 0),
				.at_us = at_us > 0 ? at_us : sqlite3_column_int64(stmt, 4) };
	(void)snprintf(one.author, sizeof(one.author), "%s",
		       db_row_text(&row, 1)); /* cut is fine */
	if (row.rc < 0)
		return row.rc;
	if (finished->n > 0 && finished->list[finished->n - 1].office == one.office)
		finished->n--;
	if (sqlite3_column_int64(stmt, 3) != 0)
		return 0;
	if (ARRAY_RESERVE(finished->list, finished->room, finished->n + 1) < 0)
		return err_memory(err);
	finished->list[finished->n++] = one;
	return 0;
}

int finished_read(struct finished_list *finished, struct period period, int64_t known_us,
		  struct err *err)
{
	int rc;
	finished->n = 0;
	sqlite3_bind_int64(finished->stmt, 1, period_first_day(period));
	sqlite3_bind_int64(finished->stmt, 2, shape_pack(period.calendar, period.grain, 0));
	sqlite3_bind_int64(finished->stmt, 3, known_us);
	while ((rc = db_step(finished->stmt, err)) == 1)
		if ((rc = add(finished, finished->stmt, err)) < 0)
			break;
	(void)sqlite3_reset(finished->stmt); /* repeats the error that step told */
	return rc;
}

const struct finished *finished_of(const struct finished_list *finished, int64_t office)
{
	size_t i = search_first(k, finished->n, finished->list[k].office < office);
	return i < finished->n && finished->list[i].office == office ? &finished->list[i] : NULL;
}
