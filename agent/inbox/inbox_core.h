/* Which file of the inbox is taken when? A file counts as whole when nothing about it has changed
 * for a while; one that was dealt with is left alone until it changes. Pure: what lies in the
 * folder and the time arrive from outside. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define INBOX_FILES_MAX      1000u /* looked at together; of more, those that rest make room */
#define INBOX_REMEMBERED_MAX 4000u
#define INBOX_NAME_MAX       256u /* with its NUL, as the system has it */

struct inbox_stamp { /* a file as it was: another stamp means other contents */
	uint64_t inode, size;
	int64_t modified_ns, changed_ns;
};

/** A file as it is now. */
struct inbox_stamp inbox_stamp_of(const struct stat *stat);
/** Are @a and @b of the same contents? */
bool inbox_stamp_same(const struct inbox_stamp *a, const struct inbox_stamp *b);

struct inbox_listed {
	char name[INBOX_NAME_MAX];
	struct inbox_stamp stamp;
	unsigned rank; /* as inbox_core_rank() says */
};

enum inbox_name {
	INBOX_NAME_COUNTS,
	INBOX_NAME_PASSED, /* half copied, an editor's, a system's or our own: passed over, as
			      people want */
	INBOX_NAME_TOLD,   /* somebody may wait for it: a name that is no text, or a table that is
			      hidden */
};

/** Is it a file for us? */
enum inbox_name inbox_name_judge(const char *name);

struct inbox_core; /* knows the files of the last look */

struct inbox_core *inbox_core_open(void); /* NULL: out of memory */
void inbox_core_close(struct inbox_core *core);

/**
 * This is what lies there now. @list[@n] is sorted by this, and copied; n <= INBOX_FILES_MAX.
 * @now_ms is of a clock that never steps. -ENOMEM: the core is as before.
 */
int inbox_core_look(struct inbox_core *core, struct inbox_listed list[], size_t n, uint64_t now_ms,
		    struct err *err);

/** How willingly a file is left out of a look when there are more than INBOX_FILES_MAX, from 0, by
 * what is known of it: it is new or waits; it rests, and is recorded; it rests, and is not. So each
 * gets its turn, however many stay. */
unsigned inbox_core_rank(const struct inbox_core *core, const struct inbox_listed *listed);

/**
 * The file to take now: of those that have not changed for @settle_ms the one modified first, so
 * that of two versions the later one counts. NULL when there is none; then @ret_wait_ms is after
 * what time there may be, UINT64_MAX when nothing waits. Valid until the next look.
 */
const struct inbox_listed *inbox_core_next(const struct inbox_core *core, uint64_t now_ms,
					   uint64_t settle_ms, uint64_t *ret_wait_ms);

enum inbox_part {             /* of a file, that was recorded */
		  INBOX_NONE, /* it was refused as a whole, or all of its lines were */
		  INBOX_SOME, /* lines of it were refused */
		  INBOX_ALL,  /* but it could not be moved, and lies there still */
		  INBOX_GONE, /* all, and it does not lie there any more */
		  INBOX_LOOK, /* the same, and its sheet tells what is to be looked at again */
};

/** It was dealt with as it was at @stamp: not again before it changes. */
void inbox_core_done(struct inbox_core *core, const char *name, const struct inbox_stamp *stamp,
		     enum inbox_part part);
/** It could not be taken for a reason that is not its own: again, but not before @until_ms. */
void inbox_core_later(struct inbox_core *core, const char *name, uint64_t until_ms);
/** A program has it open: as inbox_core_later(), and it is told of until it changes or is dealt
 * with. Returns whether it was not told before. */
bool inbox_core_held(struct inbox_core *core, const char *name, uint64_t until_ms);
/** Deal again with those of which nothing was recorded: what was wrong with them (the catalogue,
 * the clock) may be right now. */
void inbox_core_anew(struct inbox_core *core);

/*
 * A file that was recorded, in part or whole, and lies there still must rest over a restart, too:
 * figures of it may have been corrected elsewhere meanwhile, and would be set back. So these are
 * remembered, by name, size and time of modification (which other systems' disks keep, too): the
 * newest INBOX_REMEMBERED_MAX of them, also when one is gone for a while with the stick it lies on.
 */

/** Append them to @out, as text. -ENOMEM. */
int inbox_core_remember(const struct inbox_core *core, struct blob *out);
/** Those of an earlier run; before the first look. What is no such text is passed over. */
int inbox_core_recall(struct inbox_core *core, const char *text, size_t len, struct err *err);

/** How many lie there that were dealt with so; @ret_first (may be NULL, and is only written when
 * there are any) is one's name, valid until the next look. */
size_t inbox_core_count(const struct inbox_core *core, enum inbox_part part,
			const char **ret_first);
/** How many lie there that a program has open; as inbox_core_count(). */
size_t inbox_core_count_held(const struct inbox_core *core, const char **ret_first);
/** Was @name dealt with as INBOX_LOOK, and not again since? This is remembered as well. */
bool inbox_core_look_again(const struct inbox_core *core, const char *name);
