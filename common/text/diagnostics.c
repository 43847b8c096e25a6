#include "common/text/diagnostics.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Kept sorted as they come: most come in the file's order, and there are few. */
void diagnostics_add(struct diagnostics *diagnostics, unsigned line, const char *format, ...)
{
	size_t kept = diagnostics->n < DIAGNOSTICS_KEPT ? diagnostics->n : DIAGNOSTICS_KEPT;
	diagnostics->n++;
	if (kept == DIAGNOSTICS_KEPT && diagnostics->list[kept - 1].line <= line)
		return;
	if (kept == DIAGNOSTICS_KEPT)
		kept--; /* the last makes room */
	size_t i = kept;
	for (; i > 0 && diagnostics->list[i - 1].line > line; i--)
		diagnostics->list[i] = diagnostics->list[i - 1];
	diagnostics->list[i].line = line;
	va_list args;
	va_start(args, format);
	(void)utf8_vprint(diagnostics->list[i].text, DIAGNOSTIC_TEXT_MAX, _(format),
			  args); /* cut */
	va_end(args);
	(void)utf8_clean(diagnostics->list[i].text,
			 ""); /* its length; one diagnostic is one line */
}

int diagnostics_tell(const struct diagnostics *diagnostics, struct err *err)
{
	/* Callers wrap the text ("units.csv: ..."), and the last line must still be there. */
	enum { ROOM = ERR_TEXT_MAX - 256 };
	char text[ROOM + DIAGNOSTIC_TEXT_MAX + 32];
	size_t kept = diagnostics->n < DIAGNOSTICS_KEPT ? diagnostics->n : DIAGNOSTICS_KEPT,
	       told = 0;
	if (diagnostics->n == 0)
		return 0;
	for (size_t len = 0; told < kept && len < ROOM - DIAGNOSTIC_TEXT_MAX; told++) {
		if (told > 0)
			text[len++] = '\n';
		int n = snprintf(text + len, sizeof(text) - len, _("line %u: %s"),
				 diagnostics->list[told].line, diagnostics->list[told].text);
		len += (size_t)n;
	}
	if (told < diagnostics->n)
		return err_set(err, -EINVAL, "%s\nand %zu more", text, diagnostics->n - told);
	return err_set(err, -EINVAL, "%s", text);
}
