#include "common/model/labels.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define KEY_MAX   32u
#define VALUE_MAX 64u

struct slice {
	const char *text;
	size_t len;
};

struct pair {
	struct slice key, value;
};

static bool key_valid(struct slice key)
{
	if (key.len == 0 || key.len > KEY_MAX || key.text[0] < 'a' || key.text[0] > 'z')
		return false;
	for (size_t i = 1; i < key.len; i++) {
		char c = key.text[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return true;
}

static bool value_valid(struct slice value)
{
	return value.len >= 1 && value.len <= VALUE_MAX && !memchr(value.text, ';', value.len) &&
	       !memchr(value.text, '=', value.len) && utf8_printable(value.text, value.len);
}

static int slice_compare(struct slice a, struct slice b)
{
	int order = memcmp(a.text, b.text, a.len < b.len ? a.len : b.len);
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* What comes in at an office is to be seen by whoever reads it. (The wire takes what earlier
 * versions let in.) */
static int value_seen(struct pair pair, struct err *err)
{
	char shown[EXCERPT_MAX];
	const char *text = pair.value.text;
	size_t len = pair.value.len, at = utf8_plain(text, len);
	if (at == len)
		return 0;
	return err_set(
		err, -EINVAL,
		"label %.*s: '%s' has a character that nobody can see (U+%04X); type it again",
		(int)pair.key.len, pair.key.text, utf8_excerpt(text, len, shown),
		(unsigned)utf8_code(text + at, utf8_char(text + at, len - at)));
}

static int pair_check(struct pair pair, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (!key_valid(pair.key))
		return err_set(err, -EINVAL,
			       "label '%s': a name is a-z, 0-9 and _, begins with a letter and has "
			       "at most %u bytes",
			       utf8_excerpt(pair.key.text, pair.key.len, shown), KEY_MAX);
	if (!value_valid(pair.value))
		return err_set(err, -EINVAL,
			       "label %.*s: a value is text of 1 to %u bytes without ';', '=' and "
			       "control characters",
			       (int)pair.key.len, pair.key.text, VALUE_MAX);
	return value_seen(pair, err);
}

/* Keeps @pairs[@n] ascending as @pair comes in; -EINVAL when its key is there already. */
static int pairs_insert(struct pair pairs[], size_t n, struct pair pair, struct err *err)
{
	size_t at = n;
	while (at > 0 && slice_compare(pairs[at - 1].key, pair.key) > 0)
		at--;
	if (at > 0 && slice_compare(pairs[at - 1].key, pair.key) == 0)
		return err_set(err, -EINVAL, "label %.*s is given twice; give it once",
			       (int)pair.key.len, pair.key.text);
	memmove(&pairs[at + 1], &pairs[at], (n - at) * sizeof(pairs[0]));
	pairs[at] = pair;
	return 0;
}

static char *put(char *to, struct slice slice, char end)
{
	memcpy(to, slice.text, slice.len);
	to[slice.len] = end;
	return to + slice.len + 1;
}

static int pairs_write(const struct pair pairs[], size_t n, char ret_text[LABELS_TEXT_MAX],
		       struct err *err)
{
	size_t room = 1;
	for (size_t i = 0; i < n; i++)
		room += pairs[i].key.len + pairs[i].value.len + 1 + (i > 0);
	if (room > LABELS_TEXT_MAX)
		return err_set(err, -E2BIG, "labels of %zu bytes are too long; the limit is %u",
			       room - 1, LABELS_TEXT_MAX - 1);
	char *to = ret_text;
	for (size_t i = 0; i < n; i++) {
		to = put(to, pairs[i].key, '=');
		to = put(to, pairs[i].value, ';');
	}
	ret_text[room - 1] = '\0'; /* over the last ';' */
	return 0;
}

int labels_canonical(const struct label labels[], size_t n, char ret_text[LABELS_TEXT_MAX],
		     struct err *err)
{
	struct pair pairs[LABELS_MAX];
	if (n > LABELS_MAX)
		return err_set(err, -E2BIG, "%zu labels are too many; the limit is %u", n,
			       LABELS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct pair pair = { { labels[i].key, strlen(labels[i].key) },
				     { labels[i].value, strlen(labels[i].value) } };
		int rc = pair_check(pair, err);
		if (rc == 0)
			rc = pairs_insert(pairs, i, pair, err);
		if (rc != 0)
			return rc;
	}
	return pairs_write(pairs, n, ret_text, err);
}

/* The pair at @text, up to ';' or the end; false when it has no '='. */
static bool pair_at(const char *text, struct pair *ret_pair)
{
	size_t len = strcspn(text, ";");
	const char *equals = memchr(text, '=', len);
	if (!equals)
		return false;
	*ret_pair = (struct pair){ { text, (size_t)(equals - text) },
				   { equals + 1, (size_t)(text + len - equals - 1) } };
	return true;
}

static const char *pair_end(const struct pair *pair)
{
	return pair->value.text + pair->value.len;
}

bool labels_valid(const char *text)
{
	struct pair before = { 0 }, pair;
	if (*text == '\0')
		return true;
	if (strlen(text) >= LABELS_TEXT_MAX)
		return false;
	for (size_t n = 1;; n++, before = pair, text = pair_end(&pair) + 1) {
		if (n > LABELS_MAX || !pair_at(text, &pair) || !key_valid(pair.key) ||
		    !value_valid(pair.value))
			return false;
		if (n > 1 && slice_compare(before.key, pair.key) >= 0)
			return false;
		if (*pair_end(&pair) == '\0')
			return true;
	}
}

bool labels_next(const char **cursor, const char **ret_key, size_t *ret_key_len,
		 const char **ret_value, size_t *ret_value_len)
{
	struct pair pair;
	if (!pair_at(*cursor, &pair))
		return false;
	*ret_key = pair.key.text;
	*ret_key_len = pair.key.len;
	*ret_value = pair.value.text;
	*ret_value_len = pair.value.len;
	const char *end = pair_end(&pair);
	*cursor = *end == ';' ? end + 1 : end;
	return true;
}

/* Both ascend, so one walk along @text meets every label of @filter, or passes it. */
bool labels_match(const char *text, const char *filter)
{
	struct pair wanted, has;
	for (; pair_at(filter, &wanted); filter = pair_end(&wanted) + (*pair_end(&wanted) == ';')) {
		int order = 1;
		while (order > 0 && pair_at(text, &has)) {
			order = slice_compare(wanted.key, has.key);
			text = pair_end(&has) + (*pair_end(&has) == ';');
		}
		if (order != 0 || slice_compare(wanted.value, has.value) != 0)
			return false;
	}
	return true;
}
