/* The connection to PostgreSQL: the one place of the mirror that knows libpq. What PostgreSQL says
 * becomes a code and a sentence for whoever can mend it, with its own words behind. */
#pragma once

#include "common/base/err.h"
#include "mirror/change_rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct postgres;

struct mark { /* lantoa.watermark */
	bool there;
	int64_t position, epoch, damaged;
	char beginning[80]; /* link of the ledger's first item */
};

/* Codes of all that follows: -ENOTCONN: the connection broke, or none came about, and whether the
 * last COMMIT was done is not known: connect anew and read the mark. -EAGAIN: a transaction of
 * others came between, try the same again. -ENOENT: no such database. -EACCES: not let in, or not
 * allowed. -ENOSPC: its disk is full. -EPROTO: its tables are of a newer mirror. -EUCLEAN: they
 * hold what they cannot. -EIO: anything else. */

/** @database: as libpq has it, KEY=VALUE ... or postgresql://... */
int postgres_open(const char *database, struct postgres **ret_postgres, struct err *err);
void postgres_close(struct postgres *postgres); /* NULL is fine */

/** Make the tables where there are none, bring them to this version, make the views. */
int postgres_prepare(struct postgres *postgres, struct err *err);
/** Only look whether the tables are there and of this version. */
int postgres_look(struct postgres *postgres, struct err *err);

/** How far @province is there; all zero where nothing of it is. */
int postgres_mark(struct postgres *postgres, const char *province, struct mark *ret_mark,
		  struct err *err);

/**
 * One transaction: read the mark of @province for update; when it is not @was (one that is not
 * there is of position 0), change nothing and return -EAGAIN; else run all steps of @rows, write
 * @is, commit. 0: it is on PostgreSQL's disk.
 */
int postgres_take(struct postgres *postgres, const char *province, const struct mark *was,
		  const struct mark *is, const struct change_rows *rows, struct err *err);

/** Take away all that is of @province, and its mark. */
int postgres_forget(struct postgres *postgres, const char *province, struct err *err);

/** Run a question with texts as parameters. @on_row gets each row: texts, NULL for null; not 0 ends
 * it with that code, and err is its. */
int postgres_ask(struct postgres *postgres, const char *sql, const char *const params[],
		 size_t n_params,
		 int (*on_row)(void *context, const char *const cells[], size_t n, struct err *err),
		 void *context, struct err *err);

/** The statements that distribute the tables over the machines of a Citus cluster. */
extern const char postgres_citus[];
