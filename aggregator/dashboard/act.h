/* An act: something that an operator can do from the province's page. It has the fields that are
 * asked for, the route of the aggregator that takes them, and how to tell what would come of it.
 * Nobody does anything before he has seen that: see order.h. All of them stand in acts.h. */
#pragma once

#include "dashboard/visit.h"

#define ACT_FIELDS_MAX 8u
#define ACT_PATH       "/act/" /* its name behind it: a page of ours */

enum act_kind {
	ACT_TEXT,
	ACT_LONG, /* a sentence */
	ACT_DAY,
	ACT_PERIOD,
	ACT_METRIC, /* one of the catalogue */
	ACT_UNIT,   /* one that is in force */
	ACT_WORD,   /* one of a few */
	ACT_YES,
};

struct act_field {
	const char *name;  /* in addresses and forms: never that of a field that views keep */
	const char *key;   /* in what the aggregator is sent */
	const char *label; /* N_() */
	const char *hint;  /* likewise; NULL: none */
	enum act_kind kind;
	bool needed;
	const char *words; /* of ACT_WORD, parted by blanks */
};

struct order;

struct act {
	const char *name;                  /* "close" */
	const char *title, *what, *button; /* N_() */
	enum reader_role role;             /* who may do it, at least: as the aggregator has it */
	const char *method, *path;         /* of the aggregator; NULL: it is only told here */
	const char *looks;  /* what is asked first, where the path has no trial; NULL: it has */
	bool table;         /* what it sends is a table: a file, and no fields */
	const char *any_of; /* fields of which one is needed at least, parted by blanks; NULL */
	struct act_field fields[ACT_FIELDS_MAX]; /* the last has no name */
	/** What it will do, by the trial's answer: a person agrees to just this. */
	void (*tell)(struct visit *visit, struct html *html, const json_t *trial);
	/** What else is worth knowing before; it may be another the next minute. NULL: nothing. */
	void (*note)(struct visit *visit, struct html *html, const json_t *trial);
	/** That it was done, by the answer, in a sentence. */
	void (*done)(const struct order *order, const json_t *answer, char *text, size_t room);
	const char *home; /* where one goes on afterwards; what ends in '/': the office behind it */
};

/** The field of that name; NULL. */
const struct act_field *act_field(const struct act *act, const char *name);
/** A word of a field, as people say it. */
const char *act_word(const char *word);
#define ACT_FORM_MAX 96u
/** All that is reported per @form ("month"), as people say it. */
const char *act_form(const char *form, char text[ACT_FORM_MAX]);
