#include "bench/reference_data.h"

#include "common/text/csv_reader.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFICE_LINE 128u /* bytes that an office's line takes at most */
#define CHUNK       65536u

/* units.csv: code,name,level,parent,valid_from,valid_to */
enum { UNIT_CODE, UNIT_LEVEL = 2, UNIT_FROM = 4, UNIT_TO, UNIT_COLUMNS };

struct communes {
	struct blob codes; /* NUL-terminated, one after the other */
	size_t n;
};

int reference_file(const char *name, struct blob *ret_text, struct err *err)
{
	char path[PATH_MAX];
	size_t n = 0;
	int rc = 0;
	if (snprintf(path, sizeof(path), SOURCE_DIR "/aggregator/data/tien-giang/%s", name) >=
	    PATH_MAX)
		return err_system(err, -ENAMETOOLONG, name);
	FILE *file = fopen(path, "re");
	if (!file)
		return err_system(err, -errno, path);
	do {
		rc = blob_reserve(ret_text, CHUNK + 1) < 0 ? err_memory(err) : 0;
		n = rc < 0 ? 0 : fread(ret_text->data + ret_text->len, 1, CHUNK, file);
		ret_text->len += n;
	} while (n > 0);
	(void)fclose(file); /* only read */
	if (rc == 0)
		ret_text->data[ret_text->len] = '\0';
	return rc;
}

static int on_header(void *context, const struct csv_row *row, struct err *err)
{
	(void)context;
	if (row->n != UNIT_COLUMNS || strcmp(row->fields[UNIT_FROM], "valid_from") != 0)
		return err_set(err, -EINVAL, "units.csv has other columns than it had");
	return 0;
}

static int on_unit(void *context, const struct csv_row *row, struct err *err)
{
	struct communes *communes = context;
	const char *code = row->fields[UNIT_CODE], *to = row->fields[UNIT_TO];
	if (strcmp(row->fields[UNIT_LEVEL], "commune") != 0 ||
	    strcmp(row->fields[UNIT_FROM], LOAD_FIRST_DAY) > 0 ||
	    (*to && strcmp(to, LOAD_FIRST_DAY) <= 0))
		return 0;
	communes->n++;
	return blob_append(&communes->codes, code, strlen(code) + 1) < 0 ? err_memory(err) : 0;
}

const char *reference_office(unsigned office, char text[LOAD_NAME_MAX])
{
	(void)snprintf(text, LOAD_NAME_MAX, "bench-%04u", office); /* fits */
	return text;
}

static int offices_deal(const struct load *load, const struct communes *communes, struct blob *csv,
			struct err *err)
{
	static const char head[] = "code,name,unit,from\n";
	if (blob_append(csv, head, sizeof(head) - 1) < 0 ||
	    blob_reserve(csv, load->shape.offices * OFFICE_LINE + 1) < 0)
		return err_memory(err);
	const char *unit = NULL, *end = (const char *)communes->codes.data + communes->codes.len;
	for (unsigned i = 0; i < load->shape.offices; i++) {
		char code[LOAD_NAME_MAX];
		unit = unit ? unit + strlen(unit) + 1 : end;
		if (unit == end)
			unit = (const char *)communes->codes.data;
		int n = snprintf((char *)csv->data + csv->len, OFFICE_LINE,
				 "%s,Office %u,%.32s,2025-01-01\n", reference_office(i, code), i,
				 unit);
		csv->len += (size_t)n; /* codes are shorter than 32 bytes each, so it fits */
	}
	csv->data[csv->len] = '\0';
	return 0;
}

int reference_offices(const struct load *load, struct blob *ret_csv, struct err *err)
{
	struct blob units = { 0 };
	struct communes communes = { 0 };
	int rc = reference_file("units.csv", &units, err);
	if (rc == 0)
		rc = csv_read((const char *)units.data, units.len, on_header, on_unit, &communes,
			      err);
	if (rc == 0 && communes.n == 0)
		rc = err_set(err, -EINVAL, "units.csv has no commune in force on " LOAD_FIRST_DAY);
	if (rc == 0)
		rc = offices_deal(load, &communes, ret_csv, err);
	blob_free(&units);
	blob_free(&communes.codes);
	return rc;
}
