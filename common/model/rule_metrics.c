#include "common/model/rule_metrics.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/near_metric.h"
#include "common/text/diagnostics.h"

#include <string.h>

static void rule_check(const struct rule *rule, const struct catalogue *catalogue,
		       struct diagnostics *diagnostics)
{
	const struct metric *first = NULL;
	for (size_t i = 0; i < rule->n; i++) {
		const char *name = rule->terms[i].metric,
			   *side = rule->terms[i].right ? "right" : "left";
		const struct metric *metric = catalogue_find(catalogue, name);
		struct near_metrics near;
		bool is_near = !metric && catalogue_near(catalogue, name, &near);
		if (is_near) /* I13 */
			diagnostics_add(diagnostics, rule->line,
					"%s: the catalogue has no metric '%s'; did you mean '%s'?",
					side, name, near.list[0]->name);
		else if (!metric)
			diagnostics_add(diagnostics, rule->line,
					"%s: the catalogue has no metric '%s'; import a catalogue "
					"with it first, or leave the rule out",
					side, name);
		else if (first &&
			 (metric->period != first->period || metric->calendar != first->calendar))
			diagnostics_add(diagnostics, rule->line,
					"%s: '%s' is counted per %s (%s calendar), but '%s' per %s "
					"(%s calendar); compare figures of one period",
					side, name, _(grain_name(metric->period)),
					calendar_name(metric->calendar), first->name,
					_(grain_name(first->period)),
					calendar_name(first->calendar));
		first = first ? first : metric;
	}
}

int rules_suit(const struct rules *rules, const struct catalogue *catalogue, struct err *err)
{
	struct diagnostics diagnostics = { .n = 0 };
	for (size_t i = 0; i < rules->n; i++)
		rule_check(&rules->list[i], catalogue, &diagnostics);
	return diagnostics_tell(&diagnostics, err);
}

/* --- told --- */

/* With as many decimals as its metric has, and more only where it has them. */
static void number(int128 value, unsigned decimals, char point, char text[DECIMAL_TEXT_MAX])
{
	size_t len = decimal_format(value, OPERAND_DECIMALS, text);
	while (len > 0 && text[len - 1] == '0' && strlen(strchr(text, '.')) - 1 > decimals)
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
	char *mark = strchr(text, '.');
	if (mark && point)
		*mark = point;
}

const char *rule_numbers(const struct rule *rule, const struct catalogue *catalogue,
			 const struct operand operands[], char point, char text[RULE_TEXT_MAX])
{
	size_t len = 0;
	*text = '\0';
	for (size_t i = 0; i < rule->n; i++) {
		const struct metric *metric = catalogue_find(catalogue, rule->terms[i].metric);
		const char *label = !metric ? rule->terms[i].metric : metric_called(metric);
		char shown[DECIMAL_TEXT_MAX];
		if (!operands[i].known)
			continue;
		number(operands[i].value, metric ? metric->decimals : 0, point, shown);
		len += utf8_print(text + len, RULE_TEXT_MAX - len, "%s%s %s", len > 0 ? ", " : "",
				  label && *label ? label : rule->terms[i].metric, shown);
	}
	return text;
}
