/* The province's ledger, followed from outside: GET /v1/changes (aggregator/api/CHANGES.md), page
 * by page. For whoever keeps a copy, an index or a watch of his own: mirrors, alerts, scripts.
 *
 *	struct changes_page page;
 *	while (changes_next(client, mine.position, mine.epoch, &page, &err) == 0) {
 *		for (size_t i = 0; i < page.n; i++) {
 *			struct changes_item change;
 *			if (changes_item_read(&page, i, &change, &err) == 0)
 *				... take it, in a transaction of yours ...
 *		}
 *		... keep page.position and page.epoch in the same transaction, commit ...
 *		changes_page_free(&page);
 *	}
 *
 * The client remembers nothing: the position is the caller's, kept with what he made of the
 * changes, so that each is taken once whatever is killed when. After -ESTALE he drops what he has
 * and begins with position 0 and epoch 0. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct changes_client_config {
	const char *api; /* as client.h has it; outlives the client */
	bool figures;    /* batches as figures, events with their rows; else as they are stored */
	unsigned wait_s; /* for which a page may be empty because nothing comes; 60 at most */
	unsigned most;   /* items of a page; 0: as many as is usual */
	unsigned patience_s; /* for which a province that does not answer is asked again */
	/* Asked between attempts, not during one (which lasts wait_s at most if the province is
	 * well); true ends with -ECANCELED. May be NULL. */
	bool (*is_over)(void *context);
	void *context;
};

struct changes_client;

int changes_client_open(const struct changes_client_config *config,
			struct changes_client **ret_client, struct err *err);
void changes_client_close(struct changes_client *client); /* NULL is fine */

struct changes_page {
	int64_t epoch, position; /* to be kept, and given for the next page */
	int64_t head;            /* the position at which the ledger ended */
	const char *head_text;   /* the same with its hash, as `lantoa status` tells it */
	size_t n;                /* 0: nothing came while it was waited for */
	json_t *answer;          /* owned; all texts are in it */
};

/**
 * What comes behind @after of @epoch (0 and 0: from the beginning). Blocks. On a line that breaks,
 * a province that is restarted (-ECONNREFUSED, 503) or cannot answer (5xx) it tries again, less and
 * less often, until patience_s are over; then the error of the last attempt.
 *
 * -ESTALE: the ledger is another one or is shorter than that (a backup was restored): begin anew.
 * -EREMOTEIO: it refuses, in its words. -EBADMSG: what answers is no such ledger. -ECANCELED. The
 * rest as client_ask().
 */
int changes_next(struct changes_client *client, int64_t after, int64_t epoch,
		 struct changes_page *ret_page, struct err *err);
/** A page from the JSON @text [@len] that was asked for behind @after; -EBADMSG when it is none. */
int changes_page_read(const void *text, size_t len, int64_t after, struct changes_page *ret_page,
		      struct err *err);
void changes_page_free(struct changes_page *page);

enum changes_kind {
	CHANGES_BATCH,
	CHANGES_EVENT,
	CHANGES_DAMAGED, /* a disk damaged this row of the province: only that it was there is told
			  */
};

struct changes_item { /* texts and JSON are the page's */
	enum changes_kind kind;
	int64_t position;
	int64_t at_us;    /* when it was received or happened; rises */
	const char *link; /* of the chain, 64 hexadecimal digits */
	const char *why;  /* damaged: what is wrong */
	struct {
		int64_t entry, office_id, seq;
		uint64_t spool;
		const char *office, *day;
		const char *payload, *held; /* base64: changes_bytes(). NULL with figures */
		const json_t *figures;      /* NULL without, as the next one */
		const json_t *
			holds; /* [[run, point, observations, verdict], ...]: what was held of it */
	} batch;
	struct {
		int64_t id, after_entry, moves;
		const char *name, *who, *detail;
		const char *text;   /* the body as stored. NULL with figures */
		const json_t *body; /* an object, with "rows". NULL without */
	} event;
};

/** Item @i of the page. -EBADMSG when it is no change as CHANGES.md has it. */
int changes_item_read(const struct changes_page *page, size_t i, struct changes_item *ret_item,
		      struct err *err);
/** Append the bytes that @base64 stands for. -EBADMSG; -ENOMEM. */
int changes_bytes(const char *base64, struct blob *out, struct err *err);

struct changes_figure {
	bool begun;        /* zeroed: the first is next */
	size_t run, point; /* as table "quarantine" of events names what is held */
	const char *metric, *labels, *calendar, *period;
	const char *value; /* exact decimal text; NULL: withdrawn */
	const char *held;  /* why it did not count when it came; NULL: it did */
};
/** The next figure of a batch. 1, 0 at the end, -EBADMSG. */
int changes_figure_next(const struct changes_item *change, struct changes_figure *figure,
			struct err *err);
