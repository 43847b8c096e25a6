/* What a link asks for: all of the state of what a reader sees. A view is read from an address and
 * written as one, in one form alone, and reading what was written gives the same view. Whoever
 * links to the same thing by another month, sort or border day copies the view, changes that one
 * field and writes it, so that no filter is lost.
 *
 * Texts are as the address has them; "" is "not given". Words for time ("the last 12") stay words,
 * so that a link stays right. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define VIEW_PATH_MAX    96u
#define VIEW_NAMES_MAX   1040u /* QUERY_NAMES_MAX names, parted by commas */
#define VIEW_TEXT_MAX    64u
#define VIEW_SORT_MAX    200u
#define VIEW_LABELS_MAX  512u
#define VIEW_ADDRESS_MAX 12288u /* a view whose every field is full, all of it escaped */

struct view {
	char path[VIEW_PATH_MAX]; /* "/figure", "/offices/28249" */

	/* Kept from screen to screen: where, when, by which borders, as known when. */
	char area[VIEW_TEXT_MAX]; /* a unit's code */
	char by[VIEW_TEXT_MAX];   /* a level, or "office" */
	char per[VIEW_TEXT_MAX];  /* a grain */
	char from[VIEW_TEXT_MAX]; /* periods, both included; */
	char to[VIEW_TEXT_MAX];   /* not with @last */
	char last[8];             /* how many periods, the last of them the newest that is over */
	char labels[VIEW_LABELS_MAX];
	char calendar[VIEW_TEXT_MAX];
	char structure[VIEW_TEXT_MAX]; /* a day, whose borders are meant */
	char known[VIEW_TEXT_MAX];     /* a day or an instant */
	char publication[VIEW_TEXT_MAX];
	char wall[2]; /* "1": for a screen on the wall */

	/* Of what is looked at. */
	char name[VIEW_NAMES_MAX]; /* of metrics or indicators, parted by commas */
	char by_label[VIEW_TEXT_MAX];
	char versus[VIEW_TEXT_MAX]; /* year or period */
	char total[2];
	char sort[VIEW_SORT_MAX]; /* [METRIC:]COLUMN[:desc], as the aggregator takes it */
	char top[8];              /* so many rows */
	char office[VIEW_TEXT_MAX];
	char metric[VIEW_TEXT_MAX];
	char period[VIEW_TEXT_MAX];
	char label[VIEW_LABELS_MAX]; /* the labels of one figure */
	char entry[VIEW_TEXT_MAX];   /* of the journal or a list */
	char state[VIEW_TEXT_MAX];
	char before[VIEW_TEXT_MAX]; /* the next page of a list, */
	char after[VIEW_TEXT_MAX];  /* or of one that goes up by code */

	/* Of offices, as `lantoa office list` has them. */
	char silent[VIEW_TEXT_MAX];
	char late[2];
	char behind[VIEW_TEXT_MAX];
	char heard[2];
};

/**
 * Read @target, "/PATH?QUERY" as it was sent. A field that is empty is not given: a form sends
 * those that nobody filled in.
 *
 * -EINVAL: a sentence on the argument that is unknown (with the name that was meant), given twice,
 * too long, no such day or period, or not to be had beside another one.
 */
int view_read(const char *target, struct view *ret_view, struct err *err);

/** Write it as an address, "/figure?area=815&name=team.count", its fields in one order. Returns
 * @text, which has room for every view. */
const char *view_address(const struct view *view, char text[VIEW_ADDRESS_MAX]);

/** The same view with field @name set to @value ("" or NULL: not given). The field must be there
 * (asserted), and a value that is too long is cut. */
struct view view_with(const struct view *view, const char *name, const char *value);
/** Another screen with what is kept from screen to screen. */
struct view view_at(const struct view *view, const char *path);
/** The value of field @name; NULL: there is none of that name. */
const char *view_value(const struct view *view, const char *name);
/** What stands in the path behind @prefix: of "/offices/28249", "28249"; NULL: another path. */
const char *view_behind(const struct view *view, const char *prefix);

/** The next field that is given, from *@at on, which begins at 0; false: no more. */
bool view_next(const struct view *view, size_t *at, const char **ret_name, const char **ret_value);
/** Is field @name kept from screen to screen? */
bool view_is_kept(const char *name);
