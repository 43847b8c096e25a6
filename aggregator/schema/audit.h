/* Who did what when: the events, as an auditor reads them. The view `audit` has them as rows, with
 * the "detail" of their bodies. */
#pragma once

#include "common/sys/db.h"
#include "common/text/table.h"

/** The newest @most before event @before (0: of all), newest first, and where there are more, as
 * head "list", "next", the event to go on before: event (its number), at, who, shown_name
 * (account.h), act (in the reader's language), what (its kind, as stored), detail. */
int audit_list(sqlite3 *db, unsigned most, int64_t before, struct table **ret_table,
	       struct err *err);
