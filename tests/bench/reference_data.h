/* Where the offices of a load report: the units of aggregator/data/tien-giang, and an office for
 * each number, dealt to the communes in force on the load's first day. */
#pragma once

#include "bench/load.h"
#include "common/base/blob.h"
#include "common/base/err.h"

/** A file of aggregator/data/tien-giang; NUL after its end. The caller frees. */
int reference_file(const char *name, struct blob *ret_text, struct err *err);
/** code,name,unit,from for offices_import() or POST /v1/offices; NUL after its end. */
int reference_offices(const struct load *load, struct blob *ret_csv, struct err *err);
/** Code of an office. Returns @text. */
const char *reference_office(unsigned office, char text[LOAD_NAME_MAX]);
