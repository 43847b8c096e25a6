/* What history.c, which walks the events, shares with those who tell of their rows: of the
 * register, of catalogue and indicators, and of quarantine. Nobody else includes it. */
#pragma once

#include "common/model/civil.h"
#include "query/held_entry.h"
#include "query/history.h"
#include "schema/event.h"

#include <jansson.h>
#include <stdbool.h>

#define HISTORY_ROW_MAX 256u

struct history {
	sqlite3 *db;
	const struct history_form *form;
	struct err why;              /* -EINVAL: several are called so */
	const struct office *office; /* of that code; NULL: there is none */
	const struct metric *metric; /* of that name in the catalogue; NULL: there is none */
	bool counted;                /* there is a metric or an indicator of that name */
	const struct reference *reference;
	struct table *table;
	sqlite3_stmt *account, *kind;
	sqlite3_stmt *finished; /* of the office, newest first; NULL: none, or none left */
	struct declarations *declarations;
	struct held_entry held;   /* of which something was held or released */
	struct event event;       /* at hand */
	const char *act, *stored; /* its words and kind; of one that goes on, the first one's */
	char at[INSTANT_TEXT_MAX];
	size_t of_event; /* rows told of it */
};

/** A row, of the event at hand. */
void history_put(struct history *h, const char *of, const char *row, const char *column,
		 const char *was, const char *became, const char *detail);

/* What of an event's @rows is of the name. */
void history_register(struct history *h, const json_t *rows);
int history_editions(struct history *h, const json_t *rows, struct err *err);
int history_holds(struct history *h, const json_t *rows, struct err *err);

/* history_finished.c: which reports the office called finished, or not after all, between the
 * events. Open: those that came before @before_us. Then those that came at @until_us or later, and
 * were not told yet. */
int history_finished_open(struct history *h, int64_t before_us, struct err *err);
int history_finished(struct history *h, int64_t until_us, struct err *err);
