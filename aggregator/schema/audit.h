/* Who did what when: the events, as an auditor reads them. The view `audit` has them as rows, with
 * the "detail" of their bodies. */
#pragma once

#include "common/sys/db.h"
#include "common/text/table.h"

/** The newest @most, newest first: at, who, what, detail. */
int audit_list(sqlite3 *db, unsigned most, struct table **ret_table, struct err *err);
