#include "import/row_unit.h"

#include "common/base/utf8.h"
#include "common/text/viet.h"

#include <stdio.h>
#include <string.h>

/* What stands for the cell above. */
static bool is_ditto(const char *text)
{
	static const char *const marks[] = { "nt",           "-nt-",     "\"", "\"\"",
					     "\xe2\x80\xb3", "như trên", "-",  "//" };
	static char keys[sizeof(marks) / sizeof(marks[0])][VIET_WORD_MAX];
	char key[VIET_KEY_MAX];
	bool found = !*text;
	if (found || !viet_key(text, key))
		return found;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && !found; i++)
		found = strcmp(key, viet_word(marks[i], keys[i])) == 0;
	return found;
}

const char *row_unit_read(struct row_unit *unit, const struct columns *columns,
			  const struct csv_row *row)
{
	const struct column *column = columns_find(columns, ROLE_UNIT);
	size_t at = column ? (size_t)(column - columns->list) : row->n;
	const char *cell = at < row->n ? row->fields[at] : "";
	if (is_ditto(cell))
		return *cell || measure_is_scaled(unit->said) ? unit->said : "";
	(void)utf8_print(unit->said, sizeof(unit->said), "%s", cell); /* cut: it fits nothing */
	return unit->said;
}

bool row_unit_fits_lines(const char *units, const struct metric *metric, char ret_unit[MEASURE_MAX])
{
	for (const char *at = units; *at;) {
		size_t len = strcspn(++at, "\n");
		(void)snprintf(ret_unit, MEASURE_MAX, "%.*s", (int)len, at); /* fits */
		if (!measure_fits(metric, ret_unit))
			return false;
		at += len;
	}
	return true;
}
