/* 1. Words become figures (hand_judge.c), and beside each stands what was there (hand_stand.c).
 *    The rules of the province are asked (hand_rules.c).
 * 2. Those that change something are sealed, a batch for each local day (hand_batch.c), and posted.
 * 3. What the ledger would hold ends it: everything is rolled back.
 * 4. The event, and the message to the office (hand_note.c). */
#include "ledger/hand.h"

#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "ledger/hand_batch.h"
#include "ledger/hand_note.h"
#include "ledger/hand_rules.h"
#include "ledger/hand_stand.h"
#include "registry/hands.h"
#include "schema/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct figure {
	const struct observation *obs;
	const struct metric *metric;
	bool stood, changes;
	struct hand_stand was; /* where it stood */
	struct hand_sayer sayer;
	const char *warning; /* of a rule that does not hold; NULL */
	int64_t entry;       /* that it was recorded with */
};

struct hand { /* an order at work */
	struct ledger *ledger;
	sqlite3 *db;
	const struct reference *reference;
	const struct hand_form *form;
	const struct office *office;
	int64_t at_us;
	struct arena *texts;      /* owned */
	struct observation *list; /* owned [form->n] */
	const char **warnings;    /* owned [form->n]: of the list */
	struct figure *figures;   /* owned [n]: each once */
	size_t n, n_changes;
	uint64_t spool_id;
	enum verdict held; /* of the batch being posted, */
	uint32_t series;   /* and of which of its series */
};

/* --- what stands --- */

static const char *number(const struct metric *metric, int64_t value_e, char text[DECIMAL_TEXT_MAX])
{
	(void)decimal_format(value_e, metric->decimals, text); /* its length */
	return text;
}

/* I13: a total and its parts never add up by accident. As the spool of an office says it. */
static int check_one_kind(const struct figure *figure, const struct hand_stands *stands,
			  struct err *err)
{
	const struct observation *obs = figure->obs;
	char period[PERIOD_TEXT_MAX], value[DECIMAL_TEXT_MAX];
	if (!obs->one_kind || obs->withdrawn)
		return 0;
	for (size_t i = 0; i < stands->n; i++) {
		const struct hand_stand *stand = &stands->list[i];
		if (stand->withdrawn || (*stand->labels == '\0') == (*obs->labels == '\0'))
			continue;
		(void)period_format(obs->period, period);
		(void)number(figure->metric, stand->value_e, value);
		if (*obs->labels)
			return err_set(err, -EEXIST,
				       "%s of %s stands undivided, with the value %s, and this "
				       "part of it would count besides. If the parts are to "
				       "count, withdraw the whole first, then hand them in",
				       obs->metric, period, value);
		return err_set(err, -EEXIST,
			       "%s of %s stands divided: '%s' has the value %s, and this would "
			       "count besides. Hand in the parts alone, which add up to the "
			       "whole; if the whole is to count undivided, withdraw each part "
			       "first",
			       obs->metric, period, stand->labels, value);
	}
	return 0;
}

/* I13: with a label that is mistyped, or of a whole whose parts stand, nothing would be withdrawn.
 */
static int check_there(const struct figure *figure, const struct hand_stands *stands,
		       struct err *err)
{
	const struct observation *obs = figure->obs;
	const struct hand_stand *other = NULL;
	char period[PERIOD_TEXT_MAX], value[DECIMAL_TEXT_MAX];
	if (!obs->withdrawn || figure->stood)
		return 0;
	for (size_t i = 0; i < stands->n && !other; i++)
		other = stands->list[i].withdrawn ? NULL : &stands->list[i];
	(void)period_format(obs->period, period);
	if (!other)
		return err_set(err, -ENOENT,
			       "%s of %s was never reported, and there is nothing to withdraw",
			       obs->metric, period);
	(void)number(figure->metric, other->value_e, value);
	return err_set(err, -ENOENT,
		       "%s of %s was never reported with the labels '%s', and there is nothing to "
		       "withdraw; with the labels '%s' it stands at %s",
		       obs->metric, period, obs->labels, other->labels, value);
}

static bool stands_so(const struct figure *figure)
{
	const struct observation *obs = figure->obs;
	bool stands = figure->stood && !figure->was.withdrawn;
	if (obs->withdrawn)
		return !stands;
	return stands && figure->was.value_e == obs->value_e;
}

static int figure_look(struct hand *hand, struct figure *figure, struct err *err)
{
	struct hand_stands stands = { 0 };
	int rc = hand_stands_read(hand->db, hand->reference, hand->office->id, figure->metric,
				  figure->obs->period, &stands, err);
	if (rc == 0)
		rc = check_one_kind(figure, &stands, err);
	const struct hand_stand *was =
		rc == 0 ? hand_stands_find(&stands, figure->obs->labels) : NULL;
	if (was) {
		figure->stood = true;
		figure->was = *was;
		rc = hand_sayer_read(hand->db, was, &figure->sayer, err);
	}
	if (rc == 0)
		rc = check_there(figure, &stands, err);
	figure->changes = !stands_so(figure);
	hand_stands_free(&stands);
	return rc;
}

/* Is it in the list already? hand_in_check() saw to it that it has the same value there. */
static bool is_there(const struct hand *hand, const struct observation *obs)
{
	for (size_t i = 0; i < hand->n; i++)
		if (strcmp(hand->figures[i].obs->metric, obs->metric) == 0)
			return true;
	return false;
}

static int look(struct hand *hand, struct err *err)
{
	int rc = hand_rules(hand->db, hand->reference, hand->office->id, hand->list, hand->form->n,
			    hand->texts, hand->warnings, err);
	for (size_t i = 0; i < hand->form->n && rc == 0; i++) {
		const struct observation *obs = &hand->list[i];
		if (is_there(hand, obs))
			continue;
		struct figure *figure = &hand->figures[hand->n];
		*figure = (struct figure){ .obs = obs,
					   .metric = catalogue_find(hand->reference->catalogue,
								    obs->metric),
					   .warning = hand->warnings[i] };
		rc = figure_look(hand, figure, err);
		hand->n += rc == 0;
		hand->n_changes += rc == 0 && figure->changes;
	}
	return rc;
}

/* --- recording --- */

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	struct hand *hand = context;
	(void)observations;
	hand->held = verdict;
	hand->series = series;
}

/* Of the order's figures the one of that number, if it is there. */
static const char *metric_held(const struct hand *hand, char text[METRIC_NAME_MAX + 1])
{
	struct err ignored; /* then it is not named */
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(hand->db,
			    "SELECT s.metric FROM spool p JOIN declared d ON d.spool = p.id"
			    " JOIN series s ON s.id = d.series"
			    " WHERE p.office = ? AND p.spool_id = ? AND d.number = ?",
			    &stmt, &ignored);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, hand->office->id);
		sqlite3_bind_int64(stmt, 2, (int64_t)hand->spool_id);
		sqlite3_bind_int64(stmt, 3, hand->series);
		rc = db_step(stmt, &ignored);
	}
	const char *name = rc == 1 ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	(void)utf8_print(text, METRIC_NAME_MAX + 1, "%s", name ? name : "");
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return text;
}

static int refuse_held(const struct hand *hand, struct err *err)
{
	char metric[METRIC_NAME_MAX + 1];
	const char *code = hand->office->code, *period = hand->form->common.period;
	switch (hand->held) {
	case VERDICT_CLOSED:
		err_set(err, -EEXIST,
			"%s is closed (`lantoa closed` tells by which period), and the figure "
			"would only wait; open that one with lantoa reopen, record, and close it "
			"again",
			period);
		break;
	case VERDICT_NOT_IN_FORCE:
		err_set(err, -EEXIST,
			"%s had no unit in force in %s, and the figure would only wait; `lantoa "
			"office show %s` tells which it had when; give it one with lantoa office "
			"move",
			code, period, code);
		break;
	default:
		err_set(err, -EEXIST, "the figure would only wait in quarantine: %s",
			_(verdict_text(hand->held)));
	}
	return err_wrap(err, "%s", metric_held(hand, metric));
}

static int refuse_posting(enum posting posting, struct err *err)
{
	switch (posting) {
	case POSTING_OVER:
		return err->code = -EEXIST; /* it says which limit */
	case POSTING_NEXT:
		return err_set(err, -EAGAIN,
			       "that office's day has so many figures that these are not "
			       "taken in at once");
	default:
		return err_set(err, -EUCLEAN,
			       "the figures that operators recorded for this office before are "
			       "damaged; `lantoa verify` tells what is");
	}
}

static int post(struct hand *hand, uint64_t seq, const struct blob *payload, struct err *err)
{
	const struct entry_form form = { .office = hand->office->id,
					 .spool_id = hand->spool_id,
					 .seq = seq,
					 .payload = payload->data,
					 .len = payload->len,
					 .received_us = hand->at_us,
					 .hand = true };
	enum posting posting;
	uint64_t upto;
	hand->held = VERDICT_OK;
	int rc = ledger_post(hand->ledger, &form, on_held, hand, &posting, &upto, err);
	if (rc == 0 && posting != POSTED)
		return refuse_posting(posting, err);
	return rc == 0 && hand->held != VERDICT_OK ? refuse_held(hand, err) : rc;
}

/* Those of one local day: with another calendar a period of the same name begins on another. */
static int day_record(struct hand *hand, int32_t day, uint64_t seq, struct err *err)
{
	const struct hand_batch_form form = { .office = hand->office->id,
					      .spool_id = hand->spool_id,
					      .at_us = hand->at_us,
					      .who = hand->form->common.who };
	const struct observation **list = calloc(hand->n, sizeof(const struct observation *));
	struct blob payload = { 0 };
	size_t n = 0;
	for (size_t i = 0; list && i < hand->n; i++)
		if (hand->figures[i].changes && hand->figures[i].entry == 0 &&
		    period_first_day(hand->figures[i].obs->period) == day)
			list[n++] = hand->figures[i].obs;
	int rc =
		list ? hand_batch_encode(hand->db, &form, list, n, &payload, err) : err_memory(err);
	if (rc == 0)
		rc = post(hand, seq, &payload, err);
	blob_free(&payload);
	free(list);
	return rc;
}

static int record(struct hand *hand, struct err *err)
{
	uint64_t seq = 0;
	int64_t entry = 0;
	int rc = hand_find(hand->db, hand->office->id, &hand->spool_id, err);
	if (rc == 0)
		rc = hand_make(hand->db, hand->office->id, &hand->spool_id, err);
	if (rc >= 0)
		rc = hand_batch_last(hand->db, hand->office->id, hand->spool_id, &seq, err);
	for (size_t i = 0; i < hand->n && rc == 0; i++) {
		const struct figure *figure = &hand->figures[i];
		if (!figure->changes || figure->entry > 0)
			continue;
		int32_t day = period_first_day(figure->obs->period);
		rc = day_record(hand, day, ++seq, err);
		if (rc == 0)
			rc = db_number(hand->db, "SELECT max(id) FROM journal", &entry, err);
		for (size_t k = i; k < hand->n && rc == 0; k++)
			if (hand->figures[k].changes &&
			    period_first_day(hand->figures[k].obs->period) == day)
				hand->figures[k].entry = entry;
	}
	return rc == 0 ? ledger_finish(hand->ledger, err) : rc;
}

/* --- telling --- */

static int note(const struct hand *hand, struct err *err)
{
	const struct hand_note note = { .office = hand->office->code,
					.common = &hand->form->common,
					.reference = hand->reference };
	const struct observation **list = calloc(hand->n, sizeof(const struct observation *));
	size_t n = 0;
	int64_t entry = 0;
	if (!list)
		return err_memory(err);
	for (size_t i = 0; i < hand->n; i++)
		if (hand->figures[i].changes) {
			list[n++] = hand->figures[i].obs;
			entry = hand->figures[i].entry;
		}
	int rc = hand_note(hand->db, &note, list, n, entry, err);
	free(list);
	return rc;
}

static const char *change_word(const struct figure *figure)
{
	if (!figure->changes)
		return "unchanged";
	if (figure->obs->withdrawn)
		return "withdrawn";
	return figure->stood && !figure->was.withdrawn ? "corrected" : "first";
}

static void figure_put(const struct hand *hand, const struct figure *figure, struct table *table)
{
	char text[INSTANT_TEXT_MAX > PERIOD_TEXT_MAX ? INSTANT_TEXT_MAX : PERIOD_TEXT_MAX];
	const struct observation *obs = figure->obs;
	const struct hand_stand *was = &figure->was;
	table_row(table);
	table_text(table, obs->metric);
	table_text(table, *obs->labels ? obs->labels : NULL);
	table_text(table, period_format(obs->period, text));
	if (figure->stood && !was->withdrawn)
		table_decimal(table, was->value_e, figure->metric->decimals);
	else
		table_null(table);
	table_text(table, !figure->stood ? NULL : figure->sayer.province ? "province" : "office");
	table_text(table, *figure->sayer.author ? figure->sayer.author : NULL);
	table_text(table, figure->stood ? civil_format(was->received_us, text) : NULL);
	if (obs->withdrawn)
		table_null(table);
	else
		table_decimal(table, obs->value_e, figure->metric->decimals);
	table_text(table, change_word(figure));
	if (figure->entry > 0 && !hand->form->dry_run)
		table_int(table, figure->entry);
	else
		table_null(table);
	table_text(table, figure->warning);
}

static int answer(const struct hand *hand, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "metric",   "labels",     "period", "was",
					       "was_from", "was_author", "was_at", "became",
					       "change",   "entry",      "warning" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	if (!table)
		return err_memory(err);
	table_head(table, "record", "office", hand->office->code);
	for (size_t i = 0; i < hand->n; i++)
		figure_put(hand, &hand->figures[i], table);
	if (table_failed(table)) {
		table_close(table);
		return err_memory(err);
	}
	*ret_table = table;
	return 0;
}

/* --- all of it --- */

static int judge(struct hand *hand, struct err *err)
{
	const struct hand_form *form = hand->form;
	if (form->n == 0)
		return err_set(err, -EINVAL, "no figure is given");
	if (form->n > HAND_FIGURES_MAX)
		return err_set(err, -E2BIG, "more than %u figures at once; record them in parts",
			       HAND_FIGURES_MAX);
	hand->office = offices_expect(hand->reference->offices, form->office, err);
	if (!hand->office)
		return -ENOENT;
	hand->texts = arena_open(hand_judge_room(form->n));
	hand->list = calloc(form->n, sizeof(*hand->list));
	hand->figures = calloc(form->n, sizeof(*hand->figures));
	hand->warnings = calloc(form->n, sizeof(const char *));
	int rc = hand->texts && hand->list && hand->figures && hand->warnings
			 ? event_time(hand->db, EVENT_NOW, &hand->at_us, err)
			 : err_memory(err);
	return rc < 0 ? rc
		      : hand_judge(hand->reference->catalogue, &form->common, form->figures,
				   form->n, hand->at_us, hand->texts, hand->list, err);
}

/* What is tried is undone, as if it had not been. */
static int try(struct hand *hand, struct err *err)
{
	int rc = ledger_part_begin(hand->ledger, err);
	if (rc == 0)
		rc = record(hand, err);
	return rc == 0 ? ledger_part_undo(hand->ledger, err) : rc;
}

int hand_record(struct ledger *ledger, sqlite3 *db, const struct reference *reference,
		const struct hand_form *form, struct table **ret_table, struct err *err)
{
	struct hand hand = { .ledger = ledger, .db = db, .reference = reference, .form = form };
	int rc = judge(&hand, err);
	if (rc == 0)
		rc = look(&hand, err);
	if (rc == 0 && hand.n_changes > 0)
		rc = form->dry_run ? try(&hand, err) : record(&hand, err);
	if (rc == 0 && hand.n_changes > 0 && !form->dry_run)
		rc = note(&hand, err);
	if (rc == 0)
		rc = answer(&hand, ret_table, err);
	free(hand.figures);
	free(hand.list);
	free(hand.warnings);
	arena_close(hand.texts);
	return rc;
}
