/* What the files of explaining share: explain.c leads, explain_offices.c says what each office
 * gives, explain_entries.c by which entries, explain_acts.c what was done, explain_words.c how it
 * adds up. */
#pragma once

#include "query/explain.h"
#include "query/figures.h"
#include "query/gathering.h"

/* What one office gives to one row. */
struct gift {
	const struct office *office;
	int32_t row;
	bool has_value;
	mpq_t value;
	struct counts counts;
	int32_t next; /* of the same office; -1: none */
};

/* A metric that is explained: what was asked for, or an operand of it. */
struct explained {
	char name[METRIC_NAME_MAX + 1];
	struct query query;  /* about it alone */
	struct table *total; /* owned: query_run() of it */
	struct plan plan;
	struct rows rows;
	struct gift *gifts; /* owned [n] */
	size_t n, room;
	int32_t *first; /* owned [offices->n]: the first gift of each; -1: none */
	struct gathering gathering;
	struct mark *marks;  /* owned [gathering.n]: of its notes */
	struct table *cells; /* owned: a note's */
};

struct explaining {
	sqlite3 *db;
	const struct reference *reference;
	struct query query; /* as it was asked */
	const struct explain_form *form;
	struct plan plan;
	struct table *total; /* owned, of an indicator; else the only part's */
	struct explained parts[PLAN_OPERANDS_MAX];
	size_t n_parts;
	const struct office **offices; /* owned [n]: that are shown, by code */
	size_t n, of;                  /* of so many that give anything */
	bool whole;                    /* entries are told */
	struct table *table;
};

/* Columns, in this order. */
enum explain_column {
	PART,
	METRIC,
	AREA,
	AREA_NAME,
	VALID_FROM,
	INTO,
	INTO_FROM,
	OFFICE,
	OFFICE_NAME,
	LABELS,
	PERIOD,
	VALUE,
	REASON,
	STATE,
	HOW,
	OBSERVATIONS,
	DUE,
	REPORTED,
	ON_TIME,
	CARRIED,
	EXCUSED,
	MISSING,
	WAITING,
	EXTRA,
	REVISIONS,
	RECEIVED, /* from here on as an entry has them */
	WAS,
	BECAME,
	CHANGE,
	COUNTED,
	LATE,
	ENTRY,
	SPOOL,
	BATCH,
	AUTHOR,
	AUTHOR_NAME,
	NOTE,
	FROM_PROVINCE,
	EVENT,
	ACT,
	EVENT_AT,
	WHO,
	SHOWN_NAME,
	DETAIL,
	EXPLAIN_COLUMNS
};

/** Nulls up to @column, of the row at hand, in which @at cells stand. */
void explain_skip(struct table *table, size_t *at, enum explain_column column);
/** Rows of @from, which has columns of the same names, cell by cell; behind the first cells. */
void explain_copy(struct table *table, size_t *at, enum explain_column first,
		  enum explain_column last, const struct table *from, size_t row);
/** Where it counts: area to into_from. @unit NULL: none. @row ROW_OUTSIDE: nowhere. */
void explain_place(struct explaining *e, size_t *at, const struct explained *part,
		   const struct unit *unit, int32_t row);

/** Fill gifts: what each office gives. */
int explain_gifts(struct explaining *e, struct explained *part, struct err *err);
/** The rows of @office; with its entries, where they are told. */
int explain_office(struct explaining *e, struct explained *part, const struct office *office,
		   struct err *err);

/** What came of the figures of the offices that are shown. */
int explain_gather(struct explaining *e, struct explained *part, struct err *err);
void explain_entries_close(struct explained *part);
/** How many of @office's entries of @row are held. */
int64_t explain_held(const struct explained *part, const struct office *office, int32_t row);
/** Those of @office that are in @row. */
int explain_entries(struct explaining *e, struct explained *part, const struct office *office,
		    int32_t row, struct err *err);

int explain_acts(struct explaining *e, struct err *err);

/** How @part adds up, in the reader's language. */
void explain_adding(const struct explained *part, char *text, size_t size);
/** The formula, and it with the operands that @operands ("name=value;...") has. */
void explain_formula(const char *formula, const char *operands, char *text, size_t size);
