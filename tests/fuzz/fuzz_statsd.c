#include "fuzz/fuzz.h"
#include "sources/statsd_line.h"
#include "sources/tally.h"

#include <errno.h>
#include <string.h>

/* A datagram: whatever its lines are, what comes out is a name, a number or its refusal, canonical
 * labels, and a tally that holds each figure once. */
static void check_line(struct tally *tally, const char *text, size_t len)
{
	struct statsd_line line;
	struct err err = { 0 };
	int rc = statsd_line_parse(text, len, &line, &err);
	require(rc == 0 || ((rc == -EINVAL || rc == -E2BIG) && *err.text));
	if (rc < 0)
		return;
	require(*line.metric && strlen(line.metric) <= METRIC_NAME_MAX);
	require(*line.value && strlen(line.value) < sizeof(line.value));
	require(labels_valid(line.labels));
	require(!line.counter || !line.change);
	struct observation obs = { .metric = line.metric, .labels = line.labels };
	if (decimal_parse(line.value, strlen(line.value), DECIMALS_MAX, &obs.value_e,
			  &(struct err){ 0 }) < 0)
		return;
	size_t before = tally->n;
	rc = tally_add(tally, &obs, line.counter ? TALLY_ADD : TALLY_SET, &err);
	require(rc == 0 || rc == -ERANGE || rc == -E2BIG);
	require(tally->n == before || (rc == 0 && tally->n == before + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tally tally = { 0 };
	const char *text = (const char *)data, *end = text + len;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop ? stop : end) - text);
		check_line(&tally, text, line);
		text += line + 1;
	}
	tally_clear(&tally);
	return 0;
}
