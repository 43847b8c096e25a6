#include "cli/caption.h"

#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/model/period_told.h"
#include "export/head.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct caption {
	struct head *head;
	FILE *out;
};

static const char *said(const struct caption *caption, const char *key)
{
	return head_text(caption->head, "query", key);
}

static enum calendar calendar_of(const struct caption *caption)
{
	const char *name = said(caption, "calendar");

	return name && strcmp(name, "report") == 0 ? CALENDAR_REPORT : CALENDAR_CIVIL;
}

/* "tháng 6/2025" of "2025-06"; what is no period as it is. */
static const char *period_of(const struct caption *caption, const char *name,
			     char text[PERIOD_TOLD_MAX])
{
	struct period period;

	if (!period_read(name, calendar_of(caption), &period))
		return name;
	return period_told(period, text);
}

static const char *day_of(const char *name, char text[PERIOD_TOLD_MAX])
{
	struct err ignored;
	int32_t day;

	return day_parse(name, &day, &ignored) == 0 ? day_told(day, text) : name;
}

/* --- the first line --- */

static void put_name(const struct caption *caption)
{
	const char *title = said(caption, "title"), *name = said(caption, "name"),
		   *form = said(caption, "form"),
		   *unit = said(caption, "unit_called") ? said(caption, "unit_called")
							: said(caption, "unit");

	if (form) {
		fprintf(caption->out, _("All that is reported per %s"), _(form));
	} else if (!name) {
		fprintf(caption->out, "%s", _("All that is reported"));
	} else {
		fprintf(caption->out, "%s", title ? title : name);
		if (unit && *unit)
			fprintf(caption->out, " (%s)", unit);
	}
}

static void put_periods(const struct caption *caption)
{
	const char *from = said(caption, "from"), *to = said(caption, "to");
	char first[PERIOD_TOLD_MAX], last[PERIOD_TOLD_MAX];

	if (strcmp(from, to) == 0)
		fprintf(caption->out, "%s", period_of(caption, from, first));
	else
		/* TRANSLATORS: two periods, such as June 2025 and August 2025 */
		fprintf(caption->out, _("%s to %s"), period_of(caption, from, first),
			period_of(caption, to, last));
}

/* What a dimension is called: the head has "sector=Lĩnh vực;channel=Kênh". */
static void put_dimension(const struct caption *caption, const char *dimension)
{
	const char *at = said(caption, "dimensions");
	size_t len = strlen(dimension);

	for (; at && *at; at += strcspn(at, ";"), at += *at == ';') {
		if (strncmp(at, dimension, len) != 0 || at[len] != '=')
			continue;
		fprintf(caption->out, _(", by %.*s"), (int)strcspn(at + len + 1, ";"),
			at + len + 1);
		return;
	}
	fprintf(caption->out, _(", by %.*s"), (int)len, dimension);
}

static void put_rows(const struct caption *caption)
{
	static const struct {
		const char *by, *words;
	} levels[] = {
		{ "office", N_(", by office") },
		{ "province", N_(", by province") },
		{ "district", N_(", by district") },
		{ "commune", N_(", by commune") },
	};
	const char *by = said(caption, "by"), *area = said(caption, "area_name"),
		   *label = said(caption, "by_label");

	if (area)
		fprintf(caption->out, ", %s", area);
	for (size_t i = 0; by && i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].by, by) != 0)
			continue;
		fprintf(caption->out, "%s", _(levels[i].words));
		by = NULL;
	}
	if (by)
		fprintf(caption->out, _(", by %.*s"), (int)strlen(by), by);
	if (label)
		put_dimension(caption, label);
}

/* Of several metrics, one line each: the table has their names alone. */
static bool put_several(const struct caption *caption)
{
	const char *object, *key, *text;
	bool any = false;

	for (size_t i = 0; (text = head_pair(caption->head, i, &object, &key)); i++) {
		if (strcmp(object, "titles") != 0)
			continue;
		const char *called = head_text(caption->head, "units_called", key),
			   *unit = called ? called : head_text(caption->head, "units", key);

		any = true;
		if (unit && *unit)
			fprintf(caption->out, "%s: %s (%s)\n", key, text, unit);
		else
			fprintf(caption->out, "%s: %s\n", key, text);
	}
	return any;
}

/* --- what there is to know --- */

static void put_how(const struct caption *caption)
{
	const char *labels = said(caption, "labels"), *structure = said(caption, "structure"),
		   *known = said(caption, "known"),
		   *publication = head_text(caption->head, "publication", "name");
	char day[PERIOD_TOLD_MAX];

	if (labels && *labels)
		fprintf(caption->out, _("Only figures with the label %s.\n"), labels);
	if (calendar_of(caption) == CALENDAR_REPORT)
		fprintf(caption->out, "%s\n",
			_("By the report calendar: a month runs from the 15th of the month before "
			  "to the 14th."));
	if (structure)
		fprintf(caption->out, _("Under the borders of %s.\n"), day_of(structure, day));
	if (publication)
		fprintf(caption->out, _("As it was published under the name %s.\n"), publication);
	else if (known)
		fprintf(caption->out, _("As it was known at %s.\n"), known);
}

static void put_notes(const struct caption *caption)
{
	const char *reference = said(caption, "reference"), *under_way = said(caption, "under_way"),
		   *until = said(caption, "under_way_until"),
		   *not_begun = said(caption, "not_begun"), *left_out = said(caption, "left_out");
	char period[PERIOD_TOLD_MAX], day[PERIOD_TOLD_MAX];

	if (reference)
		fprintf(caption->out, "%s\n", reference);
	if (under_way && until)
		/* TRANSLATORS: a period, such as June 2025, and its last day */
		fprintf(caption->out, _("Still under way: %s, until %s.\n"),
			period_of(caption, under_way, period), day_of(until, day));
	if (not_begun)
		fprintf(caption->out, _("Not begun yet: %s and what comes after it.\n"),
			period_of(caption, not_begun, period));
	if (left_out)
		fprintf(caption->out,
			_("Not among them, because their periods do not fit into these: %s.\n"),
			left_out);
}

int caption_write(const char *head, FILE *out, struct err *err)
{
	struct caption caption = { .out = out };
	int rc = head_read(head, &caption.head, err);

	if (rc < 0)
		return rc;
	if (said(&caption, "from") && said(&caption, "to")) {
		if (!put_several(&caption)) {
			put_name(&caption);
			fprintf(out, ", ");
		}
		put_periods(&caption);
		put_rows(&caption);
		fprintf(out, "\n");
		put_how(&caption);
		put_notes(&caption);
		fprintf(out, "\n");
	}
	head_close(caption.head);
	return 0;
}
