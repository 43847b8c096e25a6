/* What a table comes to while it is read: its figures, kept until there are enough to record, and
 * what is told of its cells. While it is only noted (config->noting) nothing is recorded or told.
 */
#pragma once

#include "common/base/err.h"
#include "import/columns.h"
#include "import/import.h"
#include "record/entry.h"
#include "spool/spool.h"

struct intake;

/** @config outlives it. -ENOMEM. */
int intake_open(const struct import_config *config, struct intake **ret_intake, struct err *err);
void intake_close(struct intake *intake); /* NULL is fine */

/** Something at @place is refused. @format is the English one, translated here. */
void intake_reject(struct intake *intake, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** What whoever hands the table in should know. @format is translated already. */
void intake_note(struct intake *intake, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** @entry came to @obs, so it is good for itself: is it beside the others of its file? Then it is
 * kept, and recorded with others; place->column must outlive that. Returns 0 also when it is
 * refused, which is told; or what config->on_entries returned; -ENOMEM. */
int intake_take(struct intake *intake, const struct place *place, const struct entry *entry,
		const struct observation *obs, struct err *err);
/** There are no more: record the rest. Returns as take. */
int intake_end(struct intake *intake, struct err *err);
struct import_result intake_result(const struct intake *intake);
