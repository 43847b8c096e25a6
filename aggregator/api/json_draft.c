#include "api/json_draft.h"

#include "common/base/quote.h"

#include <stdarg.h>
#include <string.h>

void json_draft(struct json_draft *to, const char *draft, ...)
{
	va_list args;

	va_start(args, draft);
	while (*draft && to->rc == 0) {
		size_t len = strcspn(draft, "'@$");
		const char *text;

		to->rc = blob_append(&to->out, draft, len);
		draft += len;
		if (*draft && to->rc == 0) {
			text = *draft == '\'' ? "\"" : va_arg(args, const char *);
			to->rc = *draft == '@' ? quote_json(&to->out, text, strlen(text))
					       : blob_append(&to->out, text, strlen(text));
			draft++;
		}
	}
	va_end(args);
}
