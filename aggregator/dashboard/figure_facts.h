/* What a figure is: what the reference says of its name. */
#pragma once

#include "dashboard/chart.h"
#include "dashboard/visit.h"

#define FIGURE_ROUNDED 2 /* digits of what a formula gives */
#define FIGURE_TARGETS 8u

/* Texts are of the answers, or of ours. */
struct facts {
	const char *name, *label, *unit;
	bool is_metric, is_indicator; /* neither: there is no such name, or no answer yet */
	const char *kind, *time_agg, *area_agg, *grain, *level, *formula;
	const char *calendar;   /* "report" or "" */
	const char *dimensions; /* parted by ';', as the catalogue has them; "" */
	struct chart_target targets[FIGURE_TARGETS];
	size_t n_targets;
};

/** Asks for catalogue and indicators. */
struct facts facts_of(struct visit *visit, const char *name);
/** One sentence: what it counts, how it adds up, who reports it. */
void facts_sentence(const struct facts *facts, struct html *html);
int facts_digits(const struct facts *facts);
