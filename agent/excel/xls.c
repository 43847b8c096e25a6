/* 1. The stream called Workbook, or Book before Excel 97, is a run of records. Its first part is of
 *    the workbook: formats, styles, shared texts, and where each sheet begins.
 * 2. Each sheet is read in its order. Those of charts and macros hold no figures. */
#include "excel/compound.h"
#include "excel/little_endian.h"
#include "excel/xls_internal.h"

#include <stdlib.h>
#include <string.h>

bool xls_record(const struct xls *xls, size_t at, struct record *ret_record)
{
	if (xls->len < 4 || at > xls->len - 4)
		return false;
	size_t len = le16(xls->stream + at + 2);
	if (len > xls->len - at - 4)
		return false;
	*ret_record =
		(struct record){ le16(xls->stream + at), xls->stream + at + 4, len, at + 4 + len };
	return true;
}

/* --- the workbook's own records --- */

static int append(struct blob *list, const void *item, size_t size, size_t max, struct fault *fault)
{
	if (list->len >= max * size) /* I10 */
		return fault_set(fault, FAULT_STRANGE, NULL);
	return blob_append(list, item, size) < 0 ? fault_set(fault, FAULT_MEMORY, NULL) : 0;
}

static int take_format(struct xls *xls, const struct record *record, struct fault *fault)
{
	size_t len = 0;
	struct xls_code code = { .id = le16(record->data) };
	const char *text = xls_text(xls, record, 2, xls->biff8 ? 2 : 1, &len, fault);
	char *own = text ? strndup(text, len) : NULL;
	if (!own)
		return text ? fault_set(fault, FAULT_MEMORY, NULL) : -1;
	code.format = format_of_code(own);
	free(own);
	return append(&xls->codes, &code, sizeof(code), 4096, fault);
}

static int take_style(struct xls *xls, const struct record *record, struct fault *fault)
{
	unsigned id = le16(record->data + 2);
	uint8_t format = (uint8_t)(id <= 58 ? format_of_id(id) : FORMAT_NUMBER);
	for (size_t i = 0; i + sizeof(struct xls_code) <= xls->codes.len;
	     i += sizeof(struct xls_code)) {
		struct xls_code code;
		memcpy(&code, xls->codes.data + i, sizeof(code));
		format = code.id == id ? (uint8_t)code.format : format;
	}
	return append(&xls->formats, &format, 1, 65536, fault);
}

static int take_sheet(struct xls *xls, const struct record *record, struct fault *fault)
{
	struct xls_listed listed = { .at = le32(record->data),
				     .hidden = record->data[4] & 3,
				     .cells = record->data[5] == 0 };
	if (xls_text_read(xls, record, 6, 1, &xls->names, fault) < 0)
		return -1;
	if (xls->sheets.len >= CELLS_SHEETS_MAX * sizeof(listed)) /* I10 */
		return fault_set(fault, FAULT_LARGE, "> 1000 sheets");
	return append(&xls->sheets, &listed, sizeof(listed), CELLS_SHEETS_MAX, fault);
}

static int take_record(struct xls *xls, const struct record *record, struct fault *fault)
{
	size_t least = record->id == RECORD_BOUNDSHEET ? 7 : 2;
	if (record->id == RECORD_FORMAT || record->id == RECORD_XF)
		least = 4;
	bool known = record->id == RECORD_FILEPASS || record->id == RECORD_CODEPAGE ||
		     record->id == RECORD_DATEMODE || record->id == RECORD_FORMAT ||
		     record->id == RECORD_XF || record->id == RECORD_BOUNDSHEET;
	if (known && record->len < least)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	switch (record->id) {
	case RECORD_FILEPASS:
		return fault_set(fault, FAULT_PASSWORD, NULL);
	case RECORD_CODEPAGE:
		xls->codepage = le16(record->data);
		return 0;
	case RECORD_DATEMODE:
		xls->since_1904 = le16(record->data) == 1;
		return 0;
	case RECORD_FORMAT:
		return take_format(xls, record, fault);
	case RECORD_XF:
		return take_style(xls, record, fault);
	case RECORD_BOUNDSHEET:
		return take_sheet(xls, record, fault);
	case RECORD_SST:
		return xls_shared_read(xls, record, fault);
	default:
		return 0;
	}
}

static int read_globals(struct xls *xls, struct fault *fault)
{
	struct record record;
	int rc = 0;
	if (!xls_record(xls, 0, &record) || record.id != RECORD_BOF || record.len < 4)
		return fault_set(fault, FAULT_OLD, NULL);
	unsigned version = le16(record.data);
	xls->biff8 = version == 0x600;
	if (version != 0x600 && version != 0x500)
		return fault_set(fault, FAULT_OLD, NULL);
	while (rc == 0 && record.id != RECORD_EOF) {
		if (!xls_record(xls, record.next, &record))
			return fault_set(fault, FAULT_DAMAGED, NULL);
		rc = take_record(xls, &record, fault);
	}
	return rc;
}

static int read_sheets(struct xls *xls, struct fault *fault)
{
	size_t n = xls->sheets.len / sizeof(struct xls_listed), len = 0;
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct xls_listed listed;
		memcpy(&listed, xls->sheets.data + i * sizeof(listed), sizeof(listed));
		const char *text = string_list_get(&xls->names, i, &len);
		char *name = listed.cells ? strndup(text, len) : NULL;
		if (!listed.cells)
			continue;
		if (!name)
			return fault_set(fault, FAULT_MEMORY, NULL);
		cells_sheet(xls->row.out, name, listed.hidden);
		free(name);
		rc = xls_sheet_read(xls, listed.at, fault);
	}
	return rc;
}

int xls_read(const void *bytes, size_t len, FILE *out, struct fault *fault)
{
	struct xls xls = { .row.out = out, .codepage = 1252 };
	struct compound *compound;
	uint8_t *stream = NULL;
	if (compound_open(bytes, len, &compound, fault) < 0)
		return -1;
	bool book = compound_has(compound, "Workbook"), old = compound_has(compound, "Book");
	int rc = book || old ? compound_read(compound, book ? "Workbook" : "Book", &stream,
					     &xls.len, fault)
		 : compound_has(compound, "EncryptedPackage")
			 ? fault_set(fault, FAULT_PASSWORD, NULL)
			 : fault_set(fault, FAULT_OTHER, NULL);
	compound_close(compound);
	xls.stream = stream;
	if (rc == 0)
		rc = read_globals(&xls, fault);
	if (rc == 0)
		rc = read_sheets(&xls, fault);
	free(stream);
	string_list_free(&xls.strings);
	string_list_free(&xls.names);
	string_list_free(&xls.single);
	blob_free(&xls.codes);
	blob_free(&xls.formats);
	blob_free(&xls.sheets);
	row_cells_free(&xls.row);
	return rc;
}
