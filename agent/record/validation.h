/* Figures that are handed in, on their way to the spool: held to the rules of the province, beside
 * what stands there (common/model/rules.h), and compared with what was reported before. The one
 * place for every way in. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/rule_judging.h"
#include "record/comparison.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>

enum validation_past {
	PAST_IGNORED, /* not compared with it */
	PAST_TOLD,    /* what is far from it is told, and recorded */
	PAST_STRICT,  /* what is far from it is refused */
};

/**
 * What is wrong with @list[@n], all that one file, request or call hands in. A rule is judged by
 * what would stand afterwards: of what was handed in, and of what the spool has besides. What
 * breaks a rule that refuses is refused, as far as that rule names it; then the others are judged
 * again without it. A rule that warns is judged last, by what will be recorded. Those of a time
 * that nobody knows ("now") are not judged.
 *
 * @point    before decimals in the sentences; '\0': '.'
 * @ret      the caller frees (comparison_free()); empty on error
 *
 * Returns 0; -ENOMEM; as the spool does when it cannot be read. Blocks on disk: for the worker.
 */
int validation_make(struct spool *spool, const struct catalogue *catalogue,
		    const struct observation list[], size_t n, enum validation_past past,
		    char point, struct comparison *ret, struct err *err);

/** Record @list[@n] without what @found refuses. As spool_record(). */
int validation_record(struct spool *spool, const struct observation list[], size_t n,
		      const struct comparison *found, struct err *err);

/** The rules alone (common/model/rule_judging.h), on what is no spool, into @found. */
int validation_rules(const struct rule_standing *standing, const struct catalogue *catalogue,
		     const struct observation list[], size_t n, char point,
		     struct comparison *found, struct err *err);
