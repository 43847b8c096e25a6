/* Folders for the files of a test, gone when its process ends however the test did: a failed one
 * jumps past its own clean-up. */
#pragma once

#include <stdbool.h>

#define SCRATCH_MAX 64u

/** Make one. @memory: where files are memory, if there is such a place; for tests of thousands of
 * commits that lose nothing by it. Failure is a failed test. */
void scratch_make(bool memory, char ret_folder[SCRATCH_MAX]);
/** Remove it now, and all that is in it. */
void scratch_remove(const char *folder);
