#include "export/writer.h"

#include <string.h>

int sink_flush(struct sink *sink, struct err *err)
{
	size_t len = sink->len;

	sink->len = 0;
	return len > 0 ? sink->to->put(sink->to->context, sink->bytes, len, err) : 0;
}

int sink_put(struct sink *sink, const void *data, size_t len, struct err *err)
{
	const char *at = data;
	int rc = 0;

	while (len > 0 && rc == 0) {
		size_t room = sizeof(sink->bytes) - sink->len, n = len < room ? len : room;

		memcpy(sink->bytes + sink->len, at, n);
		sink->len += n;
		at += n;
		len -= n;
		if (sink->len == sizeof(sink->bytes))
			rc = sink_flush(sink, err);
	}
	return rc;
}

int sink_text(struct sink *sink, const char *text, struct err *err)
{
	return sink_put(sink, text, strlen(text), err);
}

static bool needs_quotes(const char *text, char separator)
{
	const char marks[] = { separator, '"', '\r', '\n', '\t', '\0' };
	size_t len = strlen(text);

	return len == 0 || strpbrk(text, marks) || text[0] == ' ' || text[len - 1] == ' ';
}

/* @text as it stands between quotes. */
static int put_doubled(struct sink *sink, const char *text, struct err *err)
{
	int rc = 0;

	while (*text && rc == 0) {
		size_t len = strcspn(text, "\"");

		rc = sink_put(sink, text, len, err);
		text += len;
		if (*text && rc == 0) {
			rc = sink_put(sink, "\"\"", 2, err);
			text++;
		}
	}
	return rc;
}

int sink_quoted(struct sink *sink, const char *before, const char *text, const char *behind,
		struct err *err)
{
	int rc = sink_put(sink, "\"", 1, err);

	if (rc == 0)
		rc = put_doubled(sink, before, err);
	if (rc == 0)
		rc = put_doubled(sink, text, err);
	if (rc == 0)
		rc = put_doubled(sink, behind, err);
	return rc == 0 ? sink_put(sink, "\"", 1, err) : rc;
}

int sink_field(struct sink *sink, const char *text, char separator, struct err *err)
{
	if (!text)
		return 0;
	return needs_quotes(text, separator) ? sink_quoted(sink, "", text, "", err)
					     : sink_text(sink, text, err);
}
