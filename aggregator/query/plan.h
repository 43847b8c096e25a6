/* A question: as it was asked, and understood (names found, texts read, what cannot be asked
 * refused). */
#pragma once

#include "common/base/err.h"
#include "common/text/table.h"
#include "registry/reference.h"
#include "rollup/mend.h"

#include <stdbool.h>

/* Rollup pages that questions met and that a disk damaged. What they said is taken from the
 * journal all the same (-EUCLEAN: that cannot be read either), for a reader may not write them
 * anew. */
struct page_damage {
	uint64_t n;
	char where[MENDED_WHERE_MAX]; /* the last one: code of office or unit, and period */
};

/* As it was asked: texts, NULL for the default. */
struct query {
	const char *name;      /* of a metric or indicator; must be there; of query_run() up to
				  QUERY_NAMES_MAX, parted by commas */
	const char *area;      /* a unit's code or its name; default: everywhere */
	const char *by;        /* a level, or "office"; default: one row for the area (or root) */
	const char *form;      /* a grain: of everything, what is reported per that; default: all */
	const char *per;       /* a grain; default: the metric's period, an indicator's coarsest */
	const char *from, *to; /* period labels of any grain, or PERIOD_LATEST, both included;
				  default: today's */
	const char *last;      /* a number: the last so many periods that are over; default: none */
	const char *labels;    /* canonical; default: all, added up */
	const char *by_label;  /* a dimension: rows for each of its labels; default: none */
	const char *calendar;  /* civil or report; default: the metric's own */
	const char *structure; /* a day, whose borders are meant; default: those of the time */
	const char *known;     /* a day (its end) or date-time: nothing received later counts */
	int64_t known_us;      /* the same as an instant, when @known is NULL; 0: none */
	int64_t now_us;        /* the instant of the question; 0: that of the clock */
	bool rank;             /* give each row its rank */
	const char *sort, *top;     /* arrange.h; default: as rows come, all of them */
	const char *versus;         /* year or period: of query_run() alone, as is */
	bool total;                 /* rows of the whole behind those of its parts */
	struct page_damage *damage; /* where damaged pages that it met are noted; NULL: nowhere */
	const struct table_stream *stream; /* where rows go that are complete; NULL: they are kept
					      in the table, so many as QUERY_ROWS_MAX */
};

#define PERIOD_LATEST     "latest" /* the newest period of the answer's grain that is over */
#define PLAN_OPERANDS_MAX 16u
#define PLAN_BUCKETS_MAX  100000u

struct plan {
	bool everything; /* all metrics that fit: metrics[] is not filled; completeness alone */
	const struct indicator *indicator;               /* NULL: a metric */
	const struct metric *metrics[PLAN_OPERANDS_MAX]; /* the metric, or the indicator's operands
							    in formula order */
	size_t n_metrics;
	bool of_form; /* of everything only what is reported per @form */
	enum grain form;
	enum calendar calendar; /* of the buckets */
	enum grain per;
	int32_t first, last;    /* numbers of the buckets, both included */
	int32_t newest;         /* so many of them were asked for as the newest; 0: a range was */
	const char *area;       /* a code; NULL: everywhere */
	const char *area_asked; /* the name it was asked for by (unit_names.h); NULL: by code */
	const char *by;         /* a level; NULL: the area as one row, or offices */
	bool by_office;
	bool by_own_unit; /* each office under the unit it reports for: who is missing */
	bool rank;
	const char *labels;   /* canonical; "" for all */
	const char *by_label; /* a dimension of all metrics; NULL: not parted by labels */
	bool restated;        /* answered under the borders of the day @structure */
	int32_t structure;
	int64_t known_us;    /* nothing received later counts; INT64_MAX: everything does */
	int64_t begun, over; /* of @known, or of now, in local minutes since 1970: what starts in
				or before begun has begun, what ends by over is over (rule 5.5) */
	struct page_damage *damage; /* the query's */
};

/** -EINVAL: one sentence on what is wrong and what would do. @ret_plan borrows from @query and
 * @reference. */
int plan_make(const struct reference *reference, const struct query *query, struct plan *ret_plan,
	      struct err *err);
/** The same of its name and grain alone: nothing else is looked at. */
int plan_grain(const struct reference *reference, const struct query *query, struct plan *ret_plan,
	       struct err *err);
/** The same for a query without a name: about reports of every metric, or of one form, by default
 * per month or, where that does not add up to months, per its own period. */
int plan_make_everything(const struct reference *reference, const struct query *query,
			 struct plan *ret_plan, struct err *err);
/** Rule 5.1: do periods of @metric add up to the plan's buckets and, where every metric is asked
 * about, is it divided by all labels of the filter? */
bool plan_fits(const struct plan *plan, const struct metric *metric);
/** The query as understood, into the head of @table. @names: of all that is asked for; NULL: the
 * plan's own, and its unit of measure. */
void plan_head(const struct plan *plan, const char *names, struct table *table);
struct period plan_bucket(const struct plan *plan, int32_t number);
/** Has @bucket begun, is it over, at the instant asked about? */
bool plan_begun(const struct plan *plan, struct period bucket);
bool plan_over(const struct plan *plan, struct period bucket);
/** The bucket's last day, while it is not over; NULL: it is. */
const char *plan_under_way(const struct plan *plan, struct period bucket, char text[DAY_TEXT_MAX]);
