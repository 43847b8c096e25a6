/* What a figure's labels may be: the code lists of the dimensions, dimensions.csv. One reader for
 * office and province, as of the catalogue. Immutable once read.
 *
 * A list has codes, plain and stable ("land", "VNeID"), each with what people call it in Vietnamese
 * and in English, and the days on which it may be used: those of the figure's period, by its first.
 * Whoever hands in a figure writes the code or either name, however it is typed (viet_key()). A
 * dimension without a list is free text; two texts with the same key are one there, too. */
#pragma once

#include "common/base/err.h"
#include "common/model/labels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIMENSIONS_MAX 64u   /* that have a list */
#define CODES_MAX      4096u /* rows, of all lists together */
#define CODE_OPEN      INT32_MAX
#define CODE_ANY_DAY   INT32_MIN /* for a day: nobody knows which, so that any does */

struct code {
	char *code, *label_vi, *label_en; /* owned; a name that is not given is the code */
	int32_t from, to;                 /* the first day, and the first no more; CODE_OPEN */
};

struct code_name; /* a text that means a code */

struct code_list {
	char *dimension;         /* owned */
	struct code *codes;      /* owned [n], in the file's order; a code may have several rows */
	struct code_name *names; /* owned [n_names], ascending by key */
	size_t n, n_names;
};

struct dimensions {
	struct code_list *lists; /* owned [n], in the file's order */
	size_t n;
	char *csv; /* owned: the text it was read from */
	size_t csv_len;
	uint64_t version; /* document_keep() */
};

/**
 * Read from CSV: dimension, code, label_vi, label_en, valid_from, valid_to (days; empty: always).
 * A text may mean one code of a list alone, on any day.
 *
 * All or nothing, with every bad row named. 0; -EINVAL; -ENOMEM. The caller closes.
 */
int dimensions_read(const char *csv, size_t len, struct dimensions **ret_dimensions,
		    struct err *err);
void dimensions_close(struct dimensions *dimensions); /* NULL is fine */

/** The list of a dimension, @name[@len]; NULL: it is free text. @dimensions NULL: all are. */
const struct code_list *dimensions_list(const struct dimensions *dimensions, const char *name,
					size_t len);

enum code_verdict {
	CODE_FOUND,
	CODE_NOT_IN_FORCE, /* it is in the list, on other days */
	CODE_UNLISTED,
};
/** What @text means on @day. @ret_code: not set when it is unlisted. */
enum code_verdict code_list_find(const struct code_list *list, const char *text, int32_t day,
				 const struct code **ret_code);
/** What it is called in the thread's language. */
const char *code_called(const struct code *code);
/** Is @text the code itself, however typed, and no name of it? */
bool code_is(const struct code *code, const char *text);
/** The code in force on @day that @text nearly means; NULL: none is near. */
const struct code *code_list_near(const struct code_list *list, const char *text, int32_t day);

/** Are the labels (canonical) what may be received of @day: codes where there is a list? A code is
 * itself however it is typed, since one series is so named; a name of it is none. */
bool dimensions_hold(const struct dimensions *dimensions, const char *labels, int32_t day);
enum days_held { HELD_ALWAYS, HELD_SOMETIMES, HELD_NEVER };
/** On which days do they? */
enum days_held dimensions_days(const struct dimensions *dimensions, const char *labels);
/** What to do about labels that do not hold on @day: a sentence in @err. */
void dimensions_tell(const struct dimensions *dimensions, const char *labels, int32_t day,
		     struct err *err);

/**
 * Labels as people wrote them, canonical, into what is recorded of @day: codes where there is a
 * list; of free text the blanks are put right. -EINVAL with a sentence that says what was meant, or
 * what there is.
 */
int dimensions_resolve(const struct dimensions *dimensions, const char *labels, int32_t day,
		       char ret_labels[LABELS_TEXT_MAX], struct err *err);

/* What a label's value means to who asks. */
struct meaning {
	const struct code
		*code; /* of the list, whatever the day; NULL: it is no code, nor names one */
	char text[LABELS_TEXT_MAX]; /* the code, or the value by its viet_key(): one for each
				       meaning */
};
void label_mean(const struct dimensions *dimensions, const char *name, size_t name_len,
		const char *value, size_t value_len, struct meaning *ret);
/** Has the series of @labels, for each label of @filter (both canonical), one that means the same?
 * An empty filter fits all. */
bool labels_mean(const struct dimensions *dimensions, const char *labels, const char *filter);

#define LABELS_KEY_MAX (2u * LABELS_TEXT_MAX)
/** Two canonical texts name one series when their keys are equal: values by their viet_key(). */
void labels_key(const char *labels, char ret_key[LABELS_KEY_MAX]);
