#include "query/history_cells.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/model/period.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FINGERPRINT_LEN 8u  /* bytes of a public key that are shown */
#define DAMAGED_SHOWN   32u /* and of a damaged text */

enum cell { CELL_TEXT, CELL_DAY, CELL_INSTANT, CELL_KEY, CELL_STATE };

/* How people read a cell. Those that are not here are texts. */
static const struct {
	const char *table, *column;
	enum cell cell;
} cells[] = {
	{ "unit", "valid_from", CELL_DAY },           { "unit", "valid_to", CELL_DAY },
	{ "successor", "effective_on", CELL_DAY },    { "assignment", "from_day", CELL_DAY },
	{ "office_key", "public_key", CELL_KEY },     { "office_key", "state", CELL_STATE },
	{ "office_key", "created_us", CELL_INSTANT }, { "office_key", "changed_us", CELL_INSTANT },
	{ "office_key", "expires_us", CELL_INSTANT }, { "closing", "closed_us", CELL_INSTANT },
	{ "excuse", "at_us", CELL_INSTANT },          { "excuse", "ended_us", CELL_INSTANT },
};

static enum cell cell_of(const char *table, const char *column)
{
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		if (strcmp(cells[i].table, table) == 0 && strcmp(cells[i].column, column) == 0)
			return cells[i].cell;
	return CELL_TEXT;
}

const char *cell_show(const char *table, const char *column, const json_t *value,
		      char text[CELL_TEXT_MAX])
{
	enum cell cell = cell_of(table, column);
	static const char *const states[] = { "none", "invited", "active", "none", "revoked" };
	const char *hex = json_string_value(json_object_get(value, "hex"));
	const char *bytes = json_string_value(json_object_get(value, "text"));
	const char *damaged = json_string_value(json_object_get(value, "damaged"));
	json_int_t number = json_integer_value(value);
	if (damaged) { /* what is cut is fine */
		(void)snprintf(text, CELL_TEXT_MAX, _("damaged text, in hex: %.*s%s"),
			       (int)(2 * DAMAGED_SHOWN), damaged,
			       strlen(damaged) > 2 * DAMAGED_SHOWN ? "..." : "");
		return text;
	}
	if (cell == CELL_KEY && hex) {
		(void)snprintf(text, CELL_TEXT_MAX, "%.*s", (int)(2 * FINGERPRINT_LEN), hex);
		return text;
	}
	if (cell == CELL_KEY && bytes)
		return sodium_bin2hex(text, CELL_TEXT_MAX, (const unsigned char *)bytes,
				      strnlen(bytes, FINGERPRINT_LEN));
	if (!json_is_integer(value))
		return json_string_value(value);
	if (cell == CELL_DAY && number >= DAY_MIN && number <= DAY_MAX)
		return day_format((int32_t)number, text);
	if (cell == CELL_INSTANT)
		return civil_format(number, text);
	if (cell == CELL_STATE && number >= 0 &&
	    number < (json_int_t)(sizeof(states) / sizeof(states[0])))
		return states[number];
	(void)snprintf(text, CELL_TEXT_MAX, "%lld", (long long)number);
	return text;
}
