/* /v1/offices: GET lists them, or with ?code= shows one and where it was assigned when; POST adds
 * one (JSON: code, name, unit and, when not from today on, from) or many (CSV; with ?invite=1
 * only if they can be invited afterwards; with ?dry_run=1 only to see what would come of it).
 * .../move takes code, unit ("-": none) and from, .../rename code and name, both with ?dry_run=1
 * only to see what would come of it;
 * .../revoke takes {"code": "..."}, .../invite {"code", "days"}. */
#include "api/call.h"

#include "api/importing.h"
#include "api/moving.h"
#include "api/trial.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/model/invitation.h"
#include "journal/usage.h"
#include "ledger/change.h"
#include "registry/office_keys.h"
#include "registry/office_register.h"
#include "schema/event.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int offices_prepare(struct call *call, struct err *err)
{
	const struct api_config *config = api_config_of(call->api);
	const struct listed_key *key;

	call->code = http_arg(call->request, "code");
	if (heard_contacts(config->contacts, config->key_meters, &call->contacts, err) < 0)
		return -ENOMEM;
	if (!call->code || !config->meters || !config->key_meters)
		return 0;
	/* the meters are the loop's */
	key = key_list_of_code(config->key_list, call->code);
	call->metered = true;
	call->limits = *meters_limits(config->meters);
	for (unsigned i = 0; key && i < LIMIT_COUNT; i++) {
		bool of_key = i == LIMIT_CONNECTIONS || i == LIMIT_HANDSHAKES;

		call->readings[i] = meters_read(of_key ? config->key_meters : config->meters,
						of_key ? key->id : key->office, (enum limit)i,
						uv_hrtime() / 1000000);
	}
	return 0;
}

/* What the office uses of each limit; its key, of those of the gate. */
static int add_limits(const struct call *call, sqlite3 *db, int64_t office, struct table *table,
		      struct err *err)
{
	struct usage usage = { 0 };
	char text[160];
	sqlite3_stmt *reader = NULL;
	int rc = usage_prepare(db, &reader, err);
	if (rc == 0)
		rc = usage_read(reader, office, &usage, err);
	sqlite3_finalize(reader);
	const uint64_t stored[LIMIT_COUNT] = { [LIMIT_SPOOLS] = usage.spools,
					       [LIMIT_SERIES] = usage.series,
					       [LIMIT_HELD] = usage.held };

	for (unsigned i = 0; rc == 0 && i < LIMIT_COUNT; i++) {
		const struct meter_reading *reading = &call->readings[i];
		unsigned long long used = i < LIMIT_SPOOLS ? reading->used : stored[i];

		if (i == LIMIT_DAY) /* of which day? */
			(void)snprintf(text, sizeof(text), _("%u at most"), call->limits.most[i]);
		else if (reading->hits == 0) /* what is cut is fine, here and below */
			(void)snprintf(text, sizeof(text), _("%llu of %u"), used,
				       call->limits.most[i]);
		else
			(void)snprintf(text, sizeof(text),
				       _("%llu of %u; at the limit %llu times since the start"),
				       used, call->limits.most[i],
				       (unsigned long long)reading->hits);
		table_head(table, "limits", limit_kind((enum limit)i)->name, text);
	}
	return rc;
}

/* What its agent said of itself: with `office show` alone. */
static void add_agent(const struct call *call, int64_t office, struct table *table)
{
	const struct contact *agent = contact_list_newest(&call->contacts, office);
	char text[96], since[INSTANT_TEXT_MAX];

	if (!agent || !agent->hello_us)
		return;
	(void)snprintf(text, sizeof(text), _("%s, protocol %u, greeted %s"),
		       *agent->version ? agent->version : "?", agent->protocol,
		       civil_format(agent->hello_us, since)); /* cut is fine, here and below */
	table_head(table, "agent", "version", text);
	if (!agent->told_us)
		return;
	(void)snprintf(text, sizeof(text), _("%llu figures, as of %s"),
		       (unsigned long long)agent->backlog, civil_format(agent->told_us, since));
	table_head(table, "agent", "waiting", text);
	if (agent->oldest_us && civil_format(agent->oldest_us, since))
		table_head(table, "agent", "oldest", since);
	(void)snprintf(text, sizeof(text), _("%u.%u %% of what it may hold"),
		       (agent->spool_full - 1) / 10, (agent->spool_full - 1) % 10);
	if (agent->spool_full)
		table_head(table, "agent", "spool", text);
	if (contact_clock_word(agent->clock))
		table_head(table, "agent", "clock", contact_clock_word(agent->clock));
	(void)snprintf(text, sizeof(text), _("every %u s"), agent->push_interval_s);
	if (agent->push_interval_s)
		table_head(table, "agent", "push", text);
}

/* It reports for no unit any more, by order, or because the unit is not in force; NULL: it does. */
static const char *state_of(const struct assignment *assignment, const struct unit *unit)
{
	if (!assignment->unit_code)
		return "ended";
	return unit ? NULL : "unit-ended";
}

static void add_office(const struct call *call, struct table *table, const struct office *office,
		       const struct assignment *assignment, const struct unit *unit,
		       const char *invited_until)
{
	int64_t heard_us = contact_list_at(&call->contacts, office->id);
	char from[DAY_TEXT_MAX], heard[INSTANT_TEXT_MAX];

	table_row(table);
	table_text(table, office->code);
	table_text(table, office->name);
	table_text(table, assignment ? assignment->unit_code : NULL);
	table_text(table, unit ? unit->name : NULL);
	table_text(table, assignment ? day_format(assignment->from_day, from) : NULL);
	table_text(table, *invited_until ? invited_until : NULL);
	table_text(table, heard_us ? civil_format(heard_us, heard) : NULL);
	table_text(table, assignment ? state_of(assignment, unit) : NULL);
}

/* Until when its open invitation is good; "" when it has none, of which an office has one at most.
 */
static int invited_until(sqlite3_stmt *stmt, const struct office *office,
			 char ret_until[INSTANT_TEXT_MAX], struct err *err)
{
	int rc;

	*ret_until = '\0';
	sqlite3_reset(stmt);
	sqlite3_bind_int64(stmt, 1, office->id);
	rc = db_step(stmt, err);
	if (rc == 1 && sqlite3_column_int64(stmt, 0) > 0)
		(void)civil_format(sqlite3_column_int64(stmt, 0), ret_until); /* or "" */
	return rc < 0 ? rc : 0;
}

static int add_all(const struct call *call, struct table *table, const struct reference *reference,
		   sqlite3_stmt *stmt, struct err *err)
{
	int32_t today = civil_day(civil_now_us());
	char until[INSTANT_TEXT_MAX];
	int rc = 0;

	for (size_t i = 0; i < reference->offices->n && rc == 0; i++) {
		const struct office *office = &reference->offices->list[i];

		rc = invited_until(stmt, office, until, err);
		add_office(call, table, office, office_assignment(office, today),
			   office_unit(office, reference->units, today), until);
	}
	return rc;
}

static int add_history(const struct call *call, sqlite3 *db, struct table *table,
		       const struct reference *reference, sqlite3_stmt *stmt, struct err *err)
{
	const char *code = call->code;
	const struct office *office = offices_expect(reference->offices, code, err);
	char until[INSTANT_TEXT_MAX];
	int rc;

	if (!office)
		return -ENOENT;
	rc = invited_until(stmt, office, until, err);
	for (size_t i = 0; i < office->n_assignments; i++) {
		const struct assignment *assignment = &office->assignments[i];
		const struct unit *unit =
			assignment->unit_code ? units_find(reference->units, assignment->unit_code,
							   assignment->from_day)
					      : NULL;

		add_office(call, table, office, assignment, unit, until);
	}
	add_agent(call, office->id, table);
	if (rc == 0)
		rc = heard_keys(db, &call->contacts, office->id, table, err);
	if (rc == 0 && call->metered)
		rc = add_limits(call, db, office->id, table, err);
	return rc;
}

static int offices_get(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	static const char *const columns[] = { "code", "name",          "unit",         "unit_name",
					       "from", "invited_until", "last_contact", "state" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	sqlite3_stmt *stmt = NULL;
	int rc;

	if (!table)
		return err_memory(err);
	rc = db_prepare(db, "SELECT expires_us FROM office_key WHERE office = ? AND state = 1",
			&stmt, err);
	if (rc == 0)
		rc = call->code ? add_history(call, db, table, reference, stmt, err)
				: add_all(call, table, reference, stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc == 0)
		return call_answer_table(call, table, err);
	table_close(table);
	return rc;
}

static int add_one(struct call *call, sqlite3 *db, const struct reference *reference,
		   struct err *err)
{
	const char *code, *name, *unit;
	int32_t day = 0;
	int64_t id = 0;
	int rc = call_field_needed(call, "code", &code, err);

	if (rc == 0)
		rc = call_field_needed(call, "name", &name, err);
	if (rc == 0)
		rc = call_field_needed(call, "unit", &unit, err);
	if (rc == 0)
		rc = moving_day(call, "from", false, &day, err);
	if (rc == 0)
		rc = call_unit(reference, day, &unit, err);
	return rc == 0 ? office_add(db, code, name, unit, day, call->caller.who, &id, err) : rc;
}

static int address_needed(struct call *call, struct err *err)
{
	call->invitation_days = *api_config_of(call->api)->invitation_days;
	/* It fits, or the invitation would be refused: an address that is cut lacks its port. */
	(void)snprintf(call->address, sizeof(call->address), "%s",
		       api_config_of(call->api)->address);
	if (*call->address)
		return 0;
	return err_set(err, -EINVAL,
		       "an invitation must say how to reach this machine: set [gate] address = "
		       "HOST:PORT in aggregator.conf, then: systemctl reload lantoa-aggregator");
}

static int offices_prepare_post(struct call *call, struct err *err)
{
	const char *type = http_header(call->request, "Content-Type");
	bool invite = false;
	int rc = call_flag(call, "invite", &invite, err);

	if (rc == 0 && invite)
		rc = call_needs(call, ROLE_LOCAL, err);
	call->body_is_csv = type && strncmp(type, "text/csv", strlen("text/csv")) == 0;
	if (rc == 0)
		rc = importing_prepare(call, err);
	if (rc == 0 && call->dry_run && !call->body_is_csv)
		return err_set(err, -EINVAL,
			       "dry_run is for a table: send one, with Content-Type: text/csv");
	return rc == 0 && invite ? address_needed(call, err) : rc;
}

static int import_offices(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	return offices_import(db, call->body, call->body_len, call->caller.who, ret_n, err);
}

static int offices_table(sqlite3 *db, const struct reference *reference, struct table **ret_table,
			 struct err *err)
{
	static const char *const columns[] = { "code", "name", "unit", "from" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	char from[DAY_TEXT_MAX];

	(void)db;
	if (!table)
		return err_memory(err);
	for (size_t i = 0; i < reference->offices->n; i++) {
		const struct office *office = &reference->offices->list[i];

		table_row(table);
		table_text(table, office->code);
		table_text(table, office->name);
		if (office->n_assignments == 0)
			continue;
		table_text(table, office->assignments->unit_code);
		table_text(table, day_format(office->assignments->from_day, from));
	}
	*ret_table = table;
	return 0;
}

static int offices_post(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	static const struct importing importing = { .what = "offices import",
						    .answer = "added",
						    .keys = "code",
						    .import = import_offices,
						    .table = offices_table,
						    .audited = true };
	int rc;

	if (call->body_is_csv)
		return importing_run(call, db, reference, &importing, err);
	rc = add_one(call, db, reference, err);
	return rc == 0 ? call_answer_number(call, "added", 1, err) : rc;
}

static int move_form(struct call *call, const struct reference *reference, struct change_form *form,
		     struct err *err)
{
	int rc = call_field_needed(call, "code", &form->office, err);

	form->kind = CHANGE_MOVE;
	form->who = call->caller.who;
	if (rc == 0)
		rc = call_field_needed(call, "unit", &form->unit, err);
	if (rc == 0)
		rc = moving_day(call, "from", false, &form->from, err);
	if (rc == 0)
		rc = call_office(reference, &form->office, err);
	if (rc == 0 && strcmp(form->unit, "-") == 0)
		form->unit = NULL;
	else if (rc == 0)
		rc = call_unit(reference, form->from, &form->unit, err);
	return rc;
}

/* A column of what it would be behind what it is. */
static void add_unit(struct table *table, const struct unit *unit)
{
	table_text(table, unit ? unit->code : NULL);
	table_text(table, unit ? unit->name : NULL);
}

static int move_tell(struct call *call, sqlite3 *db, const struct reference *reference,
		     const struct change_form *form, struct err *err)
{
	static const char *const columns[] = { "office",  "name",         "unit", "unit_name",
					       "becomes", "becomes_name", "from" };
	const struct office *office = offices_by_code(reference->offices, form->office);
	struct moving_would would = { 0 };
	char day[DAY_TEXT_MAX];
	int rc = moving_try(db, reference, form, &would, err);
	struct table *table =
		rc == 0 ? table_open(columns, sizeof(columns) / sizeof(columns[0])) : NULL;

	if (rc < 0)
		return rc;
	if (!table)
		return err_memory(err);
	table_row(table);
	table_text(table, office->code);
	table_text(table, office->name);
	add_unit(table, office_unit(office, reference->units, form->from));
	add_unit(table, form->unit ? units_find(reference->units, form->unit, form->from) : NULL);
	table_text(table, day_format(form->from, day));
	table_head_int(table, "would", "moved", (int64_t)would.n);
	moving_cost(table, &would);
	return call_answer_table(call, table, err);
}

static int move_post(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct change_form form = { 0 };
	int rc = move_form(call, reference, &form, err);

	if (rc < 0)
		return rc;
	return call->dry_run ? move_tell(call, db, reference, &form, err)
			     : moving_run(call, db, reference, &form, err);
}

static int rename_tell(struct call *call, const struct reference *reference, const char *code,
		       const char *name, bool changed, struct err *err)
{
	static const char *const columns[] = { "office", "name", "becomes" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));

	if (!table)
		return err_memory(err);
	table_row(table);
	table_text(table, code);
	table_text(table, offices_by_code(reference->offices, code)->name);
	table_text(table, name);
	table_head_int(table, "would", "renamed", changed);
	return call_answer_table(call, table, err);
}

static int rename_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	const char *code = NULL, *name = NULL;
	bool changed = false;
	int rc = call_field_needed(call, "code", &code, err);

	if (rc == 0)
		rc = call_field_needed(call, "name", &name, err);
	if (rc == 0)
		rc = call_office(reference, &code, err);
	if (rc == 0 && call->dry_run)
		rc = trial_begin(db, err);
	if (rc < 0)
		return rc;
	rc = office_rename(db, code, name, call->caller.who, &changed, err);
	if (call->dry_run)
		return trial_end(
			db, rc == 0 ? rename_tell(call, reference, code, name, changed, err) : rc,
			err);
	return rc == 0 ? call_answer_number(call, "renamed", changed, err) : rc;
}

/* The line that brings the office in. */
static int invitation_answer(struct call *call, const struct listed_key *key, const char *code,
			     const uint8_t secret[KEY_LEN], struct err *err)
{
	const struct api_config *config = api_config_of(call->api);
	struct invitation invitation = { 0 };
	char text[INVITATION_TEXT_MAX], until[INSTANT_TEXT_MAX] = "";
	int rc;

	(void)civil_format(key->expires_us, until); /* "" beyond the calendar */

	memcpy(invitation.address, call->address, sizeof(invitation.address));
	/* It fits: the office is there under this code. */
	(void)snprintf(invitation.office, sizeof(invitation.office), "%s", code);
	memcpy(invitation.server_key, config->server_key, KEY_LEN);
	memcpy(invitation.secret_key, secret, KEY_LEN);
	rc = invitation_format(&invitation, text, err);
	if (rc == 0)
		rc = call_answer_texts(
			call, (const char *const[]){ "invitation", text, "until", until }, 2, err);
	sodium_memzero(&invitation, sizeof(invitation));
	sodium_memzero(text, sizeof(text));
	return rc;
}

/* The field "days"; the configuration's when it is not there. */
static int field_days(struct call *call, uint32_t *ret_days, struct err *err)
{
	const char *text = NULL;
	char *end = NULL;
	int rc = call_field(call, "days", &text, err);
	unsigned long days = rc == 0 && text ? strtoul(text, &end, 10) : call->invitation_days;

	if (rc == 0 && text && (*text < '0' || *text > '9' || *end || days < 1 || days > 366))
		rc = err_set(err, -EINVAL, "an invitation is valid for 1 to 366 days, not '%.20s'",
			     text);
	*ret_days = (uint32_t)days;
	return rc;
}

static int invite_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct listed_key key;
	uint8_t secret[KEY_LEN];
	const char *code = NULL;
	uint32_t days = 0;
	int rc = call_field_needed(call, "code", &code, err);

	if (rc == 0)
		rc = field_days(call, &days, err);
	if (rc == 0)
		rc = call_office(reference, &code, err);
	if (rc == 0)
		rc = office_invite(db, code, days, call->caller.who, &key, secret, err);
	if (rc == 0)
		rc = key_feed_read(db, key.office, &call->feed, err);
	if (rc == 0)
		rc = invitation_answer(call, &key, code, secret, err);
	sodium_memzero(secret, sizeof(secret));
	return rc;
}

static int revoke_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	const struct office *office;
	const char *code = NULL;
	size_t revoked = 0;
	int rc = call_field_needed(call, "code", &code, err);

	if (rc == 0)
		rc = call_office(reference, &code, err);
	if (rc == 0)
		rc = office_revoke(db, code, call->caller.who, &revoked, err);
	if (rc < 0)
		return rc;
	office = offices_by_code(reference->offices, code); /* there, or revoke had told */
	rc = key_feed_read(db, office->id, &call->feed, err);
	return rc == 0 ? call_answer_number(call, "revoked", revoked, err) : rc;
}

/* A key list that lags behind lets a revoked key in. It is out of memory: end, and start with the
 * key list as it is on disk. */
static int keys_committed(struct call *call, struct err *err)
{
	(void)err;
	if (key_feed_apply(&call->feed, api_config_of(call->api)->key_list) < 0) {
		log_error("api: out of memory for the list of keys; ending, so that it is read "
			  "anew");
		abort();
	}
	return 0;
}

const struct action office_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/offices", "code", NULL, CALL_READ, offices_prepare, offices_get,
	  NULL, "Offices, and where each is assigned; with a code, where that one was when.",
	  "code! name! unit unit_name from invited_until last_contact state", NULL },
	{ ROLE_ADMIN, "POST", "/v1/offices", "invite " IMPORT_ARGUMENTS, "code name unit from",
	  CALL_WRITE, offices_prepare_post, offices_post, NULL,
	  "Add an office, or a table of them.",
	  "=added =warning? | change! row! column was becomes figures offices", "code name unit" },
	{ ROLE_OPERATOR, "POST", "/v1/offices/move", "dry_run", "code unit from", CALL_WRITE,
	  trial_prepare, move_post, change_committed,
	  "An office is assigned to another unit from a day on.",
	  "=moved =warning? | office! name! unit unit_name becomes becomes_name from!",
	  "code unit" },
	{ ROLE_OPERATOR, "POST", "/v1/offices/rename", "dry_run", "code name", CALL_WRITE,
	  trial_prepare, rename_post, NULL, "An office is called otherwise.",
	  "=renamed | office! name! becomes!", "code name" },
	{ ROLE_LOCAL, "POST", "/v1/offices/invite", NULL, "code days", CALL_WRITE, address_needed,
	  invite_post, keys_committed, "Make the invitation that brings an office in.",
	  "=invitation =until", "code" },
	{ ROLE_LOCAL, "POST", "/v1/offices/revoke", NULL, "code", CALL_WRITE, NULL, revoke_post,
	  keys_committed, "An office's key is good no more.", "=revoked", "code" },
};
const size_t n_office_actions = sizeof(office_actions) / sizeof(office_actions[0]);
