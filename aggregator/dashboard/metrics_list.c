#include "dashboard/metrics_list.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "common/text/viet.h"
#include "dashboard/words.h"

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

/* A long list of offices asks this thousands of times, so only the row that is found is read. */
bool listed_find(struct visit *visit, const char *name, size_t len, struct listed *ret_listed)
{
	const json_t *lists[] = { answer_rows(ask(visit->asking, METRICS_TARGET)),
				  answer_rows(ask(visit->asking, INDICATORS_TARGET)) };

	for (size_t list = 0; list < 2; list++)
		for (size_t i = 0; i < json_array_size(lists[list]); i++) {
			const json_t *row = json_array_get(lists[list], i);
			const char *own = answer_text(row, "name");

			if (strlen(own) == len && memcmp(own, name, len) == 0) {
				*ret_listed = of_row(row, list == 1);
				return true;
			}
		}
	*ret_listed = (struct listed){ name, name, "", "", "", "", false };
	return false;
}

/* How long the next word is: a period, a name, or "+2". */
static size_t word_len(const char *text)
{
	size_t len = 0;

	while (text[len] && !(strchr(",:;", text[len]) && text[len + 1] == ' '))
		len++;
	return len;
}

void listed_overdue(struct visit *visit, struct html *html, const char *text)
{
	bool any = false;

	html_add(html, *text ? "<span class=\"group\">" : "");
	while (*text) {
		char word[PERIOD_TOLD_MAX], period[PERIOD_TOLD_MAX];
		size_t len = word_len(text);
		struct listed listed;

		(void)utf8_print(word, sizeof(word), "%.*s", (int)(len > 99 ? 99 : len), text);
		html_add(html, "%s",
			 listed_find(visit, text, len, &listed) ? listed.label
								: words_period(word, "", period));
		text += len;
		if (*text) { /* the sign, and a blank */
			if (*text == ';')
				html_add(html, ";</span> <span class=\"group\">");
			else
				html_add(html, *text == ',' ? ", " : ": ");
			text += 2;
		}
		any = true;
	}
	html_add(html, any ? "</span>" : "");
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
