#include "import/whole.h"

#include "common/text/viet.h"

#include <stddef.h>
#include <string.h>

bool whole_is_total(const char *cell)
{
	static const char *const begins[] = { "tong cong", "cong:", "tong:", "total:" };
	static const char *const words[] = { "tong", "cong",        "tong so", "total",
					     "sum",  "grand total", "cong don" };
	char bare[VIET_KEY_MAX];
	if (!viet_bare(cell, bare))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(bare, words[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(bare, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* --- under a dimension --- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* What stands behind the first of @words, as whole words, that @key begins with; NULL for none. */
static const char *behind(const char *key, const char *const words[], char keys[][VIET_WORD_MAX],
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *word = viet_word(words[i], keys[i]);
		size_t len = strlen(word);
		if (strncmp(key, word, len) == 0 && !is_letter(key[len]))
			return key + len;
	}
	return NULL;
}

/* Behind "tổng": nothing, how many, or which: "3 lĩnh vực", "(1+2)", "I", ": ...". More may make
 * something else of it: "Tổng điều tra", "Cộng đồng". */
static bool is_counted(const char *rest)
{
	rest += strspn(rest, " ");
	size_t roman = strspn(rest, "ivx");
	return !*rest || strchr("0123456789(:=", *rest) || (roman > 0 && !is_letter(rest[roman])) ||
	       (is_letter(rest[0]) && !is_letter(rest[1]));
}

/* "1+2", "I + II", "(A+B)": short names of others with a plus between. */
static bool is_sum(const char *key)
{
	size_t n = 0, pluses = 0;
	for (; *key; key += n > 0 ? n : 1) {
		n = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789.");
		if (n > 4 || (n == 0 && !strchr("+ ()=", *key)))
			return false;
		pluses += *key == '+' && key[1 + strspn(key + 1, " (")];
	}
	return pluses > 0;
}

bool whole_is_named(const char *label)
{
	static const char *const plain[] = { "tổng",    "tổng số", "tổng cộng", "cộng", "t.cộng",
					     "t. cộng", "∑",       "Σ",         "all" };
	static const char *const names[] = {
		"tất cả",       "toàn xã",       "toàn phường",   "toàn thị trấn",  "toàn huyện",
		"toàn tỉnh",    "toàn quận",     "toàn thị xã",   "toàn thành phố", "toàn đặc khu",
		"toàn bộ",      "toàn đơn vị",   "toàn ngành",    "toàn địa bàn",   "cả xã",
		"cả phường",    "cả huyện",      "cả tỉnh",       "cả thành phố",   "cả đặc khu",
		"cả đơn vị",    "cả tháng",      "cả quý",        "cả năm",         "các lĩnh vực",
		"tổng số",      "tổng cộng",     "tổng các",      "tổng xã",        "tổng phường",
		"tổng toàn",    "tổng đơn vị",   "tổng lĩnh vực", "tổng nền tảng",  "tổng chung",
		"tổng nhóm",    "tổng mục",      "tổng phần",     "tổng hồ sơ",     "tổng lượt",
		"tổng giá trị", "tổng ngày",     "tổng tuần",     "tổng tháng",     "tổng quý",
		"tổng năm",     "tổng kỳ",       "cộng các",      "cộng xã",        "cộng phường",
		"cộng toàn",    "cộng lĩnh vực", "cộng nền tảng", "cộng chung",     "cộng nhóm",
		"cộng mục",     "cộng phần",     "cộng hồ sơ",    "cộng ngày",      "cộng tuần",
		"cộng tháng",   "cộng quý",      "cộng năm",      "cộng kỳ",        "cộng dồn",
		"lũy kế",       "subtotal",      "sub-total",     "sub total",      "total",
		"grand total",  "sum of",        "all sectors",   "all apps",       "all platforms",
		"all topics"
	};
	static char plain_keys[sizeof(plain) / sizeof(plain[0])][VIET_WORD_MAX];
	static char name_keys[sizeof(names) / sizeof(names[0])][VIET_WORD_MAX];
	char key[VIET_KEY_MAX];
	if (whole_is_total(label))
		return true;
	if (!viet_key(label, key))
		return false;
	if (is_sum(key))
		return true;
	const char *at = key + strspn(key, "-+*([ ");
	const char *rest = behind(at, names, name_keys, sizeof(names) / sizeof(names[0]));
	if (rest)
		return true;
	rest = behind(at, plain, plain_keys, sizeof(plain) / sizeof(plain[0]));
	return rest && is_counted(rest + strspn(rest, ")]"));
}
