#include "common/text/csv_commas.h"

#include "common/text/charset.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define MARK "\xef\xbb\xbf"

static size_t mark_len(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, MARK, 3) == 0 ? 3 : 0;
}

char separator_told(const char *text, size_t len)
{
	size_t at = mark_len(text, len);
	if (len - at < 6 || strncasecmp(text + at, "sep=", 4) != 0 ||
	    !memchr(",;|\t", text[at + 4], 4) || !memchr("\r\n", text[at + 5], 2))
		return '\0';
	return text[at + 4];
}

/* Of a text whose first line is its header, of names without separators in them: what is told, or
 * what gives that line most fields; ',' when all give one. */
static char separator_of_header(const char *text, size_t len)
{
	size_t counts[sizeof(SEPARATORS)] = { 0 }, i = mark_len(text, len);
	bool quoted = false;
	char told = separator_told(text, len), best = ',';
	if (told)
		return told;
	while (i < len && memchr(" \t\r\n", text[i], 4))
		i++;
	for (; i < len && (quoted || !memchr("\r\n", text[i], 2)); i++) {
		const char *separator = memchr(SEPARATORS, text[i], sizeof(SEPARATORS) - 1);
		if (text[i] == '"')
			quoted = !quoted;
		else if (separator && !quoted)
			counts[separator - SEPARATORS]++;
	}
	size_t most = counts[strcspn(SEPARATORS, ",")];
	for (i = 0; SEPARATORS[i]; i++)
		if (counts[i] > most) {
			most = counts[i];
			best = SEPARATORS[i];
		}
	return best;
}

/* Bytes of the field that @text begins with, and whether it holds a comma. */
static size_t field_len(const char *text, size_t len, char separator, bool *ret_comma)
{
	size_t n = 0;
	bool quoted = false, bare = true;
	*ret_comma = false;
	for (; n < len && (quoted || (text[n] != separator && !memchr("\r\n", text[n], 2))); n++) {
		if (text[n] == '"') {
			quoted = !quoted;
			bare = false;
		}
		*ret_comma |= text[n] == ',';
	}
	*ret_comma &= bare;
	return n;
}

static int part_by_commas(const char *text, size_t len, char separator, struct blob *out)
{
	int rc = 0;
	for (size_t at = 0; at < len && rc == 0;) {
		bool comma;
		size_t n = field_len(text + at, len - at, separator, &comma);
		if (comma)
			rc = blob_append(out, "\"", 1);
		if (rc == 0)
			rc = blob_append(out, text + at, n);
		if (rc == 0 && comma)
			rc = blob_append(out, "\"", 1);
		at += n;
		if (rc == 0 && at < len) /* a separator, or a line's end */
			rc = blob_append(out, text[at] == separator ? "," : text + at, 1);
		at++;
	}
	return rc;
}

/* The line "sep=;" becomes an empty one. */
static int rewrite(const char *text, size_t len, char separator, struct blob *out)
{
	size_t skipped = separator_told(text, len) ? mark_len(text, len) + 5 : 0;
	if (separator == ',')
		return blob_append(out, text + skipped, len - skipped);
	return part_by_commas(text + skipped, len - skipped, separator, out);
}

static int decode(enum charset charset, const char *text, size_t len, struct blob *out,
		  struct err *err)
{
	struct decoder *decoder;
	int rc = decoder_open(charset, &decoder, err);
	if (rc < 0)
		return rc;
	rc = decoder_feed(decoder, text, len, out, err);
	if (rc == 0)
		rc = decoder_end(decoder, out, err);
	decoder_close(decoder);
	return rc;
}

int csv_commas(const char *text, size_t len, struct blob *out, struct err *err)
{
	struct blob decoded = { 0 };
	enum charset charset;
	int rc = charset_guess(text, len, &charset, err);
	if (rc == 0 && (charset == CHARSET_UTF_16LE || charset == CHARSET_UTF_16BE)) {
		rc = decode(charset, text, len, &decoded, err);
		text = (const char *)decoded.data;
		len = decoded.len;
	}
	if (rc == 0 && len > 0)
		rc = charset_refuse_markup(text, len, err);
	if (rc == 0 && len > 0 && rewrite(text, len, separator_of_header(text, len), out) < 0)
		rc = err_memory(err);
	blob_free(&decoded);
	return rc;
}
