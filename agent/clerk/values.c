#include "clerk/values.h"

#include "common/base/arena.h"
#include "common/base/array.h"
#include "common/base/decimal.h"
#include "office/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX   20000u     /* a page with more is of no use */
#define REFUSALS_MAX 200u       /* the newest */
#define TEXTS_MAX    (4u << 20) /* bytes: their labels and reasons */

struct reading {
	struct values *values;
	const struct metric *metric;
	struct err *err;
};

static const char *keep(struct values *values, const char *text)
{
	size_t size = strlen(text) + 1;
	char *kept = arena_alloc_raw(values->texts, size);
	return kept ? memcpy(kept, text, size) : NULL;
}

/* Labels of a series come again and again. */
static const char *keep_labels(struct values *values, const char *labels)
{
	const struct value *last = values->n > 0 ? &values->list[values->n - 1] : NULL;
	return last && strcmp(last->labels, labels) == 0 ? last->labels : keep(values, labels);
}

static int on_value(void *context, const struct spool_value *from)
{
	struct reading *reading = context;
	struct values *values = reading->values;
	struct value value = { .metric = reading->metric,
			       .period = from->obs.period,
			       .withdrawn = from->obs.withdrawn,
			       .seq = from->seq };
	/* Of the time when the catalogue gave it more decimals. */
	if (decimal_rescale(from->obs.value_e, from->obs.decimals, reading->metric->decimals,
			    &value.value_e) < 0)
		return 0;
	if (values->n >= VALUES_MAX) /* I10 */
		return err_set(
			reading->err, -E2BIG,
			"there are more figures than this page can show; hand them in as a file");
	value.labels = keep_labels(values, from->obs.labels);
	bool authored = *from->obs.author, noted = *from->obs.note;
	value.author = authored ? keep(values, from->obs.author) : NULL;
	value.note = noted ? keep(values, from->obs.note) : NULL;
	struct value *list = array_room(values->list, values->n, sizeof(*list));
	if (list)
		values->list = list;
	if (!list || !value.labels || (authored && !value.author) || (noted && !value.note))
		return err_memory(reading->err);
	list[values->n++] = value;
	return 0;
}

static int on_finished(void *context, const struct spool_finished *from)
{
	struct reading *reading = context;
	struct values *values = reading->values;
	struct spool_finished *list =
		array_room(values->finished, values->n_finished, sizeof(*list));
	if (!list)
		return err_memory(reading->err);
	values->finished = list;
	list[values->n_finished++] = *from;
	return 0;
}

static int on_refusal(void *context, const struct spool_refusal *from)
{
	struct reading *reading = context;
	struct values *values = reading->values;
	struct refusal refusal = { .seq = from->seq,
				   .metric = keep(values, from->metric),
				   .labels = keep(values, from->labels),
				   .reason = keep(values, from->reason),
				   .observations = from->observations };
	struct refusal *list = array_room(values->refusals, values->n_refusals, sizeof(*list));
	if (list)
		values->refusals = list;
	if (!list || !refusal.metric || !refusal.labels || !refusal.reason)
		return err_memory(reading->err);
	list[values->n_refusals++] = refusal;
	return 0;
}

static int read_values(struct spool *spool, const struct values_question *question,
		       struct reading *reading)
{
	const struct catalogue *catalogue = question->catalogue;
	int rc = 0;
	for (size_t i = 0; i < catalogue->n && rc == 0; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		reading->metric = metric;
		bool asked = question->kind ? metric->period == question->kind->grain &&
						      metric->calendar == question->kind->calendar
					    : metric->period >= GRAIN_HOUR;
		if (asked)
			rc = spool_each_newest(spool, metric->name, metric->calendar,
					       metric->period, question->until_day, question->most,
					       on_value, reading, reading->err);
	}
	return rc;
}

static int read_office(struct spool *spool, struct values *values, struct err *err)
{
	struct facts office = { 0 };
	int rc = facts_read_office(spool, &office, err);
	values->office_name = office.office_name ? keep(values, office.office_name) : NULL;
	values->level = office.level && *office.level ? keep(values, office.level) : NULL;
	facts_free(&office);
	return rc;
}

int values_read(struct spool *spool, const struct values_question *question,
		struct values *ret_values, struct err *err)
{
	struct values values = { .texts = arena_open(TEXTS_MAX) };
	struct reading reading = { .values = &values, .err = err };
	int rc = values.texts ? 0 : err_memory(err);
	if (rc == 0)
		rc = spool_status(spool, &values.status, err);
	if (rc == 0)
		rc = read_office(spool, &values, err);
	if (rc == 0)
		rc = read_values(spool, question, &reading);
	if (rc == 0)
		rc = spool_each_refusal(spool, REFUSALS_MAX, on_refusal, &reading, err);
	if (rc == 0)
		rc = spool_each_finished(spool, DAY_MIN, on_finished, &reading, err);
	if (rc == 0)
		rc = bulletin_read(spool, &values.told, err);
	if (rc < 0)
		values_free(&values);
	else
		*ret_values = values;
	return rc;
}

void values_free(struct values *values)
{
	free(values->list);
	free(values->refusals);
	free(values->finished);
	bulletin_free(&values->told);
	arena_close(values->texts);
	*values = (struct values){ 0 };
}

const struct spool_finished *values_finished(const struct values *values, struct period period)
{
	for (size_t i = 0; i < values->n_finished; i++) {
		const struct spool_finished *finished = &values->finished[i];
		if (finished->period.calendar == period.calendar &&
		    finished->period.grain == period.grain &&
		    finished->period.number == period.number)
			return finished->undone ? NULL : finished;
	}
	return NULL;
}

const struct refusal *value_refusal(const struct values *values, const struct value *value)
{
	for (size_t i = 0; i < values->n_refusals && value->seq > 0; i++) {
		const struct refusal *refusal = &values->refusals[i];
		if (refusal->seq == value->seq &&
		    strcmp(refusal->metric, value->metric->name) == 0 &&
		    strcmp(refusal->labels, value->labels) == 0)
			return refusal;
	}
	return NULL;
}

enum value_state value_state(const struct values *values, const struct value *value)
{
	if (value->seq == 0)
		return VALUE_SAVED;
	if (value_refusal(values, value))
		return VALUE_REFUSED;
	return value->seq <= values->status.acked_seq ? VALUE_RECEIVED : VALUE_SENT;
}
