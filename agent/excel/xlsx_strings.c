#include "excel/xlsx_internal.h"

#include <string.h>

struct reading {
	struct xlsx_strings *strings;
	unsigned t, phonetic; /* how deep in these */
};

static int on_start(void *context, const char *name, const char *const *attributes,
		    struct fault *fault)
{
	struct reading *reading = context;
	(void)attributes;
	(void)fault;
	reading->t += strcmp(name, "t") == 0;
	reading->phonetic += strcmp(name, "rPh") == 0;
	return 0;
}

static int on_end(void *context, const char *name, struct fault *fault)
{
	struct reading *reading = context;
	struct xlsx_strings *strings = reading->strings;
	reading->t -= strcmp(name, "t") == 0;
	reading->phonetic -= strcmp(name, "rPh") == 0;
	if (strcmp(name, "si") != 0)
		return 0;
	size_t n = strings->ends.len / sizeof(size_t), start = 0;
	if (n > 0)
		memcpy(&start, strings->ends.data + (n - 1) * sizeof(size_t), sizeof(start));
	size_t end = strings->texts.len;
	if (end > start)
		end = start + xlsx_unescape((char *)strings->texts.data + start, end - start);
	strings->texts.len = end;
	return blob_append(&strings->ends, &end, sizeof(end)) < 0
		       ? fault_set(fault, FAULT_MEMORY, NULL)
		       : 0;
}

static int on_text(void *context, const char *text, size_t len, struct fault *fault)
{
	struct reading *reading = context;
	if (reading->t == 0 || reading->phonetic > 0)
		return 0;
	if (reading->strings->texts.len + len > XLSX_STRINGS_BYTES_MAX) /* I10 */
		return fault_set(fault, FAULT_LARGE, "> 32 MiB of text");
	return blob_append(&reading->strings->texts, text, len) < 0
		       ? fault_set(fault, FAULT_MEMORY, NULL)
		       : 0;
}

int xlsx_strings_read(struct xlsx *xlsx, const char *part, struct fault *fault)
{
	struct reading reading = { .strings = &xlsx->strings };
	struct xml_events events = { on_start, on_end, on_text, &reading };
	return package_parse(xlsx->package, part, &events, fault);
}

const char *xlsx_string(const struct xlsx *xlsx, size_t i, size_t *ret_len)
{
	const struct blob *ends = &xlsx->strings.ends;
	size_t n = ends->len / sizeof(size_t), start = 0, end;
	if (i >= n)
		return NULL;
	if (i > 0)
		memcpy(&start, ends->data + (i - 1) * sizeof(size_t), sizeof(start));
	memcpy(&end, ends->data + i * sizeof(size_t), sizeof(end));
	*ret_len = end - start;
	return end > start ? (const char *)xlsx->strings.texts.data + start : "";
}

size_t xlsx_unescape(char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		bool control = len - i >= 7 && memcmp(text + i, "_x00", 4) == 0 &&
			       (text[i + 4] == '0' || text[i + 4] == '1') && text[i + 6] == '_' &&
			       strchr("0123456789abcdefABCDEF", text[i + 5]);
		text[n++] = control ? ' ' : text[i];
		i += control ? 6 : 0;
	}
	return n;
}
