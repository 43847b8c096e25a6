#include "cell.h"

#include "i18n.h"
#include "utf8.h"
#include "viet.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

char cell_point(enum numeral mark)
{
	if (mark == NUMERAL_COMMA || mark == NUMERAL_POINT)
		return mark == NUMERAL_COMMA ? ',' : '.';
	return strcmp(language_tag(), "vi") == 0 ? ',' : '.';
}

/* Bytes of the first of @words that @text begins with. */
static size_t begins_with(const char *text, const char *const words[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

/* Hyphens, dashes of any length and the minus, between blanks of any kind: "-", " -   ", "–". */
static bool is_dash(const char *text)
{
	static const char *const dashes[] = { "-",
					      "\xe2\x80\x90",
					      "\xe2\x80\x91",
					      "\xe2\x80\x92",
					      "\xe2\x80\x93",
					      "\xe2\x80\x94",
					      "\xe2\x80\x95",
					      "\xe2\x88\x92" };
	static const char *const blanks[] = { " ", "\t", "\xc2\xa0", "\xe2\x80\xaf",
					      "\xe2\x80\x89" };
	size_t n, found = 0;
	while (*text) {
		n = begins_with(text, dashes, sizeof(dashes) / sizeof(dashes[0]));
		found += n;
		if (n == 0)
			n = begins_with(text, blanks, sizeof(blanks) / sizeof(blanks[0]));
		if (n == 0)
			return false;
		text += n;
	}
	return found > 0;
}

static bool takes_back(const char *text)
{
	static const char *const words[] = { CELL_WITHDRAW, "rút lại" };
	static char keys[sizeof(words) / sizeof(words[0])][VIET_WORD_MAX];
	char key[VIET_KEY_MAX];
	if (!viet_key(text, key))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(key, viet_word(words[i], keys[i])) == 0)
			return true;
	return false;
}

/* As the reader writes it, and as short as it can be: 1.250 is 1,25, which nobody takes for more.
 */
static void shorten(char *plain)
{
	char *mark = strchr(plain, '.');
	size_t len = strlen(plain);
	if (!mark)
		return;
	while (plain[len - 1] == '0')
		plain[--len] = '\0';
	*mark = mark[1] ? cell_point(NUMERAL_EITHER) : '\0';
}

/* Two readings, and the table does not say which. */
static int refuse_either(const char *text, struct err *err)
{
	char comma[NUMERAL_MAX], point[NUMERAL_MAX];
	(void)numeral_plain(text, NUMERAL_COMMA, comma); /* it is a number */
	(void)numeral_plain(text, NUMERAL_POINT, point);
	shorten(comma);
	shorten(point);
	return err_set(err, -EINVAL,
		       "'%s' can be read as %s or as %s, and the other numbers of this file do not "
		       "tell; write it without a mark for thousands, or save the file with ';' "
		       "between columns and ',' before decimals",
		       text, comma, point);
}

int cell_refuse(const char *text, enum numeral mark, unsigned decimals, struct err *err)
{
	char shown[EXCERPT_MAX];
	utf8_excerpt(text, strlen(text), shown);
	if (decimals == 0)
		return err_set(err, -EINVAL,
			       "'%s' is not a number; write digits alone, without a unit, like 12",
			       shown);
	return err_set(err, -EINVAL,
		       "'%s' is not a number; write digits alone, without a unit, like 12 or "
		       "12%c5",
		       shown, cell_point(mark));
}

int cell_read(const char *text, enum numeral mark, unsigned decimals, char plain[NUMERAL_MAX],
	      const char **ret_value, struct err *err)
{
	if (is_dash(text))
		return err_set(err, -EINVAL,
			       "'%s' can mean none or not reported; for none write 0, empty the "
			       "cell where nothing is to be reported, and to take back what was "
			       "reported write: withdraw",
			       text);
	if (takes_back(text))
		*ret_value = NULL;
	else if (numeral_plain(text, mark, plain))
		*ret_value = plain;
	else if (numeral_look(text) == NUMERAL_EITHER)
		return refuse_either(text, err);
	else
		return cell_refuse(text, mark, decimals, err);
	return 0;
}
