/* POST /v1/figures records figures for an office: office, period, labels, note, and figures, which
 * are "METRIC=VALUE;METRIC=VALUE" (of one that is withdrawn the value is "-"). ?dry_run=1 tells
 * what it would come to, and records nothing. */
#include "api/call.h"

#include "api/trial.h"
#include "ledger/hand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* @text is taken apart in place. */
static int figures_read(char *text, struct hand_words words[HAND_FIGURES_MAX], size_t *ret_n,
			struct err *err)
{
	size_t n = 0;

	for (char *rest = text, *pair; (pair = strsep(&rest, ";"));) {
		char *value = strchr(pair, '=');

		if (n == HAND_FIGURES_MAX)
			return err_set(err, -E2BIG,
				       "more than %u figures at once; record them in parts",
				       HAND_FIGURES_MAX);
		if (!value)
			return err_set(
				err, -EINVAL,
				"figures: '%s' is not METRIC=VALUE; several are separated by ';'",
				pair);
		*value++ = '\0';
		words[n++] = (struct hand_words){ .metric = pair,
						  .value = strcmp(value, "-") == 0 ? NULL : value };
	}
	*ret_n = n;
	return 0;
}

static int form_read(struct call *call, struct hand_form *form, const char **ret_figures,
		     struct err *err)
{
	const char *labels = NULL;
	int rc = call_field_needed(call, "office", &form->office, err);

	if (rc == 0)
		rc = call_field_needed(call, "figures", ret_figures, err);
	if (rc == 0)
		rc = call_field_needed(call, "period", &form->common.period, err);
	if (rc == 0)
		rc = call_field(call, "note", &form->common.note, err);
	if (rc == 0)
		rc = call_field(call, "labels", &labels, err);
	if (rc == 0 && labels)
		rc = call_labels(call, labels, err);
	form->common.labels = call->labels;
	form->common.who = call->caller.who;
	form->dry_run = call->dry_run;
	return rc;
}

static int figures_post(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	struct hand_form form = { .n = 0 };
	struct hand_words *words = calloc(HAND_FIGURES_MAX, sizeof(*words));
	struct table *table = NULL;
	const char *figures = NULL;
	int rc = words ? form_read(call, &form, &figures, err) : err_memory(err);
	char *text = rc == 0 ? strdup(figures) : NULL;

	if (rc == 0)
		rc = text ? figures_read(text, words, &form.n, err) : err_memory(err);
	form.figures = words;
	if (rc == 0)
		rc = hand_record(call->ledger, db, reference, &form, &table, err);
	free(text);
	free(words);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

const struct action figure_actions[] = {
	{ ROLE_OPERATOR, "POST", "/v1/figures", "dry_run", "office figures period labels note",
	  CALL_POST, trial_prepare, figures_post, NULL,
	  "Record figures for an office, as it told them: METRIC=VALUE, several parted by ';'.",
	  "metric! labels period! was:n was_from was_author was_at became:n change! entry warning",
	  "office figures period" },
};
const size_t n_figure_actions = sizeof(figure_actions) / sizeof(figure_actions[0]);
