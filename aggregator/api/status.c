#include "api/status.h"
#include "common/model/civil.h"
#include "journal/journal_clock.h"
#include "journal/quarantine.h"
#include "registry/delivery.h"
#include "registry/hands.h"
#include "registry/office_keys.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* An agent that rests calls once a day, and may find the line busy. */
#define SILENT_US (INT64_C(26) * 3600 * 1000000)

static int count(sqlite3 *db, struct table *table, const char *key, const char *sql,
		 struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = db_prepare(db, sql, &stmt, err);
	if (rc < 0)
		return rc;
	rc = db_step(stmt, err);
	if (rc == 1)
		table_head_int(table, "store", key, sqlite3_column_int64(stmt, 0));
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : 0;
}

/* NULL: never. */
static const char *heard(const struct condition_facts *facts, int64_t office,
			 char text[INSTANT_TEXT_MAX])
{
	int64_t at_us = facts->contacts ? contact_list_at(facts->contacts, office) : 0;
	return at_us ? civil_format(at_us, text) : NULL;
}

/* What its agent said: how many figures wait there, and its version. */
static void add_agent(const struct condition_facts *facts, int64_t office, struct table *table)
{
	const struct contact *contact =
		facts->contacts ? contact_list_newest(facts->contacts, office) : NULL;
	if (contact && contact->told_us)
		table_int(table, (int64_t)contact->backlog);
	else
		table_text(table, NULL);
	table_text(table, contact && *contact->version ? contact->version : NULL);
}

static int office_rows(sqlite3 *db, const struct reference *reference,
		       const struct condition_facts *facts, struct table *table, struct err *err)
{
	int32_t today = civil_day(civil_now_us());
	sqlite3_stmt *rows;
	int rc = db_prepare(
		db,
		"SELECT o.id, (SELECT max(last_received_us) FROM spool WHERE office = o.id AND "
		"upto > 0 AND NOT " HAND_IS(
			"spool.office",
			"spool.spool_id") "),"
					  " (SELECT sum(upto) FROM spool WHERE office = o.id),"
					  " (SELECT CASE min(CASE state WHEN 2 THEN 0 WHEN 1 THEN "
					  "1 + (expires_us <= ?1) "
					  "ELSE "
					  "3 END)"
					  "  WHEN 0 THEN 'active' WHEN 1 THEN 'invited' WHEN 2 "
					  "THEN 'expired'"
					  "  WHEN 3 THEN 'revoked' ELSE 'none' END"
					  "  FROM office_key WHERE office = o.id),"
					  " coalesce(h.observations, 0) FROM office o LEFT JOIN "
					  "held h ON h.office = o.id"
					  " ORDER BY o.code",
		&rows, err);
	if (rc == 0)
		sqlite3_bind_int64(rows, 1, civil_now_us());
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const struct office *office =
			offices_by_id(reference->offices, sqlite3_column_int64(rows, 0));
		const struct unit *unit =
			office ? office_unit(office, reference->units, today) : NULL;
		char instant[INSTANT_TEXT_MAX];
		bool received = sqlite3_column_type(rows, 1) != SQLITE_NULL;
		table_row(table);
		table_text(table, office ? office->code : NULL);
		table_text(table, office ? office->name : NULL);
		table_text(table, unit ? unit->code : NULL);
		table_text(table, (const char *)sqlite3_column_text(rows, 3));
		table_text(table, heard(facts, sqlite3_column_int64(rows, 0), instant));
		table_text(table,
			   received ? civil_format(sqlite3_column_int64(rows, 1), instant) : NULL);
		table_int(table, sqlite3_column_int64(rows, 2));
		table_int(table, sqlite3_column_int64(rows, 4));
		add_agent(facts, sqlite3_column_int64(rows, 0), table);
		table_text(table, unit ? unit->name : NULL);
		rc = 0;
	}
	sqlite3_finalize(rows);
	return rc;
}

/* Index quarantine_grave serves who repeats its condition word by word, as the next two do. */
static_assert(VERDICT_DAMAGED == 9 && VERDICT_OLDER_COPY == 10, "those of quarantine_grave");

#define GRAVE(table)                                                                               \
	"SELECT j.office, j.day, sum(q.observations) FROM " table                                  \
	" q JOIN journal j ON j.id = q.journal WHERE q.released_us IS NULL"                        \
	" AND q.verdict IN (9, 10) AND q.verdict = ?1 GROUP BY j.office, j.day"

/* Offices' days that cannot be read, by what waits for them. */
static int damaged_days(sqlite3 *db, const struct reference *reference,
			struct condition_facts *facts, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	bool settling = false;
	int rc = quarantine_is_settling(db, &settling, err);
	if (rc == 0)
		rc = db_prepare(db, settling ? GRAVE(QUARANTINE_SETTLING) : GRAVE("quarantine"),
				&rows, err);
	if (rc == 0)
		sqlite3_bind_int(rows, 1, VERDICT_DAMAGED);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const struct office *office =
			offices_by_id(reference->offices, sqlite3_column_int64(rows, 0));
		if (office &&
		    office_is_doubtful(office, reference->units, sqlite3_column_int(rows, 1))) {
			facts->doubtful += (uint64_t)sqlite3_column_int64(rows, 2);
			rc = 0;
			continue;
		}
		facts->damaged_days++;
		facts->damaged_figures += (uint64_t)sqlite3_column_int64(rows, 2);
		facts->damaged_day = sqlite3_column_int(rows, 1);
		(void)snprintf(facts->damaged_office, sizeof(facts->damaged_office), "%s",
			       office ? office->code : "?");
		rc = 0;
	}
	sqlite3_finalize(rows);
	return rc;
}

static int older_copies(sqlite3 *db, const struct reference *reference,
			struct condition_facts *facts, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db,
			    "SELECT j.office, sum(q.observations) FROM quarantine q"
			    " JOIN journal j ON j.id = q.journal WHERE q.released_us IS NULL"
			    " AND q.verdict IN (9, 10) AND q.verdict = ?1 GROUP BY j.office",
			    &rows, err);
	if (rc == 0)
		sqlite3_bind_int(rows, 1, VERDICT_OLDER_COPY);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const struct office *office =
			offices_by_id(reference->offices, sqlite3_column_int64(rows, 0));
		facts->older_offices++;
		facts->older_figures += (uint64_t)sqlite3_column_int64(rows, 1);
		(void)snprintf(facts->older_office, sizeof(facts->older_office), "%s",
			       office ? office->code : "?");
		rc = 0;
	}
	sqlite3_finalize(rows);
	return rc;
}

static int clock_check(sqlite3 *db, struct condition_facts *facts, struct err *err)
{
	struct journal_clock clock;
	int rc = journal_clock_open(db, &clock, err);
	if (rc == 0) {
		facts->newest_us = clock.newest_us;
		facts->behind_us = journal_clock_behind_us(&clock);
		facts->ahead_us = journal_clock_ahead_us(&clock);
	}
	return rc;
}

/* Invitations that nobody used: those that are good still, and those that are too old. */
static int invitations_count(sqlite3 *db, struct condition_facts *facts, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = db_prepare(
		db,
		"SELECT count(*) FILTER (WHERE expires_us > ?1 OR expires_us IS NULL),"
		" count(*) FILTER (WHERE expires_us <= ?1) FROM office_key WHERE state = 1",
		&stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, civil_now_us());
	rc = db_step(stmt, err);
	if (rc == 1) {
		facts->invitations_open = (uint64_t)sqlite3_column_int64(stmt, 0);
		facts->invitations_expired = (uint64_t)sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : 0;
}

static int damaged_keys(sqlite3 *db, struct condition_facts *facts, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	struct listed_key key;
	int rc = db_prepare(db,
			    "SELECT " OFFICE_KEY_COLUMNS " FROM office_key k"
			    " LEFT JOIN office o ON o.id = k.office",
			    &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		rc = office_key_read(rows, &key, err);
		facts->damaged_keys += rc == -EUCLEAN;
		rc = rc == -EUCLEAN ? 0 : rc;
	}
	sqlite3_finalize(rows);
	return rc;
}

static void condition_heads(const struct condition_facts *facts, struct table *table)
{
	struct conditions conditions;
	conditions_judge(facts, &conditions);
	for (size_t i = 0; i < conditions.n; i++) {
		const struct condition *condition = &conditions.list[i];
		table_head(table, condition_gravity_name(condition->gravity), condition->name,
			   condition->sentence);
	}
}

/* Offices that stand today on a unit which is not in force. */
static int strays_count(const struct reference *reference, struct condition_facts *facts,
			struct err *err)
{
	size_t n = 0;
	int rc = strays_tell(reference->offices, reference->units, civil_day(civil_now_us()), &n,
			     facts->stray, err);
	facts->strays = n;
	return rc;
}

/* Of offices that may come in and that were not taken away from every unit. */
static int silent_count(sqlite3 *db, const struct reference *reference,
			struct condition_facts *facts, struct err *err)
{
	int32_t today = civil_day(facts->now_us);
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db, "SELECT DISTINCT office FROM office_key WHERE state = ?1", &rows,
			    err);
	if (rc == 0)
		sqlite3_bind_int(rows, 1, KEY_ACTIVE);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const struct office *office =
			offices_by_id(reference->offices, sqlite3_column_int64(rows, 0));
		const struct assignment *stands = office ? office_assignment(office, today) : NULL;
		int64_t at_us = office ? contact_list_at(facts->contacts, office->id) : 0;
		rc = 0;
		if (!stands || !stands->unit_code || facts->now_us - at_us <= SILENT_US)
			continue;
		if (facts->silent++ == 0 || at_us < facts->silent_us) {
			facts->silent_us = at_us;
			(void)snprintf(facts->silent_office, sizeof(facts->silent_office), "%s",
				       office->code); /* fits */
		}
	}
	sqlite3_finalize(rows);
	return rc;
}

/* Offices whose key two machines spoke with lately. */
static void doubled_count(const struct reference *reference, struct condition_facts *facts)
{
	for (size_t i = 0; facts->contacts && i < facts->contacts->n; i++) {
		const struct contact *contact = &facts->contacts->list[i];
		const struct office *office = offices_by_id(reference->offices, contact->office);
		if (!office || facts->now_us - contact->doubled_us > CONDITION_LATELY_US)
			continue;
		facts->doubled++;
		(void)snprintf(facts->doubled_office, sizeof(facts->doubled_office), "%s",
			       office->code); /* fits */
	}
}

/* Offices whose agent is sent the catalogue alone. */
static void old_agents_count(const struct reference *reference, struct condition_facts *facts)
{
	for (size_t i = 0; facts->agents && i < facts->agents->n; i++) {
		const struct agent_note *agent = &facts->agents->list[i];
		const struct office *office = offices_by_id(reference->offices, agent->office);
		if (!office || agent->protocol >= WIRE_EDITIONS)
			continue;
		facts->old_agents++;
		(void)snprintf(facts->old_agent, sizeof(facts->old_agent), "%s",
			       office->code); /* fits */
	}
}

/* Offices that kept a head which this ledger does not have. */
static void odd_heads_count(const struct reference *reference, struct condition_facts *facts)
{
	for (size_t i = 0; facts->agents && i < facts->agents->n; i++) {
		const struct agent_note *agent = &facts->agents->list[i];
		const struct office *office = offices_by_id(reference->offices, agent->office);
		if (!office || agent->odd == LINK_UNKNOWN)
			continue;
		facts->odd_heads++;
		facts->odd_position = agent->odd_position;
		(void)snprintf(facts->odd_head, sizeof(facts->odd_head), "%s",
			       office->code); /* fits */
	}
}

/* Only one that is that long may be one that cannot be sent, so that the usual one is not packed.
 */
static int catalogue_facts(const struct reference *reference, struct condition_facts *facts,
			   struct err *err)
{
	const struct catalogue *catalogue = reference->catalogue;
	struct err ignored;
	facts->catalogue_len = catalogue->csv_len;
	facts->catalogue_max = delivery_max();
	if (catalogue->csv_len <= facts->catalogue_max)
		return 0;
	old_agents_count(reference, facts);
	int rc = delivery_check(catalogue, &ignored);
	facts->catalogue_unsendable = rc == -EFBIG;
	return rc == -ENOMEM ? err_memory(err) : 0;
}

static int reference_facts(sqlite3 *db, const struct reference *reference,
			   struct condition_facts *facts, struct err *err)
{
	const struct register_damage *units = &reference->units->damage,
				     *offices = &reference->offices->damage;
	facts->damaged_rows = units->n + offices->n;
	facts->damaged_row = units->n > 0 ? units->notes[0] : offices->notes[0];
	odd_heads_count(reference, facts);
	doubled_count(reference, facts);
	int rc = catalogue_facts(reference, facts, err);
	if (rc == 0)
		rc = strays_count(reference, facts, err);
	if (rc == 0 && facts->contacts)
		rc = silent_count(db, reference, facts, err);
	return rc < 0 ? rc : damaged_days(db, reference, facts, err);
}

int status_last_backup(sqlite3 *db, int64_t *ret_at_us, struct err *err)
{
	int64_t at_us = 0;
	int rc = db_number(db,
			   "SELECT at_us FROM event WHERE kind = 'backup' ORDER BY id DESC LIMIT 1",
			   &at_us, err);
	if (rc == 0)
		*ret_at_us = at_us;
	return rc;
}

static int alerts_count(sqlite3 *db, struct condition_facts *facts, struct err *err)
{
	int64_t n = 0;
	int rc = db_number(db, "SELECT count(*) FROM alert", &n, err);
	facts->alerts = (uint64_t)n;
	return rc;
}

int status_facts(sqlite3 *db, const struct reference *reference, struct condition_facts *facts,
		 struct err *err)
{
	int rc = 0;
	if (facts->now_us == 0)
		facts->now_us = civil_now_us();
	if (reference)
		rc = reference_facts(db, reference, facts, err);
	if (rc == 0)
		rc = invitations_count(db, facts, err);
	if (rc == 0)
		rc = damaged_keys(db, facts, err);
	if (rc == 0)
		rc = older_copies(db, reference, facts, err);
	if (rc == 0)
		rc = clock_check(db, facts, err);
	if (rc == 0)
		rc = change_read(db, &facts->change, err);
	if (rc == 0)
		rc = alerts_count(db, facts, err);
	return rc;
}

int status_run(sqlite3 *db, const struct reference *reference, struct condition_facts *facts,
	       struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "office",       "name",          "unit",     "key",
					       "last_contact", "last_received", "batches",  "held",
					       "unsent",       "agent",         "unit_name" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	if (!table)
		return err_memory(err);
	int rc = status_facts(db, reference, facts, err);
	if (rc == 0)
		condition_heads(facts, table);
	if (rc == 0 && facts->change.id != 0 && facts->change.stage != CHANGE_OVER) {
		table_head(table, "change", "kind", facts->change.word);
		table_head_int(table, "change", "done", (int64_t)facts->change.done);
		table_head_int(table, "change", "all", (int64_t)facts->change.total);
	}
	if (facts->contacts)
		table_head_int(table, "offices", "silent", (int64_t)facts->silent);
	table_head_int(table, "invitations", "open", (int64_t)facts->invitations_open);
	table_head_int(table, "invitations", "expired", (int64_t)facts->invitations_expired);
	if (rc == 0)
		rc = count(db, table, "entries", "SELECT coalesce(max(id), 0) FROM journal", err);
	if (rc == 0)
		rc = count(db, table, "spools", "SELECT count(*) FROM spool", err);
	if (rc == 0 && reference)
		rc = office_rows(db, reference, facts, table, err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc < 0) {
		table_close(table);
		return rc;
	}
	*ret_table = table;
	return 0;
}
