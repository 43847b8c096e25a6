#include "excel/xlsx_internal.h"

#include <string.h>

struct reading {
	struct string_list *strings;
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
	reading->t -= strcmp(name, "t") == 0;
	reading->phonetic -= strcmp(name, "rPh") == 0;
	return strcmp(name, "si") == 0 ? string_list_end(reading->strings, true, fault) : 0;
}

static int on_text(void *context, const char *text, size_t len, struct fault *fault)
{
	struct reading *reading = context;
	return reading->t > 0 && reading->phonetic == 0
		       ? string_list_append(reading->strings, text, len, fault)
		       : 0;
}

int xlsx_strings_read(struct xlsx *xlsx, const char *part, struct fault *fault)
{
	struct reading reading = { .strings = &xlsx->strings };
	struct xml_events events = { on_start, on_end, on_text, &reading };
	return package_parse(xlsx->package, part, &events, fault);
}
