/* What an office's people said of its reports: no event, but told in the same order of time. */
#include "query/history_internal.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/model/shape.h"
#include "schema/account.h"

int history_finished_open(struct history *h, int64_t before_us, struct err *err)
{
	if (!h->office)
		return 0;
	int rc = db_prepare(h->db,
			    "SELECT f.day, f.shape, f.author, f.undone, j.received_us"
			    " FROM finished f JOIN journal j ON j.id = f.entry"
			    " WHERE f.office = ?1 AND j.received_us < ?2"
			    " ORDER BY f.entry DESC, f.day, f.shape",
			    &h->finished, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(h->finished, 1, h->office->id);
	sqlite3_bind_int64(h->finished, 2, before_us);
	rc = db_step(h->finished, err);
	if (rc == 0) {
		(void)sqlite3_finalize(h->finished); /* it has no row */
		h->finished = NULL;
	}
	return rc < 0 ? rc : 0;
}

static int put(struct history *h, struct err *err)
{
	char at[INSTANT_TEXT_MAX], text[PERIOD_TEXT_MAX];
	struct db_row row = { h->finished, err, 0 };
	struct table *table = h->table;
	int32_t day = (int32_t)db_row_int(&row, 0, DAY_MIN, DAY_MAX);
	int64_t shape = sqlite3_column_int64(h->finished, 1);
	const char *author = db_row_text(&row, 2);
	bool undone = sqlite3_column_int64(h->finished, 3) != 0;
	if (row.rc < 0)
		return row.rc;
	struct period period = period_of_day(shape_calendar(shape), shape_grain(shape), day);
	table_row(table);
	table_null(table);
	table_text(table, civil_format(sqlite3_column_int64(h->finished, 4), at));
	table_text(table, *author ? author : NULL);
	account_put(h->account, author, table);
	table_text(table, undone ? _("took back that a report is finished")
				 : _("said that a report is finished"));
	table_text(table, "finished");
	table_text(table, "report");
	table_text(table, shape_is_sane(shape) ? period_format(period, text) : NULL);
	table_text(table, "finished");
	table_text(table, undone ? "yes" : NULL);
	table_text(table, undone ? "no" : "yes");
	table_null(table);
	return 0;
}

int history_finished(struct history *h, int64_t until_us, struct err *err)
{
	while (h->finished && sqlite3_column_int64(h->finished, 4) >= until_us) {
		int rc = put(h, err);
		if (rc == 0)
			rc = db_step(h->finished, err);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			(void)sqlite3_finalize(h->finished); /* there is no more */
			h->finished = NULL;
		}
	}
	return 0;
}
