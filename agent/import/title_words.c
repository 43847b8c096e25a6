#include "import/title_words.h"

#include "common/text/viet.h"

#include <stdlib.h>
#include <string.h>

void title_words_read(struct title_words *words, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz", digits[] = "0123456789";
	*words = (struct title_words){ .text = text };
	(void)viet_bare(words->text, words->bare); /* what is longer is cut */
	for (const char *at = words->bare; *at && words->n < WORDS_MAX;) {
		struct title_word word = { .text = at, .len = 1 };
		size_t n_letters = strspn(at, letters), n_digits = strspn(at, digits);
		if (n_letters > 0) { /* QII is two */
			bool quarter = n_letters > 1 && n_letters <= 4 && *at == 'q' &&
				       strspn(at + 1, "iv") == n_letters - 1;
			word.len = quarter ? 1 : n_letters;
			word.word = true;
		} else if (strncmp(at, "\xe2\x80", 2) == 0 && (unsigned char)at[2] >= 0x90 &&
			   (unsigned char)at[2] <= 0x95) { /* a dash of any length */
			words->list[words->n++] = (struct title_word){ .text = "-", .len = 1 };
			at += 3;
			continue;
		} else if (n_digits > 0) {
			word.len = n_digits;
			word.digits = (unsigned)n_digits;
			word.value = n_digits <= 4 ? (unsigned)strtoul(at, NULL, 10) : 0;
		}
		if (*at != ' ')
			words->list[words->n++] = word;
		at += word.len;
	}
}

bool words_are(const struct title_words *words, size_t i, const char *wanted)
{
	for (;; i++) {
		size_t len = strcspn(wanted, " ");
		const struct title_word *word = &words->list[i];
		if (i >= words->n || word->len != len || memcmp(word->text, wanted, len) != 0)
			return false;
		if (!wanted[len])
			return true;
		wanted += len + 1;
	}
}

bool words_are_one_of(const struct title_words *words, size_t i, const char *const list[], size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (words_are(words, i, list[k]))
			return true;
	return false;
}

unsigned words_year(const struct title_words *words, size_t i)
{
	const struct title_word *word = &words->list[i];
	return word->digits == 4 && word->value >= 1900 && word->value <= 2100 ? word->value : 0;
}

/* The bytes of @text of which @bare bytes come. */
static size_t bytes_of(const char *text, size_t bare)
{
	char part[2 * VIET_KEY_MAX], key[VIET_KEY_MAX];
	size_t at = 0;
	while (text[at]) {
		size_t n = utf8_char(text + at, strnlen(text + at, 4));
		n = n > 0 ? n : 1;
		if (at + n >= sizeof(part))
			break;
		memcpy(part, text, at + n);
		part[at + n] = '\0';
		(void)viet_bare(part, key); /* what is longer is cut */
		if (strlen(key) > bare)
			break;
		at += n;
	}
	return at;
}

void words_quote(const struct title_words *words, size_t from, size_t behind,
		 char ret_said[EXCERPT_MAX])
{
	const struct title_word *last = &words->list[behind - 1];
	size_t start = bytes_of(words->text, (size_t)(words->list[from].text - words->bare));
	size_t end = bytes_of(words->text, (size_t)(last->text - words->bare) + last->len);
	start += strspn(words->text + start, " ");
	while (end > start && words->text[end - 1] == ' ')
		end--;
	utf8_excerpt(words->text + start, end > start ? end - start : 0, ret_said);
}

unsigned words_number(const struct title_words *words, size_t i, size_t *ret_next)
{
	static const char *const romans[] = { "i",   "ii",   "iii", "iv", "v",  "vi",
					      "vii", "viii", "ix",  "x",  "xi", "xii" };
	static const char *const spelled[] = {
		"mot", "hai", "ba",   "tu",   "nam",      "sau",
		"bay", "tam", "chin", "muoi", "muoi mot", "muoi hai"
	};
	static const struct {
		const char *word;
		unsigned number;
	} others[] = { { "gieng", 1 }, { "bon", 4 }, { "chap", 12 } };
	const struct title_word *word = &words->list[i];
	*ret_next = i + 1;
	if (word->digits > 0)
		return word->digits <= 2 ? word->value : 0;
	for (unsigned k = 0; k < 12; k++)
		if (words_are(words, i, romans[k]))
			return k + 1;
	for (unsigned k = 12; k > 0; k--)
		if (words_are(words, i, spelled[k - 1])) {
			*ret_next = i + (k > 10 ? 2 : 1);
			bool other =
				(k == 5 && words_year(words, i + 1)) || /* "tháng ... năm 2025" */
				(k == 4 && words->list[i + 1].digits > 0); /* "từ 1" */
			return other ? 0 : k;
		}
	for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
		if (words_are(words, i, others[k].word))
			return others[k].number;
	return 0;
}

unsigned words_year_behind(const struct title_words *words, size_t i, size_t *ret_next)
{
	static const char *const between[] = { "/", "-", ".", ",", ":", "|", "nam" };
	size_t at = i;
	while (at < words->n && at < i + 4 && WORDS_ARE_ONE_OF(words, at, between))
		at++;
	unsigned year = words_year(words, at);
	if (!year && at == i + 1 && strchr("/-.", *words->list[i].text) &&
	    words->list[at].digits == 2 && words->list[at].value > 12)
		year = 2000 + words->list[at].value;
	*ret_next = year ? at + 1 : i;
	return year;
}
