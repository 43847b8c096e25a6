/* The spools of offices: what the tables say of each when the verification begins, which the
 * journal up to there must bear out. Its batches follow each other, its watermark is that of the
 * last one, and it declared as many series as are in the tables. Of a spool that goes on from
 * another the tables say what its first batch says, and whether its machine was set back follows
 * from the entries before that. (That the spool or batch that it names is there need not be: the
 * province may come from a backup.) */
#pragma once

#include "common/net/wire.h"
#include "common/sys/db.h"
#include "verify/verify_report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool_look {
	int64_t row;
	/* as the tables told when the walk began */
	int64_t upto, received_us, declared, highest_declared;
	uint8_t digest[WIRE_DIGEST_LEN];
	int64_t office, name, from_spool, from_seq;
	bool set_back;
	/* as the journal tells */
	int64_t n, lowest, highest, last_received_us, n_declared;
	bool in_order, digest_right;
};

struct spools_look {
	struct verify_report *report; /* outlives us */
	struct spool_look *list;      /* owned [n], ascending by row */
	size_t n;
	size_t *by_name;    /* owned [n]: indices of the list, by office and name */
	bool origins_known; /* a spool that was looked at has one: what knows of none is older */
};

struct spool_entry { /* an entry of the journal, as its row says */
	int64_t id, office, spool_office, seq, received_us;
	const void *payload; /* lent */
	size_t len;
};

/** @looks: with its report, else zeroed. @ret_batches: so many the tables tell of. */
int spools_look_load(struct spools_look *looks, sqlite3 *db, uint64_t *ret_batches,
		     struct err *err);
void spools_look_free(struct spools_look *looks);
/** NULL: there is no such row. */
struct spool_look *spools_look_find(struct spools_look *looks, int64_t row);

/** The next entry of the spool, in the order of the journal. */
void spool_look_entry(struct spools_look *looks, struct spool_look *spool,
		      const struct spool_entry *entry);
/** Its first one, which can be read. */
void spool_look_first(struct spools_look *looks, const struct spool_look *spool,
		      const struct batch *batch);
/** After the last entry. */
void spools_look_finish(struct spools_look *looks);
