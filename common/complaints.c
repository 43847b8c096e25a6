#include "complaints.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_LEN 400u /* of one complaint; they quote excerpts, so this is plenty */
#define MORE_ROOM    64u  /* for "and ... more" */

void complaints_add(struct complaints *complaints, unsigned line, const char *format, ...)
{
	char said[LINE_MAX_LEN];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args); /* cut is fine */
	va_end(args);
	complaints->n++;
	size_t room = sizeof(complaints->text) - MORE_ROOM - complaints->len;
	int n = snprintf(complaints->text + complaints->len, room, "%sline %u: %s",
			 complaints->len ? "\n" : "", line, said);
	if (n < 0 || (size_t)n >= room) {
		complaints->text[complaints->len] = '\0'; /* whole sentences only */
		complaints->left_out++;
	} else {
		complaints->len += (size_t)n;
	}
}

int complaints_tell(const struct complaints *complaints, struct err *err)
{
	if (complaints->n == 0)
		return 0;
	if (complaints->left_out == 0)
		return err_set(err, -EINVAL, "%s", complaints->text);
	return err_set(err, -EINVAL, "%s\nand %zu more", complaints->text, complaints->left_out);
}
