/* The body of POST /v1/observations: read, written, and read again. */
#include "api/observations.h"
#include "common/base/utf8.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_same(const struct entry *a, const struct entry *b)
{
	require(same(a->metric, b->metric) && same(a->value, b->value) &&
		same(a->period, b->period) && same(a->labels, b->labels) && a->add == b->add &&
		same(a->author, b->author) && same(a->note, b->note));
}

/* What was understood is written so that it is understood again. */
static void check_round(const struct observations *first)
{
	struct observations *again;
	struct blob json = { 0 };
	struct err err = { 0 };
	size_t n, n_again;
	const struct entry *entries = observations_entries(first, &n);
	require(n <= OBSERVATIONS_MAX);
	require(observations_format(entries, n, &json, &err) == 0);
	require(utf8_valid((const char *)json.data, json.len));
	require(observations_parse((const char *)json.data, json.len, &again, &err) == 0);
	const struct entry *entries_again = observations_entries(again, &n_again);
	require(n == n_again);
	for (size_t i = 0; i < n; i++)
		check_same(&entries[i], &entries_again[i]);
	observations_close(again);
	blob_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct observations *observations = NULL;
	struct err err = { 0 };
	int rc = observations_parse((const char *)data, len, &observations, &err);
	require(rc == 0 || rc == -EINVAL);
	require(rc == 0 ? observations != NULL : !observations && *err.text);
	if (rc == 0)
		check_round(observations);
	observations_close(observations);
	return 0;
}
