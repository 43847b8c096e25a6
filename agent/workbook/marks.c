#include "workbook/marks.h"

#include "common/base/array.h"
#include "common/base/utf8.h"
#include "workbook/cells.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int append_text(struct blob *out, const char *text, const char *end)
{
	char own[MARK_TEXT_MAX];
	size_t len = utf8_print(own, sizeof(own), "%s", text);
	for (size_t i = 0; i < len; i++) /* utf8_clean() would take a '?' for them */
		own[i] = own[i] == '\t' || own[i] == '\n' || own[i] == '\r' ? ' ' : own[i];
	len = utf8_clean(own, "");
	int rc = blob_append(out, own, len);
	return rc == 0 ? blob_append(out, end, 1) : rc;
}

int marks_append(struct blob *out, const struct mark *mark)
{
	char head[48];
	size_t before = out->len;
	int n = snprintf(head, sizeof(head), "M\t%c\t%u\t%u\t", (int)mark->kind, mark->row,
			 mark->column); /* fits */
	int rc = blob_append(out, head, (size_t)n);
	if (rc == 0)
		rc = append_text(out, mark->sheet, "\t");
	if (rc == 0)
		rc = append_text(out, mark->text, "\n");
	if (rc < 0)
		out->len = before;
	return rc;
}

static bool read_line(char *line, struct mark *ret_mark)
{
	char *fields[6] = { NULL }, *at = line;
	for (size_t i = 0; i < 6 && at; i++) {
		fields[i] = at;
		at = i < 5 ? strchr(at, '\t') : NULL;
		if (at)
			*at++ = '\0';
	}
	if (!fields[5] || strcmp(fields[0], "M") != 0 || !fields[1][0] || fields[1][1] ||
	    !strchr("ewn", fields[1][0]))
		return false;
	*ret_mark = (struct mark){ .kind = (enum mark_kind)fields[1][0],
				   .row = (unsigned)strtoul(fields[2], NULL, 10),
				   .column = (unsigned)strtoul(fields[3], NULL, 10),
				   .sheet = fields[4],
				   .text = fields[5] };
	return ret_mark->row <= CELLS_ROW_MAX && ret_mark->column <= CELLS_COLUMN_MAX;
}

int marks_read(char *text, size_t len, struct mark **ret_list, size_t *ret_n)
{
	struct mark *list = NULL;
	size_t n = 0;
	for (char *end; len > 0 && n < MARKS_MAX && (end = memchr(text, '\n', len));) {
		struct mark *more = array_room(list, n, sizeof(*list));
		if (!more) {
			free(list);
			return -ENOMEM;
		}
		list = more;
		*end = '\0';
		n += read_line(text, &list[n]);
		len -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	*ret_list = list;
	*ret_n = n;
	return 0;
}
