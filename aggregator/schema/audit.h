/* Every act that changes something, with who and when. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/text/table.h"

/** Inside the caller's transaction. @who: "unix:uid=0", "office:28249", "console". */
int audit_note(sqlite3 *db, const char *who, const char *what, const char *detail, struct err *err);

/** The latest @most entries, newest first: at, who, what, detail. */
int audit_list(sqlite3 *db, unsigned most, struct table **ret_table, struct err *err);
