/* What an operator records for an office, in words, into figures: judged by the province's
 * catalogue exactly as the office's agent would judge it (common/model/entry.h). */
#pragma once

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/observation.h"

#include <stddef.h>
#include <stdint.h>

#define HAND_FIGURES_MAX 256u /* in one order, as in one of lantoa-agent record */

struct hand_words { /* all texts borrowed */
	const char *metric;
	const char *value; /* NULL withdraws what was reported */
};

/** What all figures of one order have in common. */
struct hand_common {
	const char *period;
	const char *labels; /* canonical; "": none */
	const char *note;   /* NULL: none */
	const char *who;    /* the operator's account */
};

/** Into @ret_list[@n], which borrows all texts, those of @texts too. -EINVAL as entry_judge() and
 * hand_in_check(), with "METRIC: " before it; -ENOMEM. */
int hand_judge(const struct catalogue *catalogue, const struct hand_common *common,
	       const struct hand_words words[], size_t n, int64_t now_us, struct arena *texts,
	       struct observation ret_list[], struct err *err);
/** As large as @texts may get, a sentence for each of them besides. */
size_t hand_judge_room(size_t n);
