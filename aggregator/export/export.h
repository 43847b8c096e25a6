/* Answers in the forms that other programs read, from the command (`lantoa query --format xlsx`)
 * and from the web alike: the aggregator's own CSV comes in, pieces of any size, and what comes out
 * goes to a sink. (Plain CSV and JSON the aggregator writes itself: they pass by here unchanged.)
 *
 * A value that is missing is a zero in none of them. An answer that breaks off makes nothing that
 * looks whole: until export_finish() returns 0 what the sink has is to be thrown away. Memory stays
 * within a row, but for xlsx, which holds the values of its sheet of figures side by side. */
#pragma once

#include "export/choice.h"

#include <stdbool.h>

struct export;

/** How a form is called on the command line ("csv-excel"), what its media type is, and how its
 * files end (".csv"). */
const char *export_name(enum export_form form);
const char *export_type(enum export_form form);
const char *export_suffix(enum export_form form);
/** The form called @name; false: none is. */
bool export_find(const char *name, enum export_form *ret_form);

/** Into @sink, in the language of this thread, which must stay. All arguments are copied. -ENOMEM.
 */
int export_open(const struct export_choice *choice, const struct export_sink *sink,
		struct export **ret_export, struct err *err);
/** What the answer says before its rows (head.h), before the first of export_feed(). -EBADMSG: it
 * is no such thing. */
int export_head(struct export *exp, const char *json, struct err *err);
/**
 * More of the answer, cut anywhere.
 *
 * -EBADMSG: it is no table; -EINVAL: the form is not for such an answer (SDMX-CSV is for figures);
 * -E2BIG: it is too large for the form; what the sink said; -ENOMEM, or what temporary files say.
 * After an error only close is left.
 */
int export_feed(struct export *exp, const void *data, size_t len, struct err *err);
/** It is whole. Errors as above; -EBADMSG also when it ends within a row or before its header. */
int export_finish(struct export *exp, struct err *err);
void export_close(struct export *exp); /* NULL is fine */
