#include "ingest/key_feed.h"

#include "common/base/array.h"
#include "registry/office_keys.h"
#include "registry/offices.h"

#include <stdlib.h>

static int add(struct key_feed *feed, sqlite3_stmt *row, struct err *err)
{
	struct listed_key *keys = array_room(feed->keys, feed->n, sizeof(*keys));
	if (!keys)
		return err_memory(err);
	feed->keys = keys;
	int rc = office_key_read(row, &keys[feed->n], err);
	if (rc < 0)
		return rc;
	feed->n++;
	return 0;
}

int key_feed_read(sqlite3 *db, int64_t office, struct key_feed *ret_feed, struct err *err)
{
	struct key_feed feed = { 0 };
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
		key_feed_free(&feed);
	else
		*ret_feed = feed;
	return rc;
}

int key_feed_apply(struct key_feed *feed, struct key_list *key_list)
{
	int rc = 0;
	for (size_t i = 0; i < feed->n && rc == 0; i++)
		rc = key_list_put(key_list, &feed->keys[i]);
	key_feed_free(feed);
	return rc;
}

void key_feed_free(struct key_feed *feed)
{
	free(feed->keys);
	*feed = (struct key_feed){ 0 };
}
