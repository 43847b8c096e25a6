#include "import/cell.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/viet.h"
#include "import/measure.h"

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

bool cell_is_dash(const char *text)
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

/* What people write in the place of a dash. */
static bool is_none(const char *text)
{
	static const char *const words[] = { "khong", "khong co", "khong phat sinh",
					     "ko",    "ko co",    "khong co so lieu",
					     "none",  "nil",      "null" };
	char bare[VIET_KEY_MAX];
	if (!viet_bare(text, bare))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(bare, words[i]) == 0)
			return true;
	return false;
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

/* --- what is nearly a number --- */

struct nearly {                                       /* a number, and what stands around it */
	char number[NUMERAL_MAX], rest[VIET_KEY_MAX]; /* as typed; as viet_key() makes it */
};

/* The longest number that @text begins with; false when there is none. */
static bool nearly_read(const char *text, struct nearly *ret)
{
	size_t len = strnlen(text, sizeof(ret->number) - 1);
	for (; len > 0; len--) {
		memcpy(ret->number, text, len);
		ret->number[len] = '\0';
		if (numeral_look(ret->number) != NUMERAL_NONE)
			break;
	}
	while (len > 0 && ret->number[len - 1] == ' ')
		ret->number[--len] = '\0';
	return len > 0 && viet_key(text + len, ret->rest) && *ret->rest;
}

static bool is_remark(const char *rest)
{
	static const char *const marks[] = { "*", "(*", "(", "[", "^", "¹", "²", "³", "⁴" };
	size_t n = begins_with(rest, marks, sizeof(marks) / sizeof(marks[0]));
	return n > 0 && !rest[n + strspn(rest + n, "0123456789*)]")];
}

static bool is_second(const char *rest)
{
	static const char *const between[] = {
		"/", "-", "\xe2\x80\x93", "\xe2\x80\x94", ":", "x "
	};
	size_t n = begins_with(rest, between, sizeof(between) / sizeof(between[0]));
	return n > 0 && numeral_look(rest + n) != NUMERAL_NONE;
}

/* "~8", "trên 8": about as much. */
static bool is_about(const char *text)
{
	static const char *const words[] = {
		"~",     "\xe2\x89\x88", "±",    ">",     "<",    "≥",      "≤",      "khoang ",
		"tren ", "hon ",         "gan ", "duoi ", "uoc ", "chung ", "about ", "over "
	};
	char bare[VIET_KEY_MAX];
	size_t n = viet_bare(text, bare)
			   ? begins_with(bare, words, sizeof(words) / sizeof(words[0]))
			   : 0;
	n += n > 0 && bare[n] == '=';
	return n > 0 && numeral_look(bare + n) != NUMERAL_NONE;
}

/* "8 (ước)": what stands behind the number says that it was not counted. */
static bool is_estimate(const char *rest)
{
	static const char *const words[] = { "uoc", "tam tinh", "du kien", "so bo", "estimate" };
	char bare[VIET_KEY_MAX];
	return viet_bare(rest + (rest[0] == '('), bare) &&
	       begins_with(bare, words, sizeof(words) / sizeof(words[0])) > 0;
}

/* "Chưa có số liệu", "đang tổng hợp". */
static bool is_not_yet(const char *text)
{
	static const char *const words[] = { "chua ", "dang " };
	char bare[VIET_KEY_MAX];
	return viet_bare(text, bare) &&
	       begins_with(bare, words, sizeof(words) / sizeof(words[0])) > 0;
}

/* Accountants' (8). */
static bool is_bracketed(const char *text, char ret_number[NUMERAL_MAX])
{
	size_t len = strlen(text);
	if (len < 3 || len >= NUMERAL_MAX || text[0] != '(' || text[len - 1] != ')')
		return false;
	memcpy(ret_number, text + 1, len - 2);
	ret_number[len - 2] = '\0';
	return numeral_look(ret_number) != NUMERAL_NONE && strspn(ret_number, "0123456789.,");
}

static bool is_exponent(const char *rest)
{
	size_t sign = rest[0] == 'e' && strchr("+-", rest[1]) && rest[1];
	return rest[0] == 'e' && rest[1 + sign] &&
	       !rest[1 + sign + strspn(rest + 1 + sign, "0123456789")];
}

static int refuse_about(const char *shown, struct err *err)
{
	return err_set(err, -EINVAL,
		       "'%s' is not an exact number; write what was counted, or empty the cell "
		       "until that is known",
		       shown);
}

static int refuse_nearly(const struct nearly *nearly, const char *shown,
			 const struct metric *metric, struct err *err)
{
	const char *rest = nearly->rest;
	if (is_remark(rest))
		return err_set(err, -EINVAL,
			       "'%s' has the mark of a remark behind the number; write the number "
			       "alone, like %s",
			       shown, nearly->number);
	if (is_second(rest))
		return err_set(err, -EINVAL, "'%s' is two numbers; write the one that is counted",
			       shown);
	if (is_exponent(rest))
		return err_set(
			err, -EINVAL,
			"'%s' was shortened by the spreadsheet; format the cell as a number, "
			"and save the table again",
			shown);
	if (is_estimate(rest))
		return refuse_about(shown, err);
	if (measure_fits(metric, rest))
		return err_set(err, -EINVAL,
			       "'%s' has its unit beside it; write the number alone, like %s",
			       shown, nearly->number);
	if (measure_is_known(NULL, rest))
		return err_set(err, -EINVAL,
			       "'%s' is in another unit; write the figure in '%s', in digits alone",
			       shown, measure_shown(metric));
	return 0;
}

/* What can be told of the cell more than that it is no number; 0: nothing. */
static int refuse_known(const char *text, const struct metric *metric, struct err *err)
{
	char shown[EXCERPT_MAX], number[NUMERAL_MAX];
	struct nearly nearly;
	utf8_excerpt(text, strlen(text), shown);
	if (is_bracketed(text, number))
		return err_set(
			err, -EINVAL,
			"'%s' can be %s below zero, as accountants write it; write -%s if it "
			"is that, and %s if it is not",
			shown, number, number, number);
	if (text[0] == '#')
		return err_set(err, -EINVAL,
			       "'%s' is an error of the spreadsheet; mend its formula or widen its "
			       "column, or write the number",
			       shown);
	if (text[0] == '=')
		return err_set(err, -EINVAL,
			       "'%s' is a formula; save the table with what it comes to, or write "
			       "the number",
			       shown);
	if (is_about(text))
		return refuse_about(shown, err);
	if (is_not_yet(text))
		return err_set(err, -EINVAL,
			       "'%s' is not a figure yet; empty the cell until there is one",
			       shown);
	return nearly_read(text, &nearly) ? refuse_nearly(&nearly, shown, metric, err) : 0;
}

int cell_refuse(const char *text, enum numeral mark, const struct metric *metric, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (refuse_known(text, metric, err) < 0)
		return -EINVAL;
	utf8_excerpt(text, strlen(text), shown);
	if (metric->decimals == 0)
		return err_set(err, -EINVAL,
			       "'%s' is not a number; write digits alone, without a unit, like 12",
			       shown);
	return err_set(err, -EINVAL,
		       "'%s' is not a number; write digits alone, without a unit, like 12 or "
		       "12%c5",
		       shown, cell_point(mark));
}

/* What neither is a number nor takes one back: to some it says none, to some not reported. */
static int ask_which(const char *text, struct err *err)
{
	return err_set(err, -EINVAL,
		       "'%s' can mean none or not reported; for none write 0, empty the cell where "
		       "nothing is to be reported, and to take back what was reported write: "
		       "withdraw",
		       text);
}

int cell_read(const char *text, enum numeral mark, const struct metric *metric,
	      char plain[NUMERAL_MAX], const char **ret_value, struct err *err)
{
	if (cell_is_dash(text))
		return ask_which(text, err);
	if (takes_back(text))
		*ret_value = NULL;
	else if (numeral_plain(text, mark, plain))
		*ret_value = plain;
	else if (numeral_look(text) == NUMERAL_EITHER)
		return refuse_either(text, err);
	else if (is_none(text))
		return ask_which(text, err);
	else
		return cell_refuse(text, mark, metric, err);
	return 0;
}
