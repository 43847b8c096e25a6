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

int delivery_check(size_t len, struct err *err)
{
	size_t max = delivery_max();
	if (len <= max)
		return 0;
	return err_set(err, -EFBIG,
		       "the catalogue has %zu bytes, and offices can be sent %zu: shorten its "
		       "labels, or leave out columns that are notes and metrics that nobody "
		       "reports",
		       len, max);
}

uint64_t delivery_version(const struct catalogue *catalogue)
{
	return catalogue->csv_len <= delivery_max() ? catalogue->version : 0;
}
