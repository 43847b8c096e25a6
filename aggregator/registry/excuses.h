/* Excuses: an operator says that an office need not report a metric, or a whole form, for a time:
 * the line was cut by a flood, the staff were at another task. What is excused stays due, and is
 * neither late nor missing (rule 5.5); if it is reported all the same, it is reported. An act of
 * the ledger, with who and why; taken back, it was never more than what was known then (I4).
 *
 * A form is what is reported per one period (month, hour, ...). An own period is excused when all
 * of its days are: a week across the end of an excused month is not. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/period.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/offices.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXCUSE_REASON_MAX 500u /* characters: what a person reads at a glance */

struct excuse {
	int64_t id, office;
	char *metric;    /* owned; "": all of @form */
	enum grain form; /* where there is no metric */
	enum calendar calendar;
	char *period, *until; /* owned: as they are written; the same of one period */
	char *reason, *who;   /* owned */
	int64_t at_us;
	int32_t first, end; /* its days, @end excluded */
};

struct excuses {
	struct excuse *list; /* owned [n], by office, then number: those in force */
	size_t n;
};

int excuses_load(sqlite3 *db, struct excuses **ret_excuses, struct err *err);
void excuses_close(struct excuses *excuses); /* NULL is fine */

/** The first of those of @office; n when there is none. */
size_t excuses_of(const struct excuses *excuses, int64_t office);
/** Is it about reports of @metric? */
bool excuse_concerns(const struct excuse *excuse, const struct metric *metric);
/** Is @office excused from the period of @metric that starts on @day, or lies in it? */
bool excuses_hold(const struct excuses *excuses, int64_t office, const struct metric *metric,
		  int32_t day);

/** Those in force: excuse (its number), office, name, metric, form, period, until, calendar,
 * reason, at, who. @office NULL: of all. -ENOENT: there is no such office. */
int excuses_list(const struct excuses *excuses, const struct offices *offices, const char *office,
		 struct table **ret_table, struct err *err);

/** The same of number @id alone: no row when it is not in force. */
int excuses_list_one(const struct excuses *excuses, const struct offices *offices, int64_t id,
		     struct table **ret_table, struct err *err);

struct excuse_form {
	const char *office;
	const char *metric, *form; /* one of both; the other NULL */
	const char *period;        /* of a day or longer, and not shorter than what is reported */
	const char *until;         /* the last one, as long; NULL: that one alone */
	const char *calendar;      /* NULL: the metric's own; civil of a form */
	const char *reason;
	const char *who;
};

/* Both write inside the caller's transaction, append their event and move the reference on. */

/** *@ret_id: its number. -ENOENT: no such office; -EINVAL: no such metric, form or period, or no
 * reason; -EEXIST: some of it is excused already. */
int excuse_add(sqlite3 *db, const struct catalogue *catalogue, const struct offices *offices,
	       const struct excuse_form *form, int64_t *ret_id, struct err *err);
/** Take back number @id. -ENOENT: it is not in force. */
int excuse_end(sqlite3 *db, const struct offices *offices, int64_t id, const char *who,
	       struct err *err);
