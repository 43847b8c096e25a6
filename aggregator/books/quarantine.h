/* What was accepted and is in the journal, but cannot count: per entry and run (or one point of it)
 * the reason. Nothing is dropped: releasing it makes the fold play the entry again, as if it had
 * counted from the start. */
#pragma once

#include "catalogue.h"
#include "db.h"
#include "err.h"
#include "reference.h"
#include "table.h"

#define QUARANTINE_WHOLE_RUN (-1)

struct quarantine;                                                /* the writer's statements */
struct quarantine *quarantine_open(sqlite3 *db, struct err *err); /* NULL: err says why */
void quarantine_close(struct quarantine *quarantine);             /* NULL is fine */
/** Hold a run of journal entry @journal, or its point @point; what is held already stays as it is,
 * what was released is held again. */
int quarantine_hold(struct quarantine *quarantine, int64_t journal, size_t run, int64_t point,
		    enum verdict verdict, size_t observations, struct err *err);

/** What is held, newest first, at most @most rows: entry, office, received, metric, labels, period,
 * value, observations, reason. Each entry's payload is read and decoded once; memory holds one of
 * them, and the rows. -EUCLEAN: it names what the journal has not. */
int quarantine_list(sqlite3 *db, const struct reference *reference, unsigned most,
		    struct table **ret_table, struct err *err);
