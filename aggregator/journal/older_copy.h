/* What a machine sends that was set back to an older copy of itself, or is a copy of another.
 *
 * Such a machine's spool goes on under a fresh id and sends all it holds again, and would set the
 * province back to what it held when the copy was made. The first batch of a spool names the one
 * that it goes on from, and up to which batch it knows that (proto/lantoa.proto). Newer than the
 * copy are the batches of that one behind there and, where it has such batches, of every other
 * spool that went on from it before; and so on for those that it in turn went on from.
 *
 * A figure is older than what the province has when the newest of those batches that says anything
 * of its (series, period), and came before it, says something else. It is held
 * (VERDICT_OLDER_COPY, I5) until it is released by consent. What is held so tells nothing itself.
 */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "common/sys/db.h"
#include "journal/declarations.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct older_copy;

/** Reads through @db (outlives it). NULL: err says why. */
struct older_copy *older_copy_open(sqlite3 *db, struct err *err);
void older_copy_close(struct older_copy *copy); /* NULL is fine */

/** Has the journal batches that are newer than what spool row @spool of @office knew when it
 * began? What is not flushed is not seen. */
int older_copy_is(struct older_copy *copy, int64_t office, int64_t spool, bool *ret_is,
		  struct err *err);

/** Gather what is newer for (@office, @day) than what @spool knew, of entries before @entry
 * (INT64_MAX: all), and of the series in @batch alone, numbered as @declared [@n_declared]: for the
 * questions below. Nothing for a spool that is none. What is not flushed is not seen. */
int older_copy_gather(struct older_copy *copy, int64_t office, int64_t spool, int64_t entry,
		      const struct batch *batch, const struct declared declared[],
		      size_t n_declared, struct err *err);
/** Forget what was gathered: nothing is older from now on. */
void older_copy_forget(struct older_copy *copy);
/** Is @point, as it came, older than what was gathered? */
bool older_copy_has(const struct older_copy *copy, const struct declared *declared,
		    const struct point *point);
