/* A figure that was judged, on its way to be kept: at an office in its spool, at the province in a
 * batch of its own hand. */
#pragma once

#include "common/model/period.h"

#include <stdbool.h>
#include <stdint.h>

#define OBSERVATION_AUTHOR_MAX 64u   /* bytes, as the two that follow: WIRE_AUTHOR_LEN_MAX */
#define OBSERVATION_NOTE_MAX   1024u /* WIRE_TEXT_MAX */

struct observation {
	const char *metric;
	const char *labels; /* canonical */
	struct period period;
	unsigned decimals; /* of value_e: the catalogue's */
	int64_t value_e;
	bool now;       /* of the moment when it is recorded; the period's number is ignored */
	bool withdrawn; /* as if never reported; value_e is ignored */
	bool add;       /* add value_e to the current value instead of setting it */
	bool one_kind;  /* of its metric's period either the whole or parts: never both */
	/* Who typed or handed it in, an account of at most OBSERVATION_AUTHOR_MAX bytes; NULL or
	 * "": nobody was asked. It is of the change: who hands in what stands already did not type
	 * it. */
	const char *author;
	/* What a person says about the value, at most OBSERVATION_NOTE_MAX bytes of one line. "":
	 * nothing; NULL: not said, so that a note stays with a value that does, and goes with one
	 * that goes. */
	const char *note;
};
