/* What people at the province tell offices: one of them, or all; about one figure, "please look
 * again", or about none. A message is an act of the ledger; whether it was read is what an office's
 * agent said of it, and no figure: table message_read is in no chain. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_CHARACTERS_MAX 1000u
#define MESSAGES_TOLD_MAX      32u /* of one office, the newest: WIRE_MESSAGES_MAX */

struct message_form {
	const char *office;          /* its code; NULL: all of them */
	const char *text;            /* one paragraph */
	const char *metric, *period; /* both, and an office, or neither: NULL */
	const char *labels;          /* canonical; "" */
	const char *who;
};
/** Tell it, in the caller's transaction. -EINVAL with what is wrong: no text, or one that is too
 * long or of several lines; half a figure, one that the catalogue does not have, or of all offices;
 * -ENOENT: no such office. */
int message_add(sqlite3 *db, const struct reference *reference, const struct message_form *form,
		struct err *err);

struct message { /* texts are of the row: valid until the next */
	int64_t id, at_us;
	const char *who, *shown; /* the account; its shown name, "" when it has none */
	const char *text, *metric, *labels, *period; /* "": about no figure */
	int64_t read_us; /* when the office said that it was read; 0: not yet */
	bool to_all;
};
/** Walk the newest @most of @office before message @before (0: of all), newest first. @on_message
 * returns 0, or a negative error that ends it. I11: one that a disk damaged is passed over. */
int messages_each(sqlite3 *db, int64_t office, unsigned most, int64_t before,
		  int (*on_message)(void *context, const struct message *message), void *context,
		  struct err *err);
/** Likewise as a table: message, at, who, shown_name, text, metric, labels, period, to_all, read;
 * where there are more, as head "list", "next", the message to go on before. -ENOENT: no such
 * office. */
int messages_list(sqlite3 *db, const struct reference *reference, const char *code, unsigned most,
		  int64_t before, struct table **ret_table, struct err *err);
/** @office says that somebody read these. What is not told to it, or was read before, is passed
 * over. In the caller's transaction. */
int messages_read(sqlite3 *db, int64_t office, const uint64_t ids[], size_t n, int64_t at_us,
		  struct err *err);
