/* /v1/offices/heads: which heads of the ledger do offices keep, and does this ledger have them?
 * With code of one office, else of all: the newest, as each told when it came. With days or since,
 * of one or (all=1) of all: those of these days, which the offices are asked for (heads_survey.h).
 */
#include "api/call.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "ingest/heads_survey.h"
#include "schema/chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A day has one head, and one more for each time that the province was set back on it. */
#define BREAKS_MAX 16

/* The argument days or since, as a day; 0: neither is there. */
static int since_read(const struct call *call, int32_t today, int32_t *ret_since, struct err *err)
{
	const char *days = http_arg(call->request, "days"),
		   *since = http_arg(call->request, "since");
	char *end = NULL;

	*ret_since = 0;
	if (days && since)
		return err_set(err, -EINVAL, "days, since: give one of the two");
	if (since && day_parse(since, ret_since, err) < 0)
		return err_wrap(err, "since");
	if (since && *ret_since > today)
		return err_set(err, -EINVAL, "since: %s has not come yet", since);
	if (days) {
		unsigned long n = strtoul(days, &end, 10);

		if (*days < '0' || *days > '9' || *end || n < 1 || n > WIRE_HEADS_MAX)
			return err_set(err, -EINVAL, "days: must be a number from 1 to %u",
				       WIRE_HEADS_MAX);
		*ret_since = today - (int32_t)n + 1;
	}
	return 0;
}

/* -1: there is none that could be asked; its rows say so. */
static int64_t office_of(const struct call *call)
{
	const struct listed_key *key =
		call->code ? key_list_of_code(api_config_of(call->api)->key_list, call->code)
			   : NULL;

	return !call->code ? 0 : key ? key->office : -1;
}

static int heads_prepare(struct call *call, struct err *err)
{
	const struct api_config *config = api_config_of(call->api);
	int32_t today = civil_day(civil_now_us());
	bool all = false;
	int rc = call_flag(call, "all", &all, err);

	call->code = http_arg(call->request, "code");
	if (rc == 0)
		rc = since_read(call, today, &call->since, err);
	if (rc == 0 && all && call->code)
		rc = err_set(err, -EINVAL, "code, all: give one of the two");
	else if (rc == 0 && all && call->since == 0)
		rc = err_set(err, -EINVAL, "all: of which days? Say days or since");
	else if (rc == 0 && call->since != 0 && !all && !call->code)
		rc = err_set(err, -EINVAL, "days, since: name an office, or say all");
	if (rc == 0 && config->agents && agent_list_copy(config->agents, &call->agents) < 0)
		rc = err_memory(err);
	if (rc < 0 || call->since == 0)
		return rc;
	int64_t most = (int64_t)today - call->since + 1 + BREAKS_MAX;
	call->heads.most = most < WIRE_HEADS_MAX ? (uint32_t)most : WIRE_HEADS_MAX;
	return call_ask_heads(call, office_of(call), err);
}

/* I11: what cannot be read here hides no other head. */
static int judge(sqlite3 *db, int64_t position, const uint8_t chain[CHAIN_LEN],
		 enum link_verdict *ret_verdict, char text[HEAD_TEXT_MAX], struct err *err)
{
	struct ledger_head told = { .entry = position };
	int rc = ledger_link_judge(db, position, chain, ret_verdict, err);

	memcpy(told.chain, chain, CHAIN_LEN);
	(void)ledger_head_text(&told, text);
	if (rc == -EUCLEAN)
		*ret_verdict = LINK_UNKNOWN;
	return rc == -EUCLEAN ? 0 : rc;
}

static const char *verdict_shown(enum link_verdict verdict)
{
	const char *word = link_verdict_word(verdict);

	return word ? word : "unreadable here";
}

/* The newest head that an office keeps, as it told with its last Hello, beside this ledger. */
static int add_newest(sqlite3 *db, const struct office *office, const struct agent_note *agent,
		      struct table *table, struct err *err)
{
	char text[HEAD_TEXT_MAX], at[INSTANT_TEXT_MAX];
	enum link_verdict verdict = LINK_UNKNOWN;
	int rc;

	if (!agent || agent->position < 1)
		return 0;
	rc = judge(db, agent->position, agent->chain, &verdict, text, err);
	if (rc < 0)
		return rc;
	table_row(table);
	table_text(table, office->code);
	table_text(table, office->name);
	table_text(table, civil_format(agent->hello_us, at));
	table_text(table, text);
	table_text(table, verdict_shown(verdict));
	if (agent->odd != LINK_UNKNOWN)
		table_int(table, agent->odd_position);
	return 0;
}

/* What an office's heads say together, by the first that this ledger does not have. */
struct heads_sum {
	size_t n;
	int32_t first, last;        /* days: of all, */
	int32_t before, odd, again; /* of the last that agrees before it, its own, of the first that
				     * agrees behind all of that kind; 0: there is none */
};

static void sum_add(struct heads_sum *sum, int32_t day, enum link_verdict verdict)
{
	bool odd = verdict == LINK_DIFFERS || verdict == LINK_BEYOND;

	sum->first = sum->n++ == 0 ? day : sum->first;
	sum->last = day;
	if (odd && sum->odd == 0)
		sum->odd = day;
	if (odd)
		sum->again = 0;
	else if (verdict == LINK_AGREES && sum->odd == 0)
		sum->before = day;
	else if (verdict == LINK_AGREES && sum->again == 0)
		sum->again = day;
}

static void sum_say(const struct heads_sum *sum, struct table *table, const char *code)
{
	char text[160], first[DAY_TEXT_MAX], last[DAY_TEXT_MAX], before[DAY_TEXT_MAX],
		odd[DAY_TEXT_MAX], again[DAY_TEXT_MAX];

	(void)day_format(sum->first, first);
	(void)day_format(sum->last, last);
	(void)day_format(sum->before, before);
	(void)day_format(sum->odd, odd);
	(void)day_format(sum->again, again);
	/* what is cut is fine, and nothing is */
	if (sum->odd == 0)
		(void)snprintf(text, sizeof(text), _("agrees from %s to %s"), first, last);
	else if (sum->before && sum->again)
		(void)snprintf(text, sizeof(text),
			       _("agrees up to %s, differs from %s on, agrees again from %s on"),
			       before, odd, again);
	else if (sum->before)
		(void)snprintf(text, sizeof(text), _("agrees up to %s, differs from %s on"), before,
			       odd);
	else if (sum->again)
		(void)snprintf(text, sizeof(text), _("differs from %s on, agrees from %s on"), odd,
			       again);
	else
		(void)snprintf(text, sizeof(text), _("differs from %s on"), odd);
	table_head(table, "offices", code, text);
}

/* Instead of heads, why there are none. */
static void add_silent(const struct office *office, const struct agent_note *agent,
		       const struct asked_office *asked, struct table *table)
{
	const char *why = _("not connected");
	char text[96];

	if (asked && asked->state == HEADS_TOLD)
		why = _("keeps no head of these days");
	else if (asked && asked->state == HEADS_SILENT)
		why = _("did not answer in time");
	else if (agent && agent->protocol < WIRE_EDITIONS) {
		(void)snprintf(text, sizeof(text),
			       _("speaks protocol %u, which keeps no heads: upgrade its "
				 "lantoa-agent"),
			       agent->protocol); /* cut is fine */
		why = text;
	}
	table_head(table, "offices", office->code, why);
	table_row(table);
	table_text(table, office->code);
	table_text(table, office->name);
	table_null(table);
	table_null(table);
	table_text(table, why);
}

static int add_older(struct call *call, sqlite3 *db, const struct office *office,
		     struct table *table, struct err *err)
{
	struct asked_office *asked = heads_question_find(&call->heads, office->id);
	struct heads_sum sum = { 0 };
	char text[HEAD_TEXT_MAX], day[DAY_TEXT_MAX];
	int rc = 0;

	for (size_t i = 0; asked && i < asked->n && rc == 0; i++) {
		const struct kept_head *kept = &asked->heads[i];
		enum link_verdict verdict = LINK_UNKNOWN;

		if (kept->day < call->since)
			continue;
		rc = judge(db, kept->position, kept->chain, &verdict, text, err);
		sum_add(&sum, kept->day, verdict);
		if (sum.odd != 0 && asked->odd == LINK_UNKNOWN) {
			asked->odd = verdict;
			asked->odd_position = kept->position;
		}
		table_row(table);
		table_text(table, office->code);
		table_text(table, office->name);
		table_text(table, day_format(kept->day, day));
		table_text(table, text);
		table_text(table, verdict_shown(verdict));
	}
	if (sum.n > 0)
		sum_say(&sum, table, office->code);
	else
		add_silent(office, agent_list_find(&call->agents, office->id), asked, table);
	return rc;
}

static int heads_get(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	static const char *const newest[] = { "office", "name", "told", "head", "ledger", "odd" },
				 *const older[] = { "office", "name", "heard_on", "head",
						    "ledger" };
	struct table *table = call->since ? table_open(older, sizeof(older) / sizeof(older[0]))
					  : table_open(newest, sizeof(newest) / sizeof(newest[0]));
	const char *code = call->code;
	int rc;

	if (!table)
		return err_memory(err);
	rc = call_office(reference, &code, err);
	for (size_t i = 0; i < reference->offices->n && rc == 0; i++) {
		const struct office *office = &reference->offices->list[i];

		if (code && strcmp(code, office->code) != 0)
			continue;
		rc = call->since
			     ? add_older(call, db, office, table, err)
			     : add_newest(db, office, agent_list_find(&call->agents, office->id),
					  table, err);
	}
	if (rc == 0)
		return call_answer_table(call, table, err);
	table_close(table);
	return rc;
}

static int heads_judged(struct call *call, struct err *err)
{
	(void)err;
	if (call->asks)
		heads_survey_judged(api_config_of(call->api)->heads_survey, &call->heads);
	return 0;
}

const struct action heads_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/offices/heads", "code all days since", NULL, CALL_READ,
	  heads_prepare, heads_get, heads_judged, "Which heads of the ledger offices keep.",
	  "office! name! told head! ledger! odd | office! name! heard_on head ledger", NULL },
};
const size_t n_heads_actions = sizeof(heads_actions) / sizeof(heads_actions[0]);
