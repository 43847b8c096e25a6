/* 1. _rels/.rels names the workbook's part, and that its sheets; the part's own relationships say
 *    where these, the styles and the shared strings lie.
 * 2. Styles and strings are read, then each sheet in its order. Sheets of charts hold no cells. */
#include "excel/xlsx_internal.h"

#include "common/base/array.h"
#include "common/base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define PART_MAX 512u /* bytes of a part's name */

struct sheet_of {        /* as the workbook lists it */
	char *name, *id; /* owned */
	char *part;      /* owned; NULL: none with cells */
	bool hidden;
};

struct listing {
	const char *folder;  /* of the part that the relationships are of, with its slash; "" */
	char part[PART_MAX]; /* of the workbook; "" */
	char styles[PART_MAX], strings[PART_MAX];
	struct sheet_of *sheets; /* owned [n] */
	size_t n;
	bool is_workbook, since_1904;
};

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* --- relationships --- */

/* @target as the archive has it, beside @folder; "" when it leads nowhere. */
static void resolve(const char *folder, const char *target, char ret_part[PART_MAX])
{
	char up[PART_MAX];
	size_t len = strlen(folder);
	*ret_part = '\0';
	if (len >= PART_MAX)
		return;
	memcpy(up, folder, len + 1);
	if (*target == '/') {
		up[0] = '\0';
		target++;
	}
	for (; strncmp(target, "./", 2) == 0 || strncmp(target, "../", 3) == 0;
	     target += target[1] == '.' ? 3 : 2) {
		if (target[1] != '.')
			continue;
		len = strlen(up);
		if (len > 0)
			up[len - 1] = '\0';
		char *slash = strrchr(up, '/');
		up[slash ? slash + 1 - up : 0] = '\0';
	}
	if (snprintf(ret_part, PART_MAX, "%s%s", up, target) >= (int)PART_MAX)
		*ret_part = '\0';
}

static int on_relationship(void *context, const char *name, const char *const *attributes,
			   struct fault *fault)
{
	struct listing *listing = context;
	const char *id = xml_attribute(attributes, "Id");
	const char *type = xml_attribute(attributes, "Type");
	const char *target = xml_attribute(attributes, "Target");
	char part[PART_MAX];
	if (strcmp(name, "Relationship") != 0 || !id || !type || !target)
		return 0;
	resolve(listing->folder, target, part);
	if (ends_with(type, "/officeDocument"))
		memcpy(listing->part, part, sizeof(part));
	else if (ends_with(type, "/styles"))
		memcpy(listing->styles, part, sizeof(part));
	else if (ends_with(type, "/sharedStrings"))
		memcpy(listing->strings, part, sizeof(part));
	if (!ends_with(type, "/worksheet"))
		return 0;
	for (size_t i = 0; i < listing->n; i++)
		if (strcmp(listing->sheets[i].id, id) == 0 && !listing->sheets[i].part &&
		    !(listing->sheets[i].part = strdup(part)))
			return fault_set(fault, FAULT_MEMORY, NULL);
	return 0;
}

/* --- the workbook --- */

static int add_sheet(struct listing *listing, const char *const *attributes, struct fault *fault)
{
	const char *name = xml_attribute(attributes, "name"), *id = xml_attribute(attributes, "id");
	const char *state = xml_attribute(attributes, "state");
	if (!name || !id)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	if (listing->n == CELLS_SHEETS_MAX) /* I10 */
		return fault_set(fault, FAULT_LARGE, "> 1000 sheets");
	struct sheet_of *list = array_room(listing->sheets, listing->n, sizeof(*list));
	if (!list)
		return fault_set(fault, FAULT_MEMORY, NULL);
	listing->sheets = list;
	list[listing->n] = (struct sheet_of){ .name = strdup(name),
					      .id = strdup(id),
					      .hidden = state && strcmp(state, "visible") != 0 };
	listing->n++;
	return list[listing->n - 1].name && list[listing->n - 1].id
		       ? 0
		       : fault_set(fault, FAULT_MEMORY, NULL);
}

static int on_workbook(void *context, const char *name, const char *const *attributes,
		       struct fault *fault)
{
	struct listing *listing = context;
	if (!listing->is_workbook && strcmp(name, "workbook") != 0)
		return fault_set(fault, FAULT_OTHER, NULL); /* a letter, slides */
	listing->is_workbook = true;
	const char *since = xml_attribute(attributes, "date1904");
	if (strcmp(name, "workbookPr") == 0 && since)
		listing->since_1904 = strcmp(since, "1") == 0 || strcmp(since, "true") == 0;
	return strcmp(name, "sheet") == 0 ? add_sheet(listing, attributes, fault) : 0;
}

static int read_listing(struct package *package, struct listing *listing, struct fault *fault)
{
	struct xml_events relationships = { on_relationship, NULL, NULL, listing };
	struct xml_events workbook = { on_workbook, NULL, NULL, listing };
	char folder[PART_MAX], own[2 * PART_MAX];
	listing->folder = "";
	if (!package_has(package, "_rels/.rels"))
		return fault_set(fault, FAULT_OTHER, NULL);
	int rc = package_parse(package, "_rels/.rels", &relationships, fault);
	if (rc == 0 && !*listing->part)
		rc = fault_set(fault, FAULT_OTHER, NULL);
	if (rc == 0 && ends_with(listing->part, ".bin"))
		rc = fault_set(fault, FAULT_BINARY, NULL);
	if (rc == 0)
		rc = package_parse(package, listing->part, &workbook, fault);
	if (rc < 0)
		return rc;
	const char *slash = strrchr(listing->part, '/');
	size_t len = slash ? (size_t)(slash + 1 - listing->part) : 0;
	memcpy(folder, listing->part, len);
	folder[len] = '\0';
	(void)utf8_print(own, sizeof(own), "%s_rels/%s.rels", folder,
			 listing->part + len); /* fits */
	listing->folder = folder;
	rc = package_parse(package, own, &relationships, fault);
	listing->folder = "";
	return rc;
}

static int read_sheets(struct xlsx *xlsx, const struct listing *listing, struct fault *fault)
{
	int rc = 0;
	if (*listing->styles)
		rc = xlsx_styles_read(xlsx, listing->styles, fault);
	if (rc == 0 && *listing->strings)
		rc = xlsx_strings_read(xlsx, listing->strings, fault);
	for (size_t i = 0; i < listing->n && rc == 0; i++) {
		if (!listing->sheets[i].part)
			continue;
		cells_sheet(xlsx->row.out, listing->sheets[i].name, listing->sheets[i].hidden);
		rc = xlsx_sheet_read(xlsx, listing->sheets[i].part, fault);
	}
	return rc;
}

int xlsx_read(const void *bytes, size_t len, FILE *out, struct fault *fault)
{
	struct xlsx xlsx = { .row.out = out };
	struct listing *listing = calloc(1, sizeof(*listing));
	int rc = listing ? package_open(bytes, len, &xlsx.package, fault)
			 : fault_set(fault, FAULT_MEMORY, NULL);
	if (rc == 0 && package_is_open_document(xlsx.package))
		rc = fault_set(fault, FAULT_OPEN_DOCUMENT, NULL);
	if (rc == 0)
		rc = read_listing(xlsx.package, listing, fault);
	if (rc == 0) {
		xlsx.since_1904 = listing->since_1904;
		rc = read_sheets(&xlsx, listing, fault);
	}
	for (size_t i = 0; listing && i < listing->n; i++) {
		free(listing->sheets[i].name);
		free(listing->sheets[i].id);
		free(listing->sheets[i].part);
	}
	if (listing)
		free(listing->sheets);
	free(listing);
	package_close(xlsx.package);
	string_list_free(&xlsx.strings);
	blob_free(&xlsx.styles.formats);
	row_cells_free(&xlsx.row);
	return rc;
}
