/* When each office was last heard: any frame of its key counts, a Ping as well as a batch, so that
 * an office that has nothing to send is told from one that is gone. It is no figure, and nothing is
 * derived from it.
 *
 * It is known in memory, on the loop thread. What changed is kept in table `contact` every
 * CONTACTS_KEEP_S, in one transaction (11,000 offices: some 40 pages of the database), and at a
 * clean stop. After a kill or a power cut what is told of an office may be earlier by so much,
 * until it is heard again; a batch is never forgotten, as the spools say when theirs came. */
#pragma once

#include "common/base/err.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define CONTACTS_KEEP_S 900u

struct contact {
	int64_t office;
	int64_t at_us; /* by the province's clock of then */
	bool is_news;  /* contacts.c: not kept yet */
};

struct contact_list {
	struct contact *list; /* owned [n], ascending by office */
	size_t n;
};
/** When @office was last heard; 0: never, as far as is known. */
int64_t contact_list_at(const struct contact_list *contacts, int64_t office);
void contact_list_free(struct contact_list *contacts);

struct contacts;
/** Begin with what was kept, by database and spools; nothing runs yet. @on_change runs whenever
 * contacts_busy() may have become false. */
int contacts_open(struct store *store, void (*on_change)(void *context), void *context,
		  struct contacts **ret_contacts, struct err *err);
/** Write down now and then who was heard, until contacts_stop(). Cannot fail. */
void contacts_start(struct contacts *contacts, uv_loop_t *loop);
/** @office was heard just now. Without memory for a new one it is as if it had not. */
void contacts_note(struct contacts *contacts, int64_t office);
/** A copy for another thread. -ENOMEM. */
int contacts_copy(const struct contacts *contacts, struct contact_list *ret_list);
/** Keep what is not kept yet, and then no more. */
void contacts_stop(struct contacts *contacts);
/** A job of it is in the store's hands, or its timer still open. */
bool contacts_busy(const struct contacts *contacts);
void contacts_close(struct contacts *contacts); /* not busy; NULL is fine */
