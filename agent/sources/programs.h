/* The programs of one kind of section, as an input: [exec NAME], [sql NAME]. */
#pragma once

#include "common/base/err.h"
#include "record/input.h"
#include "sources/program.h"

struct programs;

/** Without a program yet; the first runs a second later. NULL: out of memory. */
struct programs *programs_open(const struct input_host *host);
/** One more, at most SECTIONS_MAX. -ENOMEM. */
int programs_add(struct programs *programs, const struct program_config *config, struct err *err);
/** All are added, @ret_input is theirs; or adding failed with @rc: they are gone (NULL is fine).
 * Returns @rc. */
int programs_begin(struct programs *programs, int rc, void **ret_input);

/* As record/input.h asks, for a row of input_kinds[]. */
void programs_stop(void *input, void (*on_stopped)(void *context), void *context);
void programs_look(const void *input, struct input_look *ret_look);
