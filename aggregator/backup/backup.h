/* A backup of the province while it works: figures come and questions are answered meanwhile. One
 * at a time; the finished copy waits, without a name, to be fetched once.
 *
 * 1. backup_start() queues the first step and returns;
 * 2. each step copies some pages, on the writer's connection and between its commits; what a commit
 *    changes of pages that are copied already, SQLite carries over into the copy. (Were it another
 *    connection's commit, the copy would begin anew; a rollback of ours does that, too.)
 * 3. the last of these steps notes where the journal ends. The rest is done away from the writer:
 *    the copy is sealed (backup_file.h), checked as it then is, and its digest is taken;
 * 4. its name is removed, and on_end is told. backup_take() hands it out.
 *
 * Before the first step: is there room for the copy beside the reserve? -ENOSPC otherwise.
 *
 * The copy lies beside the database as PATH.copy, for nobody else to read. A step that fails, or
 * backup_cancel(), ends the run and leaves nothing; what a crash leaves, backup_open() removes. It
 * is not synced to the disk: after a crash it has no use, and who fetches it does that for theirs.
 */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/base/i18n.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define BACKUP_STEP_PAGES 1024u /* 4 MiB: a few ms that a commit may have to wait */

struct backup;

struct backup_config {
	struct store *store;       /* outlives the backup */
	const uint8_t *secret_key; /* of the province; likewise */
	const uint64_t
		*reserve; /* bytes of the disk that a copy leaves alone; NULL: none; likewise */
	unsigned step_pages;
	/* At the end of each run, on the loop, last of all: it may close the backup. */
	void (*on_end)(void *context);
	void *context;
};

int backup_open(uv_loop_t *loop, const struct backup_config *config, struct backup **ret_backup,
		struct err *err);
/** None may be running (asserted). A copy that nobody fetched goes, too. NULL is fine. */
void backup_close(struct backup *backup);

/** @ret_run: its number, from 1; @language: of the error that ends it, should one. A copy of before
 * that nobody fetched goes. -EEXIST while one runs. */
int backup_start(struct backup *backup, enum language language, uint64_t *ret_run, struct err *err);
bool backup_running(const struct backup *backup);
/** What runs ends soon. */
void backup_cancel(struct backup *backup);

/**
 * Append what is to be told of @run (0: the last one) to @out, as JSON: while it runs an object
 * "progress" of "stage" ("copy", "check", "digest"), "done" and "all" (pages); then an object
 * "backup" of "made", "bytes", "digest" (BLAKE2b-256, in hex) and "entries" of the journal.
 * -ENOENT: there was no such run, or another began since; the error that ended it, if one did.
 */
int backup_tell(const struct backup *backup, uint64_t run, struct blob *out, struct err *err);

/** The finished copy: the caller closes @ret_fd. -ENOENT when there is none, or it was fetched. */
int backup_take(struct backup *backup, int *ret_fd, uint64_t *ret_len, struct err *err);
