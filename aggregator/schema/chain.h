/* The one order of the ledger, and its one chain (I9).
 *
 * Whatever can change an answer is in the ledger: a batch, which is an entry of the journal, or an
 * event (event.h), which is everything else. Both are numbered without gaps, each from 1. An event
 * says behind which entry it came, so all of them have a position: how many there are up to it.
 *
 * Each link of the chain is BLAKE2b-256 over the link before (32 zero bytes before the first) and
 * what the row says. Numbers are 8 bytes, little endian; a text or blob of variable length comes
 * behind its length.
 *
 *   an entry   link || 'B' || office || spool id || seq || received_us || held || payload
 *   an event   link || 'E' || id || after_journal || at_us || moves || kind || who || detail ||
 * body
 *
 * Entries of a province that is older than its events have link || office || spool id || seq ||
 * payload (the payload without its length); its first event is "opening", or what was in the audit
 * before that, and everything behind that follows the rules above. */
#pragma once

#include "common/sys/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_LEN     32u
#define HEAD_TEXT_MAX (20u + 1u + 2u * CHAIN_LEN + 1u) /* "1234:89ab..." */

struct ledger_head {
	int64_t entry, event;     /* the last of each; 0: there is none */
	int64_t entry_us;         /* when the last entry was received, INT64_MIN before the first */
	int64_t event_us;         /* when the last event happened, INT64_MIN before the first */
	uint8_t chain[CHAIN_LEN]; /* of whichever is last; zeros before the first */
};

/** As of the transaction. A link that a disk damaged is told as zeros, and what comes goes on from
 * them. */
int ledger_head(sqlite3 *db, struct ledger_head *ret_head, struct err *err);
/** How many entries and events there are up to it. */
static inline int64_t ledger_position(const struct ledger_head *head)
{
	return head->entry + head->event;
}
/** "POSITION:HASH", as people keep it. Returns @text. */
const char *ledger_head_text(const struct ledger_head *head, char text[HEAD_TEXT_MAX]);
/** The other way; -EINVAL with a sentence. Sets position alone: *@ret_position, and the chain. */
int ledger_head_parse(const char *text, int64_t *ret_position, uint8_t ret_chain[CHAIN_LEN],
		      struct err *err);

/** What somebody keeps of the ledger, beside the ledger. */
enum link_verdict { LINK_UNKNOWN, LINK_AGREES, LINK_DIFFERS, LINK_BEYOND };
/** Is @chain the link at @position, as of the transaction? -EUCLEAN: a row cannot be read. */
int ledger_link_judge(sqlite3 *db, int64_t position, const uint8_t chain[CHAIN_LEN],
		      enum link_verdict *ret_verdict, struct err *err);
/** "agrees", "differs", "beyond the ledger"; NULL of LINK_UNKNOWN. Stable. */
const char *link_verdict_word(enum link_verdict verdict);

/** The time of what comes next: @now_us, or as much later as it takes for time not to run backward:
 * not before the last entry, and after the last event. So "as known at" cuts the ledger in two. */
int64_t ledger_time(const struct ledger_head *head, int64_t now_us);
/** The same for an entry of the journal. */
int64_t entry_time(const struct ledger_head *head, int64_t now_us);

/** When the last of what is in it came or happened; 0: it says nothing, as there is nothing, or
 * nothing since 1970. */
int64_t ledger_newest_us(const struct ledger_head *head);

/* A clock that is ahead of all that is in the ledger by more than this, and that nobody vouches
 * for, was set wrong: 400 days, as no province stands still for a year. */
#define LEDGER_JUMP_US (400 * INT64_C(86400000000))
/** By how much @wall_us jumped ahead of @newest_us (ledger_newest_us()); 0: it did not. */
int64_t ledger_jump_us(int64_t newest_us, int64_t wall_us);
/** What time it is: the wall clock @wall_us, unless it is before @newest_us (ledger_newest_us()),
 * or jumped ahead of it, and the kernel does not call it synchronised (@vouched is asked only
 * then). @newest_us then, so that time stands still until the clock is right. */
int64_t ledger_believed_us(int64_t newest_us, int64_t wall_us, bool (*vouched)(void));

/** The time of this machine, so judged, for acts that are given none. (A function of its own, as
 * entry_time() is: a test that invents when batches come can have acts between them.) */
int64_t ledger_clock_us(const struct ledger_head *head);

struct chain_entry { /* what a link covers of an entry of the journal */
	int64_t office;
	uint64_t spool_id, seq;
	int64_t received_us;
	const void *held; /* [held_len] */
	size_t held_len;
	const void *payload; /* [len] */
	size_t len;
};
struct chain_event { /* and of an event */
	int64_t id, after_journal, at_us, moves;
	const char *kind, *who, *detail, *body;
};

/* In place: from the link before to this one. */
void chain_entry(uint8_t chain[CHAIN_LEN], const struct chain_entry *entry);
void chain_entry_of_before(uint8_t chain[CHAIN_LEN], const struct chain_entry *entry);
void chain_event(uint8_t chain[CHAIN_LEN], const struct chain_event *event);
