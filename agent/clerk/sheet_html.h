/* The form of a period as a page, and what is wrong in it as JSON for the page's script. */
#pragma once

#include "clerk/frame.h"
#include "clerk/sheet.h"
#include "common/base/err.h"

struct sheet_look {
	const char *token;   /* that the form must bring back */
	const char *trouble; /* a sentence above the form: why nothing was recorded; NULL */
	int64_t saved_us;    /* when this form was just recorded; 0: it was not */
	const char *changes; /* what that changed: sheet_changes() */
};

/** @frame: place, title and path are set here. */
void sheet_write(struct html *html, const struct frame *frame, const struct sheet *sheet,
		 const struct sheet_look *look);

/** What is about to be recorded, a line each: "Teams: 9 (before: 8)". -ENOMEM. */
int sheet_changes(const struct sheet *sheet, struct blob *out);

/** {"fields": {NAME: {"kind": "error" or "warning", "text": SENTENCE}, ...}}: of every row that was
 * typed in and has a message; NAME is that of its value. Beside fields, "totals": by metric, and
 * "done": how far the form is, as "", and each section, by its first metric. -ENOMEM. */
int sheet_json(const struct sheet *sheet, struct blob *out);
