/* On which days nobody works: calendar.csv, which the province imports and offices are told as
 * days_off.csv. A due date that falls on such a day moves to the next working day (deadline.h), as
 * administrative practice has it. One reader and one judge for office and province, as of the
 * catalogue. Immutable once read.
 *
 * Weekends count only where the file says so: a row of kind weekend makes Saturdays and Sundays
 * days off, from a day on. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAYS_OFF_ROWS_MAX 2000u
#define DAYS_OFF_RUN_MAX  31 /* on end, with weekends: a longer one is a typo */

enum days_off_kind {
	DAYS_OFF,         /* holidays */
	DAYS_OFF_WORK,    /* worked, though they fall on a weekend */
	DAYS_OFF_WEEKEND, /* Saturdays and Sundays among these days */
	DAYS_OFF_KINDS
};

struct days_off_row {
	enum days_off_kind kind;
	int32_t from, end; /* @end excluded; INT32_MAX: a weekend's that go on */
	unsigned line;
};

struct days_off {
	struct days_off_row *list; /* owned [n]: holidays and worked days, then weekends; each of
				      both ascending, and apart */
	size_t n, n_days;          /* the first n_days are no weekends */
	char *csv;                 /* owned: the text it was read from */
	size_t csv_len;
	uint64_t version; /* document_keep(); that of a file without rows is 0 */
};

/**
 * Read from CSV: from, to, kind (off, work, weekend; empty: off), name_vi, name_en. @to is the last
 * day; empty: that day alone or, of a weekend, no end.
 *
 * All or nothing, with every bad row named: no day, an end before its beginning, days that two rows
 * have, a worked day that would be one anyway, more than DAYS_OFF_RUN_MAX on end. 0; -EINVAL;
 * -ENOMEM. The caller closes.
 */
int days_off_read(const char *csv, size_t len, struct days_off **ret_days, struct err *err);
void days_off_close(struct days_off *days); /* NULL is fine */

/** NULL: nobody has a day off. */
bool days_off_has(const struct days_off *days, int32_t day);
/** The first day from @day on that is none; @day itself, if it is worked. */
int32_t days_off_next_work(const struct days_off *days, int32_t day);
/** The same days, as far as their files say so? */
bool days_off_same(const struct days_off *a, const struct days_off *b);
