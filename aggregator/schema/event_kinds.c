#include "schema/event_kinds.h"

#include "common/base/i18n.h"
#include "common/base/names.h"
#include "schema/event.h"

#include <string.h>

#define HELD                                                                                       \
	"quarantine quarantine_past" /* what a change of places and metrics holds, or lets go */

const struct event_kind event_kinds[] = {
	{ EVENT_OPENING, N_("stood so when events began"), "*" },
	{ EVENT_CONTINUED, N_("further rows of an event before"), "*" },
	{ "changed", N_("rows changed without an order"), "*" },
	{ "units import", N_("units imported"), "unit " HELD },
	{ "successors import", N_("successors of units imported"), "successor " HELD },
	{ "catalogue import", N_("catalogue imported"), "catalogue " HELD },
	{ "indicators import", N_("indicators imported"), "indicators" },
	{ "dimensions import", N_("code lists of the dimensions imported"), "dimensions" },
	{ "rules import", N_("rules imported"), "rules" },
	{ "calendar import", N_("days off imported"), "days_off " HELD },
	{ "map import", N_("map imported"), "map" },
	{ "map remove", N_("map removed"), "map" },
	{ EVENT_FOLDED, N_("labels spelt differently name one series from here on"), "" },
	{ "office add", N_("office added"), "office assignment" },
	{ "office move", N_("office moved"), "assignment " HELD },
	{ "office end", N_("office ended"), "assignment " HELD },
	{ "office follow", N_("offices followed their units"), "assignment " HELD },
	{ "office rename", N_("office renamed"), "office" },
	{ "office invite", N_("office invited"), "office_key" },
	{ "office enrol", N_("office enrolled"), "office_key" },
	{ "office tell", N_("message sent to an office"), "message" },
	{ "figure record", N_("figures recorded for an office"), "hand" },
	{ "office revoke", N_("keys and invitations revoked"), "office_key" },
	{ "change cancel", N_("change taken back before it was in force"), "" },
	{ "close", N_("period closed"), "closing" },
	{ "reopen", N_("period opened again"), "closing" },
	{ "excuse", N_("office excused from reports"), "excuse" },
	{ "excuse end", N_("excuse taken back"), "excuse" },
	{ "quarantine release", N_("released from quarantine"), HELD },
	{ "damaged day left out", N_("damaged day left out"), HELD },
	{ "pages made anew", N_("damaged totals rebuilt"), "" },
	{ "verify repair", N_("repaired from the ledger"), "" },
	{ "backup", N_("backup made"), "" },
	{ "publish", N_("figures published"), "publication" },
	{ "token add", N_("access token made"), "token" },
	{ "token revoke", N_("access token revoked"), "token" },
};
const size_t n_event_kinds = sizeof(event_kinds) / sizeof(event_kinds[0]);

const struct event_kind *event_kind_find(const char *name)
{
	for (size_t i = 0; i < n_event_kinds; i++)
		if (strcmp(event_kinds[i].name, name) == 0)
			return &event_kinds[i];
	return NULL;
}

const char *event_kind_words(const char *name)
{
	const struct event_kind *kind = event_kind_find(name);
	return kind ? _(kind->words) : name;
}

bool event_kind_carries(const char *name, const char *table)
{
	const struct event_kind *kind = event_kind_find(name);
	return !kind || strcmp(kind->carries, "*") == 0 ||
	       names_find(kind->carries, table, strlen(table)) >= 0;
}
