/* What stands above a drawn table of figures: what they are, in which unit of measure, of when and
 * where, by what; and in plain sentences what a reader has to know of them. */
#pragma once

#include "common/base/err.h"

#include <stdio.h>

/** Write the caption of an answer whose head is @head (export/head.h; NULL: it has none), with an
 * empty line behind it; nothing where the head tells nothing. -EBADMSG: the head is none that an
 * aggregator writes; -ENOMEM. */
int caption_write(const char *head, FILE *out, struct err *err);
