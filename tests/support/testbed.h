/* A province's store in a folder of its own, to test on: reference data, offices, and batches
 * posted as intake posts them. For tests of what the aggregator keeps and answers. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/period.h"
#include "common/text/table.h"
#include "ledger/hand.h"
#include "ledger/ledger.h"
#include "ledger/release.h"
#include "registry/reference.h"
#include "support/scratch.h"
#include "verify/verify.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct testbed {
	char folder[SCRATCH_MAX], path[96];
	sqlite3 *db;
	struct ledger *ledger;
	struct reference *reference;
	struct err err;
	uint32_t held;   /* observations told to be held, since testbed_open */
	bool safe, lent; /* db is another's */
};

/** A fresh database with @units and @catalogue, which may be NULL, imported. Failures are failed
 * tests. @safe false: without fsync, for tests that open hundreds. */
void testbed_open(struct testbed *testbed, const char *units, const char *catalogue,
		  const char *indicators, bool safe);
/** Close, and delete the folder. */
/** When an act that follows now happens: right behind what is in the ledger. */
int64_t testbed_time(struct testbed *testbed);
/** From now on acts happen at @us, or behind what is in the ledger. Until the next testbed_open().
 */
void testbed_acts_at(int64_t us);
void testbed_close(struct testbed *testbed);
/** As after a crash or a restart: close what is open, open it anew. */
void testbed_reopen(struct testbed *testbed);
/** Close connection and ledger, keep the files. */
void testbed_release(struct testbed *testbed);

/** After testbed_release: work on @db, somebody else's connection, and leave it open at the end. */
void testbed_borrow(struct testbed *testbed, sqlite3 *db);
/** Work on the database at @path, which is in no folder of ours; testbed_release() ends it. */
void testbed_open_at(struct testbed *testbed, const char *path);

/** An office assigned to @unit from @day on; its id. */
int64_t testbed_office(struct testbed *testbed, const char *code, const char *unit, int32_t day);
/** Another assignment; @unit NULL: to none. */
void testbed_move(struct testbed *testbed, int64_t office, const char *unit, int32_t day);
/** As an operator moves it, figures and all, in a transaction: office_reassign and ledger_follow.
 * False: it was refused, the unit not being in force on that day. */
bool testbed_order_move(struct testbed *testbed, const char *code, const char *unit, int32_t day);
/** As an operator imports "units", "successors", "catalogue" or "indicators": with ledger_follow
 * and its event, in a transaction. 0, or why not. */
int testbed_order_import(struct testbed *testbed, const char *what, const char *csv);
/** office_rename in a transaction. False: it was called so already. */
bool testbed_order_rename(struct testbed *testbed, const char *code, const char *name);
/** closing_add or, with @reopen, closing_remove in a transaction: 0, or why not. */
int testbed_order_closing(struct testbed *testbed, bool reopen, const struct closing_form *form);
/** excuse_add in a transaction: 0, or why not. */
int testbed_order_excuse(struct testbed *testbed, const struct excuse_form *form, int64_t *ret_id);
/** excuse_end likewise. */
int testbed_order_excuse_end(struct testbed *testbed, int64_t id);
/** quarantine_release in a transaction. How many observations passed, how many stayed. */
void testbed_order_release(struct testbed *testbed, const struct release_form *form,
			   uint64_t *ret_released, uint64_t *ret_kept);
/** hand_record in a transaction, as an operator orders it: 0, or why not, after a rollback. The
 * caller closes the table; @ret_table NULL: nobody wants it. */
int testbed_order_hand(struct testbed *testbed, const struct hand_form *form,
		       struct table **ret_table);
/** Rows were changed by hand as an act would: an event has them. Where there are any. */
void testbed_note(struct testbed *testbed);
/** What is changed meanwhile is changed behind the ledger's back: no event has it. */
void testbed_pause(struct testbed *testbed, bool pause);
/** Read the reference again after the above. */
void testbed_refresh(struct testbed *testbed);

/* --- batches --- */

#define TESTBED_SERIES_MAX 128u

/* An office's spool: what it has numbered so far. */
struct testbed_spool {
	int64_t office;
	uint64_t id, seq;           /* of the last batch sealed */
	uint64_t from_id, from_seq; /* what its first batch names */
	struct {
		const char *metric, *labels; /* lent, for as long as the spool is used */
		uint32_t shape;
	} series[TESTBED_SERIES_MAX];
	size_t n;
	const struct finishing *finished; /* what its next batches say; NULL: of some days */
};

struct testbed_figure {
	const char *metric, *labels;
	enum grain grain;
	enum calendar calendar;
	unsigned decimals;
	uint16_t nth;
	bool withdrawn;
	int64_t value_e;
	const char *author, *note; /* who typed it, what is noted of it; NULL: nothing */
};

struct testbed_batch { /* sealed, ready to be posted any number of times */
	int64_t office, received_us;
	uint64_t spool_id, seq;
	struct blob payload; /* owned */
	bool before_told;    /* as struct entry_form's */
	uint8_t before[WIRE_DIGEST_LEN];
};

/** Seal @figures (in any order; no series and period twice) as the spool's next batch, and put them
 * into its order. */
void testbed_seal(struct testbed_spool *spool, int32_t day, struct testbed_figure figures[],
		  size_t n, int64_t received_us, struct testbed_batch *ret_batch);
/** ledger_post, which must not fail. */
enum posting testbed_post(struct testbed *testbed, const struct testbed_batch *batch);
/** One transaction of begin, post all, finish, commit. Each must be POSTED. */
void testbed_commit(struct testbed *testbed, const struct testbed_batch batches[], size_t n);
/** The same, for tests in which the disk may refuse: 0, or why not, after a rollback. */
int testbed_try_commit(struct testbed *testbed, const struct testbed_batch batches[], size_t n);
/** Seal and commit one figure of @period. */
void testbed_record(struct testbed *testbed, struct testbed_spool *spool, const char *metric,
		    const char *labels, const char *period, int64_t value_e, unsigned decimals);

/* --- looking --- */

/** Every page in force, as bytes: grain, bucket, node, page, in which a series is called by its
 * name, however it was spelt first, and not by the number that it has there. The caller frees. */
void testbed_rollups(struct testbed *testbed, struct blob *ret);
int64_t testbed_number(struct testbed *testbed, const char *sql);
void testbed_exec(struct testbed *testbed, const char *sql);
/** Every row of every table but "backup", and but the epoch, as bytes. The caller frees. */
void testbed_dump(sqlite3 *db, struct blob *ret);
/** All steps of looking at once. The caller closes the table. */
int verify_run(sqlite3 *db, const struct reference *reference, struct verify_counts *ret_counts,
	       struct table **ret_table, struct err *err);
/** verify_run() of its store, which must work: how many differences there are. */
uint64_t testbed_verify(struct testbed *testbed, struct table **ret_table);
/** Cell of the named column. */
const char *testbed_cell(const struct table *table, size_t row, const char *column);
