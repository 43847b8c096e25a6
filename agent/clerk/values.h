/* What the spool knows that a page shows, read in one job of the worker: values with their periods,
 * how far they got, what the province refused, and who the office is. A picture of one moment. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct figure {
	const struct metric *metric; /* of the catalogue that was asked about */
	const char *labels;          /* the figures' */
	struct period period;
	int64_t value_e; /* with the metric's decimals */
	bool withdrawn;
	uint64_t seq;
};

enum figure_state { FIGURE_SAVED, FIGURE_SENT, FIGURE_RECEIVED, FIGURE_REFUSED };

struct refusal {
	uint64_t seq;
	const char *metric, *labels, *reason; /* the figures' */
	uint32_t observations;
};

struct figures {
	struct figure *list; /* owned [n]: by metric as asked, by labels, the newest first */
	size_t n, room;
	struct refusal *refusals; /* owned [n_refusals]: the newest first */
	size_t n_refusals, refusals_room;
	struct spool_status status;
	const char *office_name, *level; /* the figures'; NULL: not told yet */
	struct arena *texts;             /* owned */
};

struct figures_question {
	const struct catalogue *catalogue; /* outlives the figures */
	/* Of which metrics; NULL: of all that are counted by the hour or longer. */
	const struct period *kind;
	int32_t until_day; /* none of a period that begins later */
	unsigned most;     /* of each series, the newest */
};

/** -E2BIG when there is more than a page can show. Blocks on disk: call from the worker. */
int figures_read(struct spool *spool, const struct figures_question *question,
		 struct figures *ret_figures, struct err *err);
void figures_free(struct figures *figures);

/** NULL when there is none. */
const struct figure *figures_find(const struct figures *figures, const struct metric *metric,
				  const char *labels, struct period period);
/** How far it got: saved here, sent, received by the province, refused by it. */
enum figure_state figure_state(const struct figures *figures, const struct figure *figure);
/** Why the province refused it; NULL: it did not. */
const struct refusal *figure_refusal(const struct figures *figures, const struct figure *figure);
