/* What every page has around it: head, name of the office, places to go, the line to the province.
 */
#pragma once

#include "clerk/html.h"
#include "uplink/uplink.h"

#include <stdint.h>

enum frame_place { PLACE_DUE, PLACE_SHEET, PLACE_FILES, PLACE_SENT, PLACE_ERROR };

struct frame { /* texts borrowed */
	const char *title;
	const char *office, *office_name; /* office_name may be NULL */
	const char *path; /* of this page, for a query to go on: "/?", "/form?period=2025-06&" */
	enum frame_place place;
	const struct uplink_look *look;
	int64_t now_us;
};

void frame_begin(struct html *html, const struct frame *frame);
void frame_end(struct html *html);

/** A page that says one sentence, for what went wrong. */
void frame_error(struct html *html, const struct frame *frame, const char *sentence);
