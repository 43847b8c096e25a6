/* When tokens were last used. The list knows it at once; it is written down once an hour at most,
 * since whoever looks for tokens that nobody uses thinks in months. */
#pragma once

#include "registry/tokens.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct last_uses {                     /* embed it; zeroed but for these: */
	struct store *store;           /* both outlive it */
	struct token_list *tokens;     /* NULL: there are none */
	void (*on_end)(void *context); /* on the loop, whenever it has nothing more to do */
	void *context;
	/* its own: */
	struct store_job job;
	struct token_list copy; /* owned: what the job writes down */
	int64_t written_us;     /* when that was begun last */
	bool running;
};

/** Token @id was used. True: it is written down now, and on_end will be called once. */
bool last_uses_note(struct last_uses *uses, int64_t id, int64_t now_us);
