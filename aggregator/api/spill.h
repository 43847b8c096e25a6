/* The body of an answer while it is made, in whatever length: in memory while it is short, beyond
 * that in a file without a name, which is gone when it is sent or given up. So neither a long
 * answer nor a slow client takes memory, and no client holds up the database: what the reader had
 * to tell is on the disk. Packed as gzip, where the client takes that. Private to api/.
 *
 * What comes before the rows is known when they are over, and is kept apart from the file. Of gzip
 * it is deflated by itself, up to a byte's edge, and the file goes on with the same member (RFC
 * 1951, 3.2.4 and RFC 1952). */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SPILL_MEMORY  (4u << 20)          /* bytes: longer ones go to a file */
#define SPILL_ONE_MAX (UINT64_C(1) << 30) /* bytes in the file of one answer; over it 413 */
#define SPILL_ALL_MAX (UINT64_C(4) << 30) /* of all that are made or sent; over it 503 */
#define SPILL_PACKED  4096u               /* bytes: shorter ones are not worth it */

struct spill_room {         /* that all of them share */
	const char *folder; /* outlives us; where the files are */
	uint64_t one_max, all_max;
	const uint64_t *reserve; /* of the disk: never less is left free; NULL: none */
	atomic_ullong used;
};

struct spill {
	struct spill_room *room; /* outlives us */
	bool gzip;
	struct blob memory;
	int fd;       /* owned; -1: it is not that long */
	uint64_t len; /* of the file */
	struct packing *packing;
	int failed; /* the code of why, 0 */
	struct err why;
};

/** Zeroed and begun; @gzip: pack it. */
void spill_init(struct spill *spill, struct spill_room *room, bool gzip);
/** Append. On the pool. As struct table_stream has it: -EFBIG, -EAGAIN, -ENOSPC, -ENOMEM, or what
 * the disk said; @why has the sentence. */
int spill_take(void *spill, const uint8_t *data, size_t len);
/** All is there: between @before and @behind. @ret_first: what is sent first, or all of it where
 * there is no file. It may be packed or not, as @gzip says then. As spill_take(). */
int spill_end(struct spill *spill, const struct blob *before, const struct blob *behind,
	      struct blob *ret_first);
/** The file is another's from here on; its room is given back by spill_give_back(). */
int spill_release(struct spill *spill, uint64_t *ret_len);
void spill_give_back(struct spill_room *room, uint64_t len);
/** Zeroed is fine. */
void spill_deinit(struct spill *spill);
