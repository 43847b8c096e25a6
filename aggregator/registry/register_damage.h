/* Rows of the register (units, successors, offices, assignments) that a disk damaged. They are left
 * out and noted when the register is loaded, so that all other offices' figures go on: those of
 * offices of which one cannot know where they belong wait in quarantine (office_is_doubtful()), and
 * orders that would change the register are refused until a backup is restored. */
#pragma once

#include "common/base/err.h"

#include <stdint.h>

#define REGISTER_NOTES_MAX 8u

struct register_damage { /* zeros: none */
	uint64_t n;
	char notes[REGISTER_NOTES_MAX][256]; /* of the first: table, column and row */
};

/** One more; @why is cut. */
void register_damage_note(struct register_damage *damage, const char *why);
/** 0: there is none. -EUCLEAN with the first, and what to do. */
int register_damage_refuse(const struct register_damage *damage, struct err *err);
