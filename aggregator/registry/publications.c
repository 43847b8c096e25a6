#include "registry/publications.h"

#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "schema/account.h"
#include "schema/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS "name, calendar, grain, number, structure, known_us, position, chain, who"

static int row_read(sqlite3_stmt *stmt, struct publication *ret, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	struct ledger_head head = { 0 };
	struct publication publication = {
		.period = { (enum calendar)db_row_int(&row, 1, CALENDAR_CIVIL, CALENDAR_REPORT),
			    (enum grain)db_row_int(&row, 2, GRAIN_HOUR, GRAIN_COUNT - 1),
			    (int32_t)db_row_int(&row, 3, INT32_MIN, INT32_MAX) },
		.restated = sqlite3_column_type(stmt, 4) != SQLITE_NULL,
		.at_us = db_row_int(&row, 5, INT64_MIN, INT64_MAX),
	};
	if (publication.restated)
		publication.structure = (int32_t)db_row_int(&row, 4, DAY_MIN, DAY_MAX);
	const char *name = db_row_text(&row, 0);
	if (strlen(name) > PUBLICATION_NAME_MAX)
		return db_row_refuse(&row, 0);
	memcpy(publication.name, name, strlen(name) + 1);
	head.event = db_row_int(&row, 6, 0, INT64_MAX);
	db_row_bytes(&row, 7, head.chain, CHAIN_LEN);
	if (row.rc < 0)
		return row.rc;
	(void)ledger_head_text(&head, publication.head);
	*ret = publication;
	return 0;
}

/* --- publishing --- */

static int name_check(const char *name, struct err *err)
{
	size_t len = strlen(name);
	bool fits = len > 0 && len <= PUBLICATION_NAME_MAX && utf8_valid(name, len) &&
		    name[0] != ' ' && name[len - 1] != ' ';
	for (const char *at = name; *at && fits; at++)
		fits = (unsigned char)*at >= ' ' && *at != 0x7f;
	return fits ? 0
		    : err_set(err, -EINVAL,
			      "the name of a publication is one line of text, of 1 to %u bytes",
			      PUBLICATION_NAME_MAX);
}

static int form_read(const struct publish_form *form, struct publication *ret, struct err *err)
{
	enum calendar calendar = CALENDAR_CIVIL;
	char text[PERIOD_TEXT_MAX];
	struct publication publication = { .restated = form->structure != NULL };
	int rc = name_check(form->name, err);
	if (rc == 0 && form->calendar)
		rc = calendar_from_name(form->calendar, &calendar, err);
	if (rc == 0)
		rc = period_parse(form->period, calendar, &publication.period, err);
	if (rc == 0 && form->structure)
		rc = day_parse(form->structure, &publication.structure, err);
	if (rc < 0)
		return rc;
	if (publication.period.grain < GRAIN_HOUR)
		return err_set(err, -EINVAL, "minutes are not rolled up; ask per hour or coarser");
	if (period_first_day(publication.period) > civil_day(civil_now_us()))
		return err_set(err, -EINVAL, "%s has not begun: there is nothing to publish",
			       period_format(publication.period, text));
	memcpy(publication.name, form->name, strlen(form->name) + 1);
	*ret = publication;
	return 0;
}

static int row_put(sqlite3 *db, const struct publication *publication,
		   const struct ledger_head *head, const char *who, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "INSERT OR IGNORE INTO publication(" COLUMNS ")"
			    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
			    &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, publication->name, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 2, (int)publication->period.calendar);
	sqlite3_bind_int(stmt, 3, (int)publication->period.grain);
	sqlite3_bind_int(stmt, 4, publication->period.number);
	if (publication->restated)
		sqlite3_bind_int(stmt, 5, publication->structure);
	sqlite3_bind_int64(stmt, 6, publication->at_us);
	sqlite3_bind_int64(stmt, 7, ledger_position(head));
	sqlite3_bind_blob(stmt, 8, head->chain, CHAIN_LEN, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 9, who, -1, SQLITE_STATIC);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	if (rc == 0 && sqlite3_changes(db) == 0)
		return err_set(err, -EEXIST,
			       "'%s' is published already, and what is published stays as it is; "
			       "choose another name (`lantoa publications` lists those that are "
			       "taken)",
			       publication->name);
	return rc;
}

int publication_add(sqlite3 *db, const struct publish_form *form, char ret_head[HEAD_TEXT_MAX],
		    struct err *err)
{
	char detail[256 + PUBLICATION_NAME_MAX], text[PERIOD_TEXT_MAX], day[DAY_TEXT_MAX];
	struct publication publication;
	struct ledger_head head;
	int rc = form_read(form, &publication, err);
	if (rc == 0)
		rc = ledger_head(db, &head, err);
	if (rc < 0)
		return rc;
	publication.at_us = ledger_time(&head, ledger_clock_us(&head));
	rc = row_put(db, &publication, &head, form->who, err);
	if (rc < 0)
		return rc;
	(void)snprintf(detail, sizeof(detail), "name=%s period=%s calendar=%s structure=%s head=%s",
		       publication.name, period_format(publication.period, text),
		       calendar_name(publication.period.calendar),
		       publication.restated ? day_format(publication.structure, day) : "-",
		       ledger_head_text(&head, ret_head)); /* fits */
	return event_append(db,
			    &(struct event_form){ .who = form->who,
						  .kind = "publish",
						  .detail = detail,
						  .at_us = publication.at_us },
			    NULL, err);
}

/* --- looking --- */

int publication_find(sqlite3 *db, const char *name, struct publication *ret_publication,
		     struct err *err)
{
	char excerpt[EXCERPT_MAX];
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT " COLUMNS " FROM publication WHERE name = ?", &stmt, err);
	if (rc == 0) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		rc = db_step(stmt, err);
	}
	if (rc == 1)
		rc = row_read(stmt, ret_publication, err);
	else if (rc == 0)
		rc = err_set(err, -EINVAL,
			     "nothing was published as '%s'; `lantoa publications` lists what was",
			     utf8_excerpt(name, strlen(name), excerpt));
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

/* What a disk damaged is shown by its name alone: the others are told all the same. */
static void publication_show(struct table *table, sqlite3_stmt *stmt, sqlite3_stmt *account)
{
	char text[PERIOD_TEXT_MAX], day[DAY_TEXT_MAX], at[INSTANT_TEXT_MAX];
	struct publication publication;
	struct err ignored;
	struct db_row row = { stmt, &ignored, 0 };
	table_row(table);
	table_text(table, db_row_text(&row, 0));
	if (row_read(stmt, &publication, &ignored) < 0)
		return;
	const char *who = db_row_text(&row, 8);
	table_text(table, period_format(publication.period, text));
	table_text(table, calendar_name(publication.period.calendar));
	table_text(table, publication.restated ? day_format(publication.structure, day) : NULL);
	table_text(table, civil_format(publication.at_us, at));
	table_text(table, who);
	account_put(account, who, table);
	table_text(table, publication.head);
}

int publications_list(sqlite3 *db, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "publication", "period", "calendar",   "structure",
					       "at",          "who",    "shown_name", "head" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	sqlite3_stmt *rows = NULL, *account = NULL;
	int rc = table ? db_prepare(db,
				    "SELECT " COLUMNS " FROM publication"
				    " ORDER BY known_us DESC, name",
				    &rows, err)
		       : err_memory(err);
	if (rc == 0)
		rc = account_prepare(db, &account, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		publication_show(table, rows, account);
		rc = 0;
	}
	(void)sqlite3_finalize(rows); /* these repeat an error told before */
	(void)sqlite3_finalize(account);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}
