#include "common/text/diagnostics.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Kept sorted as they come: most come in the file's order, and there are few. */
void complaints_add(struct complaints *complaints, unsigned line, const char *format, ...)
{
	size_t kept = complaints->n < COMPLAINTS_KEPT ? complaints->n : COMPLAINTS_KEPT;
	complaints->n++;
	if (kept == COMPLAINTS_KEPT && complaints->list[kept - 1].line <= line)
		return;
	if (kept == COMPLAINTS_KEPT)
		kept--; /* the last makes room */
	size_t i = kept;
	for (; i > 0 && complaints->list[i - 1].line > line; i--)
		complaints->list[i] = complaints->list[i - 1];
	complaints->list[i].line = line;
	va_list args;
	va_start(args, format);
	(void)utf8_vprint(complaints->list[i].text, COMPLAINT_TEXT_MAX, _(format), args); /* cut */
	va_end(args);
	(void)utf8_clean(complaints->list[i].text, ""); /* its length; one complaint is one line */
}

int complaints_tell(const struct complaints *complaints, struct err *err)
{
	/* Callers wrap the text ("units.csv: ..."), and the last line must still be there. */
	enum { ROOM = ERR_TEXT_MAX - 256 };
	char text[ROOM + COMPLAINT_TEXT_MAX + 32];
	size_t kept = complaints->n < COMPLAINTS_KEPT ? complaints->n : COMPLAINTS_KEPT, told = 0;
	if (complaints->n == 0)
		return 0;
	for (size_t len = 0; told < kept && len < ROOM - COMPLAINT_TEXT_MAX; told++) {
		if (told > 0)
			text[len++] = '\n';
		int n = snprintf(text + len, sizeof(text) - len, _("line %u: %s"),
				 complaints->list[told].line, complaints->list[told].text);
		len += (size_t)n;
	}
	if (told < complaints->n)
		return err_set(err, -EINVAL, "%s\nand %zu more", text, complaints->n - told);
	return err_set(err, -EINVAL, "%s", text);
}
