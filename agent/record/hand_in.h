/* All that one file, request or call hands in, looked at together (rules of the figures, 5): is one
 * figure given two different values, or a total beside its parts? The same value twice is one.
 *
 * It keeps 40 to 160 bytes a figure, no texts: figures are told apart by a hash of 128 bits. */
#pragma once

#include "common/base/err.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>

#define HANDIN_MAX 1000000u /* figures: 80 MiB; minutes of two years */

struct handin;

struct handin *handin_open(void);         /* NULL: out of memory */
void handin_close(struct handin *handin); /* NULL is fine */

/** @obs stands at @place: a line, or which of a list; from 1. What is added (obs->add) is no value
 * and is passed over. -EFBIG over HANDIN_MAX; -ENOMEM. */
int handin_note(struct handin *handin, const struct observation *obs, unsigned place,
		struct err *err);

enum handin_verdict {
	HANDIN_FINE,
	HANDIN_AGAIN,   /* the same value stood there before: it is one figure */
	HANDIN_DIFFERS, /* another place gives it another value */
	HANDIN_TOTAL,   /* it has no label, and another place has a part of it */
};

/**
 * After all were noted: what is to become of the one at @place? Asked in the order in which they
 * were noted, each once.
 *
 * @ret_other  the other place
 */
enum handin_verdict handin_ask(struct handin *handin, const struct observation *obs, unsigned place,
			       unsigned *ret_other);

/** The sentence for one that is refused: -EINVAL. @verdict is one of the last two; @lines: places
 * are lines of a file, else observations of a list. */
int handin_refuse(enum handin_verdict verdict, bool lines, unsigned other, struct err *err);
/** All of @list[@n] at once, as observations: -EINVAL for the first that is refused, with
 * "observation N: " before it; -ENOMEM. */
int handin_check(const struct observation list[], size_t n, struct err *err);
