/* The catalogue: what may be counted, and how it adds up. One reader for both daemons, so that an
 * office and the province refuse the same figures for the same reasons. Immutable once read. */
#pragma once

#include "common/base/decimal.h"
#include "common/base/err.h"
#include "common/model/days_off.h"
#include "common/model/dimensions.h"
#include "common/model/metric.h"
#include "common/model/period.h"
#include "common/model/rules.h"
#include "common/model/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CATALOGUE_METRICS_MAX 4096u

struct catalogue {
	struct metric *metrics; /* owned [n], in the file's order */
	size_t n;
	char *csv; /* owned: the text it was read from */
	size_t csv_len;
	uint64_t version;              /* first 8 bytes of BLAKE2b-256 of the text, never 0 */
	struct metric **by_name;       /* owned [n], sorted */
	struct dimensions *dimensions; /* owned: what its labels may be; NULL: any text */
	struct rules *rules;           /* owned: what they must be to each other; NULL: nothing */
	struct days_off *days_off;     /* owned: that move due dates; NULL: none */
	unsigned shares;               /* that are held beside the first: catalogue_share() */
};

/**
 * Read a catalogue from CSV: name, label_vi, label_en, unit, kind, time_agg, area_agg, period,
 * dimensions (split by ';' or blank), decimals, carry, level, due_days, min, max and, if there,
 * calendar, undivided, unit_vi, dimensions_vi (split by ';', as many as dimensions, or none),
 * section_vi and section_en (the heading in a form); further columns are notes.
 *
 * undivided and those after it were notes, too, and provinces from before still take anything in
 * them. Nobody does without a catalogue in force because of these: a cell that is wrong
 * says nothing.
 *
 * All or nothing: @err names every bad row it has room for ("line 7: period: ..."; one per line of
 * text). Returns 0; -EINVAL; -ENOMEM. The caller closes.
 */
int catalogue_read(const char *csv, size_t len, struct catalogue **ret_catalogue, struct err *err);
/** One that is to be imported: as catalogue_read(), but what is wrong with a name is refused. */
int catalogue_read_new(const char *csv, size_t len, struct catalogue **ret_catalogue,
		       struct err *err);
/** One more owner, who closes as well; the last one's close frees it. Not for two threads at once.
 * Returns @catalogue. */
struct catalogue *catalogue_share(struct catalogue *catalogue);
void catalogue_close(struct catalogue *catalogue); /* NULL is fine */

/** Labels are judged by these lists from now on, which are taken over; NULL: they are free text.
 * Before anybody shares the catalogue. */
void catalogue_use_dimensions(struct catalogue *catalogue, struct dimensions *dimensions);
/** Likewise its rules, which suit it: rules_suit(). NULL: there are none. */
void catalogue_use_rules(struct catalogue *catalogue, struct rules *rules);
/** Likewise the days off, by which its metrics' due dates move. NULL: there are none. */
void catalogue_use_days_off(struct catalogue *catalogue, struct days_off *days_off);
/** Of it, its code lists, rules and days off: another one when any of them is another. */
uint64_t catalogue_stamp(const struct catalogue *catalogue);

/** NULL when there is none of that name. */
const struct metric *catalogue_find(const struct catalogue *catalogue, const char *name);
