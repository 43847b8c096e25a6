#include "registry/messages.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/labels.h"
#include "common/model/near_metric.h"
#include "common/model/verdict.h"
#include "schema/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TO_ALL 0 /* as its office */

/* --- telling --- */

static int text_check(const char *text, struct err *err)
{
	size_t len = strlen(text), n = 0;
	if (!utf8_printable(text, len))
		return err_set(err, -EINVAL, "a message is one paragraph of text: no line breaks");
	for (const char *at = text; *at; at++)
		n += ((unsigned char)*at & 0xc0) != 0x80;
	if (strspn(text, " ") == len)
		return err_set(err, -EINVAL, "the message says nothing");
	if (n > MESSAGE_CHARACTERS_MAX)
		return err_set(err, -EINVAL,
			       "the message has %zu characters, and may have %u: shorten it, or "
			       "write two",
			       n, MESSAGE_CHARACTERS_MAX);
	return 0;
}

/* 1: a figure of the metric came with these labels; 0: none did. */
static int was_reported(sqlite3 *db, const char *metric, const char *labels, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT 1 FROM series WHERE metric = ? AND labels = ?", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, metric, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, labels, -1, SQLITE_STATIC);
	rc = db_step(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

/* Into what the office records, by which its page finds the field. A label that is in no list may
 * be from before there was one: then a figure has it. */
static int labels_resolve(sqlite3 *db, const struct reference *reference,
			  const struct message_form *form, int32_t day,
			  char labels[LABELS_TEXT_MAX], struct err *err)
{
	struct err other;
	int rc = dimensions_resolve(reference->catalogue->dimensions, form->labels, day, labels,
				    err);
	if (rc != -EINVAL)
		return rc;
	int reported = was_reported(db, form->metric, form->labels, &other);
	if (reported < 0)
		*err = other;
	else if (reported)
		(void)snprintf(labels, LABELS_TEXT_MAX, "%s", form->labels); /* fits: canonical */
	return reported < 0 ? reported : reported ? 0 : rc;
}

/* Judged as a figure of the office would be. */
static int figure_check(sqlite3 *db, const struct reference *reference,
			const struct message_form *form, char period_text[PERIOD_TEXT_MAX],
			char labels[LABELS_TEXT_MAX], struct err *err)
{
	char excerpt[EXCERPT_MAX];
	struct period period;
	if (!form->metric && !form->period && !*form->labels)
		return 0;
	if (!form->metric || !form->period || !form->office)
		return err_set(err, -EINVAL,
			       "a message about a figure needs its office, metric and period: "
			       "CODE --metric NAME --period PERIOD");
	const struct metric *metric = catalogue_find(reference->catalogue, form->metric);
	if (!metric && catalogue_did_you_mean(reference->catalogue, form->metric, err))
		return -EINVAL;
	if (!metric)
		return err_set(err, -EINVAL,
			       "the catalogue has no metric '%s'; `lantoa catalogue export` prints "
			       "it",
			       utf8_excerpt(form->metric, strlen(form->metric), excerpt));
	int rc = period_parse(form->period, metric->calendar, &period, err);
	if (rc < 0)
		return rc;
	enum verdict verdict =
		metric_judge_series(metric, form->labels, period.calendar, period.grain);
	if (verdict != VERDICT_OK)
		return err_set(err, -EINVAL, "%s: %s", metric->name, _(verdict_text(verdict)));
	(void)period_format(period, period_text);
	return labels_resolve(db, reference, form, period_first_day(period), labels, err);
}

static int row_put(sqlite3 *db, const struct message_form *form, int64_t office, const char *period,
		   const char *labels, int64_t at_us, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "INSERT INTO message(office, at_us, who, text, metric, labels, period)"
			    " VALUES(?, ?, ?, ?, ?, ?, ?)",
			    &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, office);
	sqlite3_bind_int64(stmt, 2, at_us);
	sqlite3_bind_text(stmt, 3, form->who, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, form->text, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 5, form->metric ? form->metric : "", -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 6, labels, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 7, period, -1, SQLITE_STATIC);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

int message_add(sqlite3 *db, const struct reference *reference, const struct message_form *form,
		struct err *err)
{
	char period[PERIOD_TEXT_MAX] = "", labels[LABELS_TEXT_MAX] = "";
	char detail[512 + EXCERPT_MAX], text[EXCERPT_MAX];
	const struct office *office =
		form->office ? offices_expect(reference->offices, form->office, err) : NULL;
	int64_t at_us = 0;
	if (form->office && !office)
		return -ENOENT;
	int rc = text_check(form->text, err);
	if (rc == 0)
		rc = figure_check(db, reference, form, period, labels, err);
	if (rc == 0)
		rc = event_time(db, EVENT_NOW, &at_us, err);
	if (rc == 0)
		rc = row_put(db, form, office ? office->id : TO_ALL, period, labels, at_us, err);
	if (rc < 0)
		return rc;
	(void)snprintf(detail, sizeof(detail),
		       "office=%s metric=%s labels=%s period=%s text=\"%s\"",
		       office ? office->code : "-", form->metric ? form->metric : "-",
		       *labels ? labels : "-", *period ? period : "-",
		       utf8_excerpt(form->text, strlen(form->text), text)); /* fits */
	return event_append(
		db,
		&(struct event_form){
			.who = form->who, .kind = "office tell", .detail = detail, .at_us = at_us },
		NULL, err);
}

/* --- looking --- */

/* Of one office and of all, each by its index. */
#define TOLD                                                                                       \
	"SELECT id FROM (SELECT id FROM message WHERE office = 0 AND id < ?3 ORDER BY id DESC"     \
	" LIMIT ?2) UNION ALL SELECT id FROM (SELECT id FROM message WHERE office = ?1"            \
	" AND id < ?3 ORDER BY id DESC LIMIT ?2)"

static int message_of(sqlite3_stmt *stmt, struct message *ret, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	struct message message = {
		.id = db_row_int(&row, 0, 1, INT64_MAX),
		.to_all = db_row_int(&row, 1, 0, INT64_MAX) == TO_ALL,
		.at_us = db_row_int(&row, 2, INT64_MIN, INT64_MAX),
		.who = db_row_text(&row, 3),
		.text = db_row_text(&row, 4),
		.metric = db_row_text(&row, 5),
		.labels = db_row_text(&row, 6),
		.period = db_row_text(&row, 7),
		.shown = sqlite3_column_type(stmt, 8) == SQLITE_NULL ? "" : db_row_text(&row, 8),
		.read_us = sqlite3_column_int64(stmt, 9),
	};
	if (row.rc == 0)
		*ret = message;
	return row.rc;
}

int messages_each(sqlite3 *db, int64_t office, unsigned most, int64_t before,
		  int (*on_message)(void *context, const struct message *message), void *context,
		  struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "SELECT m.id, m.office, m.at_us, m.who, m.text, m.metric, m.labels,"
			    " m.period, a.shown, r.read_us FROM (" TOLD
			    " ORDER BY id DESC LIMIT ?2) t CROSS JOIN message m ON m.id = t.id"
			    " LEFT JOIN account a ON a.account = m.who LEFT JOIN message_read r"
			    " ON r.message = m.id AND r.office = ?1 ORDER BY m.id DESC",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, office);
		sqlite3_bind_int64(stmt, 2, most);
		sqlite3_bind_int64(stmt, 3, before ? before : INT64_MAX);
	}
	while (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		struct message message;
		struct err damage;
		rc = message_of(stmt, &message, &damage);
		rc = rc < 0 ? (rc == -ENOMEM ? err_memory(err) : 0) : on_message(context, &message);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

struct showing {
	struct table *table;
	int64_t last; /* message that was shown */
};

static int message_show(void *context, const struct message *message)
{
	struct showing *showing = context;
	struct table *table = showing->table;
	char at[INSTANT_TEXT_MAX], read[INSTANT_TEXT_MAX];
	table_row(table);
	table_int(table, message->id);
	table_text(table, civil_format(message->at_us, at));
	table_text(table, message->who);
	table_text(table, *message->shown ? message->shown : NULL);
	table_text(table, message->text);
	table_text(table, *message->metric ? message->metric : NULL);
	table_text(table, *message->labels ? message->labels : NULL);
	table_text(table, *message->period ? message->period : NULL);
	table_text(table, message->to_all ? "yes" : NULL);
	table_text(table, message->read_us ? civil_format(message->read_us, read) : NULL);
	showing->last = message->id;
	return 0;
}

/* Where there are older ones, it says so. */
static int tell_more(sqlite3 *db, int64_t office, const struct showing *showing, struct err *err)
{
	char text[24];
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT 1 FROM message WHERE office IN (0, ?1) AND id < ?2 LIMIT 1",
			    &stmt, err);

	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, office);
		sqlite3_bind_int64(stmt, 2, showing->last);
		rc = db_step(stmt, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	(void)snprintf(text, sizeof(text), "%" PRId64, showing->last); /* fits */
	if (rc == 1)
		table_head(showing->table, "list", "next", text);
	return rc < 0 ? rc : 0;
}

int messages_list(sqlite3 *db, const struct reference *reference, const char *code, unsigned most,
		  int64_t before, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = {
		"message", "at",     "who",    "shown_name", "text",
		"metric",  "labels", "period", "to_all",     "read"
	};
	const struct office *office = offices_expect(reference->offices, code, err);
	if (!office)
		return -ENOENT;
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	struct showing showing = { .table = table };
	int rc = table ? messages_each(db, office->id, most, before, message_show, &showing, err)
		       : err_memory(err);
	if (rc == 0)
		rc = tell_more(db, office->id, &showing, err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}

int messages_read(sqlite3 *db, int64_t office, const uint64_t ids[], size_t n, int64_t at_us,
		  struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "INSERT OR IGNORE INTO message_read(message, office, read_us)"
			    " SELECT id, ?1, ?3 FROM message WHERE id = ?2 AND office IN (0, ?1)",
			    &stmt, err);
	for (size_t i = 0; i < n && rc == 0; i++) {
		sqlite3_bind_int64(stmt, 1, office);
		sqlite3_bind_int64(stmt, 2, ids[i] <= INT64_MAX ? (int64_t)ids[i] : 0);
		sqlite3_bind_int64(stmt, 3, at_us);
		rc = db_run(stmt, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}
