#include "series.h"
#include "labels.h"

#include <stdlib.h>

static int series_add(struct series_list *list, uint32_t id, struct err *err)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		uint32_t *fresh = realloc(list->list, room * sizeof(*fresh));
		if (!fresh)
			return err_memory(err);
		list->list = fresh;
		list->room = room;
	}
	list->list[list->n++] = id;
	return 0;
}

int series_find(sqlite3 *db, const struct metric *metric, const char *labels,
		struct series_list *list, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = db_prepare(db, "SELECT id, labels FROM series WHERE metric = ? ORDER BY id", &stmt,
			    err);
	if (rc < 0)
		return rc;
	list->n = 0;
	sqlite3_bind_text(stmt, 1, metric->name, -1, SQLITE_STATIC);
	while ((rc = db_step(stmt, err)) == 1) {
		if (!labels_match((const char *)sqlite3_column_text(stmt, 1), labels))
			continue;
		rc = series_add(list, (uint32_t)sqlite3_column_int64(stmt, 0), err);
		if (rc < 0)
			break;
	}
	sqlite3_finalize(stmt);
	return rc;
}
