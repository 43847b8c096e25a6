#include "common/text/multipart.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY_MAX 70u /* RFC 2046, 5.1.1 */
#define BROKEN       "the form that was sent cannot be read"

/* CR LF, two dashes and the boundary: what stands before each part but the first, where CR LF may
 * lack. */
static bool read_boundary(const char *type, char ret_mark[BOUNDARY_MAX + 5])
{
	static const char kind[] = "multipart/form-data";
	static const char key[] = "boundary=";
	if (!type || strncasecmp(type, kind, strlen(kind)) != 0)
		return false;
	const char *at = strchr(type, ';');
	while (at && strncasecmp(at + 1 + strspn(at + 1, " \t"), key, strlen(key)) != 0)
		at = strchr(at + 1, ';');
	if (!at)
		return false;
	at += 1 + strspn(at + 1, " \t") + strlen(key);
	bool quoted = *at == '"';
	size_t len = strcspn(at + quoted, quoted ? "\"" : "; \t");
	if (len == 0 || len > BOUNDARY_MAX)
		return false;
	(void)snprintf(ret_mark, BOUNDARY_MAX + 5, "\r\n--%.*s", (int)len, at + quoted); /* fits */
	return true;
}

/* What stands in quotes behind @key in a line of the head; false when it is not there. */
static bool quoted(const char *line, size_t len, const char *key, char *text, size_t room)
{
	const char *at = memmem(line, len, key, strlen(key));
	if (!at)
		return false;
	at += strlen(key);
	const char *end = memchr(at, '"', (size_t)(line + len - at));
	if (!end)
		return false;
	(void)snprintf(text, room, "%.*s", (int)(end - at), at); /* as the header says */
	return true;
}

/* A line of a part's head; others than the one that names it are passed over. */
static void read_line(const char *line, size_t len, struct part *part)
{
	static const char disposition[] = "Content-Disposition:";
	if (len < strlen(disposition) || strncasecmp(line, disposition, strlen(disposition)) != 0)
		return;
	(void)quoted(line, len, "; name=\"", part->name, sizeof(part->name)); /* "": no such */
	(void)quoted(line, len, "; filename=\"", part->file, sizeof(part->file));
}

/* Behind the head, or NULL when it has no end. */
static const char *read_head(const char *at, const char *end, struct part *part)
{
	for (;;) {
		const char *line = at, *stop = memmem(at, (size_t)(end - at), "\r\n", 2);
		if (!stop)
			return NULL;
		at = stop + 2;
		if (stop == line)
			return at;
		read_line(line, (size_t)(stop - line), part);
	}
}

int multipart_parse(const char *type, const char *body, size_t len, struct part ret_parts[],
		    size_t *ret_n, struct err *err)
{
	char mark[BOUNDARY_MAX + 5];
	const char *at = body, *end = body + len;
	size_t n = 0;
	if (!read_boundary(type, mark))
		return err_set(err, -EINVAL, BROKEN);
	size_t mark_len = strlen(mark);
	if (len < mark_len - 2 || memcmp(at, mark + 2, mark_len - 2) != 0)
		return err_set(err, -EINVAL, BROKEN);
	at += mark_len - 2;
	while (end - at >= 2 && memcmp(at, "--", 2) != 0) {
		struct part part = { 0 };
		const char *data =
			memcmp(at, "\r\n", 2) == 0 ? read_head(at + 2, end, &part) : NULL;
		const char *next = data ? memmem(data, (size_t)(end - data), mark, mark_len) : NULL;
		if (!next || !*part.name)
			return err_set(err, -EINVAL, BROKEN);
		if (n == MULTIPART_PARTS_MAX)
			return err_set(err, -E2BIG, "the form has over %u fields",
				       MULTIPART_PARTS_MAX);
		part.data = data;
		part.len = (size_t)(next - data);
		ret_parts[n++] = part;
		at = next + mark_len;
	}
	if (end - at < 2)
		return err_set(err, -EINVAL, BROKEN);
	*ret_n = n;
	return 0;
}

const struct part *multipart_find(const struct part parts[], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	return NULL;
}
