/* What the answers of actions look like, as JSON Schema 2020-12 has it, and what their columns
 * mean.
 *
 * An action tells its answer in words parted by blanks: columns of the rows, "area name period!",
 * each of a row of the table in answers.c; "!": it is never null; "?": it may be left out; ":i"
 * behind the name, where it is of another kind here (i integer, n number, b yes or no, s text, o an
 * object of numbers). "=changed:i" is a member of an object that has no rows; "*" stands for
 * columns that the province's own tables decide, "words" for objects of texts, "object" for any,
 * "file" for bytes, "metrics" for Prometheus' text and "map" for a map's file. Different answers of
 * one action are parted by "|". Private to api/. */
#pragma once

#include "api/json_draft.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/** The name of a column or member of any answer, from 0; NULL: there are no more. */
const char *answers_column(size_t i);
/** Append the schema. -EINVAL, with words that a builder understands: @answer is not written so, or
 * a column has no row in the table. -ENOMEM. */
int answers_schema(struct json_draft *to, const char *answer, struct err *err);
/** Is it a text of a form of its own, of which JSON Schema says nothing? */
bool answers_is_text(const char *answer);
/** Has it rows, in one of its forms, so that it may be had as CSV? */
bool answers_has_rows(const char *answer);
