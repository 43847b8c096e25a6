/* The rules of the catalogue, applied: may this series, may this value count? */
#include "common/model/verdict.h"
#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/model/labels.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *word, *text;
} verdicts[] = {
	[VERDICT_OK] = { "ok", N_("it counts") },
	[VERDICT_UNKNOWN_METRIC] = { "unknown_metric",
				     N_("the catalogue has no metric of that name") },
	[VERDICT_WRONG_PERIOD] = { "wrong_period",
				   N_("the metric is reported for another kind of period") },
	[VERDICT_WRONG_LABELS] = { "wrong_labels", N_("the metric has no such dimension") },
	[VERDICT_TOO_PRECISE] = { "too_precise",
				  N_("the value has more decimals than the metric") },
	[VERDICT_OUT_OF_RANGE] = { "out_of_range",
				   N_("the value is below the metric's min or above its max") },
	[VERDICT_FUTURE] = { "future", N_("the period has not begun yet") },
	[VERDICT_NOT_IN_FORCE] = { "not_in_force",
				   N_("the office was not assigned to a unit in force then") },
	[VERDICT_CLOSED] = { "closed", N_("the period is closed; the province must let it in") },
	[VERDICT_OLDER_COPY] = { "older_copy",
				 N_("the machine that sent it goes on from an older copy, and the "
				    "province has another figure of that period which came "
				    "since; the province decides") },
	[VERDICT_DAMAGED] = { "damaged", N_("what the province keeps of that day is damaged; the "
					    "province must mend it") },
	[VERDICT_UNLISTED] = { "unlisted", N_("its label is not a code of the province's list") },
};

/* Codes come out of journals, which a newer version may have written. */
static bool is_known(enum verdict verdict)
{
	return (unsigned)verdict < sizeof(verdicts) / sizeof(verdicts[0]);
}

const char *verdict_word(enum verdict verdict)
{
	return is_known(verdict) ? verdicts[verdict].word : "other";
}

const char *verdict_text(enum verdict verdict)
{
	return is_known(verdict) ? verdicts[verdict].text : N_("a newer version knows why");
}

enum verdict metric_judge_series(const struct metric *metric, const char *labels,
				 enum calendar calendar, enum grain grain)
{
	const char *key, *value;
	size_t key_len, value_len;
	if (grain != metric->period || calendar != metric->calendar)
		return VERDICT_WRONG_PERIOD;
	while (labels_next(&labels, &key, &key_len, &value, &value_len)) {
		size_t i = 0;
		while (i < metric->n_dimensions &&
		       (strlen(metric->dimensions[i]) != key_len ||
			memcmp(metric->dimensions[i], key, key_len) != 0))
			i++;
		if (i == metric->n_dimensions)
			return VERDICT_WRONG_LABELS;
	}
	return VERDICT_OK;
}

enum verdict metric_judge_value(const struct metric *metric, int64_t value_e, unsigned decimals,
				int64_t *ret_value_e)
{
	int64_t scaled;
	int rc = decimal_rescale(value_e, decimals, metric->decimals, &scaled);
	if (rc == -EINVAL)
		return VERDICT_TOO_PRECISE;
	if (rc != 0 || (metric->has_min && scaled < metric->min_e) ||
	    (metric->has_max && scaled > metric->max_e))
		return VERDICT_OUT_OF_RANGE;
	if (ret_value_e)
		*ret_value_e = scaled;
	return VERDICT_OK;
}
