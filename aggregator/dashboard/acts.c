#include "dashboard/acts.h"

#include "common/base/i18n.h"
#include "dashboard/act_told.h"

#include <stdio.h>
#include <string.h>

#define OFFICE                                                                                     \
	{                                                                                          \
		"office", "code", N_("Office"), N_("Its code, or its name"), ACT_TEXT, true, NULL  \
	}
#define PERIOD                                                                                     \
	{                                                                                          \
		"period", "period", N_("Period"), N_("2025-06, 2025-Q2, 2025-S1, 2025, ..."),      \
			ACT_PERIOD, true, NULL                                                     \
	}
#define METRIC(label, hint)                                                                        \
	{                                                                                          \
		"metric", "metric", label, hint, ACT_METRIC, false, NULL                           \
	}
#define CALENDAR                                                                                   \
	{                                                                                          \
		"cal", "calendar", N_("Calendar"), NULL, ACT_WORD, false, "civil report"           \
	}
#define DAY(key, label)                                                                            \
	{                                                                                          \
		"day", key, label, NULL, ACT_DAY, true, NULL                                       \
	}
#define FORMS "month quarter semester year week day hour minute"
#define TABLE(word, route, way, title, what)                                                       \
	{                                                                                          \
		word, title, what, N_("Take it over"), READER_ADMIN, way, "/api/v1/" route, NULL,  \
			true, NULL, { { .name = NULL } }, told_table, told_seconds, done_table,    \
			"/tables"                                                                  \
	}

static const struct act acts[] = {
	{ "close",
	  N_("Close a period"),
	  N_("Once all that is due is there, a period is closed, so that its figures stay."),
	  N_("Close it"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/closed",
	  NULL,
	  false,
	  NULL,
	  { PERIOD, METRIC(N_("Metric"), N_("Its name in the catalogue; empty: all")), CALENDAR },
	  told_close,
	  told_complete,
	  done_close,
	  "/closed" },
	{ "reopen",
	  N_("Open a closed period again"),
	  N_("What offices report for it counts again, as before it was closed."),
	  N_("Open it again"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/closed/reopen",
	  NULL,
	  false,
	  NULL,
	  { PERIOD, METRIC(N_("Metric"), N_("Its name in the catalogue; empty: all")), CALENDAR },
	  told_reopen,
	  NULL,
	  done_reopen,
	  "/closed" },
	{ "release",
	  N_("Release what waits"),
	  N_("What waits in quarantine is judged again, by today's catalogue, units and closings. "
	     "What "
	     "passes counts as if it always had; the rest goes on waiting."),
	  N_("Release it"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/quarantine/release",
	  NULL,
	  false,
	  "all office metric entry",
	  { { "all", "all", N_("All that waits"), NULL, ACT_YES, false, NULL },
	    { "office", "office", N_("Office"), N_("Its code, or its name"), ACT_TEXT, false,
	      NULL },
	    METRIC(N_("Metric"), N_("Its name in the catalogue")),
	    { "entry", "entry", N_("Entry of the journal"), NULL, ACT_TEXT, false, NULL },
	    { "closed", "closed", N_("Also what came for a closed period"), NULL, ACT_YES, false,
	      NULL },
	    { "older", "older_copy", N_("Also what a machine sent that was set back or copied"),
	      NULL, ACT_YES, false, NULL } },
	  told_release,
	  told_seconds,
	  done_release,
	  "/quarantine" },
	{ "excuse",
	  N_("Excuse an office"),
	  N_("An office that cannot report for a good reason is excused: what it owes is then "
	     "neither "
	     "late nor missing."),
	  N_("Excuse it"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/excuses",
	  NULL,
	  false,
	  NULL,
	  { { "office", "office", N_("Office"), N_("Its code, or its name"), ACT_TEXT, true, NULL },
	    { "form", "form", N_("From all that is reported"), NULL, ACT_WORD, false, FORMS },
	    METRIC(N_("or from one metric"), N_("Its name in the catalogue")),
	    PERIOD,
	    { "until", "to", N_("until (included)"), N_("The last period; empty: that one alone"),
	      ACT_PERIOD, false, NULL },
	    { "reason", "reason", N_("Why"), N_("For whoever asks later"), ACT_LONG, true, NULL },
	    CALENDAR },
	  told_excuse,
	  NULL,
	  done_excuse,
	  "/offices/" },
	{ "unexcuse",
	  N_("Take an excuse back"),
	  N_("The office owes again what it was excused from."),
	  N_("Take it back"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/excuses/end",
	  NULL,
	  false,
	  NULL,
	  { { "excuse", "excuse", N_("Number of the excuse"), NULL, ACT_TEXT, true, NULL } },
	  told_unexcuse,
	  NULL,
	  done_unexcuse,
	  "/offices" },
	{ "move",
	  N_("Move an office"),
	  N_("From a day on the office reports for another unit."),
	  N_("Move it"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/offices/move",
	  NULL,
	  false,
	  NULL,
	  { OFFICE,
	    { "unit", "unit", N_("For which unit"),
	      N_("Its code, or its name; \"-\": for none any more"), ACT_UNIT, true, NULL },
	    DAY("from", N_("From which day on")) },
	  told_move,
	  told_figures,
	  done_move,
	  "/offices/" },
	{ "rename",
	  N_("Rename an office"),
	  N_("The code stays, and so do its figures."),
	  N_("Rename it"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/offices/rename",
	  NULL,
	  false,
	  NULL,
	  { OFFICE, { "called", "name", N_("What it is called"), NULL, ACT_LONG, true, NULL } },
	  told_rename,
	  NULL,
	  done_rename,
	  "/offices/" },
	{ "end",
	  N_("End an office"),
	  N_("An office that is no more stops owing reports. Its figures stay."),
	  N_("End it"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/offices/end",
	  NULL,
	  false,
	  NULL,
	  { OFFICE, DAY("on", N_("The first day without it")) },
	  told_end,
	  told_figures,
	  done_end,
	  "/offices/" },
	{ "follow",
	  N_("Let offices follow their units"),
	  N_("Where units ended on a day, their offices go where the units went, as far as that is "
	     "certain."),
	  N_("Move them"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/offices/follow",
	  NULL,
	  false,
	  NULL,
	  { DAY("on", N_("The day of the new borders")) },
	  told_follow,
	  told_figures,
	  done_follow,
	  "/offices" },
	{ "invite",
	  N_("Invite an office"),
	  N_("With an invitation the agent of an office is let in, once."),
	  "",
	  READER_OPERATOR,
	  NULL,
	  NULL,
	  NULL,
	  false,
	  NULL,
	  { OFFICE },
	  told_invite,
	  NULL,
	  NULL,
	  "/offices/" },
	{ "cancel",
	  N_("Take a change back"),
	  N_("A change that goes on by steps can be taken back until it is in force."),
	  N_("Take it back"),
	  READER_OPERATOR,
	  "POST",
	  "/api/v1/change/cancel",
	  "/api/v1/change",
	  false,
	  NULL,
	  { { .name = NULL } },
	  told_cancel,
	  NULL,
	  done_cancel,
	  "/change" },
	TABLE("import-units", "units", "PUT", N_("Import units"),
	      N_("Provinces, districts and communes, each with the days on which it is in force.")),
	TABLE("import-successors", "successors", "PUT", N_("Import successors"),
	      N_("Which unit went where when borders changed.")),
	TABLE("import-catalogue", "catalogue", "PUT", N_("Import the catalogue"),
	      N_("What is counted, per which period, and how it adds up.")),
	TABLE("import-indicators", "indicators", "PUT", N_("Import indicators"),
	      N_("Formulas over metrics, with their targets.")),
	TABLE("import-dimensions", "dimensions", "PUT", N_("Import code lists"),
	      N_("The codes that labels may have.")),
	TABLE("import-rules", "rules", "PUT", N_("Import rules"),
	      N_("What must hold between figures.")),
	TABLE("import-calendar", "calendar", "PUT", N_("Import days off"),
	      N_("Days on which nobody works, by which due dates move.")),
	TABLE("import-map", "maps", "PUT", N_("Import the map"),
	      N_("Where units stand on it: tiles (code, col, row), or borders as GeoJSON.")),
	TABLE("import-offices", "offices", "POST", N_("Import offices"),
	      N_("New offices, each with its unit: code, name, unit, from. Offices that are there "
		 "stay "
		 "as they are.")),
};
#define N_ACTS (sizeof(acts) / sizeof(acts[0]))

const struct act *act_at(size_t i)
{
	return i < N_ACTS ? &acts[i] : NULL;
}

static const struct act *by_name(const char *name)
{
	for (size_t i = 0; i < N_ACTS; i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	return NULL;
}

const struct act *act_find(const char *target)
{
	size_t len = strlen(ACT_PATH), path = strcspn(target, "?");
	char name[VIEW_PATH_MAX];

	if (strncmp(target, ACT_PATH, len) != 0 || path >= sizeof(name))
		return NULL;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(path - len), target + len); /* fits */
	return by_name(name);
}

bool act_may(const struct visit *visit, const char *name)
{
	const struct act *act = by_name(name);

	return act && visit->reader.role >= act->role && !*visit->view.wall;
}

static void link_begin(struct question *link, const struct visit *visit, const char *name,
		       const char *const given[])
{
	char path[VIEW_PATH_MAX];
	const char *kept, *value;
	size_t at = 0;

	(void)snprintf(path, sizeof(path), ACT_PATH "%s", name); /* fits: names of ours */
	question_begin(link, path);
	for (; given && *given; given += 2)
		question_add(link, given[0], given[1]);
	while (view_next(&visit->view, &at, &kept, &value))
		if (view_is_kept(kept))
			question_add(link, kept, value);
}

void act_link(const struct visit *visit, struct html *html, const char *name, const char *words,
	      const char *const given[])
{
	struct question with_back, without;
	char address[VIEW_ADDRESS_MAX];

	if (!act_may(visit, name))
		return;
	link_begin(&without, visit, name, given);
	with_back = without;
	question_add(&with_back, "back", view_address(&visit->view, address));
	html_add(html, "<a class=\"act\" href=\"%s\">%s</a>\n",
		 with_back.cut ? without.target : with_back.target, words);
}
