/* A consumer of /v1/changes as others would write one: figures and reference tables in an SQLite
 * file of its own, made from the stream alone, with the position in the same transaction. What it
 * holds then must be what the province holds. */
#pragma once

#include "common/base/err.h"
#include "feed/changes_client.h"

#include <sqlite3.h>

struct consumer {
	sqlite3 *db; /* owned */
	int64_t position, epoch;
};

/* Tables: mark(position, epoch); figure(entry, run, point, office_id, metric, labels, calendar,
 * period, value) with every revision, value NULL for a withdrawal; quarantine, and each table that
 * an event names, with its columns; the view standing(office_id, metric, labels, calendar, period,
 * value): the latest of each that is not held. */
int consumer_open(const char *path, struct consumer *ret_consumer, struct err *err);
void consumer_close(struct consumer *consumer);
/** Take all of a page, and its position, or nothing. */
int consumer_take(struct consumer *consumer, const struct changes_page *page, struct err *err);
/** Drop everything, and stand before the first position. */
int consumer_begin_anew(struct consumer *consumer, struct err *err);
