/* What of the metrics takes questions to know: how many offices are late, and the indicators of the
 * newest closed period; alerts take the late offices from here, too. A scrape never waits for that:
 * it tells what was found before, and has it looked for anew when that is METRIC_WATCH_S old; so
 * the first scrape behind a start lacks it. As long as there is no office or no metric, who is late
 * is not known, and is looked for again after METRIC_WATCH_FIRST_S: a province that is just being
 * set up is not told that nobody is late. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "query/overdue.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

#define METRIC_WATCH_S       300u
#define METRIC_WATCH_FIRST_S 2u

struct late_office {
	int64_t office, missing;
	int32_t since;
};
struct metric_answers {
	bool known;
	uint64_t late;               /* offices */
	struct late_office *offices; /* owned [late], by office */
	struct blob indicators;      /* owned: their families, as exposition.h writes them */
};
/** -ENOMEM. */
int metric_answers_copy(const struct metric_answers *answers, struct metric_answers *ret_copy);
/** Which offices @overdue has, which are @reference's, into @answers that has none yet. -ENOMEM. */
int metric_answers_take_late(struct metric_answers *answers, const struct reference *reference,
			     const struct overdue_list *overdue);
/** NULL: @office is not late, as far as is known. */
const struct late_office *metric_answers_late(const struct metric_answers *answers, int64_t office);
void metric_answers_free(struct metric_answers *answers);

struct metric_watch {                  /* zeros to begin with, but for these: */
	struct store *store;           /* outlives it */
	const bool *indicators;        /* [metrics] indicators; NULL: no. Likewise */
	void (*on_end)(void *context); /* whenever a look is over */
	void *context;
	/* its own: */
	struct metric_answers answers, fresh;
	int64_t tried_us; /* when the last look was; 0: none yet */
	struct store_job job;
	bool looking, wants_indicators;
	bool empty; /* the last look found no office, or no metric */
};
/** Have it looked for, if that is due, and nobody does. True: on_end() will run. Loop thread. */
bool metric_watch_ask(struct metric_watch *watch, int64_t now_us);
void metric_watch_close(struct metric_watch *watch); /* not looking */
