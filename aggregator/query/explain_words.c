/* How a value adds up, in words (rule 5.3), and an indicator's formula with its operands. */
#include "query/explain_internal.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <stdio.h>
#include <string.h>

static const char *of_time(const struct metric *metric)
{
	switch (metric->time_agg) {
	case AGG_SUM:
		return N_("Each office gives the sum of its reports in the period.");
	case AGG_MEAN:
		return N_("Each office gives the mean of its reports in the period.");
	case AGG_MIN:
		return N_("Each office gives the lowest of its reports in the period.");
	case AGG_MAX:
		return N_("Each office gives the highest of its reports in the period.");
	case AGG_LAST:
		break;
	}
	return metric->carry > 0 ? N_("Each office gives its last report by the end of the period, "
				      "or one carried from before it.")
				 : N_("Each office gives its last report in the period.");
}

static const char *of_area(const struct metric *metric)
{
	switch (metric->area_agg) {
	case AGG_MEAN:
		return N_("The area has the mean of what its offices give.");
	case AGG_MIN:
		return N_("The area has the lowest of what its offices "
			  "give.");
	case AGG_MAX:
		return N_("The area has the highest of what its offices "
			  "give.");
	case AGG_SUM:
	case AGG_LAST: /* no catalogue has it */
		break;
	}
	return N_("The area has the sum of what its offices give.");
}

void explain_adding(const struct explained *part, char *text, size_t size)
{
	const struct metric *metric = part->plan.metrics[0];
	size_t n = 0, len;
	for (size_t i = 0; i < part->n; i++)
		n += part->gifts[i].has_value;
	len = utf8_print(text, size, "%s %s", _(of_time(metric)), _(of_area(metric)));
	if (metric->n_dimensions > 0)
		len += utf8_print(text + len, size - len, " %s",
				  _("What an office reported under several labels comes together "
				    "the same way."));
	len += utf8_print(text + len, size - len, " ");
	(void)utf8_print(text + len, size - len, _("Offices that give a value: %zu."), n);
}

/* The value of the operand @name[@len]; "?" where it has none. */
static size_t operand_value(const char *operands, const char *name, size_t len, char *to,
			    size_t room)
{
	for (const char *at = operands; at && *at; at += strspn(at, ";")) {
		size_t pair = strcspn(at, ";");
		bool is_it = pair > len && at[len] == '=' && memcmp(at, name, len) == 0;
		const char *value = at + len + 1;
		size_t digits = is_it ? pair - len - 1 : 0;
		at += pair;
		if (!is_it || digits == 0)
			continue;
		return utf8_print(to, room, *value == '-' ? "(%.*s)" : "%.*s", (int)digits, value);
	}
	return utf8_print(to, room, "?");
}

void explain_formula(const char *formula, const char *operands, char *text, size_t size)
{
	size_t len = utf8_print(text, size, "%s = ", formula);
	for (const char *at = formula; *at && len + 1 < size;) {
		size_t name = *at >= 'a' && *at <= 'z'
				      ? strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_.")
				      : 0;
		if (name > 0)
			len += operand_value(operands, at, name, text + len, size - len);
		else
			len += utf8_print(text + len, size - len, "%c", *at);
		at += name > 0 ? name : 1;
	}
}
