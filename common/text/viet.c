#include "common/text/viet.h"

#include "common/base/utf8.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define TONES  6u
#define VOWELS 12u

static const uint32_t tone_marks[TONES] = { 0, 0x300, 0x309, 0x303, 0x301, 0x323 };

enum shape { PLAIN, BREVE = 0x306, CIRCUMFLEX = 0x302, HORN = 0x31b };

static const struct vowel {
	char base;
	enum shape shape;
	uint16_t toned[TONES]; /* small, in the order of tone_marks */
} vowels[VOWELS] = {
	{ 'a', PLAIN, { 0x61, 0xe0, 0x1ea3, 0xe3, 0xe1, 0x1ea1 } },
	{ 'a', BREVE, { 0x103, 0x1eb1, 0x1eb3, 0x1eb5, 0x1eaf, 0x1eb7 } },
	{ 'a', CIRCUMFLEX, { 0xe2, 0x1ea7, 0x1ea9, 0x1eab, 0x1ea5, 0x1ead } },
	{ 'e', PLAIN, { 0x65, 0xe8, 0x1ebb, 0x1ebd, 0xe9, 0x1eb9 } },
	{ 'e', CIRCUMFLEX, { 0xea, 0x1ec1, 0x1ec3, 0x1ec5, 0x1ebf, 0x1ec7 } },
	{ 'i', PLAIN, { 0x69, 0xec, 0x1ec9, 0x129, 0xed, 0x1ecb } },
	{ 'o', PLAIN, { 0x6f, 0xf2, 0x1ecf, 0xf5, 0xf3, 0x1ecd } },
	{ 'o', CIRCUMFLEX, { 0xf4, 0x1ed3, 0x1ed5, 0x1ed7, 0x1ed1, 0x1ed9 } },
	{ 'o', HORN, { 0x1a1, 0x1edd, 0x1edf, 0x1ee1, 0x1edb, 0x1ee3 } },
	{ 'u', PLAIN, { 0x75, 0xf9, 0x1ee7, 0x169, 0xfa, 0x1ee5 } },
	{ 'u', HORN, { 0x1b0, 0x1eeb, 0x1eed, 0x1eef, 0x1ee9, 0x1ef1 } },
	{ 'y', PLAIN, { 0x79, 0x1ef3, 0x1ef7, 0x1ef9, 0xfd, 0x1ef5 } },
};

/* --- characters --- */

static uint32_t small(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7))
		return c + 0x20;
	if (c == 0x102 || c == 0x110 || c == 0x128 || c == 0x168 || c == 0x1a0 || c == 0x1af)
		return c + 1;
	return c >= 0x1ea0 && c <= 0x1ef8 && c % 2 == 0 ? c + 1 : c;
}

static bool is_blank(uint32_t c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || c == 0xa0 || c == 0x202f || c == 0x2007 ||
	       c == 0x200b || c == 0xfeff;
}

/* The next character; @text must not be at its end. A byte that is none comes as LONE and itself:
 * it is no letter, whatever its number. */
#define LONE 0x110000u
static uint32_t next(const char **text)
{
	const uint8_t *byte = (const uint8_t *)*text;
	size_t n = utf8_char(*text, strnlen(*text, 4));
	*text += n > 0 ? n : 1;
	switch (n) {
	case 2:
		return (byte[0] & 0x1fu) << 6 | (byte[1] & 0x3fu);
	case 3:
		return (byte[0] & 0x0fu) << 12 | (byte[1] & 0x3fu) << 6 | (byte[2] & 0x3fu);
	case 4:
		return (byte[0] & 0x07u) << 18 | (byte[1] & 0x3fu) << 12 | (byte[2] & 0x3fu) << 6 |
		       (byte[3] & 0x3fu);
	case 1:
		return byte[0];
	default:
		return LONE | byte[0];
	}
}

static size_t put(char *out, uint32_t c)
{
	if (c < 0x80 || c >= LONE) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* --- vowels and marks --- */

struct letter { /* a vowel taken apart */
	const struct vowel *vowel;
	unsigned tone;
};

static bool letter_of(uint32_t c, struct letter *ret_letter)
{
	if (c < 0x80 && !memchr("aeiouy", (int)c, 6))
		return false; /* most characters */
	for (size_t v = 0; v < VOWELS; v++)
		for (unsigned tone = 0; tone < TONES; tone++)
			if (vowels[v].toned[tone] == c) {
				*ret_letter = (struct letter){ &vowels[v], tone };
				return true;
			}
	return false;
}

/* Put the combining mark @c on the letter; false when it is none, or has no place there. */
static bool letter_mark(struct letter *letter, uint32_t c)
{
	for (unsigned tone = 1; tone < TONES; tone++)
		if (tone_marks[tone] == c && letter->tone == 0) {
			letter->tone = tone;
			return true;
		}
	for (size_t v = 0; v < VOWELS && letter->vowel->shape == PLAIN; v++)
		if (vowels[v].base == letter->vowel->base && vowels[v].shape != PLAIN &&
		    (uint32_t)vowels[v].shape == c) {
			letter->vowel = &vowels[v];
			return true;
		}
	return false;
}

/* The letter that @text goes on with, and its marks; or false, and any other character. */
static bool read_letter(const char **text, struct letter *ret_letter, uint32_t *ret_c)
{
	*ret_c = next(text);
	if (!letter_of(small(*ret_c), ret_letter))
		return false;
	while ((*text)[0] == '\xcc') { /* as all the marks begin */
		const char *behind = *text;
		if (!letter_mark(ret_letter, next(&behind)))
			break;
		*text = behind;
	}
	return true;
}

/* --- keys --- */

struct key {
	char *text;
	size_t len;
	unsigned tone; /* of the syllable so far */
	bool blank;    /* one is due before the next character */
	bool bare, full;
};

static void key_put(struct key *key, uint32_t c)
{
	if (key->len + 5 > VIET_KEY_MAX)
		key->full = true;
	else
		key->len += put(key->text + key->len, c);
}

static void key_end_syllable(struct key *key)
{
	if (key->tone > 0 && !key->bare)
		key_put(key, tone_marks[key->tone]);
	key->tone = 0;
}

static bool key_make(const char *text, bool bare, char ret_key[VIET_KEY_MAX])
{
	struct key key = { .text = ret_key, .bare = bare };
	while (*text && !key.full) {
		struct letter letter;
		uint32_t c;
		bool vowel = read_letter(&text, &letter, &c);
		if (is_blank(c)) {
			key.blank = key.len > 0;
			continue;
		}
		if (key.blank) {
			key_end_syllable(&key);
			key_put(&key, ' ');
			key.blank = false;
		}
		if (vowel && letter.tone > 0) {
			key_end_syllable(&key); /* a second tone: no Vietnamese, but told apart */
			key.tone = letter.tone;
		}
		if (vowel) {
			key_put(&key, bare ? (uint32_t)letter.vowel->base : letter.vowel->toned[0]);
			continue;
		}
		c = small(c);
		if ((c < 'a' || c > 'z') && (c < 0xc0 || c >= 0x2000))
			key_end_syllable(&key); /* it is no letter */
		key_put(&key, bare && c == 0x111 ? 'd' : c);
	}
	key_end_syllable(&key);
	ret_key[key.len] = '\0';
	return !key.full;
}

bool viet_key(const char *text, char ret_key[VIET_KEY_MAX])
{
	return key_make(text, false, ret_key);
}

bool viet_bare(const char *text, char ret_bare[VIET_KEY_MAX])
{
	return key_make(text, true, ret_bare);
}

const char *viet_word(const char *word, char kept[VIET_WORD_MAX])
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of those that write */
	char key[VIET_KEY_MAX];
	if (__atomic_load_n(kept, __ATOMIC_ACQUIRE)) /* its first letter comes last */
		return kept;
	(void)viet_key(word, key);
	assert(strlen(key) < VIET_WORD_MAX);
	(void)pthread_mutex_lock(&lock); /* cannot fail: not recursive, initialised */
	if (!*kept) {
		memcpy(kept + 1, key + 1, strlen(key));
		__atomic_store_n(kept, key[0], __ATOMIC_RELEASE);
	}
	(void)pthread_mutex_unlock(&lock); /* we hold it */
	return kept;
}

/* --- composing --- */

bool viet_compose(const char *text, char *to, size_t room)
{
	size_t len = 0;
	bool fits = true;
	while (*text && fits) {
		const char *start = text;
		struct letter letter;
		uint32_t c;
		char whole[4];
		bool vowel = read_letter(&text, &letter, &c);
		size_t n = (size_t)(text - start);
		if (vowel) {
			uint32_t composed = letter.vowel->toned[letter.tone];
			if (small(c) != c) /* a vowel's capital lies before it */
				composed -= composed <= 0xff ? 0x20 : 1;
			n = put(whole, composed);
		}
		fits = len + n < room;
		if (fits) {
			memmove(to + len, vowel ? whole : start, n);
			len += n;
		}
	}
	to[len] = '\0';
	return fits;
}
