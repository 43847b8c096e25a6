#include "schema/audit.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/near_name.h"
#include "schema/event_kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a disk damaged is shown as nothing: the others are told all the same. */
static void entry_add(struct table *table, sqlite3_stmt *stmt)
{
	char at[INSTANT_TEXT_MAX];
	const char *texts[4]; /* who, shown name, kind, detail */
	struct err ignored;

	for (int i = 0; i < 4; i++) {
		struct db_row row = { stmt, &ignored, 0 };
		texts[i] = db_row_text_or_null(&row, i + 2);
		if (row.rc < 0)
			texts[i] = NULL;
	}
	table_row(table);
	table_int(table, sqlite3_column_int64(stmt, 0));
	table_text(table, civil_format(sqlite3_column_int64(stmt, 1), at));
	table_text(table, texts[0]);
	table_text(table, texts[1]);
	table_text(table, texts[2] ? event_kind_words(texts[2]) : NULL);
	table_text(table, texts[2]);
	table_text(table, texts[3]);
}

/* Stored, or as people read it. NULL: there is none, and @err says what there is. */
static const char *kind_find(const char *text, struct err *err)
{
	char wanted[VIET_KEY_MAX], key[VIET_KEY_MAX], meant[NEAR_WORDS_TEXT], shown[EXCERPT_MAX];
	struct near_words near;

	if (event_kind_find(text))
		return text;
	near_words_begin(&near, text);
	for (size_t i = 0; i < n_event_kinds; i++) {
		const struct event_kind *kind = &event_kinds[i];

		if (viet_key(text, wanted) &&
		    ((viet_key(kind->words, key) && strcmp(key, wanted) == 0) ||
		     (viet_key(_(kind->words), key) && strcmp(key, wanted) == 0)))
			return kind->name;
		near_words_try(&near, kind->name);
		near_words_try(&near, _(kind->words));
	}
	(void)utf8_excerpt(text, strlen(text), shown);
	if (near.n > 0)
		(void)err_set(err, -EINVAL, "kind: there are no acts '%s'; did you mean %s?", shown,
			      near_words_say(&near, meant));
	else
		(void)err_set(err, -EINVAL,
			      "kind: there are no acts '%s'; there are, for example, office move, "
			      "units import, close (the column what of the audit as CSV)",
			      shown);
	return NULL;
}

/* Nothing fits: did @who ever act? I13. */
static int who_check(sqlite3 *db, const char *who, struct err *err)
{
	char near_text[NEAR_WORDS_TEXT], shown[EXCERPT_MAX], names[NEAR_WORDS_MAX][128];
	struct near_words near;
	size_t kept = 0;
	bool known = false;
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db,
			    "SELECT DISTINCT who FROM event UNION SELECT shown FROM account"
			    " WHERE shown <> ''",
			    &rows, err);

	near_words_begin(&near, who);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const char *name = (const char *)sqlite3_column_text(rows, 0);
		size_t least = near.near.least;

		rc = 0;
		if (!name)
			continue;
		known |= strcmp(name, who) == 0;
		if (near_name_distance(&near.near, name) < least)
			kept = 0; /* those before are forgotten */
		if (near_name_distance(&near.near, name) > least || kept == NEAR_WORDS_MAX)
			continue;
		(void)utf8_print(names[kept], sizeof(names[0]), "%s", name); /* cut is fine */
		near_words_try(&near, names[kept++]);
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	if (rc < 0 || known)
		return rc;
	(void)utf8_excerpt(who, strlen(who), shown);
	if (near.n > 0)
		return err_set(err, -EINVAL, "who: nobody called '%s' ever acted; did you mean %s?",
			       shown, near_words_say(&near, near_text));
	return err_set(err, -EINVAL,
		       "who: nobody called '%s' ever acted; `lantoa account list` shows who did",
		       shown);
}

static int rows_open(sqlite3 *db, const struct audit_form *form, sqlite3_stmt **ret_rows,
		     struct err *err)
{
	int rc = db_prepare(db,
			    "SELECT id, at_us, who, shown, what, detail FROM audit"
			    " LEFT JOIN account ON account = who WHERE id < ?1 AND id > ?2"
			    " AND at_us >= ?3 AND at_us < ?4"
			    " AND (?5 IS NULL OR who = ?5 OR shown = ?5)"
			    " AND (?6 IS NULL OR what = ?6)"
			    " AND (?7 IS NULL OR instr(' ' || detail || ' ', ' code=' || ?7 || ' ')"
			    "  OR instr(' ' || detail || ' ', ' office=' || ?7 || ' '))"
			    " ORDER BY id DESC LIMIT ?8",
			    ret_rows, err);

	if (rc < 0)
		return rc;
	sqlite3_bind_int64(*ret_rows, 1, form->before ? form->before : INT64_MAX);
	sqlite3_bind_int64(*ret_rows, 2, form->after);
	sqlite3_bind_int64(*ret_rows, 3, form->from_us ? form->from_us : INT64_MIN);
	sqlite3_bind_int64(*ret_rows, 4, form->to_us ? form->to_us : INT64_MAX);
	sqlite3_bind_text(*ret_rows, 5, form->who, -1, SQLITE_STATIC); /* NULL binds an SQL NULL */
	sqlite3_bind_text(*ret_rows, 6, form->kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(*ret_rows, 7, form->office, -1, SQLITE_STATIC);
	sqlite3_bind_int64(*ret_rows, 8, (int64_t)form->most + 1); /* is there one more? */
	return 0;
}

static int rows_tell(sqlite3_stmt *rows, const struct audit_form *form, struct table *table,
		     struct err *err)
{
	char next[24];
	int64_t last = 0;
	int rc;

	while ((rc = db_step(rows, err)) == 1) {
		if (table_rows(table) == form->most) {
			(void)snprintf(next, sizeof(next), "%" PRId64, last); /* fits */
			if (last > 0)
				table_head(table, "list", "next", next);
			return 0;
		}
		last = sqlite3_column_int64(rows, 0);
		entry_add(table, rows);
	}
	return rc;
}

int audit_list(sqlite3 *db, const struct audit_form *form, struct table **ret_table,
	       struct err *err)
{
	static const char *const columns[] = { "event", "at",   "who",   "shown_name",
					       "act",   "what", "detail" };
	struct audit_form asked = *form;
	struct table *table = NULL;
	sqlite3_stmt *rows = NULL;

	if (form->kind && !(asked.kind = kind_find(form->kind, err)))
		return -EINVAL;
	table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	int rc = table ? rows_open(db, &asked, &rows, err) : err_memory(err);
	if (rc == 0)
		rc = rows_tell(rows, &asked, table, err);
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	if (rc == 0 && form->who && table_rows(table) == 0)
		rc = who_check(db, form->who, err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}
