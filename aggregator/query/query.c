#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "query/figures.h"
#include "query/label_groups.h"
#include "query/query_internal.h"
#include "query/rank.h"
#include "query/series.h"
#include "query/state.h"
#include "query/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct one_answer {
	const struct plan *plan;
	const struct reference *reference; /* lent */
	struct figures *figures;           /* owned */
	struct table *table;               /* lent: the rows go there, */
	size_t most;                       /* and there may be so many */
	struct targets *targets;           /* of an indicator */
	struct rank *ranks;                /* [rows.n], when asked for */
	struct rows rows;
	struct figure *shown; /* [rows.n]: what the rows show */
	struct figure *
		operands[PLAN_OPERANDS_MAX]; /* [rows.n] each; for a metric, operands[0] is shown */
	struct attribution *attribution;     /* [rows.n]: of any operand */
	const struct office *
		*reporters; /* [rows.n]: one due that reported there, lent; NULL: none */
	struct {
		const struct stray *first; /* NULL: none */
		size_t n;
	} strays;                        /* offices without a unit: the rest names one */
	const struct office *nowhere;    /* of no unit, whose figures wait in the rest; NULL */
	struct label_groups groups;      /* by label; none where that was not asked */
	const struct label_group *group; /* at hand; NULL: all labels, added up */
	bool in_force;                   /* it is a code of the list in this bucket */
	char **why; /* [rows.n], owned: of an indicator, err.text of its formula */
	char reason[2 * STRAY_SENTENCE_MAX]; /* why there is no figure */
};

/* Rule 5.8: rounded half to even, once, as it is shown. */
static void put_rational(struct table *table, const mpq_t value, unsigned decimals)
{
	char *text = rational_text(value, decimals);
	table_number(table, text);
	free(text);
}

static unsigned shown_decimals(const struct plan *plan)
{
	return plan->indicator ? INDICATOR_DECIMALS : metric_shown_decimals(plan->metrics[0]);
}

static bool is_empty(const struct figure *figure)
{
	const struct counts *counts = &figure->counts;
	return !figure->has_value && counts->observations == 0 && counts->due == 0 &&
	       counts->extra == 0 && counts->revisions == 0;
}

/* Rows by label name an office without a unit once, where what has no label stands: last. */
static bool tells_strays(const struct one_answer *answer)
{
	const struct label_groups *groups = &answer->groups;
	return answer->strays.first &&
	       (!answer->group || answer->group == &groups->list[groups->n - 1]);
}

/* Rule 5.6. An office without a unit is named, whether anything of it waits or not. */
static const char *reason_of_rest(struct one_answer *answer, const struct figure *rest)
{
	const struct plan *plan = answer->plan;
	const char *where =
		plan->by_office  ? N_("in the area, but not of an office shown")
		: plan->restated ? N_("in the area, but in no single unit under the borders asked "
				      "for")
				 : N_("in the area, but in no unit of the level asked for");
	char sentence[STRAY_SENTENCE_MAX];
	if (tells_strays(answer))
		stray_tell(answer->strays.first, answer->strays.n, sentence);
	else if (answer->nowhere)
		(void)snprintf(sentence, sizeof(sentence),
			       _("office %s reports for no unit, and what it reported waits in "
				 "quarantine"),
			       answer->nowhere->code);
	else
		return where;
	(void)utf8_print(answer->reason, sizeof(answer->reason), "%s%s%s",
			 is_empty(rest) ? "" : _(where), is_empty(rest) ? "" : "; ", sentence);
	return answer->reason;
}

/* The day from which @office stands on @unit, where it does on @day: it moved there then, or the
 * unit began. A move to where it stood already is none. */
static int32_t stands_since(const struct office *office, const struct unit *unit, int32_t day)
{
	int32_t since = day;
	for (size_t i = office->n_assignments; i-- > 0;) {
		const struct assignment *assignment = &office->assignments[i];
		if (assignment->from_day > day)
			continue;
		if (!assignment->unit_code || strcmp(assignment->unit_code, unit->code) != 0)
			break;
		since = assignment->from_day;
	}
	return unit->valid_from > since ? unit->valid_from : since;
}

/* Rule 5.2: a level is what stands at the bucket's end, and who reported here stands elsewhere
 * then.
 */
static const char *reason_of_no_level(struct one_answer *answer, const struct office *office,
				      struct period bucket)
{
	int32_t last = period_end_day(bucket) - 1;
	const struct unit *unit = office_unit(office, answer->reference->units, last);
	char since[DAY_TEXT_MAX];
	if (!unit) {
		(void)snprintf(answer->reason, sizeof(answer->reason),
			       _("no level at the end of the period: office %s reports for no unit "
				 "then"),
			       office->code); /* cut is fine */
		return answer->reason;
	}
	(void)snprintf(answer->reason, sizeof(answer->reason),
		       _("no level at the end of the period: office %s reports for %s %s since %s"),
		       office->code, unit->code, unit->name,
		       day_format(stands_since(office, unit, last), since)); /* cut is fine */
	return answer->reason;
}

static const char *reason_of(struct one_answer *answer, struct period bucket, size_t i)
{
	const struct figure *figure = &answer->shown[i];
	struct attribution attribution = answer->attribution[i];
	if (!answer->rows.list[i].unit && !answer->rows.list[i].office)
		return reason_of_rest(answer, figure);
	if (attribution.unit) {
		(void)utf8_print(answer->reason, sizeof(answer->reason),
				 attribution.divided
					 ? _("not derivable: %s %s was divided in unknown "
					     "proportions")
					 : _("not derivable: %s %s lies here only in part"),
				 attribution.unit->code, attribution.unit->name); /* cut is fine */
		return answer->reason;
	}
	if (figure->has_value)
		return NULL;
	if (answer->plan->indicator)
		return answer->why[i];
	if (answer->plan->metrics[0]->time_agg == AGG_LAST && answer->reporters[i])
		return reason_of_no_level(answer, answer->reporters[i], bucket);
	if (answer->plan->metrics[0]->time_agg == AGG_LAST && figure->counts.extra > 0)
		return N_(
			"no level at the end of the period: who reported here reports for another "
			"unit then, or for none");
	if (figure->counts.due > 0)
		return figure->counts.waiting > 0
			       ? N_("not reported; what came waits in quarantine")
			       : N_("not reported");
	if (!plan_begun(answer->plan, bucket))
		return N_("the period has not begun");
	return plan_over(answer->plan, bucket) ? N_("no office was due to report")
					       : N_("the period is under way: nothing is due yet");
}

static void put_counts(struct table *table, const struct counts *counts)
{
	counts_put(table, counts);
	table_int(table, counts->offices_due);
	table_int(table, counts->offices_reported);
	table_int(table, counts->revisions);
	counts_put_percent(table, counts);
}

static bool asks_level(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_metrics; i++)
		if (plan->metrics[i]->time_agg == AGG_LAST)
			return true;
	return false;
}

static const char *state_word(const struct one_answer *answer, struct period bucket, size_t i)
{
	return state_name(state_of(answer->plan, answer->reference->units, &answer->rows.list[i],
				   &answer->shown[i], bucket, !answer->attribution[i].unit,
				   asks_level(answer->plan), answer->reporters[i] != NULL));
}

/* "name=value;name=value", a missing value empty. Owned by the caller. */
static char *operand_pairs(const struct one_answer *answer, size_t row)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	for (size_t i = 0; i < answer->plan->n_metrics; i++) {
		const struct metric *metric = answer->plan->metrics[i];
		const struct figure *operand = &answer->operands[i][row];
		char *value = operand->has_value
				      ? rational_text(operand->value, metric_shown_decimals(metric))
				      : NULL;
		fprintf(out, "%s%s=%s", i ? ";" : "", metric->name, value ? value : "");
		free(value);
	}
	fclose(out);
	return text;
}

static char *target_pairs(const struct indicator *indicator)
{
	char *text = NULL;
	size_t len;
	FILE *out = indicator->n_targets ? open_memstream(&text, &len) : NULL;
	if (!out)
		return NULL;
	for (size_t i = 0; i < indicator->n_targets; i++)
		fprintf(out, "%s%d=%s", i ? ";" : "", indicator->targets[i].year,
			indicator->targets[i].value);
	fclose(out);
	return text;
}

static void put_indicator(const struct one_answer *answer, size_t row)
{
	char *operands = operand_pairs(answer, row),
	     *targets = target_pairs(answer->plan->indicator);
	table_object(answer->table, operands);
	if (targets)
		table_object(answer->table, targets);
	else
		table_null(answer->table);
	free(operands);
	free(targets);
}

static void put_target_values(struct table *table, const struct target_point *point,
			      const struct figure *figure)
{
	mpq_t distance;
	mpq_init(distance);
	mpq_sub(distance, figure->value, point->value);
	table_number(table, point->target->value);
	table_int(table, point->target->year);
	if (figure->has_value)
		put_rational(table, distance, INDICATOR_DECIMALS);
	else
		table_null(table);
	if (point->has_expected)
		put_rational(table, point->expected, INDICATOR_DECIMALS);
	else
		table_null(table);
	mpq_clear(distance);
}

/* The rest is no place that could have a target, and a target is of the whole, not of a label. */
static void put_target(const struct one_answer *answer, struct period bucket, size_t i)
{
	const struct row *row = &answer->rows.list[i];
	const struct figure *figure = &answer->shown[i];
	struct target_point point = { 0 };
	mpq_inits(point.value, point.expected, NULL);
	if ((row->unit || row->office) && !answer->group)
		targets_next(answer->targets, row, bucket, figure->has_value ? figure->value : NULL,
			     &point);
	if (point.target)
		put_target_values(answer->table, &point, figure);
	else
		for (int cells = 0; cells < 4; cells++)
			table_null(answer->table);
	mpq_clears(point.value, point.expected, NULL);
}

static void put_row(struct one_answer *answer, struct period bucket, size_t i)
{
	const struct plan *plan = answer->plan;
	const struct figure *figure = &answer->shown[i];
	const struct row *row = &answer->rows.list[i];
	char period[PERIOD_TEXT_MAX], until[DAY_TEXT_MAX], from[DAY_TEXT_MAX];
	table_row(answer->table);
	table_text(answer->table, row->unit     ? row->unit->code
				  : row->office ? row->office->code
						: NULL);
	table_text(answer->table, row->unit     ? row->unit->name
				  : row->office ? row->office->name
						: NULL);
	table_text(answer->table, row->unit ? day_format(row->unit->valid_from, from) : NULL);
	table_text(answer->table, period_format(bucket, period));
	table_text(answer->table, plan_under_way(plan, bucket, until));
	if (answer->group) {
		table_text(answer->table, answer->group->label);
		table_text(answer->table, label_group_name(answer->group));
	}
	if (figure->has_value)
		put_rational(answer->table, figure->value, shown_decimals(plan));
	else
		table_null(answer->table); /* rule 5.4 */
	const char *reason = reason_of(answer, bucket, i);
	table_text(answer->table, reason ? _(reason) : NULL);
	put_counts(answer->table, &figure->counts);
	table_text(answer->table, state_word(answer, bucket, i));
	if (plan->indicator) {
		put_indicator(answer, i);
		put_target(answer, bucket, i);
	}
	if (plan->rank && answer->ranks[i].rank > 0) {
		table_int(answer->table, answer->ranks[i].rank);
		table_int(answer->table, answer->ranks[i].of);
	}
}

/* Rule 5.8: the indicator's value in row @i, from exact operands; without one, answer->why[i] says
 * why. */
static int evaluate(struct one_answer *answer, size_t i, struct err *err)
{
	mpq_t values[PLAN_OPERANDS_MAX];
	bool present[PLAN_OPERANDS_MAX];
	size_t n = answer->plan->n_metrics;
	struct err why = { 0 };
	for (size_t k = 0; k < n; k++) {
		mpq_init(values[k]);
		mpq_set(values[k], answer->operands[k][i].value);
		present[k] = answer->operands[k][i].has_value;
	}
	int rc = formula_evaluate(answer->plan->indicator->formula, values, present,
				  answer->shown[i].value, &why);
	answer->shown[i].has_value = rc == 0;
	answer->why[i] = rc < 0 ? strdup(why.text) : NULL;
	for (size_t k = 0; k < n; k++)
		mpq_clear(values[k]);
	if (rc == -ENODATA || rc == -EDOM)
		return answer->why[i] ? 0 : err_memory(err);
	return rc < 0 ? err_set(err, rc, "%s", why.text) : 0;
}

/* A code of the list is told wherever it may be reported; another label, and what has none, where
 * it was. */
static bool is_told(const struct one_answer *answer, size_t i)
{
	const struct figure *figure = &answer->shown[i];
	const struct counts *counts = &figure->counts;
	bool strayed = i + 1 == answer->rows.n && tells_strays(answer);
	return !answer->group || answer->in_force || figure->has_value || strayed ||
	       counts->observations > 0 || counts->revisions > 0 || counts->waiting > 0;
}

static int show(struct one_answer *answer, struct period bucket, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < answer->rows.n && rc == 0 && answer->plan->indicator; i++)
		rc = evaluate(answer, i, err);
	if (rc == 0 && answer->plan->rank)
		rc = rank_all(&answer->rows, answer->shown, shown_decimals(answer->plan),
			      answer->ranks, err);
	/* Rule 5.6: the last row, where it has something to say. */
	const struct figure *rest = &answer->shown[answer->rows.n - 1];
	bool says = !is_empty(rest) || rest->counts.waiting > 0 || tells_strays(answer);
	for (size_t i = 0; i < answer->rows.n - !says && rc == 0; i++)
		if (is_told(answer, i))
			put_row(answer, bucket, i);
	return rc;
}

static void find_strays(struct one_answer *answer, const struct figures *figures)
{
	struct place place;
	const struct stray *stray;
	answer->strays.first = NULL;
	answer->strays.n = 0;
	for (size_t at = 0; (stray = figures_next_stray(figures, &at, &place));)
		if (answer->strays.n++ == 0)
			answer->strays.first = stray;
}

static int compute(struct one_answer *answer, struct period bucket, struct err *err)
{
	struct figures *figures = answer->figures;
	int rc = figures_begin(figures, &answer->rows, bucket, err);
	for (size_t k = 0; k < answer->plan->n_metrics && rc == 0; k++) {
		rc = figures_of(figures, k, answer->operands[k], err);
		for (size_t i = 0; i < answer->rows.n && rc == 0; i++)
			if (!answer->attribution[i].unit)
				answer->attribution[i] = answer->rows.attribution[i];
	}
	if (rc < 0)
		return rc;
	const struct member *members;
	size_t n = figures_end(figures, answer->shown, &members);
	answer->nowhere = NULL;
	find_strays(answer, figures);
	for (size_t i = 0; i < n; i++) {
		const struct member *member = &members[i];
		const struct office **reporter = &answer->reporters[member->row];
		bool reported = member->has_reported || member->counts.reported > 0;
		if (reported && (!*reporter || strcmp(member->office->code, (*reporter)->code) < 0))
			*reporter = member->office;
		if (member->counts.waiting > 0 && member->row + 1 == (int32_t)answer->rows.n &&
		    !office_unit(member->office, answer->reference->units,
				 period_end_day(bucket) - 1))
			answer->nowhere = member->office;
	}
	return show(answer, bucket, err);
}

static int answer_bucket(struct one_answer *answer, struct period bucket, struct err *err)
{
	const struct plan *plan = answer->plan;
	int rc = db_time_left(err);
	if (rc == 0)
		rc = rows_make(plan, answer->reference, bucket, &answer->rows, err);
	if (rc < 0)
		return rc;
	size_t n = answer->rows.n;
	if (answer->most != SIZE_MAX && table_rows(answer->table) + n > answer->most)
		rc = err_set(err, -E2BIG,
			     "the answer would have more than %u rows; ask for less at once",
			     QUERY_ROWS_MAX);
	for (size_t k = 0; k < plan->n_metrics && rc == 0; k++)
		if (!(answer->operands[k] = figures_alloc(n)))
			rc = err_memory(err);
	answer->shown = plan->indicator ? figures_alloc(n) : answer->operands[0];
	answer->attribution = calloc(n, sizeof(*answer->attribution));
	answer->why = calloc(n, sizeof(*answer->why));
	answer->ranks = calloc(n, sizeof(*answer->ranks));
	answer->reporters = calloc(n, sizeof(*answer->reporters));
	if (rc == 0)
		rc = answer->shown && answer->attribution && answer->why && answer->ranks &&
				     answer->reporters
			     ? compute(answer, bucket, err)
			     : err_memory(err);
	if (plan->indicator)
		figures_free(answer->shown, n);
	for (size_t k = 0; k < plan->n_metrics; k++) {
		figures_free(answer->operands[k], n);
		answer->operands[k] = NULL;
	}
	for (size_t i = 0; answer->why && i < n; i++)
		free(answer->why[i]);
	free(answer->why);
	free(answer->ranks);
	free(answer->reporters);
	free(answer->attribution);
	rows_free(&answer->rows);
	return rc;
}

/* Rule 5.3: a label's rows are of its series alone. A bucket in which no row would be told has
 * those of what is not classified. */
static int answer_labels(struct one_answer *answer, struct period bucket, struct err *err)
{
	const char *by_label = answer->plan->by_label;
	const struct code_list *list = dimensions_list(answer->reference->catalogue->dimensions,
						       by_label, strlen(by_label));
	size_t before = table_rows(answer->table);
	int rc = 0;
	for (size_t i = 0; i < answer->groups.n && rc == 0; i++) {
		answer->group = &answer->groups.list[i];
		answer->in_force =
			label_group_is_due(answer->group, list, bucket) ||
			(i + 1 == answer->groups.n && table_rows(answer->table) == before);
		figures_choose(answer->figures, answer->group->series);
		rc = answer_bucket(answer, bucket, err);
	}
	return rc;
}

#define LABEL_COLUMN 5u /* and the next are there when rows are by label */

/* Those of every answer, of an indicator's, and of one with ranks. */
struct table *one_answer_table(const struct plan *plan)
{
	static const char
		*const common[] = { "area",      "name",         "valid_from",  "period",
				    "until",     "label",        "label_name",  "value",
				    "reason",    "observations", "due",         "reported",
				    "on_time",   "carried",      "excused",     "missing",
				    "waiting",   "extra",        "offices_due", "offices_reported",
				    "revisions", "percent",      "state" },
		       *const own[] = { "operands",    "targets",  "target",
					"target_year", "distance", "path" },
		       *const ranks[] = { "rank", "of" };
	const char *columns[sizeof(common) / sizeof(common[0]) + sizeof(own) / sizeof(own[0]) +
			    sizeof(ranks) / sizeof(ranks[0])];
	size_t n = sizeof(common) / sizeof(common[0]), of_label = plan->by_label ? 0 : 2;
	memcpy(columns, common, LABEL_COLUMN * sizeof(common[0]));
	memcpy(columns + LABEL_COLUMN, common + LABEL_COLUMN + of_label,
	       (n - LABEL_COLUMN - of_label) * sizeof(common[0]));
	n -= of_label;
	if (plan->indicator) {
		memcpy(columns + n, own, sizeof(own));
		n += sizeof(own) / sizeof(own[0]);
	}
	if (plan->rank) {
		memcpy(columns + n, ranks, sizeof(ranks));
		n += sizeof(ranks) / sizeof(ranks[0]);
	}
	return table_open(columns, n);
}

struct one_answer *one_answer_open(sqlite3 *db, const struct reference *reference,
				   const struct plan *plan, struct err *err)
{
	struct one_answer *answer = calloc(1, sizeof(*answer));
	if (!answer) {
		(void)err_memory(err);
		return NULL;
	}
	answer->plan = plan;
	answer->reference = reference;
	answer->figures = figures_open(db, reference, plan, false, err);
	int rc = answer->figures ? 0 : err->code;
	if (rc == 0 && plan->indicator && !(answer->targets = targets_open(plan, reference)))
		rc = err_memory(err);
	if (rc == 0 && plan->by_label)
		rc = label_groups_find(db, reference, plan, &answer->groups, err);
	if (rc < 0) {
		one_answer_close(answer);
		return NULL;
	}
	return answer;
}

void one_answer_close(struct one_answer *answer)
{
	if (!answer)
		return;
	figures_close(answer->figures);
	targets_close(answer->targets);
	label_groups_free(&answer->groups);
	free(answer);
}

int one_answer_bucket(struct one_answer *answer, int32_t number, struct table *table, size_t most,
		      struct err *err)
{
	const struct plan *plan = answer->plan;
	answer->table = table;
	answer->most = most;
	return (plan->by_label ? answer_labels : answer_bucket)(answer, plan_bucket(plan, number),
								err);
}
