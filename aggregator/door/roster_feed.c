#include "roster_feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add(struct roster_feed *feed, sqlite3_stmt *row, int64_t office, struct err *err)
{
	struct roster_key *keys = realloc(feed->keys, (feed->n + 1) * sizeof(*keys));
	if (!keys)
		return err_memory(err);
	feed->keys = keys;
	struct roster_key *key = &keys[feed->n];
	*key = (struct roster_key){ .id = sqlite3_column_int64(row, 0),
				    .office = office,
				    .state = (enum key_state)sqlite3_column_int(row, 1),
				    .expires_us = sqlite3_column_int64(row, 4) };
	const char *code = (const char *)sqlite3_column_text(row, 3);
	(void)snprintf(key->code, sizeof(key->code), "%s", code ? code : "?"); /* fits */
	if (!sqlite3_column_blob(row, 2) || sqlite3_column_bytes(row, 2) != (int)KEY_LEN)
		return err_set(err, -EUCLEAN, "key %lld in the database is not %u bytes",
			       (long long)key->id, KEY_LEN);
	memcpy(key->public_key, sqlite3_column_blob(row, 2), KEY_LEN);
	feed->n++;
	return 0;
}

int roster_feed_read(sqlite3 *db, int64_t office, struct roster_feed *ret_feed, struct err *err)
{
	struct roster_feed feed = { 0 };
	sqlite3_stmt *rows;
	int rc = db_prepare(
		db,
		"SELECT k.id, k.state, k.public_key, o.code, k.expires_us FROM office_key k"
		" JOIN office o ON o.id = k.office WHERE k.office = ?",
		&rows, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(rows, 1, office);
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = add(&feed, rows, office, err);
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
