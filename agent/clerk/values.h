/* What the spool knows that a page shows, read in one job of the worker: values with their periods,
 * how far they got, what the province refused, and who the office is. A picture of one moment. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "office/bulletin.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct value {
	const struct metric *metric; /* of the catalogue that was asked about */
	const char *labels;          /* owned by the values */
	struct period period;
	int64_t value_e; /* with the metric's decimals */
	bool withdrawn;
	const char *author, *note; /* owned by the values; NULL: nobody was asked, nothing said */
	uint64_t seq;
};

enum value_state { VALUE_SAVED, VALUE_SENT, VALUE_RECEIVED, VALUE_REFUSED };

struct refusal {
	uint64_t seq;
	const char *metric, *labels, *reason; /* owned by the values */
	uint32_t observations;
};

struct values {
	struct value *list; /* owned [n]: by metric as asked, by labels, the newest first */
	size_t n;
	struct refusal *refusals; /* owned [n_refusals]: the newest first */
	size_t n_refusals;
	struct spool_finished *finished; /* owned [n_finished]: what was last said of each period */
	size_t n_finished;
	struct spool_status status;
	const char *office_name, *level; /* owned by the values; NULL: not told yet */
	struct bulletin told;            /* owned */
	struct arena *texts;             /* owned */
};

struct values_question {
	const struct catalogue *catalogue; /* outlives the values */
	/* Of which metrics; NULL: of all that are counted by the hour or longer. */
	const struct period *kind;
	int32_t until_day; /* none of a period that begins later */
	unsigned most;     /* of each series, the newest */
};

/** -E2BIG when there is more than a page can show. Blocks on disk: call from the worker. */
int values_read(struct spool *spool, const struct values_question *question,
		struct values *ret_values, struct err *err);
void values_free(struct values *values);

/** How far it got: saved here, sent, received by the province, refused by it. */
enum value_state value_state(const struct values *values, const struct value *value);
/** Is the report of @period said to be finished? NULL: it is not, or not any more. */
const struct spool_finished *values_finished(const struct values *values, struct period period);
/** Why the province refused it; NULL: it did not. */
const struct refusal *value_refusal(const struct values *values, const struct value *value);
