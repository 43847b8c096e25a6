#include "journal/damaged_days.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/model/period.h"
#include "schema/event.h"

#include <errno.h>
#include <stdio.h>

#define TOLD_MAX 20u /* a line each; whoever has more looks at the disk anyway */

bool is_damage(int rc)
{
	return rc == -EUCLEAN || rc == -EBADMSG;
}

int damaged_days_add(struct damaged_days *days, sqlite3 *db, const struct reference *reference,
		     int64_t id, int32_t day, int64_t at_us, const struct err *why, struct err *err)
{
	const struct office *office = offices_by_id(reference->offices, id);
	const char *code = office ? office->code : "?";
	day = day < DAY_MIN ? DAY_MIN : day > DAY_MAX ? DAY_MAX : day; /* a disk's may be any */
	char text[DAY_TEXT_MAX], detail[400];
	if (days->n++ == 0) {
		days->day = day;
		(void)snprintf(days->code, sizeof(days->code), "%s", code);
		(void)snprintf(days->why, sizeof(days->why), "%.255s", why->text);
	}
	if (days->n > TOLD_MAX)
		return 0;
	log_error("journal: what the journal has of a day cannot be read, it is left out office=%s "
		  "day=%s cause=\"%s\"",
		  code, day_format(day, text), why->text);
	(void)snprintf(detail, sizeof(detail), "office=%s day=%s cause=\"%.255s\"", code,
		       day_format(day, text), why->text);
	return event_append(db,
			    &(struct event_form){ .who = "lantoa-aggregator",
						  .kind = "damaged day left out",
						  .detail = detail,
						  .at_us = at_us,
						  .note = true },
			    NULL, err);
}

void damaged_days_text(const struct damaged_days *days, char ret_text[DAMAGED_DAYS_TEXT_MAX])
{
	char day[DAY_TEXT_MAX];
	(void)snprintf(
		ret_text, DAMAGED_DAYS_TEXT_MAX,
		_("what the journal holds of office %s for %s cannot be read (%s) and was "
		  "left out, as %llu offices' days in all; everything else was done. `lantoa "
		  "verify` names the damage: look at the disk and restore a backup"),
		days->code, day_format(days->day, day), days->why, (unsigned long long)days->n);
}
