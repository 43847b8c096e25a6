/* 1. List the cases: each rule and period that a figure of the hand-in may break.
 * 2. Of each case reckon the operands: what stands, and over it what is handed in and not refused.
 * 3. Refuse what breaks a rule that refuses; all cases first, then the figures. Again from 2, until
 *    nothing more is refused: what is left may break a rule now that it held before.
 * 4. Tell the rest that is broken. */
#include "common/model/rule_judging.h"

#include "common/base/array.h"
#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/rule_metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct handed { /* a figure that a rule names */
	const struct observation *obs;
	size_t nth;
	char *key; /* owned: labels_key() */
};

struct judged_case {
	const struct rule *rule;
	struct period period;
};

struct judging {
	const struct rule_standing *standing;
	const struct catalogue *catalogue;
	char point;
	struct handed *list; /* owned [n]: by metric, period, key, then as they came */
	size_t n;
	struct judged_case *cases; /* owned [n_cases]: each once */
	size_t n_cases;
	bool *refused; /* owned [of the hand-in], */
	bool *falls;   /* likewise: when this round is over */
	size_t n_told;
	const struct rule_teller *teller;
};

/* --- cases --- */

static int by_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_place_of(const char *metric, struct period period, const struct observation *obs)
{
	int order = strcmp(metric, obs->metric);
	return order ? order : by_number(period.number, obs->period.number);
}

static int by_series(const void *a, const void *b)
{
	const struct handed *x = a, *y = b;
	int order = by_place_of(x->obs->metric, x->obs->period, y->obs);
	if (order == 0)
		order = strcmp(x->key, y->key);
	return order ? order : by_number((int64_t)x->nth, (int64_t)y->nth);
}

static int by_case(const void *a, const void *b)
{
	const struct judged_case *x = a, *y = b;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return by_number(x->period.number, y->period.number);
}

static int handed_add(struct judging *j, const struct observation *obs, size_t nth, struct err *err)
{
	char key[LABELS_KEY_MAX];
	size_t n_uses;
	const struct rule_use *uses = rules_of(j->catalogue->rules, obs->metric, &n_uses);
	if (n_uses == 0 || obs->now)
		return 0;
	struct handed *list = array_room(j->list, j->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	j->list = list;
	labels_key(obs->labels, key);
	list[j->n] = (struct handed){ .obs = obs, .nth = nth, .key = strdup(key) };
	if (!list[j->n].key)
		return err_memory(err);
	j->n++;
	for (size_t i = 0; i < n_uses; i++) {
		struct judged_case *cases = array_room(j->cases, j->n_cases, sizeof(*cases));
		if (!cases)
			return err_memory(err);
		j->cases = cases;
		if (rule_judges(uses[i].rule, obs->period))
			cases[j->n_cases++] = (struct judged_case){ uses[i].rule, obs->period };
	}
	return 0;
}

static void cases_unite(struct judging *j)
{
	size_t kept = 0;
	if (j->n_cases > 0)
		qsort(j->cases, j->n_cases, sizeof(*j->cases), by_case);
	for (size_t i = 0; i < j->n_cases; i++)
		if (kept == 0 || by_case(&j->cases[kept - 1], &j->cases[i]) != 0)
			j->cases[kept++] = j->cases[i];
	j->n_cases = kept;
}

/* --- operands --- */

static bool is_refused(const struct judging *j, const struct handed *handed)
{
	return j->refused[handed->nth];
}

/* The first of the metric's figures of the period; *@ret_n: how many follow each other. */
static const struct handed *handed_of(const struct judging *j, const char *metric,
				      struct period period, size_t *ret_n)
{
	size_t from = 0, to = j->n;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (by_place_of(metric, period, j->list[middle].obs) > 0)
			from = middle + 1;
		else
			to = middle;
	}
	*ret_n = 0;
	while (from + *ret_n < j->n && by_place_of(metric, period, j->list[from + *ret_n].obs) == 0)
		++*ret_n;
	return &j->list[from];
}

struct stands { /* what stands of one metric and period */
	struct standing_value {
		char *key; /* owned */
		int64_t value_e;
		unsigned decimals;
		bool withdrawn, handed;
	} * list; /* owned [n] */
	size_t n;
	struct err *err;
};

static int on_standing(void *context, const struct observation *obs)
{
	struct stands *stands = context;
	struct standing_value *list = array_room(stands->list, stands->n, sizeof(*list));
	if (!list)
		return err_memory(stands->err);
	stands->list = list;
	list += stands->n++;
	*list = (struct standing_value){ .value_e = obs->value_e,
					 .decimals = obs->decimals,
					 .withdrawn = obs->withdrawn };
	char key[LABELS_KEY_MAX];
	labels_key(obs->labels, key);
	list->key = strdup(key);
	return list->key ? 0 : err_memory(stands->err);
}

static void stands_free(struct stands *stands)
{
	for (size_t i = 0; i < stands->n; i++)
		free(stands->list[i].key);
	free(stands->list);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct standing_value *)a)->key,
		      ((const struct standing_value *)b)->key);
}

/* The series of @key after @handed[@n], all of it, over what stood. */
static void series_add(const struct judging *j, const struct handed *handed, size_t n,
		       struct standing_value *stood, struct operand_sum *sum)
{
	struct standing_value now = { .withdrawn = true };
	if (stood) {
		now = *stood;
		stood->handed = true;
	}
	for (size_t i = 0; i < n; i++) {
		const struct observation *obs = handed[i].obs;
		int64_t base = 0;
		if (is_refused(j, &handed[i]))
			continue;
		bool adds = obs->add && !now.withdrawn &&
			    decimal_rescale(now.value_e, now.decimals, obs->decimals, &base) == 0;
		now.withdrawn = obs->withdrawn;
		now.decimals = obs->decimals;
		/* What leaves 64 bits is refused by the spool. */
		if (!adds || __builtin_add_overflow(base, obs->value_e, &now.value_e))
			now.value_e = obs->value_e;
	}
	if (!now.withdrawn)
		operand_add(sum, now.value_e, now.decimals);
}

static int operand_make(const struct judging *j, const char *name, struct period period,
			struct operand *ret, struct err *err)
{
	const struct metric *metric = catalogue_find(j->catalogue, name);
	struct stands stands = { .err = err };
	struct operand_sum sum = { 0 };
	size_t n;
	*ret = (struct operand){ .known = false };
	if (!metric)
		return 0;
	const struct handed *handed = handed_of(j, name, period, &n);
	int rc = j->standing->each(j->standing->context, name, period, on_standing, &stands, err);
	if (rc < 0) {
		stands_free(&stands);
		return rc;
	}
	if (stands.n > 1)
		qsort(stands.list, stands.n, sizeof(*stands.list), by_key);
	for (size_t from = 0, end; from < n; from = end) {
		struct standing_value like = { .key = handed[from].key }, *stood = NULL;
		for (end = from + 1; end < n && strcmp(handed[from].key, handed[end].key) == 0;)
			end++;
		if (stands.n > 0)
			stood = bsearch(&like, stands.list, stands.n, sizeof(like), by_key);
		series_add(j, &handed[from], end - from, stood, &sum);
	}
	for (size_t i = 0; i < stands.n; i++)
		if (!stands.list[i].handed && !stands.list[i].withdrawn)
			operand_add(&sum, stands.list[i].value_e, stands.list[i].decimals);
	stands_free(&stands);
	*ret = operand_of(&sum, metric);
	return 0;
}

/* 1: the rule is broken. */
static int case_judge(const struct judging *j, const struct judged_case *judged,
		      struct operand operands[RULE_TERMS_MAX], struct err *err)
{
	const struct rule *rule = judged->rule;
	for (size_t i = 0; i < rule->n; i++) {
		int rc = operand_make(j, rule->terms[i].metric, judged->period, &operands[i], err);
		if (rc < 0)
			return rc;
	}
	return rule_judge(rule, operands) == RULE_BROKEN;
}

/* --- what is broken --- */

static const char *case_say(const struct judging *j, const struct judged_case *judged,
			    const struct operand operands[], char text[ERR_TEXT_MAX])
{
	char words[RULE_TEXT_MAX], numbers[RULE_TEXT_MAX], period[PERIOD_TEXT_MAX];
	const char *said = rule_words(judged->rule, words);
	(void)rule_numbers(judged->rule, j->catalogue, operands, j->point, numbers);
	(void)period_format(judged->period, period);
	(void)utf8_print(text, ERR_TEXT_MAX, /* cut is fine */
			 judged->rule->refuse
				 ? _("the rule \"%s\" does not hold for %s: %s; correct the one "
				     "that is wrong, and hand them in together")
				 : _("the rule \"%s\" does not hold for %s: %s; if one of them is "
				     "wrong, correct it"),
			 said, period, numbers);
	return text;
}

/* All figures of the hand-in that the case's rule names, but for those refused before. */
static int case_tell(struct judging *j, const struct judged_case *judged,
		     const struct operand operands[], struct err *err)
{
	char text[ERR_TEXT_MAX];
	int rc = 0;
	(void)case_say(j, judged, operands, text);
	for (size_t i = 0; i < judged->rule->n && rc == 0; i++) {
		size_t n;
		const struct handed *handed =
			handed_of(j, judged->rule->terms[i].metric, judged->period, &n);
		for (size_t k = 0; k < n && rc == 0; k++) {
			if (is_refused(j, &handed[k]))
				continue;
			j->n_told++;
			j->falls[handed[k].nth] |= judged->rule->refuse;
			rc = j->teller->tell(j->teller->context, handed[k].nth,
					     judged->rule->refuse, text, err);
		}
	}
	return rc;
}

/* Of the rules that refuse, or of those that warn. Returns how many figures were told of. */
static int64_t round_judge(struct judging *j, size_t n, bool refuse, struct err *err)
{
	struct operand operands[RULE_TERMS_MAX];
	size_t before = j->n_told;
	for (size_t i = 0; i < j->n_cases; i++) {
		if (j->cases[i].rule->refuse != refuse)
			continue;
		int rc = case_judge(j, &j->cases[i], operands, err);
		if (rc == 1)
			rc = case_tell(j, &j->cases[i], operands, err);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < n; i++)
		j->refused[i] |= j->falls[i];
	return (int64_t)(j->n_told - before);
}

int rules_judge(const struct rule_standing *standing, const struct catalogue *catalogue,
		const struct observation list[], size_t n, const bool refused[], char point,
		const struct rule_teller *teller, struct err *err)
{
	struct judging j = { .standing = standing,
			     .catalogue = catalogue,
			     .point = point,
			     .refused = calloc(n + 1, sizeof(bool)),
			     .falls = calloc(n + 1, sizeof(bool)),
			     .teller = teller };
	int64_t rc = j.refused && j.falls ? 0 : err_memory(err);
	if (rc == 0 && refused)
		memcpy(j.refused, refused, n * sizeof(bool));
	for (size_t i = 0; catalogue->rules && i < n && rc == 0; i++)
		rc = handed_add(&j, &list[i], i, err);
	cases_unite(&j);
	if (rc == 0 && j.n > 1)
		qsort(j.list, j.n, sizeof(*j.list), by_series);
	bool refuses = rc == 0 && j.n_cases > 0;
	while (refuses) {
		rc = round_judge(&j, n, true, err);
		refuses = rc > 0;
	}
	if (rc == 0)
		rc = round_judge(&j, n, false, err);
	for (size_t i = 0; i < j.n; i++)
		free(j.list[i].key);
	free(j.list);
	free(j.cases);
	free(j.refused);
	free(j.falls);
	return rc < 0 ? (int)rc : 0;
}
