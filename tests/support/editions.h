/* Editions of the reference that somebody might import: some rows of a table are others. The whole
 * may be no good, and is refused then. */
#pragma once

#include "support/history.h"

#include <stddef.h>

/** Of a catalogue, @csv. What is too long for @room is a failed test. */
void edition_catalogue(struct dice *dice, const char *csv, char *out, size_t room);
/** Of units: they are called otherwise, have another parent, begin or end on another day. */
void edition_units(struct dice *dice, const struct history *h, const char *csv, char *out,
		   size_t room);
