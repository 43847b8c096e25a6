/* What every page has around it: head, name of the office, places to go, the line to the province.
 */
#pragma once

#include "common/text/html.h"
#include "uplink/uplink.h"

#include <stdint.h>

enum frame_place { PLACE_DUE, PLACE_SHEET, PLACE_FILES, PLACE_SENT, PLACE_ERROR };

struct frame { /* texts borrowed */
	const char *title;
	const char *office, *office_name; /* office_name may be NULL */
	const char *typist;               /* who types; "": nobody knows */
	bool typist_asked;                /* here, so that it can be another */
	bool elsewhere; /* the browser is: "this machine" would be another one to its reader */
	/* Of this page, for a query to go on: "./?", "form?period=2025-06&". All addresses are
	 * relative, so that the page may stand below any folder of a proxy. */
	const char *path;
	enum frame_place place;
	const struct uplink_look *look;
	int64_t now_us;
};

void frame_begin(struct html *html, const struct frame *frame);
/** A form in which who types writes a name; @trouble: what is wrong with the one before, or NULL.
 */
void typist_ask(struct html *html, const struct frame *frame, const char *token,
		const char *trouble);
void frame_end(struct html *html);

/** A page that says one sentence, for what went wrong. */
void frame_error(struct html *html, const struct frame *frame, const char *sentence);
