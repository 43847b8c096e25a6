#include "clerk/values.h"

#include "common/base/arena.h"
#include "common/base/decimal.h"
#include "office/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIGURES_MAX  20000u     /* a page with more is of no use */
#define REFUSALS_MAX 200u       /* the newest */
#define TEXTS_MAX    (4u << 20) /* bytes: their labels and reasons */

struct reading {
	struct figures *figures;
	const struct metric *metric;
	struct err *err;
};

static const char *keep(struct figures *figures, const char *text)
{
	size_t size = strlen(text) + 1;
	char *kept = arena_alloc_raw(figures->texts, size);
	return kept ? memcpy(kept, text, size) : NULL;
}

/* Labels of a series come again and again. */
static const char *keep_labels(struct figures *figures, const char *labels)
{
	const struct figure *last = figures->n > 0 ? &figures->list[figures->n - 1] : NULL;
	return last && strcmp(last->labels, labels) == 0 ? last->labels : keep(figures, labels);
}

/* Room for one more of @size in @list[@n]. */
static int grow(void *list_pointer, size_t *room, size_t n, size_t size)
{
	void **list = list_pointer;
	if (n < *room)
		return 0;
	size_t more = *room ? *room * 2 : 64;
	void *grown = realloc(*list, more * size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*room = more;
	return 0;
}

static int on_value(void *context, const struct spool_value *value)
{
	struct reading *reading = context;
	struct figures *figures = reading->figures;
	struct figure figure = { .metric = reading->metric,
				 .period = value->obs.period,
				 .withdrawn = value->obs.withdrawn,
				 .seq = value->seq };
	/* Of the time when the catalogue gave it more decimals. */
	if (decimal_rescale(value->obs.value_e, value->obs.decimals, reading->metric->decimals,
			    &figure.value_e) < 0)
		return 0;
	if (figures->n >= FIGURES_MAX)
		return err_set(reading->err, -E2BIG,
			       "there are more figures than this page can show; hand them in by "
			       "a file");
	figure.labels = keep_labels(figures, value->obs.labels);
	if (!figure.labels ||
	    grow(&figures->list, &figures->room, figures->n, sizeof(figures->list[0])) < 0)
		return err_memory(reading->err);
	figures->list[figures->n++] = figure;
	return 0;
}

static int on_refusal(void *context, const struct spool_refusal *from)
{
	struct reading *reading = context;
	struct figures *figures = reading->figures;
	struct refusal refusal = { .seq = from->seq,
				   .metric = keep(figures, from->metric),
				   .labels = keep(figures, from->labels),
				   .reason = keep(figures, from->reason),
				   .observations = from->observations };
	if (!refusal.metric || !refusal.labels || !refusal.reason ||
	    grow(&figures->refusals, &figures->refusals_room, figures->n_refusals,
		 sizeof(figures->refusals[0])) < 0)
		return err_memory(reading->err);
	figures->refusals[figures->n_refusals++] = refusal;
	return 0;
}

static bool asked_for(const struct figures_question *question, const struct metric *metric)
{
	return question->kind ? metric->period == question->kind->grain &&
					metric->calendar == question->kind->calendar
			      : metric->period >= GRAIN_HOUR;
}

static int read_values(struct spool *spool, const struct figures_question *question,
		       struct reading *reading)
{
	const struct catalogue *catalogue = question->catalogue;
	int rc = 0;
	for (size_t i = 0; i < catalogue->n && rc == 0; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		reading->metric = metric;
		if (asked_for(question, metric))
			rc = spool_each_newest(spool, metric->name, metric->calendar,
					       metric->period, question->until_day, question->most,
					       on_value, reading, reading->err);
	}
	return rc;
}

static int read_office(struct spool *spool, struct figures *figures, struct err *err)
{
	struct facts office = { 0 };
	int rc = facts_read_office(spool, &office, err);
	figures->office_name = office.office_name ? keep(figures, office.office_name) : NULL;
	figures->level = office.level && *office.level ? keep(figures, office.level) : NULL;
	facts_free(&office);
	return rc;
}

int figures_read(struct spool *spool, const struct figures_question *question,
		 struct figures *ret_figures, struct err *err)
{
	struct figures figures = { .texts = arena_open(TEXTS_MAX) };
	struct reading reading = { .figures = &figures, .err = err };
	int rc = figures.texts ? 0 : err_memory(err);
	if (rc == 0)
		rc = spool_status(spool, &figures.status, err);
	if (rc == 0)
		rc = read_office(spool, &figures, err);
	if (rc == 0)
		rc = read_values(spool, question, &reading);
	if (rc == 0)
		rc = spool_each_refusal(spool, REFUSALS_MAX, on_refusal, &reading, err);
	if (rc < 0)
		figures_free(&figures);
	else
		*ret_figures = figures;
	return rc;
}

void figures_free(struct figures *figures)
{
	free(figures->list);
	free(figures->refusals);
	arena_close(figures->texts);
	*figures = (struct figures){ 0 };
}

const struct figure *figures_find(const struct figures *figures, const struct metric *metric,
				  const char *labels, struct period period)
{
	for (size_t i = 0; i < figures->n; i++) {
		const struct figure *figure = &figures->list[i];
		if (figure->metric == metric && figure->period.number == period.number &&
		    strcmp(figure->labels, labels) == 0)
			return figure;
	}
	return NULL;
}

const struct refusal *figure_refusal(const struct figures *figures, const struct figure *figure)
{
	for (size_t i = 0; i < figures->n_refusals && figure->seq > 0; i++) {
		const struct refusal *refusal = &figures->refusals[i];
		if (refusal->seq == figure->seq &&
		    strcmp(refusal->metric, figure->metric->name) == 0 &&
		    strcmp(refusal->labels, figure->labels) == 0)
			return refusal;
	}
	return NULL;
}

enum figure_state figure_state(const struct figures *figures, const struct figure *figure)
{
	if (figure->seq == 0)
		return FIGURE_SAVED;
	if (figure_refusal(figures, figure))
		return FIGURE_REFUSED;
	return figure->seq <= figures->status.acked_seq ? FIGURE_RECEIVED : FIGURE_SENT;
}
