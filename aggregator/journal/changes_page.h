/* A page of the ledger as consumers of others read it: entries and events from a position on, in
 * their one order, as JSON. api/CHANGES.md has the format. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANGES_MOST_USUAL 1000u
#define CHANGES_MOST_MAX   10000u
/* A page ends with the item that makes it as long as this. An item is a batch or an event: 350 KB
 * as stored; as figures a few MB at the very most, of 131,072 figures. */
#define CHANGES_PAGE_BYTES (1u << 20)

struct changes_form {
	int64_t after; /* the position that the consumer has */
	int64_t epoch; /* that he has it of; 0: he does not say */
	bool figures;
	unsigned most; /* items; 1 at least */
};

struct changes_end {
	int64_t epoch;    /* of the store */
	int64_t head;     /* the last position that there is */
	int64_t position; /* the last one of the page; form->after when nothing is in it */
	size_t n;         /* items */
};

/**
 * Append the page to @out. As of the transaction.
 *
 * -ESTALE: the position is of another epoch, or there is no such one yet; @ret_end tells what there
 * is, and nothing is appended. A row that a disk damaged is an item that says so. On other errors
 * @out holds anything.
 */
int changes_page(sqlite3 *db, const struct changes_form *form, struct blob *out,
		 struct changes_end *ret_end, struct err *err);
