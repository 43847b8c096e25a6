#include "excel/xlsx_internal.h"

#include <stdlib.h>
#include <string.h>

#define CODES_MAX 4096u

struct reading {
	struct blob *formats;
	struct code {
		unsigned long id;
		enum format format;
	} codes[CODES_MAX]; /* number formats of this workbook */
	size_t n_codes;
	bool in_cells; /* in <cellXfs> */
};

static enum format find(const struct reading *reading, unsigned long id)
{
	for (size_t i = 0; i < reading->n_codes; i++)
		if (reading->codes[i].id == id)
			return reading->codes[i].format;
	return id <= 58 ? format_of_id((unsigned)id) : FORMAT_NUMBER;
}

static int on_start(void *context, const char *name, const char *const *attributes,
		    struct fault *fault)
{
	struct reading *reading = context;
	const char *id = xml_attribute(attributes, "numFmtId");
	const char *code = xml_attribute(attributes, "formatCode");
	if (strcmp(name, "numFmt") == 0 && id && code) {
		if (reading->n_codes == CODES_MAX)
			return fault_set(fault, FAULT_STRANGE, NULL);
		reading->codes[reading->n_codes++] =
			(struct code){ strtoul(id, NULL, 10), format_of_code(code) };
	}
	if (strcmp(name, "cellXfs") == 0)
		reading->in_cells = true;
	if (strcmp(name, "xf") != 0 || !reading->in_cells)
		return 0;
	uint8_t format = (uint8_t)find(reading, id ? strtoul(id, NULL, 10) : 0);
	if (reading->formats->len == XLSX_STYLES_MAX)
		return fault_set(fault, FAULT_STRANGE, NULL);
	return blob_append(reading->formats, &format, 1) < 0 ? fault_set(fault, FAULT_MEMORY, NULL)
							     : 0;
}

static int on_end(void *context, const char *name, struct fault *fault)
{
	struct reading *reading = context;
	(void)fault;
	if (strcmp(name, "cellXfs") == 0)
		reading->in_cells = false;
	return 0;
}

int xlsx_styles_read(struct xlsx *xlsx, const char *part, struct fault *fault)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	if (!reading)
		return fault_set(fault, FAULT_MEMORY, NULL);
	reading->formats = &xlsx->styles.formats;
	struct xml_events events = { on_start, on_end, NULL, reading };
	int rc = package_parse(xlsx->package, part, &events, fault);
	free(reading);
	return rc;
}

enum format xlsx_format(const struct xlsx *xlsx, size_t style)
{
	return style < xlsx->styles.formats.len ? (enum format)xlsx->styles.formats.data[style]
						: FORMAT_NUMBER;
}
