#include "export/columns.h"

#include "common/base/i18n.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of all answers. What is not here is text. */
static const struct {
	const char *name;
	enum column_kind kind;
	const char *called;
} known[] = {
	{ "area", COLUMN_CODE, N_("Code") },
	{ "name", COLUMN_TEXT, N_("Name") },
	{ "area_name", COLUMN_TEXT, N_("Name of the area") },
	{ "valid_from", COLUMN_PERIOD, N_("In force from") },
	{ "office", COLUMN_CODE, N_("Office") },
	{ "unit", COLUMN_CODE, N_("Unit") },
	{ "metric", COLUMN_TEXT, N_("Metric") },
	{ "period", COLUMN_PERIOD, N_("Period") },
	{ "until", COLUMN_PERIOD, N_("Not over until") },
	{ "label", COLUMN_CODE, N_("Label") },
	{ "label_name", COLUMN_TEXT, N_("Label's name") },
	{ "metric_name", COLUMN_TEXT, N_("Name of the metric") },
	{ "value", COLUMN_NUMBER, N_("Value") },
	{ "before", COLUMN_NUMBER, N_("Before") },
	{ "change", COLUMN_NUMBER, N_("Change") },
	{ "change_percent", COLUMN_NUMBER, N_("Change, %") },
	{ "change_reason", COLUMN_TEXT, N_("Not compared because") },
	{ "before_period", COLUMN_PERIOD, N_("Period before") },
	{ "before_due", COLUMN_NUMBER, N_("Due before") },
	{ "before_reported", COLUMN_NUMBER, N_("Reported before") },
	{ "before_carried", COLUMN_NUMBER, N_("Carried before") },
	{ "before_missing", COLUMN_NUMBER, N_("Missing before") },
	{ "before_until", COLUMN_PERIOD, N_("Before under way until") },
	{ "row", COLUMN_WORD, N_("Row") },
	{ "reason", COLUMN_TEXT, N_("Reason") },
	{ "state", COLUMN_TEXT, N_("State") },
	{ "observations", COLUMN_NUMBER, N_("Observations") },
	{ "due", COLUMN_NUMBER, N_("Due") },
	{ "reported", COLUMN_NUMBER, N_("Reported") },
	{ "on_time", COLUMN_NUMBER, N_("On time") },
	{ "late", COLUMN_NUMBER, N_("Late") },
	{ "carried", COLUMN_NUMBER, N_("Carried") },
	{ "missing", COLUMN_NUMBER, N_("Missing") },
	{ "excused", COLUMN_NUMBER, N_("Excused") },
	{ "waiting", COLUMN_NUMBER, N_("In quarantine") },
	{ "extra", COLUMN_NUMBER, N_("Not due, but reported") },
	{ "offices_due", COLUMN_NUMBER, N_("Offices due") },
	{ "offices_reported", COLUMN_NUMBER, N_("Offices that reported") },
	{ "offices_finished", COLUMN_NUMBER, N_("Offices that finished") },
	{ "finished", COLUMN_TIME, N_("Finished") },
	{ "finished_by", COLUMN_TEXT, N_("Finished by") },
	{ "revisions", COLUMN_NUMBER, N_("Revisions") },
	{ "revised", COLUMN_NUMBER, N_("Revised") },
	{ "percent", COLUMN_NUMBER, N_("Reported, %") },
	{ "target", COLUMN_NUMBER, N_("Target") },
	{ "target_year", COLUMN_NUMBER, N_("Target's year") },
	{ "distance", COLUMN_NUMBER, N_("To the target") },
	{ "path", COLUMN_NUMBER, N_("On the way to it") },
	{ "rank", COLUMN_NUMBER, N_("Rank") },
	{ "of", COLUMN_NUMBER, N_("Of") },
	{ "operands", COLUMN_TEXT, N_("Operands") },
	{ "targets", COLUMN_TEXT, N_("Targets") },
	{ "was", COLUMN_NUMBER, N_("Was") },
	{ "became", COLUMN_NUMBER, N_("Became") },
	{ "entry", COLUMN_NUMBER, N_("Entry") },
	{ "batch", COLUMN_NUMBER, N_("Batch") },
	{ "received", COLUMN_TIME, N_("Received") },
	{ "form", COLUMN_WORD, N_("Form") },
	{ "level", COLUMN_WORD, N_("Level") },
	{ "parts_due", COLUMN_NUMBER, N_("Parts due") },
	{ "parts_reported", COLUMN_NUMBER, N_("Parts reported") },
	{ "parts_missing", COLUMN_NUMBER, N_("Parts missing") },
	{ "calendar", COLUMN_WORD, N_("Calendar") },
	{ "labels", COLUMN_TEXT, N_("Labels") },
	{ "code", COLUMN_CODE, N_("Code") },
	{ "unit_name", COLUMN_TEXT, N_("Name of unit") },
	{ "from", COLUMN_PERIOD, N_("From") },
	{ "to", COLUMN_PERIOD, N_("To") },
	{ "at", COLUMN_TIME, N_("Time") },
	{ "who", COLUMN_TEXT, N_("Who") },
	{ "what", COLUMN_TEXT, N_("What") },
	{ "alert", COLUMN_NUMBER, N_("Alert") },
	{ "gravity", COLUMN_TEXT, N_("Gravity") },
	{ "subject", COLUMN_CODE, N_("Subject") },
	{ "kind", COLUMN_TEXT, N_("Kind") },
	{ "since", COLUMN_TIME, N_("Since") },
	{ "advice", COLUMN_TEXT, N_("What to do") },
	{ "act", COLUMN_TEXT, N_("What was done") },
	{ "detail", COLUMN_TEXT, N_("Detail") },
	{ "problem", COLUMN_TEXT, N_("Problem") },
	{ "shown_name", COLUMN_TEXT, N_("Shown name") },
	{ "role", COLUMN_TEXT, N_("Role") },
	{ "created", COLUMN_TIME, N_("Created") },
	{ "expires", COLUMN_TIME, N_("Valid until") },
	{ "last_used", COLUMN_TIME, N_("Last used") },
	{ "last_contact", COLUMN_TIME, N_("Last contact") },
	{ "invited_until", COLUMN_TIME, N_("Invited until") },
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static size_t find_known(const char *name)
{
	size_t i = 0;

	while (i < N_KNOWN && strcmp(known[i].name, name) != 0)
		i++;
	return i;
}

int columns_make(const char *const names[], size_t n, struct columns *ret_columns, struct err *err)
{
	struct columns columns = { .names = calloc(n, sizeof(char *)),
				   .kinds = calloc(n, sizeof(enum column_kind)),
				   .n = n };
	bool ok = columns.names && columns.kinds;

	for (size_t i = 0; i < n && ok; i++) {
		const char *name = names[i] ? names[i] : "";
		size_t at = find_known(name);

		columns.kinds[i] = at < N_KNOWN ? known[at].kind : COLUMN_TEXT;
		columns.names[i] = strdup(name);
		ok = columns.names[i];
	}
	if (!ok) {
		columns_free(&columns);
		return err_memory(err);
	}
	*ret_columns = columns;
	return 0;
}

void columns_free(struct columns *columns)
{
	for (size_t i = 0; columns->names && i < columns->n; i++)
		free(columns->names[i]);
	free(columns->names);
	free(columns->kinds);
	*columns = (struct columns){ 0 };
}

size_t columns_find(const struct columns *columns, const char *name)
{
	for (size_t i = 0; i < columns->n; i++)
		if (strcmp(columns->names[i], name) == 0)
			return i;
	return COLUMN_NONE;
}

const char *columns_called(const struct columns *columns, size_t i)
{
	size_t at = find_known(columns->names[i]);

	return at < N_KNOWN ? _(known[at].called) : columns->names[i];
}

bool number_is(const char *text)
{
	size_t sign = *text == '-' || *text == '+', whole = strspn(text + sign, "0123456789");
	const char *at = text + sign + whole;

	if (*at == '.') {
		size_t part = strspn(at + 1, "0123456789");

		return whole > 0 && part > 0 && at[1 + part] == '\0';
	}
	return whole > 0 && *at == '\0';
}

bool number_is_exact(const char *text)
{
	const char *at = text + strspn(text, "+-0."); /* zeros before the others say nothing */
	size_t digits = 0, zeros = 0;

	for (; *at; at++) {
		if (*at == '.')
			continue;
		zeros = *at == '0' ? zeros + 1 : 0;
		digits++;
	}
	return digits - zeros <= 15 && digits <= 300;
}

unsigned number_decimals(const char *text)
{
	const char *point = strchr(text, '.');

	return point ? (unsigned)strlen(point + 1) : 0;
}
