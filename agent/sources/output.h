/* What a program printed, read as figures. Either lines
 *
 *   # all of one day
 *   team.count=7
 *   service.dossiers_received=12 period=2025-06-30 sector=land
 *   service.dossiers_received=3 "sector=đất đai"
 *
 * (METRIC=VALUE, then period=P and labels in any order; words as in commandline.h; "-" withdraws;
 * '#' begins a comment), or CSV as import.h reads it, which is told by a first line without '='.
 * Pure.
 */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/entry.h"

#include <stddef.h>
#include <stdint.h>

struct output; /* owns the texts of its entries */

/**
 * All or nothing: one bad line and -EINVAL, with the line's number, what is wrong and what to do.
 * Names and form are checked here; a value may still be refused when it is recorded. -E2BIG for
 * more than OUTPUT_FIGURES_MAX figures; -ENOMEM. Nothing printed is no figure and no error.
 */
int output_read(const char *text, size_t len, const struct catalogue *catalogue, int64_t now_us,
		struct output **ret_output, struct err *err);
const struct entry *output_entries(const struct output *output, size_t *ret_n);
void output_close(struct output *output); /* NULL is fine */

#define OUTPUT_FIGURES_MAX 20000u
