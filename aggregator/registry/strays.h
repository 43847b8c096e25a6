/* Offices that stand, for a time, on a unit that is not in force: it ended (or has not begun), and
 * nobody moved them. Nothing is due from them then, and what they report waits in quarantine. */
#pragma once

#include "common/base/err.h"
#include "registry/offices.h"

struct stray {
	const struct office *office; /* lent */
	const struct unit *unit;     /* the one that ended, or that is still to begin; lent */
	int32_t from, to;            /* days; to excluded, UNIT_OPEN: nobody ends it */
};

struct strays {
	struct stray *list; /* owned [n], by office as in the register */
	size_t n;
};

/** Of all offices; freed with free(ret->list). Those that were taken away from every unit by order
 * (office_reassign to none) are none of them. */
int strays_find(const struct offices *offices, const struct units *units, struct strays *ret,
		struct err *err);

#define STRAY_SENTENCE_MAX 640u
/** Who stands where, since when, and what to do; @n: how many offices do, this one included. What
 * is longer is cut. */
void stray_tell(const struct stray *stray, size_t n, char sentence[STRAY_SENTENCE_MAX]);

/** The same of those who do on the day @today: how many, and what to say of them; "" of none. */
int strays_tell(const struct offices *offices, const struct units *units, int32_t today,
		size_t *ret_n, char sentence[STRAY_SENTENCE_MAX], struct err *err);

/** Where @office's figures of @day lie, whatever became of its unit: the unit that it reports for
 * on that day or, if that is none, the last it reported for before, or else the first after. On
 * *@ret_day it did. NULL: it never reported for any. */
const struct unit *office_last_unit(const struct office *office, const struct units *units,
				    int32_t day, int32_t *ret_day);
