#include "excel/reader.h"

#include "excel/xls.h"
#include "excel/xlsx.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void reader_prepare(void)
{
	/* libzip asks for the time of day of its entries, in the zone of a file; nobody wants to
	 * know. */
	(void)setenv("TZ", "UTC0", 1); /* without memory for it the first archive says so */
	tzset();
	xls_prepare();
}

static int read_any(const void *bytes, size_t len, FILE *out, struct fault *fault)
{
	if (len > READER_BYTES_MAX) /* I10 */
		return fault_set(fault, FAULT_LARGE, "> 32 MiB");
	if (len >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0)
		return xlsx_read(bytes, len, out, fault);
	if (len >= 4 && memcmp(bytes, "\xd0\xcf\x11\xe0", 4) == 0)
		return xls_read(bytes, len, out, fault);
	return fault_set(fault, FAULT_OTHER, NULL);
}

void reader_run(const void *bytes, size_t len, FILE *out)
{
	struct fault fault = { 0 };
	cells_begin(out);
	if (read_any(bytes, len, out, &fault) < 0)
		cells_fault(out, fault.fault, fault.what ? fault.what : "");
	else
		cells_end(out);
}
