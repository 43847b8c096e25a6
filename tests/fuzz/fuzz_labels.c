/* Labels: of pairs in any order comes one text, which is valid, tells the same pairs, and fits
 * every part of itself. */
#include "common/base/utf8.h"
#include "common/model/labels.h"
#include "fuzz/fuzz.h"

#include <errno.h>

/* A line "b=1;a=2" is taken apart as the province's query does; @text is cut up. */
static size_t split(char *text, struct label labels[LABELS_MAX + 1])
{
	size_t n = 0;
	for (char *rest = text, *pair; n <= LABELS_MAX && (pair = strsep(&rest, ";")); n++) {
		char *value = strchr(pair, '=');
		if (!value)
			return 0;
		*value++ = '\0';
		labels[n] = (struct label){ .key = pair, .value = value };
	}
	return n;
}

/* The pairs of canonical @text are those that made it, each once; each alone fits it. */
static void check_walk(const char *text, const struct label labels[], size_t n)
{
	const char *cursor = text, *key, *value;
	size_t key_len, value_len, walked = 0;
	while (labels_next(&cursor, &key, &key_len, &value, &value_len)) {
		char one[LABELS_TEXT_MAX];
		size_t i = 0;
		while (i < n && (strlen(labels[i].key) != key_len ||
				 memcmp(labels[i].key, key, key_len) != 0))
			i++;
		require(i < n && strlen(labels[i].value) == value_len &&
			memcmp(labels[i].value, value, value_len) == 0);
		snprintf(one, sizeof(one), "%.*s=%.*s", (int)key_len, key, (int)value_len, value);
		require(labels_valid(one) && labels_match(text, one));
		walked++;
	}
	require(walked == n);
}

static void check_pairs(const char *text)
{
	struct label labels[LABELS_MAX + 1];
	struct err err = { 0 };
	char canonical[LABELS_TEXT_MAX], again[LABELS_TEXT_MAX], *parts = strdup(text);
	require(parts);
	size_t n = split(parts, labels);
	int rc = labels_canonical(labels, n, canonical, &err);
	require(rc == 0 || ((rc == -EINVAL || rc == -E2BIG) && *err.text));
	require(rc == 0 || utf8_valid(err.text, strlen(err.text)));
	if (rc == 0) {
		require(labels_valid(canonical) && strlen(canonical) < LABELS_TEXT_MAX);
		require(utf8_printable(canonical, strlen(canonical)));
		require(labels_match(canonical, canonical) && labels_match(canonical, ""));
		check_walk(canonical, labels, n);
		for (size_t i = 0; i < n / 2; i++) { /* in any order */
			struct label swapped = labels[i];
			labels[i] = labels[n - 1 - i];
			labels[n - 1 - i] = swapped;
		}
		require(labels_canonical(labels, n, again, &err) == 0);
		require(strcmp(canonical, again) == 0);
	}
	/* What a peer sends is taken exactly when it is what we would have made of it. */
	if (*text && n > 0)
		require(labels_valid(text) == (rc == 0 && strcmp(canonical, text) == 0));
	free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_lines(data, len, check_pairs);
	return 0;
}
