/* Why a workbook cannot be read, as functions of this program hand it on. */
#pragma once

#include "workbook/cells.h"

struct fault {
	enum workbook_fault fault; /* 0: none */
	const char *what;          /* of FAULT_LARGE: of what there is too much; static, or NULL */
};

/** Returns -1, so that `return fault_set(fault, FAULT_DAMAGED, NULL)` reads well. The first one
 * that is set stays. */
static inline int fault_set(struct fault *fault, enum workbook_fault code, const char *what)
{
	if (fault->fault == 0)
		*fault = (struct fault){ code, what };
	return -1;
}
