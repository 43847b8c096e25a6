/* /v1/status, /v1/quarantine?most=&before=, /v1/audit?most=&before=,
 * /v1/history?name=&most=&before=, and /v1/accounts: GET lists them, POST takes
 * account and shown, the name it is shown by. */
#include "api/call.h"
#include "api/status.h"
#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "query/history.h"
#include "schema/account.h"
#include "schema/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_USUAL 1000u
#define ROWS_MOST  100000u

/* The counters change on the loop, so they are copied here and written out on the pool. */
static int status_prepare(struct call *call, struct err *err)
{
	const struct api_config *config = api_config_of(call->api);

	if (heard_contacts(config->contacts, config->key_meters, &call->contacts, err) < 0)
		return -ENOMEM;
	if (config->agents && agent_list_copy(config->agents, &call->agents) < 0)
		return err_memory(err);
	if (config->gate)
		call->gate = *config->gate;
	if (config->intake)
		call->intake = *config->intake;
	call->damage = api_damage(call->api);
	return 0;
}

struct counter {
	const char *name;
	uint64_t value;
};

static void add_counters(struct table *table, const char *object, const struct counter counters[],
			 size_t n)
{
	for (size_t i = 0; i < n; i++)
		table_head_int(table, object, counters[i].name, (int64_t)counters[i].value);
}

static void add_gate(struct table *table, const struct gate_counters *gate)
{
	const struct counter counters[] = {
		{ "handshakes", gate->handshakes },
		{ "refused_handshakes", gate->refused_handshakes },
		{ "hasty_handshakes", gate->hasty_handshakes },
		{ "connections", gate->connections.open },
		{ "handshakes_under_way", gate->connections.strangers },
		{ "door_shut", gate->connections.shut_times },
		{ "cut_before_handshake", gate->connections.cut[CONNECTION_NO_HANDSHAKE] +
						  gate->connections.cut[CONNECTION_SLOW] +
						  gate->connections.cut[CONNECTION_CROWD] },
		{ "cut_silent", gate->connections.cut[CONNECTION_SILENT] },
		{ "cut_endless", gate->connections.cut[CONNECTION_ENDLESS] },
		{ "cut_too_many", gate->connections.cut[CONNECTION_TOO_MANY] },
		{ "cut_revoked", gate->connections.cut[CONNECTION_REVOKED] },
		{ "frames", gate->frames },
		{ "frames_without_user", gate->frames_without_user },
		{ "frames_revoked", gate->frames_revoked },
		{ "frames_malformed", gate->frames_malformed },
		{ "answers", gate->answers },
		{ "answers_undeliverable", gate->answers_undeliverable },
	};

	add_counters(table, "gate", counters, sizeof(counters) / sizeof(counters[0]));
}

static void add_intake(struct table *table, const struct intake_counters *intake)
{
	const struct counter counters[] = {
		{ "batches", intake->batches.batches },
		{ "observations", intake->batches.observations },
		{ "duplicates", intake->batches.duplicates },
		{ "gaps", intake->batches.gaps },
		{ "malformed", intake->malformed },
		{ "misplaced", intake->misplaced },
		{ "over_limit", intake->over + intake->batches.over },
		{ "put_off", intake->put_off },
		{ "bad_batches", intake->batches.malformed },
		{ "later", intake->batches.later },
		{ "held_up", intake->batches.held_up },
		{ "held", intake->batches.held },
		{ "commits", intake->batches.commits },
		{ "failed_commits", intake->batches.failed_commits },
		{ "enrolled", intake->questions.enrolled },
		{ "refused_enrolments", intake->questions.refused_enrolments },
	};

	add_counters(table, "intake", counters, sizeof(counters) / sizeof(counters[0]));
	table_head(table, "intake", "store",
		   intake->batches.failing ? err_strerror(intake->batches.failing) : "well");
}

static void add_disk(struct table *table, const struct intake_counters *intake)
{
	const struct counter counters[] = {
		{ "free_mib", intake->room.free >> 20 },
		{ "reserve_mib", intake->room.reserve >> 20 },
		{ "log_mib", intake->room.log.bytes >> 20 },
		{ "oldest_read_s", intake->room.log.oldest_read_ms / 1000 },
	};

	add_counters(table, "disk", counters, sizeof(counters) / sizeof(counters[0]));
}

static int status_get(struct call *call, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	struct condition_facts facts = condition_facts_of(&call->gate, &call->intake);
	struct table *table = NULL;
	struct err unread = *err;
	facts.pages_met = call->damage;
	facts.contacts = &call->contacts;
	facts.agents = &call->agents;
	facts.no_reference = call->job.stale ? unread.text : NULL;
	int rc = status_run(db, reference, &facts, &table, err);

	if (rc < 0)
		return rc;
	add_gate(table, &call->gate);
	add_intake(table, &call->intake);
	add_disk(table, &call->intake);
	return call_answer_table(call, table, err);
}

static int most_prepare(struct call *call, struct err *err)
{
	const char *text = http_arg(call->request, "most");
	char *end = NULL;
	unsigned long most = text ? strtoul(text, &end, 10) : ROWS_USUAL;

	if (text && (*text < '0' || *text > '9' || *end || most > ROWS_MOST))
		return err_set(err, -EINVAL, "most: must be a number up to %u", ROWS_MOST);
	call->most = (unsigned)most;
	return 0;
}

/* Of an event. */
static int before_prepare(struct call *call, struct err *err)
{
	const char *before = http_arg(call->request, "before");
	char *end = NULL;

	errno = 0;
	call->before = before ? strtoll(before, &end, 10) : 0;
	if (before && (*before < '1' || *before > '9' || *end || errno))
		return err_set(err, -EINVAL, "before: must be the number of an event");
	return most_prepare(call, err);
}

static int quarantine_get(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	const char *text = http_arg(call->request, "before");
	struct quarantine_at before;
	struct table *table = NULL;
	int rc = text ? quarantine_at_parse(text, &before, err) : 0;

	if (rc == 0)
		rc = quarantine_list(db, reference, call->most, text ? &before : NULL, &table, err);

	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

/* From the first moment of one period to the last of the other. */
static int audit_range(struct call *call, struct audit_form *form, struct err *err)
{
	const char *from = http_arg(call->request, "from"), *to = http_arg(call->request, "to");
	struct period period;
	int rc = 0;

	if (from && (rc = period_parse(from, CALENDAR_CIVIL, &period, err)) == 0)
		form->from_us = civil_day_start_us(period_first_day(period));
	if (to && rc == 0 && (rc = period_parse(to, CALENDAR_CIVIL, &period, err)) == 0)
		form->to_us = civil_day_start_us(period_end_day(period));
	return rc;
}

static int audit_get(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	const char *after = http_arg(call->request, "after");
	struct audit_form form = { .who = http_arg(call->request, "who"),
				   .kind = http_arg(call->request, "kind"),
				   .office = http_arg(call->request, "office"),
				   .after = after ? strtoll(after, NULL, 10) : 0, /* judged */
				   .before = call->before,
				   .most = call->most };
	struct table *table = NULL;
	int rc = audit_range(call, &form, err);

	if (rc == 0)
		rc = call_office(reference, &form.office, err);
	if (rc == 0)
		rc = audit_list(db, &form, &table, err);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int history_prepare(struct call *call, struct err *err)
{
	call->code = http_arg(call->request, "name");
	if (!call->code || !*call->code)
		return err_set(err, -EINVAL,
			       "name: must be the code of a unit or office, or the name of a "
			       "metric or indicator");
	return before_prepare(call, err);
}

static int history_get(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct table *table = NULL;
	int rc = history_run(db, reference,
			     &(struct history_form){ .name = call->code,
						     .most = call->most,
						     .before = call->before },
			     &table, err);

	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int accounts_get(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	struct table *table = NULL;
	int rc = account_list(db, &table, err);

	(void)reference;
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int accounts_post(struct call *call, sqlite3 *db, const struct reference *reference,
			 struct err *err)
{
	const char *account, *shown;
	int rc = call_field_needed(call, "account", &account, err);

	(void)reference;
	if (rc == 0)
		rc = call_field_needed(call, "shown", &shown, err);
	if (rc == 0)
		rc = account_name(db, account, shown, err);
	return rc == 0 ? call_answer_text(call, "named", account, err) : rc;
}

const struct action health_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/status", NULL, NULL, CALL_GLANCE, status_prepare, status_get,
	  NULL, "How the province is.",
	  "office! name! unit key last_contact last_received batches held unsent agent "
	  "unit_name",
	  NULL },
	{ ROLE_VIEWER, "GET", "/v1/quarantine", "most before", NULL, CALL_READ, most_prepare,
	  quarantine_get, NULL, "What waits and cannot count, and why.",
	  "entry! office received! metric labels period value observations reason! "
	  "office_name",
	  NULL },
	{ ROLE_VIEWER, "GET", "/v1/audit", "most before after who kind office from to", NULL,
	  CALL_READ, before_prepare, audit_get, NULL, "Who did what, the newest first.",
	  "event! at! who! shown_name act! what! detail", NULL },
	{ ROLE_VIEWER, "GET", "/v1/history", "name most before", NULL, CALL_READ, history_prepare,
	  history_get, NULL,
	  "What was done to a unit, an office, a metric or an indicator, the newest first.",
	  "event at! who shown_name act! what record row column was became detail", "name" },
	{ ROLE_VIEWER, "GET", "/v1/accounts", NULL, NULL, CALL_READ, NULL, accounts_get, NULL,
	  "Who acted, and what each is called.", "account! shown_name acts! last_act", NULL },
	{ ROLE_ADMIN, "POST", "/v1/accounts", NULL, "account shown", CALL_WRITE, NULL,
	  accounts_post, NULL, "Say what an account is called.", "=named", "account shown" },
};
const size_t n_health_actions = sizeof(health_actions) / sizeof(health_actions[0]);
