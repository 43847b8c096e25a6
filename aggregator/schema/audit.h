/* Who did what when: the events, as an auditor reads them. The view `audit` has them as rows, with
 * the "detail" of their bodies. */
#pragma once

#include "common/sys/db.h"
#include "common/text/table.h"

struct audit_form {             /* NULL, 0: of all */
	const char *who;        /* an account, or the name that it is shown by */
	const char *kind;       /* as stored, or its words in English or in the reader's language */
	const char *office;     /* a code: acts whose line in the audit names it */
	int64_t from_us, to_us; /* to_us excluded */
	int64_t after, before;  /* events between these, both excluded */
	unsigned most;
};

/** The newest @form->most that fit, newest first, and where there are more, as head "list", "next",
 * the event to go on before: event (its number), at, who, shown_name (account.h), act (in the
 * reader's language), what (its kind, as stored), detail. -EINVAL: there is no such kind, or nobody
 * of that name ever acted; with what may have been meant. */
int audit_list(sqlite3 *db, const struct audit_form *form, struct table **ret_table,
	       struct err *err);
