/* The first page: what is due, period by period, how much of it is recorded, and how far it got. */
#pragma once

#include "clerk/frame.h"
#include "clerk/values.h"
#include "common/base/err.h"

#include <stdint.h>

#define HOME_MOST 10u /* of each series: a week of days, and a few */

/** @frame: place, title and path are set here; @inbox: what is wrong with tables in the inbox, ""
 * for nothing; @token: notices.h. -ENOMEM. */
int home_write(struct html *html, const struct frame *frame, const struct catalogue *catalogue,
	       const struct values *values, const char *inbox, const char *token, struct err *err);
