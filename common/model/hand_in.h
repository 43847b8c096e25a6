/* All that one file, request or call hands in, looked at together (rules of the figures, 5): is one
 * figure given two different values, or a total beside its parts? The same value twice is one.
 *
 * It keeps 48 to 96 bytes a figure, no texts: figures are told apart by a hash of 128 bits. */
#pragma once

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/entry.h"
#include "common/model/observation.h"

#include <stdbool.h>
#include <stddef.h>

#define HAND_IN_MAX 1000000u /* figures: 50 MiB; minutes of two years */

struct hand_in;

struct hand_in *hand_in_open(void);          /* NULL: out of memory */
void hand_in_close(struct hand_in *hand_in); /* NULL is fine */

/** @obs stands at @place: a line, or which of a list; from 1. What is added (obs->add) is no value
 * and is passed over. -EFBIG over HAND_IN_MAX; -ENOMEM. */
int hand_in_note(struct hand_in *hand_in, const struct observation *obs, unsigned place,
		 struct err *err);

enum hand_in_verdict {
	HAND_IN_FINE,
	HAND_IN_AGAIN,   /* the same value stood there before: it is one figure */
	HAND_IN_DIFFERS, /* another place gives it another value */
	HAND_IN_TOTAL,   /* it has no label, and another place has a part of it */
};

/**
 * After all were noted: what is to become of the one at @place? Asked in the order in which they
 * were noted, each once.
 *
 * @ret_other  the other place
 */
enum hand_in_verdict hand_in_ask(struct hand_in *hand_in, const struct observation *obs,
				 unsigned place, unsigned *ret_other);

/** The sentence for one that is refused: -EINVAL. @verdict is one of the last two; @lines: places
 * are lines of a file, else observations of a list. */
int hand_in_refuse(enum hand_in_verdict verdict, bool lines, unsigned other, struct err *err);
/** All of @list[@n] at once, as observations: -EINVAL for the first that is refused, with
 * "observation N: " before it; -ENOMEM. */
int hand_in_check(const struct observation list[], size_t n, struct err *err);
/** Each of @entries[@n] by itself, as entry_judge() does, then all of them, as hand_in_check().
 *
 * @texts    gets the labels that were written in another way than they are recorded, at most
 *           LABELS_TEXT_MAX bytes each; outlives @ret_list
 * @ret_nth  on error: the one that entry_judge() refuses, from 1; 0 for any other error */
int hand_in_judge(const struct catalogue *catalogue, const struct entry entries[], size_t n,
		  int64_t now_us, struct arena *texts, struct observation ret_list[],
		  size_t *ret_nth, struct err *err);
/** As large as @texts may get. */
static inline size_t hand_in_texts_max(size_t n)
{
	return n * LABELS_TEXT_MAX + 4096;
}
