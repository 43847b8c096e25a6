/* What every screen has around it: head, navigation, where one is (province > district > commune),
 * as known when and under which borders, who is missing, the other language, the foot. */
#pragma once

#include "dashboard/visit.h"

/** The one h1 of a page, with the way to the area of the view above it; and what is in the window's
 * title. A screen calls it first. */
void frame_title(struct visit *visit, struct html *html, const char *title);
/** What the page says of its figures: the ledger's head and the borders of @answer, a table's; and
 * how many offices were due and reported, as exact texts (NULL: it is not told). */
void frame_cite(struct visit *visit, const json_t *answer, const char *due, const char *reported);
/** The form that switches borders, time of knowledge and calendar of this view. */
void frame_switches(struct visit *visit, struct html *html);

/** A link to @view; @current marks the place where one is. */
void frame_link(struct html *html, const struct view *view, const char *words, bool current);
/** A link to a screen that @visit's reader may see, or else the words alone. */
void frame_go(const struct visit *visit, struct html *html, const struct view *view,
	      const char *words);
/** Hidden fields of a GET form that keep all of @view but the fields @without ("from to"). */
void frame_keep(struct html *html, const struct view *view, const char *without);
/** The name of unit @code, as the answer to /api/v1/units has it; the code where that is not known.
 * @answer: ask(visit->asking, FRAME_UNITS). */
#define FRAME_UNITS "/api/v1/units"
const char *frame_unit_name(const json_t *answer, const char *code);
/** @code, to link to; "" where the borders of the day that the view has do not know that unit, so
 * that nobody is led to a refusal. */
const char *frame_unit_there(struct visit *visit, const char *code);

/** The whole page: what the screen writes, with its frame. Call it again while questions are open.
 */
void frame_page(struct visit *visit, struct html *html);
#define FRAME_ABOUT_MAX 640u
/** As known when, under which borders, who is missing: in the foot of every page, and on every
 * sheet of paper. Once it was written. Returns @text. */
const char *frame_about(const struct visit *visit, char text[FRAME_ABOUT_MAX]);
/** A page about what went wrong, with the way back. */
void frame_trouble(struct visit *visit, struct html *html, const char *title, const char *sentence);
