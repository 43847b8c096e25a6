/* Report forms (rule 5.5): what is reported together, as the metrics of one period, calendar and
 * level of units. Who counts reports of many metrics counts an hourly one 720 times a month; a
 * report of a form is one, however many metrics are in it: of an office and one of the form's own
 * periods. */
#pragma once

#include "query/plan.h"

#include <stddef.h>

struct form {
	const struct metric **metrics; /* owned [n], as the catalogue has them; n >= 1 */
	size_t n;
};

struct forms {
	struct form *list; /* owned [n], shortest periods last, then as the catalogue has them */
	size_t n;
};

/** Of the metrics that fit @plan. -ENOMEM. */
int forms_find(const struct catalogue *catalogue, const struct plan *plan, struct forms *ret_forms,
	       struct err *err);
void forms_free(struct forms *forms);
