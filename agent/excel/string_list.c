#include "excel/string_list.h"

#include <string.h>

int string_list_append(struct string_list *list, const char *text, size_t len, struct fault *fault)
{
	if (list->texts.len + len > STRING_LIST_BYTES_MAX) /* I10 */
		return fault_set(fault, FAULT_LARGE, "> 32 MiB of text");
	return blob_append(&list->texts, text, len) < 0 ? fault_set(fault, FAULT_MEMORY, NULL) : 0;
}

/* Where text @i ends. */
static size_t end_of(const struct string_list *list, size_t i)
{
	size_t end;
	memcpy(&end, list->ends.data + i * sizeof(end), sizeof(end));
	return end;
}

int string_list_end(struct string_list *list, bool escaped, struct fault *fault)
{
	size_t n = list->ends.len / sizeof(size_t), start = n > 0 ? end_of(list, n - 1) : 0;
	size_t end = list->texts.len;
	if (escaped && end > start)
		end = start + string_unescape((char *)list->texts.data + start, end - start);
	list->texts.len = end;
	return blob_append(&list->ends, &end, sizeof(end)) < 0
		       ? fault_set(fault, FAULT_MEMORY, NULL)
		       : 0;
}

const char *string_list_get(const struct string_list *list, size_t i, size_t *ret_len)
{
	if (i >= list->ends.len / sizeof(size_t))
		return NULL;
	size_t start = i > 0 ? end_of(list, i - 1) : 0;
	*ret_len = end_of(list, i) - start;
	return *ret_len > 0 ? (const char *)list->texts.data + start : "";
}

void string_list_free(struct string_list *list)
{
	blob_free(&list->texts);
	blob_free(&list->ends);
}

size_t string_unescape(char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		bool control = len - i >= 7 && memcmp(text + i, "_x00", 4) == 0 &&
			       (text[i + 4] == '0' || text[i + 4] == '1') && text[i + 6] == '_' &&
			       text[i + 5] && strchr("0123456789abcdefABCDEF", text[i + 5]);
		text[n++] = control ? ' ' : text[i];
		i += control ? 6 : 0;
	}
	return n;
}
