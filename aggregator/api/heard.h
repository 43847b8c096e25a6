/* Whom one hears of, and who needs a call: the offices that report for a unit today, each with what
 * is known of the key that was heard last, and with what should make somebody call. */
#pragma once

#include "common/text/table.h"
#include "ingest/contacts.h"
#include "query/overdue.h"
#include "registry/office_limits.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stdint.h>

/** What is known of all keys, each with the connections that it holds now by @key_meters; empty
 * where nothing is known. Both may be NULL. On the loop thread. -ENOMEM. */
int heard_contacts(const struct contacts *contacts, const struct meters *key_meters,
		   struct contact_list *ret_list, struct err *err);

/* Why an office is told, each if it is asked for. */
struct heard_form {
	bool silent;        /* not heard for so long, or never */
	int64_t silent_us;  /* 0: for contact_patience_us() of each */
	bool late;          /* due reports of it are missing: overdue.h */
	const char *behind; /* its program is older than this version, or of no known one; NULL */
	bool all;           /* all offices, whether there is any reason or not */
	int64_t now_us;
};

/** Is an office silent whose key, that was heard last, is @newest (NULL: it has none)? @silent_us:
 * as above. */
bool heard_is_silent(const struct contact *newest, int64_t silent_us, int64_t now_us);

/** Does anybody wait for @office on @today? Not where it was taken away from every unit. */
bool heard_is_ours(const struct office *office, int32_t today);

/**
 * Rows: office, name, unit, unit_name, key (as status has it), last_contact, version, protocol,
 * backlog, oldest, spool_percent (of what it may hold), clock, push_interval (seconds),
 * connections, silent_since (null unless it is silent; then since its last contact, and null when
 * it never was heard: why says it), missing, late_since, overdue (which reports, as a text), why
 * (the reasons: late silent behind, parted by blanks).
 *
 * Who needs a call most comes first: who is late for the longest time; then who is silent, those
 * first that were never heard, then those for the longest time; then who is behind; equals by code.
 *
 * Inside the caller's read transaction. -EINVAL: @behind is no version; as overdue_find().
 */
int heard_run(sqlite3 *db, const struct reference *reference, const struct contact_list *contacts,
	      const struct heard_form *form, struct table **ret_table, struct err *err);

/** The keys of @office, as a table's head object "keys", each as key_N: their state, when each was
 * heard, and what its program said of itself; newest first. */
int heard_keys(sqlite3 *db, const struct contact_list *contacts, int64_t office,
	       struct table *table, struct err *err);
