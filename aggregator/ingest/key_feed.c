#include "ingest/key_feed.h"

#include "registry/offices.h"

#include <stdlib.h>

static int add(struct roster_feed *feed, sqlite3_stmt *row, struct err *err)
{
	struct roster_key *keys = realloc(feed->keys, (feed->n + 1) * sizeof(*keys));
	if (!keys)
		return err_memory(err);
	feed->keys = keys;
	int rc = office_key_read(row, &keys[feed->n], err);
	if (rc < 0)
		return rc;
	feed->n++;
	return 0;
}

int roster_feed_read(sqlite3 *db, int64_t office, struct roster_feed *ret_feed, struct err *err)
{
	struct roster_feed feed = { 0 };
	sqlite3_stmt *rows;
	int rc = db_prepare(db,
			    "SELECT " OFFICE_KEY_COLUMNS " FROM office_key k"
			    " JOIN office o ON o.id = k.office WHERE k.office = ?",
			    &rows, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(rows, 1, office);
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = add(&feed, rows, err);
	sqlite3_finalize(rows);
	if (rc < 0)
		roster_feed_free(&feed);
	else
		*ret_feed = feed;
	return rc;
}

int roster_feed_apply(struct roster_feed *feed, struct roster *roster)
{
	int rc = 0;
	for (size_t i = 0; i < feed->n && rc == 0; i++)
		rc = roster_put(roster, &feed->keys[i]);
	roster_feed_free(feed);
	return rc;
}

void roster_feed_free(struct roster_feed *feed)
{
	free(feed->keys);
	*feed = (struct roster_feed){ 0 };
}
