#include "dashboard/figure_facts.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "dashboard/shown.h"
#include "dashboard/words.h"

#include <stdlib.h>
#include <string.h>

static bool is_vietnamese(void)
{
	return strcmp(language_tag(), "vi") == 0;
}

/* In the reader's language where the catalogue has it. */
static const char *called(const json_t *row, const char *vi, const char *en)
{
	const char *mine = answer_text(row, is_vietnamese() ? vi : en);

	return *mine ? mine : answer_text(row, is_vietnamese() ? en : vi);
}

static const json_t *row_named(const json_t *answer, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		if (strcmp(answer_text(row, "name"), name) == 0)
			return row;
	return NULL;
}

/* An indicator has a row for each of its targets. */
static void targets_of(const json_t *answer, const char *name, struct facts *facts)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		const char *year = answer_text(row, "target_year");

		if (strcmp(answer_text(row, "name"), name) != 0 || !*year ||
		    facts->n_targets == FIGURE_TARGETS)
			continue;
		facts->targets[facts->n_targets++] =
			(struct chart_target){ (int)strtol(year, NULL, 10),
					       answer_text(row, "target_value") };
	}
}

static bool is_of_name(char c)
{
	return c == '.' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool formula_has(const char *formula, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = formula; len > 0 && (at = strstr(at, name)); at += len)
		if ((at == formula || !is_of_name(at[-1])) && !is_of_name(at[len]))
			return true;
	return false;
}

/* Of an indicator: the longest period that a metric in it is counted per. */
static const char *grain_of(const json_t *catalogue, const char *formula)
{
	const char *found = "";
	enum grain longest = GRAIN_MINUTE, grain;
	struct err err;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(catalogue), i, row) {
		const char *name = answer_text(row, "period");

		if (formula_has(formula, answer_text(row, "name")) &&
		    grain_from_name(name, &grain, &err) == 0 && grain >= longest) {
			longest = grain;
			found = name;
		}
	}
	return found;
}

/* Of an indicator: the level whose offices report all of it; "": several do. */
static const char *level_of(const json_t *catalogue, const char *formula)
{
	const char *level = NULL;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(catalogue), i, row) {
		if (!formula_has(formula, answer_text(row, "name")))
			continue;
		if (level && strcmp(level, answer_text(row, "level")) != 0)
			return "";
		level = answer_text(row, "level");
	}
	return level ? level : "";
}

struct facts facts_of(struct visit *visit, const char *name)
{
	const json_t *catalogue = ask(visit->asking, "/api/v1/catalogue");
	const json_t *indicators = ask(visit->asking, "/api/v1/indicators");
	const json_t *metric = row_named(catalogue, name);
	const json_t *row = metric ? metric : row_named(indicators, name);
	struct facts facts = { .name = name,
			       .is_metric = metric != NULL,
			       .is_indicator = row && !metric,
			       .label = row ? called(row, "label_vi", "label_en") : "" };

	if (!*facts.label)
		facts.label = name;
	facts.unit = is_vietnamese() && *answer_text(row, "unit_vi") ? answer_text(row, "unit_vi")
								     : answer_text(row, "unit");
	facts.kind = answer_text(row, "kind");
	facts.time_agg = answer_text(row, "time_agg");
	facts.area_agg = answer_text(row, "area_agg");
	facts.grain = answer_text(row, "period");
	facts.level = answer_text(row, "level");
	facts.formula = answer_text(row, "formula");
	facts.calendar = answer_text(row, "calendar");
	facts.dimensions = answer_text(row, "dimensions");
	if (facts.is_indicator) {
		facts.level = level_of(catalogue, facts.formula);
		facts.grain = grain_of(catalogue, facts.formula);
		targets_of(indicators, name, &facts);
	}
	return facts;
}

int facts_digits(const struct facts *facts)
{
	return facts->is_indicator ? FIGURE_ROUNDED : SHOWN_ALL;
}

struct meaning {
	const char *word, *means;
};

static const char *meaning_of(const struct meaning meanings[], const char *word)
{
	for (; meanings->word; meanings++)
		if (strcmp(meanings->word, word) == 0)
			return _(meanings->means);
	return "";
}

static const struct meaning over_time[] = {
	{ "sum", N_("what happens in a period, added up over time") },
	{ "last", N_("what stands at a period's end") },
	{ "mean", N_("over time its mean is taken") },
	{ "min", N_("over time its lowest value is taken") },
	{ "max", N_("over time its highest value is taken") },
	{ NULL, NULL },
};

static const struct meaning over_offices[] = {
	{ "sum", N_("offices add up") },
	{ "mean", N_("over several offices the mean is taken") },
	{ "min", N_("over several offices the lowest value is taken") },
	{ "max", N_("over several offices the highest value is taken") },
	{ NULL, NULL },
};

void facts_sentence(const struct facts *facts, struct html *html)
{
	html_add(html, "<p class=\"lead\">");
	if (facts->is_indicator) {
		html_say(html, _("Computed from added-up figures: %s"), facts->formula);
		html_add(html, *facts->unit ? " (%s)" : "%s", facts->unit);
	} else if (facts->is_metric) {
		if (*facts->unit) {
			html_say(html, _("Counted in: %s"), facts->unit);
			html_add(html, "; ");
		}
		html_add(html, "%s; %s; ", meaning_of(over_time, facts->time_agg),
			 meaning_of(over_offices, facts->area_agg));
		/* TRANSLATORS: a level of areas, "by the month" */
		html_say(html, _("each %s reports it %s"), words_level(facts->level),
			 words_often(facts->grain));
	}
	html_add(html, ". <code>%s</code></p>\n", facts->name);
}
