#include "schema/chain_walk.h"

#include <errno.h>
#include <string.h>

static int opening_find(struct chain_walker *walker, sqlite3 *db, struct err *err)
{
	return db_number(db,
			 "SELECT coalesce((SELECT after_journal FROM event WHERE kind = "
			 "'opening' ORDER BY id LIMIT 1), 0)",
			 &walker->of_before, err);
}

int chain_walker_open(struct chain_walker *walker, struct chain_walk *walk, sqlite3 *db,
		      struct err *err)
{
	bool has_events = sqlite3_table_column_metadata(db, NULL, "event", NULL, NULL, NULL, NULL,
							NULL, NULL) == SQLITE_OK;
	*walker = (struct chain_walker){ .walk = walk,
					 .of_before = has_events ? 0 : INT64_MAX,
					 .next = has_events ? INT64_MIN : INT64_MAX };
	int rc = has_events ? opening_find(walker, db, err) : 0;
	if (rc == 0 && has_events)
		rc = db_prepare(db, "SELECT " EVENT_COLUMNS " FROM event WHERE id > ? ORDER BY id",
				&walker->events, err);
	return rc;
}

void chain_walker_close(struct chain_walker *walker)
{
	sqlite3_finalize(walker->events);
	walker->events = NULL;
}

static bool event_walk(struct chain_walk *walk, const struct event *event)
{
	const struct chain_event link = { event->id,     event->after_journal, event->at_us,
					  event->moves,  event->kind,          event->who,
					  event->detail, event->body };
	chain_event(walk->chain, &link);
	bool right = event->id == walk->event + 1 && event->after_journal == walk->entry &&
		     memcmp(walk->chain, event->chain, CHAIN_LEN) == 0;
	walk->event = event->id;
	memcpy(walk->chain, event->chain, CHAIN_LEN); /* each break is named once */
	return right;
}

int chain_walk_events(struct chain_walker *walker, int64_t id, chain_on_event *on_event,
		      void *context, struct err *err)
{
	struct chain_walk *walk = walker->walk;
	int rc = 0;
	if (walker->next >= id) /* as a rule: events are few */
		return 0;
	sqlite3_bind_int64(walker->events, 1, walk->event);
	while ((rc = db_step(walker->events, err)) == 1) {
		struct event event;
		struct err why;
		rc = event_read(walker->events, &event, &why);
		if (rc == 0) {
			walker->next = event.after_journal;
			if (walker->next >= id)
				break;
			rc = on_event(context, &event, event_walk(walk, &event), err);
		} else {
			/* It cannot even be read: that it is there is all that can be told. */
			event = (struct event){ .id = walk->event + 1 };
			walk->event = sqlite3_column_int64(walker->events, 0);
			rc = on_event(context, &event, false, err);
		}
		if (rc != 0)
			break;
	}
	if (rc == 0 && walker->next < id)
		walker->next = INT64_MAX;
	sqlite3_reset(walker->events);
	return rc;
}

bool chain_walk_entry(struct chain_walker *walker, int64_t id, const struct chain_entry *entry,
		      const void *kept, size_t kept_len)
{
	struct chain_walk *walk = walker->walk;
	if (id <= walker->of_before)
		chain_entry_of_before(walk->chain, entry);
	else
		chain_entry(walk->chain, entry);
	bool right = id == walk->entry + 1 && kept_len == CHAIN_LEN &&
		     memcmp(walk->chain, kept, CHAIN_LEN) == 0;
	walk->entry = id;
	if (kept_len == CHAIN_LEN)
		memcpy(walk->chain, kept, CHAIN_LEN);
	return right;
}
