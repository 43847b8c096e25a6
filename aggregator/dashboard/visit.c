#include "dashboard/visit.h"

#include "common/model/civil.h"

#include <stdlib.h>
#include <string.h>

/* What the aggregator's questions take: api/query_routes.c. */
static const struct {
	const char *path, *takes;
} questions[] = {
	{ "/api/v1/query",
	  " name area by per from to last labels by_label versus total calendar structure "
	  "known publication " },
	{ "/api/v1/completeness",
	  " name area by per from to last labels calendar structure known publication " },
	{ "/api/v1/quality", " area office metric from to " },
};

static bool is_in(const char *words, const char *word)
{
	char padded[80];

	(void)snprintf(padded, sizeof(padded), " %s ", word); /* names of fields are short */
	return words && strstr(words, padded);
}

static const char *takes_of(const char *path)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (strcmp(questions[i].path, path) == 0)
			return questions[i].takes;
	return "";
}

/* The last periods of the view's grain that are over, for what takes no such words. */
static void add_last(struct question *question, const struct visit *visit, const char *grain)
{
	const char *calendar = visit->view.calendar;
	enum calendar read = CALENDAR_CIVIL;
	enum grain per = GRAIN_MONTH;
	char text[PERIOD_TEXT_MAX];
	struct period period;
	struct err err;

	if (*calendar)
		(void)calendar_from_name(calendar, &read, &err); /* a view has none but good ones */
	if (*grain)
		(void)grain_from_name(grain, &per, &err);
	period = civil_period(read, per, visit->now_us);
	period.number--;
	question_add(question, "to", period_format(period, text));
	period.number -= (int32_t)strtol(visit->view.last, NULL, 10) - 1;
	question_add(question, "from", period_format(period, text));
}

void question_of(struct question *question, const char *path, const struct visit *visit,
		 const char *without)
{
	const char *takes = takes_of(path), *name, *value;
	char left_out[256];
	size_t at = 0;

	(void)snprintf(left_out, sizeof(left_out), " %s ", without ? without : ""); /* fits */
	question_begin(question, path);
	while (view_next(&visit->view, &at, &name, &value))
		if (is_in(takes, name) && !is_in(left_out, name))
			question_add(question, name, value);
	if (*visit->view.last && is_in(takes, "from") && !is_in(takes, "last") &&
	    !is_in(left_out, "last"))
		add_last(question, visit, visit->view.per);
}

static bool is_at(const struct screen *screen, const char *path)
{
	size_t len = strlen(screen->path);

	if (len == 1 || screen->path[len - 1] != '/')
		return strcmp(screen->path, path) == 0;
	return strncmp(screen->path, path, len) == 0 && path[len] && !strchr(path + len, '/');
}

const struct screen *screen_find(const struct screen list[], size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (is_at(&list[i], path))
			return &list[i];
	return NULL;
}
