/* /v1/alerts?kind=&office=&all=: what fires, the gravest first; with all also what is pending, and
 * what was resolved within ALL_DAYS. With after (a number, from 0 on): what was told since, in
 * order, and with wait it waits for that. The head has the number of the last change, that of the
 * oldest that is kept, and the epoch: with another one, numbers begin anew (409); and when the
 * province looked last (null: not yet since it was started), and of which kinds it could not say
 * whether they are so (null: of none). */
#include "alert/alert_store.h"
#include "alert/alert_words.h"
#include "api/alert_watch.h"
#include "api/call.h"
#include "api/followers.h"
#include "common/base/array.h"
#include "common/model/civil.h"
#include "schema/epoch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_DAYS   7
#define MOST_USUAL 1000u
#define MOST_MAX   10000u

static int alerts_prepare(struct call *call, struct err *err)
{
	struct alerts_form *form = &call->alerts;
	const char *kind = http_arg(call->request, "kind");
	int64_t wait_s = 0, most = 0;

	form->kind = kind ? alert_kind_find(kind) : ALERT_KINDS;
	if (kind && form->kind == ALERT_KINDS)
		return err_set(err, -EINVAL,
			       "kind: there is no '%.16s'; there are: fault disk clock checkpoint "
			       "backup double silent late quarantine quality",
			       kind);
	form->office = http_arg(call->request, "office");
	if (call_number(call, "after", 0, INT64_MAX, -1, &form->after, err) < 0 ||
	    call_number(call, "epoch", 1, INT64_MAX, 0, &form->epoch, err) < 0 ||
	    call_number(call, "wait", 0, CHANGES_WAIT_MAX_S, 0, &wait_s, err) < 0 ||
	    call_number(call, "most", 1, MOST_MAX, MOST_USUAL, &most, err) < 0 ||
	    call_flag(call, "all", &form->all, err) < 0)
		return err->code;
	form->most = (unsigned)most;
	call->alert_counts = api_alert_counts(call->api);
	if (wait_s > 0 && form->after >= 0)
		call_wait_for_alerts(call, (uint64_t)wait_s * 1000);
	return form->all ? api_alerts_copy(call->api, &call->alert_list, err) : 0;
}

/* --- rows, gathered to be put in order --- */

struct gathering {
	struct call *call;
	const struct reference *reference;
	struct alert_row *rows; /* owned [n] */
	size_t n;
};

static bool is_wanted(const struct alerts_form *form, const struct alert *alert)
{
	return (form->kind == ALERT_KINDS || form->kind == alert->kind) &&
	       (!form->office || (alert_is_of_office(alert->kind, alert->subject) &&
				  strcmp(alert->subject, form->office) == 0));
}

static int gather(void *context, const struct alert_row *row, struct err *err)
{
	struct gathering *gathering = context;
	struct alert_row *rows;

	if (!is_wanted(&gathering->call->alerts, &row->alert))
		return 0;
	rows = array_room(gathering->rows, gathering->n, sizeof(*rows));
	if (!rows)
		return err_memory(err);
	gathering->rows = rows;
	gathering->rows[gathering->n++] = *row;
	return 0;
}

static int gather_resolved(void *context, const struct alert_row *row, struct err *err)
{
	return row->what == ALERT_RESOLVED ? gather(context, row, err) : 0;
}

static int gather_pending(struct gathering *gathering, struct err *err)
{
	const struct alert_list *alerts = &gathering->call->alert_list;
	int rc = 0;

	for (size_t i = 0; i < alerts->n && rc == 0; i++) {
		const struct alert_row row = { .at_us = alerts->list[i].since_us,
					       .alert = alerts->list[i] };

		if (row.alert.state == ALERT_PENDING)
			rc = gather(gathering, &row, err);
	}
	return rc;
}

/* What fires, then what is pending, then what was resolved. */
static int stage(const struct alert_row *row)
{
	return row->what == ALERT_FIRED ? 0 : row->what == ALERT_RESOLVED ? 2 : 1;
}

static int by_need(const void *a, const void *b)
{
	const struct alert_row *x = a, *y = b;
	int by = stage(x) - stage(y);

	if (by == 0)
		by = (int)alert_gravity(y->alert.kind, y->alert.subject) -
		     (int)alert_gravity(x->alert.kind, x->alert.subject);
	if (by == 0 && stage(x) == 2)
		return (y->number > x->number) - (y->number < x->number);
	if (by == 0)
		by = (strcmp(y->alert.subject, ALERT_GROUP) == 0) -
		     (strcmp(x->alert.subject, ALERT_GROUP) == 0);
	if (by == 0)
		by = (x->alert.since_us > y->alert.since_us) -
		     (x->alert.since_us < y->alert.since_us);
	return by ? by
		  : alert_order(x->alert.kind, x->alert.subject, y->alert.kind, y->alert.subject);
}

/* --- the answer --- */

static void put_instant(struct table *table, int64_t at_us)
{
	char text[INSTANT_TEXT_MAX];

	table_text(table, at_us ? civil_format(at_us, text) : NULL);
}

static void put_row(struct table *table, const struct reference *reference,
		    const struct alert_row *row)
{
	static const char *const states[] = { "pending", "firing", "resolved" };
	const struct alert *alert = &row->alert;
	bool of_office = alert_is_of_office(alert->kind, alert->subject);
	const struct office *office =
		of_office && reference ? offices_by_code(reference->offices, alert->subject) : NULL;
	char text[ALERT_SENTENCE_MAX];

	table_row(table);
	if (row->number)
		table_int(table, row->number);
	else
		table_null(table);
	put_instant(table, row->at_us);
	table_text(table, states[row->what]);
	table_text(table, alert_gravity_word(alert_gravity(alert->kind, alert->subject)));
	table_text(table, alert_kind_word(alert->kind));
	table_text(table, alert->subject);
	table_text(table, of_office ? alert->subject : NULL);
	table_text(table, office ? office->name : NULL);
	put_instant(table, alert->since_us);
	alert_tell(alert, office ? office->name : NULL, text);
	table_text(table, text);
	alert_advise(alert, text);
	table_text(table, text);
}

/* A refusal that programs understand, too. */
static int begin_anew(struct call *call, int64_t epoch, int64_t last, struct err *err)
{
	char numbers[96];

	(void)snprintf(numbers, sizeof(numbers), ", \"epoch\": %" PRId64 ", \"last\": %" PRId64,
		       epoch, last); /* fits */
	(void)err_set(err, -ESTALE,
		      "these are not the alerts that you followed: a backup was restored. Start "
		      "again, with after=0 and without epoch");
	return call_refuse_with(call, err, numbers);
}

static int rows_gather(struct gathering *gathering, sqlite3 *db, struct err *err)
{
	const struct alerts_form *form = &gathering->call->alerts;
	const int64_t day_us = INT64_C(86400000000);
	struct alert_question question = { .after = form->after,
					   .since_us = -1,
					   .most = form->most };
	int rc = alert_store_ask(db, &question, gather, gathering, err);

	if (rc < 0 || form->after >= 0)
		return rc;
	if (form->all) {
		question.since_us = civil_now_us() - ALL_DAYS * day_us;
		rc = gather_pending(gathering, err);
		if (rc == 0)
			rc = alert_store_ask(db, &question, gather_resolved, gathering, err);
	}
	if (gathering->n > 1)
		qsort(gathering->rows, gathering->n, sizeof(*gathering->rows), by_need);
	return rc;
}

static void put_looked(struct table *table, const struct alert_counts *counts)
{
	char at[INSTANT_TEXT_MAX], kinds[256] = "";
	size_t len = 0;

	for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++)
		if (counts->unknown[kind])
			len += (size_t)snprintf(kinds + len, sizeof(kinds) - len, "%s%s",
						len ? " " : "", alert_kind_word(kind)); /* fits */
	table_head(table, "alerts", "looked",
		   counts->looked_us ? civil_format(counts->looked_us, at) : NULL);
	table_head(table, "alerts", "not_known", len ? kinds : NULL);
}

static int alerts_answer(struct call *call, const struct gathering *gathering, int64_t epoch,
			 int64_t last, int64_t oldest, struct err *err)
{
	static const char *const columns[] = { "alert", "at",      "state",  "gravity",
					       "kind",  "subject", "office", "name",
					       "since", "what",    "advice" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));

	if (!table)
		return err_memory(err);
	table_head_int(table, "alerts", "last", last);
	table_head_int(table, "alerts", "oldest", oldest);
	table_head_int(table, "alerts", "epoch", epoch);
	put_looked(table, &call->alert_counts);
	for (size_t i = 0; i < gathering->n; i++)
		put_row(table, gathering->reference, &gathering->rows[i]);
	return call_answer_table(call, table, err);
}

static int alerts_get(struct call *call, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	const struct alerts_form *form = &call->alerts;
	struct gathering gathering = { .call = call, .reference = reference };
	int64_t epoch = 0, last = 0, oldest = 0;
	int rc = epoch_read(db, &epoch, err);

	if (rc == 0)
		rc = alert_store_ends(db, &last, &oldest, err);
	call->alerts.seen = last;
	if (rc == 0 && ((form->epoch && form->epoch != epoch) || form->after > last))
		return begin_anew(call, epoch, last, err);
	if (rc == 0)
		rc = rows_gather(&gathering, db, err);
	call->waits = rc == 0 && gathering.n == 0;
	if (rc == 0)
		rc = alerts_answer(call, &gathering, epoch, last, oldest, err);
	free(gathering.rows);
	return rc;
}

const struct action alert_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/alerts", "after epoch wait kind office all most", NULL,
	  CALL_GLANCE, alerts_prepare, alerts_get, NULL,
	  "What should make somebody act: what fires; behind a number, what was told since.",
	  "alert at! state! gravity! kind! subject! office name since what! advice!", NULL },
};
const size_t n_alert_actions = sizeof(alert_actions) / sizeof(alert_actions[0]);
