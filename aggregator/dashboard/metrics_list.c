#include "dashboard/metrics_list.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "common/text/viet.h"

#include <string.h>

static const char *told(const json_t *row, const char *vi, const char *en)
{
	const char *mine = answer_text(row, strcmp(language_tag(), "vi") == 0 ? vi : en);

	return *mine ? mine : answer_text(row, en);
}

static struct listed of_row(const json_t *row, bool indicator)
{
	struct listed listed = { .name = answer_text(row, "name"),
				 .label = told(row, "label_vi", "label_en"),
				 .unit = told(row, "unit_vi", "unit"),
				 .section = told(row, "section_vi", "section_en"),
				 .period = answer_text(row, "period"),
				 .dimensions = answer_text(row, "dimensions"),
				 .indicator = indicator };

	if (!*listed.label)
		listed.label = listed.name;
	return listed;
}

/* An indicator has a row for each of its targets. */
static bool is_first(const json_t *rows, size_t i)
{
	return i == 0 || strcmp(answer_text(json_array_get(rows, i - 1), "name"),
				answer_text(json_array_get(rows, i), "name")) != 0;
}

bool listed_next(struct visit *visit, size_t *nth, struct listed *ret_listed)
{
	const json_t *metrics = answer_rows(ask(visit->asking, METRICS_TARGET)),
		     *indicators = answer_rows(ask(visit->asking, INDICATORS_TARGET));
	size_t n = json_array_size(metrics), all = n + json_array_size(indicators);

	while (*nth < all) {
		size_t i = (*nth)++;

		if (i >= n && !is_first(indicators, i - n))
			continue;
		*ret_listed = i < n ? of_row(json_array_get(metrics, i), false)
				    : of_row(json_array_get(indicators, i - n), true);
		return true;
	}
	return false;
}

bool listed_find(struct visit *visit, const char *name, size_t len, struct listed *ret_listed)
{
	size_t nth = 0;

	while (listed_next(visit, &nth, ret_listed))
		if (strlen(ret_listed->name) == len && memcmp(ret_listed->name, name, len) == 0)
			return true;
	*ret_listed = (struct listed){ name, name, "", "", "", "", false };
	return false;
}

static bool is_part(const char *text, const char *bare)
{
	char own[VIET_KEY_MAX];

	return viet_bare(text, own) && strstr(own, bare);
}

bool listed_is_like(const struct listed *listed, const char *words)
{
	char bare[VIET_KEY_MAX];

	return viet_bare(words, bare) && *bare &&
	       (is_part(listed->label, bare) || is_part(listed->name, bare));
}
