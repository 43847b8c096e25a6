/* A small province in which everything has happened once: no table of its store is empty. For tests
 * that go through all of them. */
#pragma once

#include "support/testbed.h"

enum eventful_stage {
	EVENTFUL_QUIET,     /* the last change is through */
	EVENTFUL_DERIVING,  /* another one makes its pages beside those in force */
	EVENTFUL_SETTLING,  /* it is in force, and its pages are brought to their place */
	EVENTFUL_RELEASING, /* what waits is released in steps: some is judged, some is not */
	EVENTFUL_UPGRADED,  /* quiet, and events began when it stood so; a little came behind */
};

/** Its store as it is in @stage. Failures are failed tests; testbed_close() ends it. */
void eventful_open(struct testbed *ret_testbed, enum eventful_stage stage);
