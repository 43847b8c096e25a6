/* What is known of each key of an office, as its machine is heard: when it was heard last (any
 * frame counts, a Ping as well as a batch, so that an office that has nothing to send is told from
 * one that is gone), and what its program said of itself with its last Hello and, since protocol 3,
 * with each Ping. It is no figure, and nothing is derived from it; so it is no event either.
 *
 * It is known in memory, on the loop thread. What changed is kept in table `contact`, a row for a
 * key, every CONTACTS_KEEP_S, in one transaction (11,000 offices: some 300 pages of the database),
 * and at a clean stop. After a kill or a power cut what is told of an office may be older by so
 * much, until it is heard again; a batch is never forgotten, as the spools say when theirs came.
 * There are as many rows as keys that ever spoke, of which an office has one at a time. */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "registry/key_list.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define CONTACTS_KEEP_S    900u
#define AGENT_VERSION_MAX  32u          /* bytes of it that are kept */
#define CONTACT_RESTS_S    600u         /* from such a push interval on an agent closes its line */
#define CONTACT_REST_S     (26 * 3600u) /* it calls once a day, and may find the line busy */
#define CONTACT_AT_LEAST_S 600u /* an agent pings every 80 s, and a broken line takes minutes */

struct contact {
	int64_t office, key; /* of office_key; 0: heard before keys were told apart */
	int64_t at_us;       /* heard last, by the province's clock of then */
	int64_t hello_us;    /* its last Hello; 0: none is known, and the next two say nothing */
	uint32_t protocol;   /* that was agreed on; 0: there was none */
	char version[AGENT_VERSION_MAX + 1]; /* of its program; "" when it does not say */
	int64_t told_us;     /* when it said what follows; 0: agents of before protocol 3 do not */
	uint64_t backlog;    /* figures recorded there and not acked */
	int64_t oldest_us;   /* since when the oldest batch waits; 0: none does */
	uint32_t spool_full; /* 1 and thousandths; 0: not told */
	int clock;           /* enum of Condition.clock */
	uint32_t push_interval_s; /* 0: not told */
	uint32_t connections;     /* that it holds now: whoever copied the list filled it in */
	/* Two machines spoke with it by turns, at that time; 0: they did not. Not kept. */
	int64_t doubled_us;
	struct contact_line { /* contacts.c: the two connections that spoke last */
		uint8_t id[8];
		int64_t first_us, last_us;
	} lines[2];
	bool is_news; /* contacts.c: not kept yet */
};

struct contact_list {
	struct contact *list; /* owned [n], ascending by office and key */
	size_t n;
};
/** When @office was last heard, with any key; 0: never, as far as is known. */
int64_t contact_list_at(const struct contact_list *contacts, int64_t office);
/** Those of @office, *@ret_n of them, in the list. */
const struct contact *contact_list_of(const struct contact_list *contacts, int64_t office,
				      size_t *ret_n);
/** Of these, the one that was heard last; NULL: there is none. */
const struct contact *contact_list_newest(const struct contact_list *contacts, int64_t office);
void contact_list_free(struct contact_list *contacts);

/** How long a key may be silent before that says anything, by what its program told: three of its
 * push intervals, but not less than CONTACT_AT_LEAST_S; and CONTACT_REST_S where it does not tell
 * how often it pushes, or so seldom that it closes its line meanwhile. Pure. */
int64_t contact_patience_us(const struct contact *contact);
/** A stable word for what vouches for its clock; NULL: not told, or not known to this version. */
const char *contact_clock_word(int clock);

struct contacts;
/** Begin with what was kept, by database and spools; nothing runs yet. @on_change runs whenever
 * contacts_busy() may have become false. */
int contacts_open(struct store *store, void (*on_change)(void *context), void *context,
		  struct contacts **ret_contacts, struct err *err);
/** Write down now and then who was heard, until contacts_stop(). Cannot fail. */
void contacts_start(struct contacts *contacts, uv_loop_t *loop);
/** @key was heard just now, over the connection @line [8]. Without memory for a new one it is as if
 * it had not, here and below. */
void contacts_note(struct contacts *contacts, const struct listed_key *key, const uint8_t line[8]);
/** It said @hello. */
void contacts_hello(struct contacts *contacts, const struct listed_key *key,
		    const Lantoa__V1__Hello *hello);
/** It is so; NULL: it did not say. */
void contacts_condition(struct contacts *contacts, const struct listed_key *key,
			const Lantoa__V1__Condition *condition);
/** A copy for another thread. -ENOMEM. */
int contacts_copy(const struct contacts *contacts, struct contact_list *ret_list);
/** Keep what is not kept yet, and then no more. */
void contacts_stop(struct contacts *contacts);
/** A job of it is in the store's hands, or its timer still open. */
bool contacts_busy(const struct contacts *contacts);
void contacts_close(struct contacts *contacts); /* not busy; NULL is fine */
