#include "cli/subjects.h"

#include "cli/output.h"
#include "common/base/array.h"
#include "common/text/answer.h"
#include "feed/client.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *dimensions_of(const struct table *catalogue, const char *name)
{
	for (size_t row = 0; row < table_rows(catalogue); row++) {
		const char *found = table_cell_of(catalogue, row, "name"),
			   *dimensions = table_cell_of(catalogue, row, "dimensions");
		if (found && strcmp(found, name) == 0)
			return dimensions ? dimensions : "";
	}
	return ""; /* an indicator, or unknown, which the aggregator says */
}

/* --- by which periods --- */

/* The question as the aggregator understands it, of one row. */
static int ask(const struct subjects_form *form, const char *name, json_t **ret_query,
	       struct err *err)
{
	const struct argument arguments[] = { { "name", name },
					      { "known", form->known },
					      { "structure", form->structure } };
	const struct request request = { .method = "GET",
					 .path = "/v1/query",
					 .arguments = arguments,
					 .n_arguments = 3,
					 .accept = "application/json" };
	struct blob answer = { 0 };
	int rc = client_ask(form->api, &request, &answer, err);
	json_t *json = rc == 0 ? answer_read(answer.data, answer.len) : NULL;
	blob_free(&answer);
	if (rc < 0)
		return rc;
	*ret_query = json_incref(json_object_get(json, "query"));
	json_decref(json);
	return *ret_query ? 0 : output_strange(err);
}

static int per_choose(const struct subjects_form *form, const json_t *query,
		      struct subject *subject, struct err *err)
{
	enum grain own, per = GRAIN_MONTH;
	if (grain_from_name(answer_text(query, "per"), &own, err) < 0 ||
	    calendar_from_name(answer_text(query, "calendar"), &subject->calendar, err) < 0)
		return output_strange(err);
	if (form->per && grain_from_name(form->per, &per, err) < 0)
		return err->code;
	subject->per = period_nests(subject->calendar, own, subject->calendar, per) ? per : own;
	return 0;
}

static int add(struct subjects *subjects, const struct subjects_form *form,
	       const struct table *catalogue, const char *name, struct err *err)
{
	struct subject subject = { 0 };
	json_t *query = NULL;
	int rc = ask(form, name, &query, err);
	if (rc == 0)
		rc = per_choose(form, query, &subject, err);
	if (rc == 0 && ARRAY_RESERVE(subjects->list, subjects->room, subjects->n + 1) < 0)
		rc = err_memory(err);
	if (rc == 0) {
		subject.name = strdup(name);
		subject.measure = strdup(answer_text(query, "unit"));
		subject.dimensions = strdup(dimensions_of(catalogue, name));
		subjects->list[subjects->n++] = subject;
		if (!subject.name || !subject.measure || !subject.dimensions)
			rc = err_memory(err);
	}
	json_decref(query);
	return rc;
}

static int add_named(struct subjects *subjects, const struct subjects_form *form,
		     const struct table *catalogue, struct err *err)
{
	char *names = strdup(form->names), *rest = names;
	int rc = names ? 0 : err_memory(err);
	for (char *name; rc == 0 && (name = strsep(&rest, ","));)
		rc = add(subjects, form, catalogue, name, err);
	free(names);
	return rc;
}

static int add_all(struct subjects *subjects, const struct subjects_form *form,
		   const struct table *list, const struct table *catalogue, struct err *err)
{
	int rc = 0;
	for (size_t row = 0; row < table_rows(list) && rc == 0; row++) {
		const char *name = table_cell_of(list, row, "name");
		bool again = false; /* an indicator has a row for each target */
		for (size_t i = 0; name && i < subjects->n; i++)
			again |= strcmp(subjects->list[i].name, name) == 0;
		if (name && !again)
			rc = add(subjects, form, catalogue, name, err);
	}
	return rc;
}

int subjects_find(const struct subjects_form *form, const struct table *catalogue,
		  const struct table *indicators, struct subjects *ret_subjects, struct err *err)
{
	struct subjects subjects = { 0 };
	int rc;
	if (form->names) {
		rc = add_named(&subjects, form, catalogue, err);
	} else {
		rc = add_all(&subjects, form, catalogue, catalogue, err);
		if (rc == 0)
			rc = add_all(&subjects, form, indicators, catalogue, err);
	}
	if (rc < 0)
		subjects_free(&subjects);
	else
		*ret_subjects = subjects;
	return rc;
}

void subjects_free(struct subjects *subjects)
{
	for (size_t i = 0; i < subjects->n; i++) {
		free(subjects->list[i].name);
		free(subjects->list[i].measure);
		free(subjects->list[i].dimensions);
	}
	free(subjects->list);
	*subjects = (struct subjects){ 0 };
}

/* --- the range --- */

static int number_of(const struct subject *subject, const char *text, bool last,
		     int32_t *ret_number, struct err *err)
{
	struct period period;
	int rc = period_parse(text, subject->calendar, &period, err);
	if (rc < 0)
		return rc;
	int32_t day = last ? period_end_day(period) - 1 : period_first_day(period);
	if (subject->per > GRAIN_HOUR)
		*ret_number = period_of_day(subject->calendar, subject->per, day).number;
	else if (period.grain <= GRAIN_HOUR)
		*ret_number = period_bucket(period, CALENDAR_CIVIL, GRAIN_HOUR).number;
	else
		*ret_number = day * 24 + (last ? 23 : 0);
	return 0;
}

int subject_range(const struct subject *subject, const char *from, const char *to,
		  int32_t *ret_first, int32_t *ret_last, struct err *err)
{
	int rc = number_of(subject, from, false, ret_first, err);
	if (rc == 0)
		rc = number_of(subject, to, true, ret_last, err);
	if (rc == 0 && *ret_last < *ret_first)
		return err_set(err, -EINVAL, "the range ends (%s) before it begins (%s)", to, from);
	return rc;
}
