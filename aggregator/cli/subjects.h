/* What is exported: metrics and indicators, each with the periods that it is told by, and the
 * places that have rows. Asked of the aggregator, as of one instant. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/period.h"
#include "common/text/table.h"

#include <stddef.h>

struct subject {
	char *name, *measure; /* owned */
	char *dimensions;     /* owned: parted by blanks; "": none */
	enum calendar calendar;
	enum grain per; /* that it is told by */
};

struct subjects {
	struct subject *list; /* owned [n] */
	size_t n, room;
};

struct subjects_form { /* as it was asked for; texts are lent, NULL: not given */
	const char *api;
	const char *names; /* parted by commas; all there are */
	const char *per;   /* a grain; months */
	const char *known, *structure;
};

/** Of @catalogue and @indicators, the tables as they were imported: those that @form names, or all.
 * A metric whose own periods are longer than those of the form, or lie in none of them, is told by
 * its own. -EREMOTEIO: the aggregator knows no such name, in its words; the rest as client_ask().
 */
int subjects_find(const struct subjects_form *form, const struct table *catalogue,
		  const struct table *indicators, struct subjects *ret_subjects, struct err *err);
void subjects_free(struct subjects *subjects);

/** The periods of @subject from the first moment of @from to the last of @to, which are periods of
 * any length: numbers, both included. -EINVAL. */
int subject_range(const struct subject *subject, const char *from, const char *to,
		  int32_t *ret_first, int32_t *ret_last, struct err *err);
