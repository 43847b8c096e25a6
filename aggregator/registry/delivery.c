#include "registry/delivery.h"

#include "common/net/wire.h"
#include "registry/code.h"

#include <errno.h>
#include <string.h>

#define FRAME_MAX (WIRE_FRAME_MAX - (WIRE_BOXED_MAX - WIRE_FRAME_MAX))

/* Of a packed Enrolled whose texts are as long as they may be. */
static size_t enrolled_len(size_t csv_len)
{
	char code[CODE_LEN_MAX + 1], text[WIRE_TEXT_MAX + 1];
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Enrolled enrolled = LANTOA__V1__ENROLLED__INIT;
	Lantoa__V1__Catalogue catalogue = LANTOA__V1__CATALOGUE__INIT;
	memset(code, 'x', sizeof(code));
	memset(text, 'x', sizeof(text));
	code[CODE_LEN_MAX] = text[WIRE_TEXT_MAX] = '\0';
	enrolled.office = code;
	enrolled.office_name = enrolled.zone = enrolled.level = text;
	catalogue.version = UINT64_MAX;
	catalogue.csv.len = csv_len; /* only counted */
	enrolled.catalogue = &catalogue;
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROLLED;
	frame.enrolled = &enrolled;
	return lantoa__v1__frame__get_packed_size(&frame);
}

size_t delivery_max(void)
{
	size_t len = FRAME_MAX;
	while (enrolled_len(len) > FRAME_MAX)
		len -= enrolled_len(len) - FRAME_MAX; /* twice at most: lengths of lengths */
	return len;
}

static Lantoa__V1__File file_of(char *name, const char *csv, size_t len)
{
	Lantoa__V1__File file = LANTOA__V1__FILE__INIT;
	file.name = name;
	file.data = (ProtobufCBinaryData){ .len = len, .data = (uint8_t *)csv }; /* only read */
	return file;
}

int edition_make(const struct catalogue *catalogue, struct edition *ret_edition, struct err *err)
{
	static char catalogue_name[] = "catalogue.csv", dimensions_name[] = "dimensions.csv",
		    rules_name[] = "rules.csv", days_off_name[] = "days_off.csv";
	const struct dimensions *dimensions = catalogue->dimensions;
	const struct rules *rules = catalogue->rules;
	const struct days_off *days_off = catalogue->days_off;
	Lantoa__V1__Files files = LANTOA__V1__FILES__INIT;
	Lantoa__V1__File own = file_of(catalogue_name, catalogue->csv, catalogue->csv_len);
	Lantoa__V1__File lists = LANTOA__V1__FILE__INIT, held = LANTOA__V1__FILE__INIT,
			 off = LANTOA__V1__FILE__INIT;
	Lantoa__V1__File *list[4] = { &own };
	*ret_edition = (struct edition){ .stamp = catalogue_stamp(catalogue) };
	files.file = list;
	files.n_file = 1;
	if (dimensions && dimensions->n > 0) {
		lists = file_of(dimensions_name, dimensions->csv, dimensions->csv_len);
		list[files.n_file++] = &lists;
	}
	if (rules && rules->n > 0) {
		held = file_of(rules_name, rules->csv, rules->csv_len);
		list[files.n_file++] = &held;
	}
	if (days_off && days_off->n > 0) {
		off = file_of(days_off_name, days_off->csv, days_off->csv_len);
		list[files.n_file++] = &off;
	}
	int rc = wire_edition_pack(&files, &ret_edition->packed, err);
	if (rc == 0)
		ret_edition->version = wire_edition_version(
			ret_edition->packed.data, ret_edition->packed.len, ret_edition->digest);
	return rc;
}

void edition_free(struct edition *edition)
{
	blob_free(&edition->packed);
	*edition = (struct edition){ 0 };
}

int delivery_check(const struct catalogue *catalogue, struct err *err)
{
	struct edition edition;
	int rc = edition_make(catalogue, &edition, err);
	edition_free(&edition);
	if (rc != -EFBIG)
		return rc;
	return err_set(
		err, rc,
		"the catalogue, the code lists, the rules and the days off have %zu bytes, and "
		"offices take at most %u, or %u when they are packed: shorten their labels, or "
		"leave out columns that are notes and metrics that nobody reports",
		catalogue->csv_len + (catalogue->dimensions ? catalogue->dimensions->csv_len : 0) +
			(catalogue->rules ? catalogue->rules->csv_len : 0) +
			(catalogue->days_off ? catalogue->days_off->csv_len : 0),
		WIRE_FILES_LEN_MAX, WIRE_EDITION_MAX);
}

uint64_t delivery_version(const struct catalogue *catalogue)
{
	return catalogue->csv_len <= delivery_max() ? catalogue->version : 0;
}
