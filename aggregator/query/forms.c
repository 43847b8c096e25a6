#include "query/forms.h"

#include "common/base/array.h"

#include <stdlib.h>
#include <string.h>

/* Days, weeks and what is shorter are the same in both calendars. */
static bool is_of(const struct form *form, const struct metric *metric)
{
	const struct metric *own = form->metrics[0];
	return own->period == metric->period && strcmp(own->level, metric->level) == 0 &&
	       (own->period <= GRAIN_WEEK || own->calendar == metric->calendar);
}

static int metric_add(struct form *form, const struct metric *metric, struct err *err)
{
	const struct metric **metrics =
		array_room(form->metrics, form->n, sizeof(const struct metric *));
	if (!metrics)
		return err_memory(err);
	form->metrics = metrics;
	metrics[form->n++] = metric;
	return 0;
}

static struct form *form_of(struct forms *forms, const struct metric *metric)
{
	for (size_t i = 0; i < forms->n; i++)
		if (is_of(&forms->list[i], metric))
			return &forms->list[i];
	struct form *list = array_room(forms->list, forms->n, sizeof(*list));
	if (!list)
		return NULL;
	forms->list = list;
	list[forms->n] = (struct form){ 0 };
	return &list[forms->n++];
}

/* Longest periods first: of 30 rows that are of days, the one of the month would be the last. */
static void sort(struct forms *forms)
{
	for (size_t i = 1; i < forms->n; i++) {
		struct form form = forms->list[i];
		size_t at = i;
		for (; at > 0 && forms->list[at - 1].metrics[0]->period < form.metrics[0]->period;
		     at--)
			forms->list[at] = forms->list[at - 1];
		forms->list[at] = form;
	}
}

int forms_find(const struct catalogue *catalogue, const struct plan *plan, struct forms *ret_forms,
	       struct err *err)
{
	struct forms forms = { 0 };
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		if (!plan_fits(plan, metric))
			continue;
		struct form *form = form_of(&forms, metric);
		if (!form || metric_add(form, metric, err) < 0) {
			forms_free(&forms);
			return err_memory(err);
		}
	}
	sort(&forms);
	*ret_forms = forms;
	return 0;
}

void forms_free(struct forms *forms)
{
	for (size_t i = 0; i < forms->n; i++)
		free(forms->list[i].metrics);
	free(forms->list);
	*forms = (struct forms){ 0 };
}
