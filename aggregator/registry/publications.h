/* What was published: a name for the figures of a period as they stood at a position of the ledger,
 * under the borders of a day. Asked for by that name they are the same for ever: nothing that comes
 * later was known then. A publication is never changed nor taken back. */
#pragma once

#include "common/base/err.h"
#include "common/model/period.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "schema/chain.h"

#include <stdbool.h>
#include <stdint.h>

#define PUBLICATION_NAME_MAX 100u /* bytes */

struct publication {
	char name[PUBLICATION_NAME_MAX + 1];
	struct period period;
	bool restated; /* told under the borders of the day @structure; else those of the time */
	int32_t structure;
	int64_t at_us;            /* when; nothing known later counts */
	char head[HEAD_TEXT_MAX]; /* POSITION:HASH of the ledger then */
};

struct publish_form {
	const char *name, *period;
	const char *calendar;  /* NULL: civil */
	const char *structure; /* a day; NULL: the borders of the time */
	const char *who;
};

/** Publish, in the caller's transaction. -EINVAL: no such name, period, calendar or day, or a
 * period that has not begun; -EEXIST: the name is taken. @ret_head: what is fixed. */
int publication_add(sqlite3 *db, const struct publish_form *form, char ret_head[HEAD_TEXT_MAX],
		    struct err *err);
/** -EINVAL with a sentence that says what there is. */
int publication_find(sqlite3 *db, const char *name, struct publication *ret_publication,
		     struct err *err);
/** All, newest first: publication, period, calendar, structure (null: the borders of the time), at,
 * who, shown_name, head. */
int publications_list(sqlite3 *db, struct table **ret_table, struct err *err);
