/* I12: what a change of the reference does to what the journal adds up to: a pure function of the
 * reference before and after. A label, a note, the name of a unit, a metric or unit that is new do
 * nothing; other due days or days off touch the periods alone whose due date is another; another
 * limit, level or period touches the figures of that one metric; other borders touch those of the
 * offices and days for which other units stand above.
 *
 * It rests on this: whatever counts, or waits in no quarantine, may count by the reference before.
 * So what was allowed before and is now needs not be looked at. (What waits goes on waiting, and is
 * let in by a release alone.) */
#pragma once

#include "common/base/err.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum effect {
	EFFECT_NONE,
	EFFECT_ON_TIME, /* figures and places are as they were, but which of them were late is not
			 */
	EFFECT_ANEW,    /* its figures must be taken out, judged, and put in as far as they may */
};

struct impact_metric {
	const struct metric *before, *after; /* lent by the two references; after NULL: gone */
	enum effect effect;                  /* not EFFECT_NONE */
};

/* An office for which, on days from to end - 1, other units stand above than before. */
struct impact_span {
	int64_t office;
	int32_t from, end;
	bool leaves; /* none stands there any more: its figures may not count */
};

struct impact {
	struct impact_metric *metrics; /* owned [n], in the order of the catalogue before */
	size_t n_metrics;
	struct impact_span *spans; /* owned [n], ascending by office and day, apart */
	size_t n_spans;
};

/** Has @after a dimension less? Labels that name it may not count any more. */
bool drops_dimension(const struct metric *before, const struct metric *after);

/** Both references outlive the impact. -ENOMEM. */
int impact_of(const struct reference *before, const struct reference *after,
	      struct impact *ret_impact, struct err *err);
/** Nothing is to be done? */
bool impact_is_none(const struct impact *impact);
void impact_free(struct impact *impact);
