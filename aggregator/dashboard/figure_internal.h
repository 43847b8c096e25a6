/* Within the screen of one figure. */
#pragma once

#include "common/base/arena.h"
#include "dashboard/figure_facts.h"
#include "dashboard/shown.h"
#include "dashboard/visit.h"

#define FIGURE_PERIODS 12u                 /* shown where nobody said from when */
#define FIGURE_COLUMNS 36u                 /* periods of a table at most; it says so */
#define FIGURE_ARENA   (32u * 1024 * 1024) /* of a page: rows and their links */

struct figure {
	struct visit asked; /* the visit, of which the view has what the address left out */
	struct view view;   /* as it was asked for: what links are made of */
	struct arena *arena;
	struct facts facts;
	const json_t *units;
	const char *area_name;

	struct question trend_question;
	const json_t *trend;    /* NULL: not answered yet */
	struct period *periods; /* [n] shown, one after the other */
	size_t n, chosen;       /* the one that the page is about */
	const json_t *headline; /* the row of the whole area in it; NULL */
	char from[PERIOD_TEXT_MAX], to[PERIOD_TEXT_MAX], at[PERIOD_TEXT_MAX]; /* shown; chosen */
	char level[VIEW_TEXT_MAX]; /* of the rows below the area: a level, or "office" */
};

/** @size zeroed bytes that live as long as the page; NULL: out of memory, which html knows. */
void *figure_alloc(struct figure *figure, struct html *html, size_t size);
/** The address of @view, which lives as long as the page; NULL likewise. */
const char *figure_link(struct figure *figure, struct html *html, const struct view *view);
/** The place of @period ("2025-06") among those shown; n: none. */
size_t figure_period(const struct figure *figure, const char *period);
/** The text of member @key of @row, kept; NULL: null. */
const char *figure_text(struct figure *figure, struct html *html, const json_t *row,
			const char *key);
/** A question with all of the view but its parts, for the periods shown. */
void figure_question(const struct figure *figure, struct question *question, const char *path);

/** Ask how it went, and find out which periods are shown. False: not answered yet, or no figure. */
bool figure_trend_ask(struct figure *figure, struct html *html);
void figure_trend(struct figure *figure, struct html *html);
void figure_places(struct figure *figure, struct html *html);
void figure_map(struct figure *figure, struct html *html);
void figure_headline(struct figure *figure, struct html *html);
void figure_operands(struct figure *figure, struct html *html);
void figure_missing(struct figure *figure, struct html *html);
void figure_revisions(struct figure *figure, struct html *html);
void figure_choices(struct figure *figure, struct html *html);
