/* What a connection needs to know to judge, fold and ask: units, offices, catalogue, indicators,
 * closed periods and excuses, as of one moment. Each connection keeps its own, and reloads it when
 * the version in the database has moved. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/sys/db.h"
#include "registry/closings.h"
#include "registry/excuses.h"
#include "registry/indicator.h"
#include "registry/offices.h"
#include "registry/units.h"

#define REFERENCES_KEPT 4u

/* Those of earlier instants that were asked for last: reference_at.c. */
struct reference_past {
	struct reference_kept {
		int64_t event;               /* the last that is in it; 0: nothing is kept here */
		uint64_t used;               /* when, in calls */
		struct reference *reference; /* owned */
	} list[REFERENCES_KEPT];
	uint64_t calls;
};

struct reference {
	int64_t version;
	struct units *units;
	struct offices *offices;
	struct catalogue *catalogue; /* with its code lists, rules and days off; an empty one before
					the first import */
	struct indicators *indicators; /* likewise */
	struct closings *closings;
	struct excuses *excuses;
	bool earlier; /* it is of an earlier instant: offices that came since are not in it */
	struct reference_past *past; /* owned: a page asks for many cells of one instant */
};

/** Load everything. Damaged rows of units and offices are left out: reference_sound(). */
int reference_load(sqlite3 *db, struct reference **ret_reference, struct err *err);
/** 0, or -EUCLEAN with the first row of the register that is damaged. */
int reference_sound(const struct reference *reference, struct err *err);
void reference_close(struct reference *reference); /* NULL is fine */
/** Load anew into *@reference (NULL at first) if the database's version is another. Call inside a
 * transaction. */
int reference_refresh(sqlite3 *db, struct reference **reference, struct err *err);

/** Store a catalogue or indicators that were read without error; all-or-nothing with named rows, as
 * their readers do. Indicators may name only metrics of the current catalogue, and a catalogue must
 * keep those they name; no name may be both. -EFBIG: a catalogue that would not reach the offices
 * (delivery.h). Code lists may be of dimensions alone that a metric of the catalogue has; rules
 * name its metrics, and it keeps those they name. Where
 * something is stored, reference_changed() was called. @ret_changed false: it is what is there
 * already. */
int catalogue_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err);
int indicators_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err);
int dimensions_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err);
int rules_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err);
int days_off_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err);

/** Append the CSV that was imported last, byte for byte; a header line alone before the first
 * import. -ENOMEM or the database's error. */
int catalogue_export(sqlite3 *db, struct blob *out, struct err *err);
int indicators_export(sqlite3 *db, struct blob *out, struct err *err);
int dimensions_export(sqlite3 *db, struct blob *out, struct err *err);
int rules_export(sqlite3 *db, struct blob *out, struct err *err);
int days_off_export(sqlite3 *db, struct blob *out, struct err *err);
