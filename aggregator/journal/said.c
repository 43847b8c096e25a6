#include "journal/said.h"

int said_open(sqlite3 *db, struct said *ret_said, struct err *err)
{
	*ret_said = (struct said){ 0 };
	int rc = db_prepare(db,
			    "INSERT OR REPLACE INTO finished(day, shape, office, entry, author,"
			    " at_us, undone) VALUES(?, ?, ?, ?, ?, ?, ?)",
			    &ret_said->finished, err);
	return rc < 0 ? rc
		      : db_prepare(db,
				   "INSERT OR IGNORE INTO author(office, name, entry)"
				   " VALUES(?, ?, ?)",
				   &ret_said->author, err);
}

void said_close(struct said *said)
{
	sqlite3_finalize(said->finished);
	sqlite3_finalize(said->author);
	*said = (struct said){ 0 };
}

static int finished_put(const struct said *said, int64_t office, int64_t entry,
			const struct batch *batch, const struct finishing *finishing,
			struct err *err)
{
	uint16_t author = finishing->author;
	const int64_t numbers[] = { batch->day,
				    shape_pack(finishing->calendar, finishing->grain, 0), office,
				    entry };
	for (int i = 0; i < 4; i++)
		sqlite3_bind_int64(said->finished, i + 1, numbers[i]);
	sqlite3_bind_text(said->finished, 5, author > 0 ? batch->authors[author - 1] : "", -1,
			  SQLITE_STATIC);
	sqlite3_bind_int64(said->finished, 6, finishing->at_us);
	sqlite3_bind_int(said->finished, 7, finishing->undone);
	return db_run(said->finished, err);
}

int said_put(const struct said *said, int64_t office, int64_t entry, const struct batch *batch,
	     struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < batch->n_finished && rc == 0; i++)
		rc = finished_put(said, office, entry, batch, &batch->finished[i], err);
	for (size_t i = 0; i < batch->n_authors && rc == 0; i++) {
		sqlite3_bind_int64(said->author, 1, office);
		sqlite3_bind_text(said->author, 2, batch->authors[i], -1, SQLITE_STATIC);
		sqlite3_bind_int64(said->author, 3, entry);
		rc = db_run(said->author, err);
	}
	return rc;
}
