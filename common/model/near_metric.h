/* The metrics that may have been meant by a name that the catalogue does not have (I13). Several
 * that are as near as each other are all named: whoever takes the first would report another
 * figure. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"

#include <stdbool.h>
#include <stddef.h>

#define NEAR_METRICS_MAX  3u
#define NEAR_METRICS_TEXT 512u

struct near_metrics {
	const struct metric *list[NEAR_METRICS_MAX];
	size_t n, more; /* more: as near, and not in the list */
	size_t distance;
};

void near_metrics_begin(struct near_metrics *near);
/** @metric, one of whose names is as far as @distance (near_name_distance()). */
void near_metrics_try(struct near_metrics *near, const struct metric *metric, size_t distance);
/** "'team.count' (Teams) or 'team.members' (Members)", in the thread's language. Returns @text. */
const char *near_metrics_say(const struct near_metrics *near, char text[NEAR_METRICS_TEXT]);

/** By their names and labels. False: none is near. */
bool catalogue_near(const struct catalogue *catalogue, const char *text,
		    struct near_metrics *ret_near);
/** Sets @err, -EINVAL, with those that may have been meant. False, and @err is as it was, when none
 * is near: then the caller says where they are listed. */
bool catalogue_did_you_mean(const struct catalogue *catalogue, const char *name, struct err *err);
