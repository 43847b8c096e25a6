/* What units of measure and dimensions are called in Vietnamese: by the catalogue's columns unit_vi
 * and dimensions_vi. A catalogue from before it had these means the words of the reference
 * catalogue. The clerk's page shows them so, and tables may call their columns and units so. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"

#include <stdbool.h>

/** What @metric is counted in, in Vietnamese; NULL: nobody says. */
const char *terms_unit(const struct metric *metric);
/** The name of its @dimension, likewise. */
const char *terms_dimension(const struct metric *metric, const char *dimension);
/** Of a word and what terms_unit() or terms_dimension() says of it, what its reader calls it. */
const char *terms_shown(const char *word, const char *vietnamese);

struct terms; /* the units of measure that are known */

/** Those of @catalogue and the reference catalogue's. -ENOMEM. */
int terms_open(const struct catalogue *catalogue, struct terms **ret_terms, struct err *err);
void terms_close(struct terms *terms); /* NULL is fine */
/** Is @key, as viet_key() makes it, one of them, in either language? @terms NULL: of the reference
 * catalogue's alone. */
bool terms_known(const struct terms *terms, const char *key);
