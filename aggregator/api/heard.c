#include "api/heard.h"

#include "common/base/i18n.h"
#include "common/base/version.h"
#include "common/model/civil.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int heard_contacts(const struct contacts *contacts, const struct meters *key_meters,
		   struct contact_list *ret_list, struct err *err)
{
	struct contact_list list = { 0 };

	if (contacts && contacts_copy(contacts, &list) < 0)
		return err_memory(err);
	for (size_t i = 0; i < list.n && key_meters; i++)
		list.list[i].connections =
			(uint32_t)meters_read(key_meters, list.list[i].key, LIMIT_CONNECTIONS,
					      uv_hrtime() / 1000000)
				.used;
	*ret_list = list;
	return 0;
}

/* --- who is told, and in which order --- */

struct row {
	const struct office *office;
	const struct contact *contact; /* that was heard last; NULL: none was */
	const struct overdue *overdue; /* NULL: nobody looked, or nothing is */
	bool silent, behind;
};

bool heard_is_silent(const struct contact *newest, int64_t silent_us, int64_t now_us)
{
	int64_t patience_us = silent_us ? silent_us : newest ? contact_patience_us(newest) : 0;

	return !newest || newest->at_us == 0 || now_us - newest->at_us > patience_us;
}

static bool is_behind(const struct contact *contact, const char *version)
{
	return contact && contact->at_us != 0 && version_compare(contact->version, version) < 0;
}

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_need(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int by = order(y->overdue != NULL, x->overdue != NULL);

	if (by == 0 && x->overdue)
		by = order(x->overdue->since, y->overdue->since);
	if (by == 0)
		by = order(y->silent, x->silent);
	if (by == 0 && x->silent)
		by = order(x->contact ? x->contact->at_us : 0, y->contact ? y->contact->at_us : 0);
	if (by == 0)
		by = order(y->behind, x->behind);
	return by ? by : strcmp(x->office->code, y->office->code);
}

/* --- a row --- */

static void put_instant(struct table *table, int64_t at_us)
{
	char text[INSTANT_TEXT_MAX];

	table_text(table, at_us ? civil_format(at_us, text) : NULL);
}

/* What its program said of itself. */
static void put_contact(struct table *table, const struct contact *contact)
{
	bool tells = contact && contact->told_us;

	put_instant(table, contact ? contact->at_us : 0);
	table_text(table, contact && *contact->version ? contact->version : NULL);
	if (contact && contact->protocol)
		table_int(table, contact->protocol);
	else
		table_null(table);
	if (tells)
		table_int(table, (int64_t)contact->backlog);
	else
		table_null(table);
	put_instant(table, tells ? contact->oldest_us : 0);
	if (tells && contact->spool_full)
		table_decimal(table, contact->spool_full - 1, 1);
	else
		table_null(table);
	table_text(table, tells ? contact_clock_word(contact->clock) : NULL);
	if (tells && contact->push_interval_s)
		table_int(table, contact->push_interval_s);
	else
		table_null(table);
	table_int(table, contact ? contact->connections : 0);
}

static void put_reasons(struct table *table, const struct row *row)
{
	char why[32], late[DAY_TEXT_MAX];

	put_instant(table, row->silent && row->contact ? row->contact->at_us : 0);
	if (row->overdue) {
		table_int(table, row->overdue->missing);
		table_text(table, day_format(row->overdue->since, late));
		table_text(table, row->overdue->text);
	} else {
		table_null(table);
		table_null(table);
		table_null(table);
	}
	(void)snprintf(why, sizeof(why), "%s%s%s", row->overdue ? ", late" : "",
		       row->silent ? ", silent" : "", row->behind ? ", behind" : ""); /* fits */
	table_text(table, *why ? why + 2 : NULL);
}

#define KEY_STATE                                                                                  \
	"SELECT CASE min(CASE state WHEN 2 THEN 0 WHEN 1 THEN 1 + (expires_us <= ?1) ELSE 3 END)"  \
	" WHEN 0 THEN 'active' WHEN 1 THEN 'invited' WHEN 2 THEN 'expired'"                        \
	" WHEN 3 THEN 'revoked' ELSE 'none' END FROM office_key WHERE office = ?2"

static int put_row(struct table *table, const struct reference *reference, const struct row *row,
		   int64_t now_us, sqlite3_stmt *state, struct err *err)
{
	const struct office *office = row->office;
	const struct unit *unit = office_unit(office, reference->units, civil_day(now_us));

	sqlite3_reset(state);
	sqlite3_bind_int64(state, 1, now_us);
	sqlite3_bind_int64(state, 2, office->id);
	int rc = db_step(state, err);
	if (rc < 0)
		return rc;
	table_row(table);
	table_text(table, office->code);
	table_text(table, office->name);
	table_text(table, unit ? unit->code : NULL);
	table_text(table, unit ? unit->name : NULL);
	table_text(table, rc == 1 ? (const char *)sqlite3_column_text(state, 0) : NULL);
	put_contact(table, row->contact);
	put_reasons(table, row);
	return 0;
}

/* --- the question --- */

bool heard_is_ours(const struct office *office, int32_t today)
{
	const struct assignment *stands = office_assignment(office, today);

	return stands && stands->unit_code && !office->damaged;
}

static size_t rows_gather(const struct reference *reference, const struct contact_list *contacts,
			  const struct heard_form *form, const struct overdue_list *overdue,
			  struct row rows[])
{
	int32_t today = civil_day(form->now_us);
	size_t n = 0;

	for (size_t i = 0; i < reference->offices->n; i++) {
		const struct office *office = &reference->offices->list[i];
		const struct contact *contact = contact_list_newest(contacts, office->id);
		struct row row = { .office = office,
				   .contact = contact,
				   .overdue = i < overdue->n && overdue->list[i].missing > 0
						      ? &overdue->list[i]
						      : NULL,
				   .silent =
					   form->silent &&
					   heard_is_silent(contact, form->silent_us, form->now_us),
				   .behind = form->behind && is_behind(contact, form->behind) };

		if (heard_is_ours(office, today) &&
		    (form->all || row.overdue || row.silent || row.behind))
			rows[n++] = row;
	}
	if (n > 1)
		qsort(rows, n, sizeof(*rows), by_need);
	return n;
}

static int rows_put(sqlite3 *db, const struct reference *reference, const struct row rows[],
		    size_t n, int64_t now_us, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = {
		"office",        "name",       "unit",          "unit_name",   "key",
		"last_contact",  "version",    "protocol",      "backlog",     "oldest",
		"spool_percent", "clock",      "push_interval", "connections", "silent_since",
		"missing",       "late_since", "overdue",       "why"
	};
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	sqlite3_stmt *state = NULL;
	int rc = table ? db_prepare(db, KEY_STATE, &state, err) : err_memory(err);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_row(table, reference, &rows[i], now_us, state, err);
	(void)sqlite3_finalize(state); /* repeats the error that step told */
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc < 0)
		table_close(table);
	else
		*ret_table = table;
	return rc;
}

int heard_run(sqlite3 *db, const struct reference *reference, const struct contact_list *contacts,
	      const struct heard_form *form, struct table **ret_table, struct err *err)
{
	struct overdue_list overdue = { 0 };
	struct row *rows = calloc(reference->offices->n + 1, sizeof(*rows));
	int rc = rows ? 0 : err_memory(err);

	if (rc == 0 && form->behind && !version_valid(form->behind))
		rc = err_set(err, -EINVAL, "behind: '%s' is not a version; write one such as %s",
			     form->behind, LANTOA_VERSION);
	if (rc == 0 && form->late)
		rc = overdue_find(db, reference, form->now_us, &overdue, err);
	if (rc == 0) {
		size_t n = rows_gather(reference, contacts, form, &overdue, rows);

		rc = rows_put(db, reference, rows, n, form->now_us, ret_table, err);
	}
	overdue_free(&overdue);
	free(rows);
	return rc;
}

/* --- the keys of an office --- */

static void key_says(const struct contact *contact, char text[], size_t size)
{
	char at[INSTANT_TEXT_MAX], told[INSTANT_TEXT_MAX];
	int n = snprintf(text, size, _("heard %s, connections: %u"),
			 civil_format(contact->at_us, at), contact->connections);

	if (n < 0 || (size_t)n >= size) /* what is cut is fine, here and below */
		return;
	if (contact->hello_us)
		n += snprintf(text + n, size - (size_t)n,
			      _("; lantoa-agent %s, protocol %u, greeted %s"),
			      *contact->version ? contact->version : "?", contact->protocol,
			      civil_format(contact->hello_us, told));
	if (contact->doubled_us && (size_t)n < size)
		(void)snprintf(text + n, size - (size_t)n,
			       _("; two machines use it by turns, last at %s"),
			       civil_format(contact->doubled_us, told));
}

int heard_keys(sqlite3 *db, const struct contact_list *contacts, int64_t office,
	       struct table *table, struct err *err)
{
	static const char *const states[] = { "?", N_("invited"), N_("active"), N_("spent"),
					      N_("revoked") };
	size_t n = 0;
	const struct contact *of = contact_list_of(contacts, office, &n);
	char name[32], text[384], says[320];
	sqlite3_stmt *rows = NULL;
	int rc =
		db_prepare(db, "SELECT id, state FROM office_key WHERE office = ? ORDER BY id DESC",
			   &rows, err);

	if (rc == 0)
		sqlite3_bind_int64(rows, 1, office);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		int64_t id = sqlite3_column_int64(rows, 0), state = sqlite3_column_int64(rows, 1);
		const char *word = states[state > 0 && state < 5 ? state : 0];
		const struct contact *contact = NULL;

		for (size_t i = 0; i < n; i++)
			contact = of[i].key == id ? &of[i] : contact;
		rc = 0;
		if (!contact && state != KEY_ACTIVE)
			continue; /* an invitation, or a key of before keys were told apart */
		if (contact)
			key_says(contact, says, sizeof(says));
		(void)snprintf(name, sizeof(name), "key_%" PRId64, id); /* fits, and the next one */
		(void)snprintf(text, sizeof(text), "%s, %s", _(word),
			       contact ? says : _("never heard"));
		table_head(table, "keys", name, text);
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}
