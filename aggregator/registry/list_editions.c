#include "registry/list_editions.h"

#include "common/base/array.h"
#include "common/model/dimensions.h"

#include <errno.h>
#include <stdlib.h>

struct edition {
	int64_t after; /* the entry behind which it came */
	int64_t row;   /* of the table dimensions */
};

struct list_editions {
	sqlite3 *db;           /* outlives us */
	struct edition *list;  /* owned [n], in their order */
	struct dimensions *at; /* owned: that of list[kept - 1] */
	size_t n, kept;        /* kept 0: none */
	bool listed;
};

struct list_editions *list_editions_open(sqlite3 *db, struct err *err)
{
	struct list_editions *editions = calloc(1, sizeof(*editions));
	if (editions)
		editions->db = db;
	else
		(void)err_memory(err);
	return editions;
}

void list_editions_close(struct list_editions *editions)
{
	if (!editions)
		return;
	dimensions_close(editions->at);
	free(editions->list);
	free(editions);
}

/* Each import is an event that carries the row that it made. */
static int list_all(struct list_editions *e, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(e->db,
			    "SELECT after_journal, json_extract(body, "
			    "'$.rows.dimensions.changes[0][1][0]') FROM event WHERE moves & 1"
			    " AND at_us >= ? AND kind = 'dimensions import' ORDER BY at_us, id",
			    &rows, err);
	e->n = 0;
	if (rc == 0)
		sqlite3_bind_int64(rows, 1, INT64_MIN); /* so that its index is used */
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		struct db_row row = { rows, err, 0 };
		struct edition *list = array_room(e->list, e->n, sizeof(*list));
		if (list) {
			e->list = list;
			list[e->n].after = db_row_int(&row, 0, 0, INT64_MAX);
			list[e->n++].row = db_row_int(&row, 1, 1, INT64_MAX);
		}
		rc = list ? row.rc : err_memory(err);
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	e->listed = rc == 0;
	return rc;
}

static int edition_read(struct list_editions *e, size_t index, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	struct dimensions *read = NULL;
	size_t len = 0;
	int rc = db_prepare(e->db, "SELECT csv FROM dimensions WHERE id = ?", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, e->list[index].row);
	rc = db_step(stmt, err);
	if (rc == 0)
		rc = err_set(err, -EUCLEAN, "edition %lld of the code lists is not there",
			     (long long)e->list[index].row);
	if (rc == 1) {
		struct db_row row = { stmt, err, 0 };
		const char *csv = db_row_blob(&row, 0, &len);
		rc = row.rc < 0 ? row.rc : dimensions_read(csv ? csv : "", len, &read, err);
		if (rc == -EINVAL) /* what was taken then is damaged, and nobody's mistake */
			rc = err->code = -EUCLEAN;
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc < 0)
		return rc;
	dimensions_close(e->at);
	e->at = read;
	e->kept = index + 1;
	return 0;
}

int list_editions_held(struct list_editions *editions, int64_t entry, const char *labels,
		       int32_t day, bool *ret_held, struct err *err)
{
	int rc = editions->listed ? 0 : list_all(editions, err);
	size_t n = editions->n;
	while (n > 0 && editions->list[n - 1].after >= entry)
		n--;
	if (rc == 0 && n > 0 && editions->kept != n)
		rc = edition_read(editions, n - 1, err);
	if (rc == 0)
		*ret_held = n == 0 || dimensions_hold(editions->at, labels, day);
	return rc;
}
