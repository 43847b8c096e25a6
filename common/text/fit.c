#include "common/text/fit.h"

#include "common/base/utf8.h"

#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#define ELLIPSIS   "\xE2\x80\xA6"
#define INDENT_MIN 20u /* columns that are left beside an indentation */

/* Bytes of the escape sequence that @text begins with; 0: it begins with none. */
static size_t escape_len(const char *text)
{
	size_t len = 2;

	if (text[0] != '\x1b' || text[1] != '[')
		return 0;
	while (text[len] && (text[len] < '@' || text[len] > '~'))
		len++;
	return text[len] ? len + 1 : len;
}

/* Bytes of the character that @text begins with, and the cells that it takes. @text is not "". */
static size_t character(const char *text, size_t *ret_cells)
{
	size_t len = escape_len(text);

	*ret_cells = 0;
	if (len > 0)
		return len;
	len = utf8_char(text, strlen(text));
	if (len == 0) {
		*ret_cells = 1;
		return 1;
	}
	int width = wcwidth((wchar_t)utf8_code(text, len));

	*ret_cells = width < 0 ? 1 : (size_t)width;
	return len;
}

/* Of @text[@len]. */
static size_t cells_of(const char *text, size_t len)
{
	size_t all = 0, cells;

	for (size_t at = 0; at < len && text[at]; all += cells)
		at += character(text + at, &cells);
	return all;
}

size_t fit_cells(const char *text)
{
	return cells_of(text, strlen(text));
}

size_t fit_longest_word(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t len = strcspn(text, " \n"), cells = cells_of(text, len);

		longest = cells > longest ? cells : longest;
		text += len + strspn(text + len, " \n");
	}
	return longest;
}

int fit_cut(const char *text, size_t cells, struct blob *out)
{
	size_t at = 0, taken = 0, wide;

	if (fit_cells(text) <= cells)
		return blob_append(out, text, strlen(text));
	while (text[at]) {
		size_t len = character(text + at, &wide);

		if (taken + wide > cells - 1)
			break;
		taken += wide;
		at += len;
	}
	while (at > 0 && text[at - 1] == ' ')
		at--;
	int rc = blob_append(out, text, at);

	return rc == 0 ? blob_append(out, ELLIPSIS, strlen(ELLIPSIS)) : rc;
}

size_t fit_line(const char *text, size_t cells, size_t *ret_next)
{
	size_t at = strspn(text, " "), end = 0, whole = strcspn(text, "\n");

	if (cells_of(text, whole) <= cells) {
		*ret_next = whole + (text[whole] == '\n');
		return whole;
	}
	while (at < whole) {
		size_t word = strcspn(text + at, " \n");

		if (end > 0 && cells_of(text, at + word) > cells)
			break;
		end = at + word;
		at = end + strspn(text + end, " ");
	}
	*ret_next = at < whole ? at : whole + (text[whole] == '\n');
	return end > 0 ? end : whole;
}

/* Where what follows of the line @text[@len] is to stand. */
static size_t indentation(const char *text, size_t len, size_t columns)
{
	size_t first = strspn(text, " "), indent = first;

	for (size_t at = first; at + 2 < len && cells_of(text, at) < columns / 2;) {
		size_t gap = strspn(text + at, " ");

		if (gap >= 2 && at + gap < len)
			indent = cells_of(text, at + gap);
		at += gap ? gap : strcspn(text + at, " \n");
	}
	return indent + INDENT_MIN > columns ? 0 : indent;
}

static int wrap(const char *text, size_t len, size_t columns, struct blob *out)
{
	size_t indent = indentation(text, len, columns), next;
	bool first = true;
	int rc = 0;

	for (size_t at = 0; at < len && rc == 0; at += next, first = false) {
		size_t n = fit_line(text + at, first ? columns : columns - indent, &next);

		if (!first)
			rc = blob_append(out, "\n", 1);
		for (size_t i = 0; !first && i < indent && rc == 0; i++)
			rc = blob_append(out, " ", 1);
		if (rc == 0)
			rc = blob_append(out, text + at, n);
	}
	return rc == 0 && text[len] ? blob_append(out, "\n", 1) : rc;
}

int fit_lines(const char *text, size_t columns, struct blob *out)
{
	int rc = 0;

	while (*text && rc == 0) {
		size_t len = strcspn(text, "\n"), all = len + (text[len] == '\n');

		if (columns == 0 || cells_of(text, len) <= columns)
			rc = blob_append(out, text, all);
		else
			rc = wrap(text, len, columns, out);
		text += all;
	}
	return rc;
}
