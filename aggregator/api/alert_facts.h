/* What the province alerts of, as it is now: from what status, the list of who is heard, and the
 * metrics know already. */
#pragma once

#include "alert/alert_core.h"
#include "alert/alert_settings.h"
#include "api/condition.h"
#include "api/metric_watch.h"
#include "registry/reference.h"

#include <stdint.h>

/* What an office has, by its number. */
struct office_count {
	int64_t office, n;
};
struct office_counts {
	bool known;
	struct office_count *list; /* owned [n], in any order */
	size_t n;
};

struct alert_sight {                       /* all of it lent */
	struct condition_facts conditions; /* of the loop, with contacts and agents */
	const struct metric_answers *answers;
	const struct office_counts *quality;
	const struct alert_settings *settings; /* a copy, but for off */
	/* When the daemon began, and for how long nobody was heard before that: it counts for
	 * nobody's silence. */
	int64_t began_us, deaf_us;
};

/** @ret->list is the caller's to free; now_us and step_us are not written. Inside a read
 * transaction; @reference NULL: what needs it is not known. What is reckoned by this machine's
 * clock is not known while that is not believed. */
int alert_facts_find(sqlite3 *db, const struct reference *reference, struct alert_sight *sight,
		     struct alert_facts *ret, struct err *err);
