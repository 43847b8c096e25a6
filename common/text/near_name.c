#include "common/text/near_name.h"

#include "common/base/i18n.h"
#include "common/base/near.h"
#include "common/base/utf8.h"

#include <stdint.h>
#include <string.h>

#define PART_MIN          3u   /* letters of a part that tells something */
#define PART              100u /* as distance: behind all that is mistyped */
#define LETTERS_A_MISTAKE 5u   /* one in so many may be wrong, and one more */

void near_name_begin(struct near_name *near, const char *wanted)
{
	near->least = SIZE_MAX;
	if (!viet_bare(wanted, near->wanted))
		near->wanted[0] = '\0'; /* nothing is near to it */
}

/* How many words of @longer stand between those of @shorter, all of which it has in their order;
 * SIZE_MAX: it has not, or there is but one. */
static size_t words_between(const char *shorter, const char *longer)
{
	size_t words = 0, skipped = 0;
	while (*shorter) {
		size_t n = strcspn(shorter, " ");
		for (;;) {
			size_t m = strcspn(longer, " ");
			bool same = m == n && memcmp(shorter, longer, n) == 0;
			if (m == 0)
				return SIZE_MAX;
			longer += m + strspn(longer + m, " ");
			if (same)
				break;
			skipped++;
		}
		words++;
		shorter += n + strspn(shorter + n, " ");
	}
	while (*longer) {
		size_t m = strcspn(longer, " ");
		longer += m + strspn(longer + m, " ");
		skipped++;
	}
	return words > 1 ? skipped : SIZE_MAX;
}

size_t near_name_distance(const struct near_name *near, const char *name)
{
	const char *wanted = near->wanted;
	size_t len = strlen(wanted), limit = len / LETTERS_A_MISTAKE + 1;
	char bare[VIET_KEY_MAX];
	if (len == 0 || !name || !viet_bare(name, bare) || !*bare)
		return SIZE_MAX;
	size_t distance = near_distance(wanted, bare);
	if (distance <= limit && distance < len) /* another letter is another word */
		return distance;
	if (len < PART_MIN)
		return SIZE_MAX;
	if (strstr(bare, wanted)) /* "đất" for "đất đai" */
		return PART;
	size_t between = words_between(wanted, bare);
	return between == SIZE_MAX ? SIZE_MAX : PART + 1 + between;
}

bool near_name_try(struct near_name *near, const char *name)
{
	size_t distance = near_name_distance(near, name);
	if (distance >= near->least)
		return false;
	near->least = distance;
	return true;
}

/* --- a list of words --- */

#define LIST_MAX 2048u /* bytes of a list; all options of a program have half as many */

void near_words_begin(struct near_words *words, const char *wanted)
{
	*words = (struct near_words){ 0 };
	near_name_begin(&words->near, wanted);
}

void near_words_try(struct near_words *words, const char *word)
{
	size_t distance = near_name_distance(&words->near, word);
	if (distance == SIZE_MAX || distance > words->near.least)
		return;
	if (distance < words->near.least)
		words->n = words->more = 0;
	words->near.least = distance;
	if (words->n < NEAR_WORDS_MAX)
		words->list[words->n++] = word;
	else
		words->more++;
}

const char *near_words_say(const struct near_words *words, char text[NEAR_WORDS_TEXT])
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < words->n; i++) {
		bool last = i > 0 && i + 1 == words->n && words->more == 0;
		len += utf8_print(text + len, NEAR_WORDS_TEXT - len, "%s'%s'", /* cut is fine */
				  i == 0 ? ""
				  : last ? _(" or ")
					 : ", ",
				  words->list[i]);
	}
	if (words->more > 0)
		(void)utf8_print(text + len, NEAR_WORDS_TEXT - len, ", ..."); /* likewise */
	return text;
}

int near_words_add(struct err *err, const struct near_words *words)
{
	char meant[NEAR_WORDS_TEXT];
	size_t len = strlen(err->text);
	if (words->n > 0) /* cut is fine */
		(void)utf8_print(err->text + len, sizeof(err->text) - len, _("; did you mean %s?"),
				 near_words_say(words, meant));
	return err->code;
}

int near_words_hint(struct err *err, const char *list, const char *wanted)
{
	char copy[LIST_MAX];
	char *rest = copy;
	struct near_words words;
	(void)utf8_print(copy, sizeof(copy), "%s", list ? list : ""); /* no list is longer */
	near_words_begin(&words, wanted);
	for (char *word; (word = strsep(&rest, " ,"));)
		near_words_try(&words, word);
	return near_words_add(err, &words);
}
