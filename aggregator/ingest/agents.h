/* What goes on with the agent that speaks for an office: since its last Hello, in memory, on the
 * loop thread. It is forgotten with a restart: agents connect again then, and say it again. What it
 * says of its machine is kept, key by key, by contacts.h. It is no figure, and nothing is derived
 * from it. */
#pragma once

#include "ingest/gate.h"
#include "schema/chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent_note {
	int64_t office;
	int64_t hello_us;      /* its last Hello, by the province's clock */
	uint32_t protocol;     /* that is spoken with it */
	struct gate_peer peer; /* where its last Hello came from */
	/* The newest head of the ledger that is kept there, with its last Hello; 0: none, or not
	 * told. */
	int64_t position;
	uint8_t chain[CHAIN_LEN];
	/* The last one that was not this ledger's when it was told: it stays, as the office is told
	 * a newer head at once. LINK_UNKNOWN: none was. */
	enum link_verdict odd;
	int64_t odd_position;
	/* What heads_survey.h asked it last: the ask's number (0: none yet), for how many heads,
	 * and whether it has not answered that. */
	uint32_t heads_number, heads_most;
	bool heads_open;
	/* What it is told that its standing is (standing_watch.h). 0: nothing yet. */
	uint64_t standing;
	bool standing_stale; /* it may be another by now */
};

struct agent_list {
	struct agent_note *list; /* owned [n], ascending by office */
	size_t n;
};
/** NULL: it said nothing since the start. */
const struct agent_note *agent_list_find(const struct agent_list *agents, int64_t office);
/** The same, to change it. */
struct agent_note *agent_list_note(struct agent_list *agents, int64_t office);
/** A copy for another thread. -ENOMEM. */
int agent_list_copy(const struct agent_list *agents, struct agent_list *ret_copy);
void agent_list_free(struct agent_list *agents);

/** @office said @hello, and @protocol is spoken. Without memory for a new one it is as if it had
 * not. */
void agents_hello(struct agent_list *agents, int64_t office, const struct gate_peer *peer,
		  uint32_t protocol, const Lantoa__V1__Hello *hello);
/** A head that it told, of @position, is @verdict. */
void agents_judged(struct agent_list *agents, int64_t office, int64_t position,
		   enum link_verdict verdict);
/** Is protocol @least or a higher one spoken with @office? */
bool agents_speak(const struct agent_list *agents, int64_t office, uint32_t least);
