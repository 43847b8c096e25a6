/* The page of what became of the figures: held back by the province and why, waiting, received. */
#pragma once

#include "clerk/frame.h"
#include "clerk/values.h"

#define SENT_MOST 14u /* of each series */

/** @frame: place, title and path are set here. -ENOMEM. */
int sent_write(struct html *html, const struct frame *frame, const struct catalogue *catalogue,
	       const struct values *values, struct err *err);
