/* What became of the newest files, whichever way they came: kept with the spool, so that the page
 * tells it after a restart, too. On the worker. */
#pragma once

#include "common/base/err.h"
#include "inbox/inbox_file.h"
#include "spool/spool.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define OUTCOMES_MAX 20u /* the newest; of a file that came again, the last one */

enum outcome_way { OUTCOME_INBOX, OUTCOME_PAGE };

struct outcome {
	int64_t at_us;
	enum outcome_way way;
	size_t recorded, rejected, warned; /* figures, as they stood there already or not */
	char name[NAME_MAX + 1];           /* printable */
	char errors[NAME_MAX + 1];         /* the file that tells of them; "" */
};

/** Of a file of that @name that was dealt with: false while it was not (it changes, is held). */
bool outcome_of(const struct inbox_result *result, enum outcome_way way, int folder_fd,
		const char *name, struct outcome *ret_outcome);
/** -ENOMEM; as the spool when it cannot be written. */
int outcomes_add(struct spool *spool, const struct outcome *outcome, struct err *err);
/** The newest first. What is no such text is passed over. */
int outcomes_read(struct spool *spool, struct outcome ret_list[OUTCOMES_MAX], size_t *ret_n,
		  struct err *err);
