/* Forms: what was read is written as a browser would, and read as the same. */
#include "common/base/utf8.h"
#include "common/text/urlencoded.h"
#include "fuzz/fuzz.h"

#include <ctype.h>
#include <errno.h>

static char *put(char *to, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (isascii(c) && (isalnum(c) || strchr("*-._", c)))
			*to++ = *text;
		else if (c == ' ')
			*to++ = '+';
		else
			to += sprintf(to, "%%%02X", c);
	}
	return to;
}

static void check_round(const struct field fields[], size_t n)
{
	size_t room = 1, n_again;
	struct field *again;
	struct err err = { 0 };
	for (size_t i = 0; i < n; i++)
		room += 3 * (strlen(fields[i].name) + strlen(fields[i].value)) + 2;
	char *body = malloc(room), *to = body;
	require(body);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			*to++ = '&';
		to = put(to, fields[i].name);
		*to++ = '=';
		to = put(to, fields[i].value);
	}
	require(urlencoded_parse(body, (size_t)(to - body), &again, &n_again, &err) == 0);
	require(n_again == n);
	for (size_t i = 0; i < n; i++) {
		require(strcmp(again[i].name, fields[i].name) == 0);
		require(strcmp(again[i].value, fields[i].value) == 0);
		const char *value = field_value(fields, n, fields[i].name);
		require(value && (strcmp(value, fields[i].value) == 0 || i > 0));
	}
	free(again);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct field *fields;
	struct err err = { 0 };
	size_t n;
	char *body = malloc(len + 1);
	require(body);
	if (len > 0)
		memcpy(body, data, len);
	int rc = urlencoded_parse(body, len, &fields, &n, &err);
	require(rc == 0 || ((rc == -EINVAL || rc == -E2BIG) && *err.text));
	if (rc == 0) {
		require(n <= FIELDS_MAX);
		for (size_t i = 0; i < n; i++)
			require(utf8_valid(fields[i].name, strlen(fields[i].name)) &&
				utf8_valid(fields[i].value, strlen(fields[i].value)));
		check_round(fields, n);
		free(fields);
	}
	free(body);
	return 0;
}
