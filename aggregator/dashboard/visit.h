/* A screen of the province's page: where it is, who may see it, what it asks and what it shows. It
 *is a function from a visit to HTML, and knows no clock, socket or file: whoever serves it plays
 *the same screen again and again, with more answers each time, until it asks nothing more.
 *
 *	const json_t *answer = ask(visit->asking, target);   NULL the first time; the answer later
 *
 * What a screen writes while an answer is still missing is thrown away, so it may write whatever it
 * has, and must only not fail. */
#pragma once

#include "common/text/html.h"
#include "dashboard/asking.h"
#include "dashboard/view.h"

#include <stdint.h>

enum reader_role { READER_CLERK, READER_VIEWER, READER_OPERATOR, READER_ADMIN };

struct reader { /* texts borrowed */
	enum reader_role role;
	const char *name, *office; /* of the token; the office of a clerk, or "" */
	const char *until;         /* when the token ends, as an instant; "": it was revoked */
	const char *change;        /* the word without which no form changes anything here */
};

struct visit {
	struct view view;
	const struct screen *screen;
	const struct screen *screens; /* [n_screens] all of them, for the navigation */
	size_t n_screens;
	struct asking *asking; /* outlives it */
	struct reader reader;
	int64_t now_us;
	struct order *order; /* that the screen is about; NULL: none. Outlives it */
	const char *address; /* of a page whose view is not all of it; NULL: the view's */
	const char *said;    /* what was just done, told once; "" or NULL */

	/* What the screen says of itself while it writes: frame_title(), frame_counts(). */
	char title[256];
	char borders[16]; /* the day of the borders that were told; "": those of each time */
	char head[160];   /* of the ledger, of the answer that was shown */
	char due[24], reported[24]; /* offices, over what is shown; "": nobody counts them here */
	int every_s; /* so often a browser looks for a newer one; 0: usually; -1: never */
};

struct screen {
	/* "/figure"; or "/offices/" for all that have one name behind it: view_behind(). */
	const char *path;
	const char *title;     /* in the navigation: N_(); NULL: it is not there */
	enum reader_role role; /* who may see it, at least */
	const char *takes;     /* fields of a view beside those that are kept, parted by blanks */
	/** Writes what stands within <main>, and asks as it goes. It begins with frame_title(). */
	void (*write)(struct visit *visit, struct html *html);
};

/** A question with all of the view that the aggregator's @path takes ("/api/v1/query",
 * "/api/v1/completeness", "/api/v1/quality"), but for the fields @without, parted by blanks. Of
 * quality, which takes no such words, the last N periods are told by the view's grain, or by
 * months where it has none. */
void question_of(struct question *question, const char *path, const struct visit *visit,
		 const char *without);

/** Which of @list is at @path; NULL: none. */
const struct screen *screen_find(const struct screen list[], size_t n, const char *path);
