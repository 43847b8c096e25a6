/* What the aggregator answered, shown as asked for. */
#pragma once

#include "cli/command.h"
#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/text/drawn.h"
#include "common/text/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** The media type to ask for when rows are wanted. */
const char *output_type(enum format format);

/** The room that tables of this order are drawn in. What it prints may go to a pager from here on.
 */
struct drawn_room output_room(const struct order *order);

/** Rows that came as output_type() tells. @head: what stands before them (export/head.h), for the
 * caption of a drawn table; NULL: nothing. */
int output_rows(const struct order *order, const struct blob *answer, const char *head,
		struct err *err);
/** How many rows --top left out, by the @head of the answer: below a drawn table, or beside what
 * somebody hands on. Nothing where it left none out. -EBADMSG, as head_read(). */
int output_left_out(const char *head, FILE *out, struct err *err);

/** It was done, and there is more to know: on stderr. */
void output_warn(const char *text);
/** One value in an object, {"changed": 12}: the command's sentence about it. */
int output_value(const struct order *order, const struct blob *answer, struct err *err);

/** Rows with objects before them, which always come as JSON: counters, then rows. Of objects whose
 * name is a gravity (ill, note, well) the sentences are shown alone. */
int output_report(const struct order *order, const struct blob *answer, struct err *err);
/** Such a report says that something is ill: bad news, of which the exit status tells. */
bool output_is_ill(const struct blob *answer);

/** @table as csv or json, for a command that tells people about it in sentences of its own. */
int output_table(const struct order *order, const struct table *table, struct err *err);

/** Bytes as they are; a terminal gets nothing that it would obey. */
int output_bytes(const void *text, size_t len, struct err *err);

/** -EIO with the sentence for an answer that no aggregator gives. */
int output_strange(struct err *err);
