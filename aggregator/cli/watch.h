/* Work that takes the aggregator a while: begun with POST, which gives the number of the run, then
 * looked at with GET until the answer has no "progress" any more. It goes on when we are
 * interrupted. */
#pragma once

#include "cli/command.h"
#include "common/base/blob.h"
#include "common/base/err.h"
#include "feed/client.h"

#include <jansson.h>
#include <stdint.h>

#define WATCH_LINE_MAX 160u /* bytes; 79 columns at most */
#define WATCH_BAR_MAX  21u

/**
 * Begin the command's work with @arguments[@n], and wait. On a terminal a line on standard error
 * shows how far it is, as @on_progress makes it from an answer.
 *
 * @answer, @ret_json  the last answer, as text and read; the caller frees both
 */
int watch_run(const struct order *order, const struct argument arguments[], size_t n,
	      void (*on_progress)(const json_t *answer, char ret_line[WATCH_LINE_MAX]),
	      struct blob *answer, json_t **ret_json, struct err *err);

/**
 * Where @answer, of an order, is {"change": N}, because what was ordered is made in steps: wait
 * until that is over, and put its outcome in place of @answer, which is as the order's own would
 * have been. On a terminal a sentence says first that it goes on without us, and a line how far it
 * is.
 */
int watch_change(const char *api, struct blob *answer, struct err *err);

/** The number whose text is @name of @object; 0 when it is not there. */
uint64_t watch_number(const json_t *answer, const char *object, const char *name);
/** "stage" of "progress", as the aggregator names it. */
const char *watch_stage(const json_t *answer);
/** "#####...............", as much as @done is of @all. Returns @text. */
const char *watch_bar(uint64_t done, uint64_t all, char text[WATCH_BAR_MAX]);
