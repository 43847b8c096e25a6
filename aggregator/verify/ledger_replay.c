#include "verify/ledger_replay.h"

#include "common/base/array.h"
#include "common/base/hash.h"
#include "common/model/civil.h"
#include "common/model/dimensions.h"
#include "journal/day_index.h"
#include "journal/day_times.h"
#include "journal/held_list.h"
#include "journal/quarantine.h"
#include "journal/said.h"
#include "schema/effects.h"
#include "schema/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct replayed_spool {
	int64_t row, office, upto, received_us, from_seq;
	uint64_t name, from_name;
	int64_t last; /* entry */
	int64_t n_declared;
	bool set_back, changed, disordered;
};

struct ledger_replay {
	struct verify_report *report; /* outlives us */
	sqlite3 *db;                  /* owned: what the ledger says */
	int64_t of_before;
	struct day_index *day_index;
	struct day_times *day_times;
	struct said said;
	struct replayed_spool *spools; /* owned [n_spools], in the order in which they began */
	size_t n_spools;
	int64_t last_spool;        /* the highest row */
	struct hash_index by_name; /* of spools */
	bool listed;               /* an entry had a place in a list: all later ones have */
	bool origins;              /* a spool went on from another: origins are known */
	bool folded;               /* EVENT_FOLDED: spellings that are alike name one series */
	sqlite3_stmt *place, *hold, *find_series, *alike, *make_series, *declare, *differs, *touch,
		*uncounted, *settles;
	sqlite3_stmt *spool_put;
	/* of a step, on the store */
	sqlite3_stmt *office_of, *series_of, *payload_of;
};

/* --- opening and closing --- */

static int statements_prepare(struct ledger_replay *r, struct err *err)
{
	const struct {
		sqlite3_stmt **stmt;
		const char *sql;
	} list[] = {
		/* of an entry only whose it is, which is what counting what waits asks for */
		{ &r->place,
		  "INSERT OR IGNORE INTO journal(id, office, spool, seq, day, received_us, payload,"
		  " chain) VALUES(?, ?, 0, 0, 0, 0, x'', x'')" },
		{ &r->hold,
		  "INSERT OR IGNORE INTO quarantine(journal, run, point, verdict, observations)"
		  " VALUES(?, ?, ?, ?, ?)" },
		{ &r->find_series, "SELECT id FROM series WHERE metric = ? AND labels = ?" },
		{ &r->alike, "SELECT id FROM series WHERE metric = ? AND key = ? ORDER BY id"
			     " LIMIT 1" },
		{ &r->make_series, "INSERT INTO series(metric, labels, key, id) VALUES(?1, ?2, ?4,"
				   " iif(?3 NOT IN (SELECT id FROM series), ?3, NULL))" },
		{ &r->declare, "INSERT OR REPLACE INTO declared(spool, number, series, shape) "
			       "VALUES(?, ?, ?, ?)" },
		{ &r->differs, "INSERT OR REPLACE INTO entry_differs(id, day, back, spool, is_day,"
			       " is_back, is_spool) VALUES(?, ?, ?, ?, ?, ?, ?)" },
		{ &r->uncounted, "INSERT OR REPLACE INTO strand_before VALUES(?, ?, -1)" },
		/* the first: of the event in which it came in force */
		{ &r->settles, "INSERT OR IGNORE INTO fact VALUES('" QUARANTINE_NEXT_FACT "', ?)" },
		{ &r->touch, "UPDATE arrival SET first_us = min(first_us, ?1), last_us ="
			     " max(last_us, ?1) WHERE day BETWEEN ?2 AND ?3" },
		{ &r->spool_put,
		  "INSERT OR REPLACE INTO spool(id, office, spool_id, upto, last_received_us,"
		  " upto_digest, from_spool, from_seq, set_back) VALUES(?, ?, ?, ?, ?, ?, ?, ?, "
		  "?)" },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]) && rc == 0; i++)
		rc = db_prepare(r->db, list[i].sql, list[i].stmt, err);
	return rc;
}

struct ledger_replay *ledger_replay_open(struct verify_report *report, struct err *err)
{
	struct ledger_replay *r = calloc(1, sizeof(*r));
	if (!r) {
		(void)err_memory(err);
		return NULL;
	}
	r->report = report;
	int rc = schema_open_scratch(&r->db, err);
	if (rc == 0)
		rc = db_exec(r->db, "PRAGMA cache_size=-8000; PRAGMA journal_mode=OFF", err);
	if (rc == 0)
		rc = db_exec(r->db,
			     "CREATE TABLE strand_before(day INTEGER, office INTEGER, observations"
			     " INTEGER, PRIMARY KEY(day, office)) STRICT, WITHOUT ROWID;"
			     "CREATE TABLE entry_differs(id INTEGER PRIMARY KEY, day INTEGER,"
			     " back INTEGER, spool INTEGER, is_day, is_back, is_spool);"
			     "CREATE TABLE differs(k0, k1, k2, k3, k4)",
			     err);
	if (rc == 0)
		rc = db_begin(r->db, err);
	if (rc == 0)
		rc = statements_prepare(r, err);
	if (rc == 0)
		rc = said_open(r->db, &r->said, err);
	if (rc == 0 && (!(r->day_index = day_index_open(r->db, err)) ||
			!(r->day_times = day_times_open(r->db, true, err))))
		rc = err->code;
	if (rc == 0)
		return r;
	ledger_replay_close(r);
	return NULL;
}

void ledger_replay_close(struct ledger_replay *replay)
{
	struct ledger_replay *r = replay;
	if (!r)
		return;
	ledger_replay_end(r);
	sqlite3_stmt *const statements[] = { r->place,       r->hold,    r->find_series, r->alike,
					     r->make_series, r->declare, r->differs,     r->touch,
					     r->uncounted,   r->settles, r->spool_put };
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		sqlite3_finalize(statements[i]);
	said_close(&r->said);
	day_index_close(r->day_index);
	day_times_close(r->day_times);
	hash_index_deinit(&r->by_name);
	free(r->spools);
	db_close(r->db);
	free(r);
}

int ledger_replay_begin(struct ledger_replay *replay, sqlite3 *db, int64_t of_before,
			struct err *err)
{
	replay->of_before = of_before;
	int rc = db_prepare(db, "SELECT office FROM journal WHERE id = ?", &replay->office_of, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT payload FROM journal WHERE id = ?", &replay->payload_of,
				err);
	return rc < 0 ? rc
		      : db_prepare(db, "SELECT id FROM series WHERE metric = ? AND labels = ?",
				   &replay->series_of, err);
}

void ledger_replay_end(struct ledger_replay *replay)
{
	sqlite3_finalize(replay->office_of);
	sqlite3_finalize(replay->series_of);
	sqlite3_finalize(replay->payload_of);
	replay->office_of = replay->series_of = replay->payload_of = NULL;
}

/* The number that @stmt, bound, finds; 0: none. */
static int number_find(sqlite3_stmt *stmt, int64_t *ret, struct err *err)
{
	int rc = db_step(stmt, err);
	*ret = rc == 1 ? sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

/* --- events --- */

static int place_put(struct ledger_replay *r, int64_t entry, int64_t office, struct err *err)
{
	sqlite3_bind_int64(r->place, 1, entry);
	sqlite3_bind_int64(r->place, 2, office);
	return db_run(r->place, err);
}

/* Whose the entries are whose figures it holds or lets go. */
static int places_put(struct ledger_replay *r, const json_t *rows, struct err *err)
{
	const json_t *held = json_object_get(rows, "quarantine");
	const json_t *columns = json_object_get(held, "columns");
	size_t at = 0, i;
	json_t *change;
	int rc = 0;
	while (at < json_array_size(columns) &&
	       strcmp(json_string_value(json_array_get(columns, at)), "journal") != 0)
		at++;
	json_array_foreach(json_object_get(held, "changes"), i, change) {
		const json_t *is = json_array_get(change, 1);
		int64_t office = 0,
			entry = (int64_t)json_integer_value(json_array_get(
				json_is_array(is) ? is : json_array_get(change, 0), at));
		sqlite3_bind_int64(r->office_of, 1, entry);
		rc = number_find(r->office_of, &office, err);
		if (rc == 0)
			rc = place_put(r, entry, office, err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int days_touch(struct ledger_replay *r, const json_t *days, int64_t at_us, struct err *err)
{
	size_t i;
	json_t *range;
	int rc = json_array_size(days) > 0 ? day_times_flush(r->day_times, err) : 0;
	json_array_foreach((json_t *)days, i, range) {
		if (rc < 0)
			break;
		sqlite3_bind_int64(r->touch, 1, at_us);
		sqlite3_bind_int64(r->touch, 2, json_integer_value(json_array_get(range, 0)));
		sqlite3_bind_int64(r->touch, 3, json_integer_value(json_array_get(range, 1)));
		rc = db_run(r->touch, err);
	}
	return rc;
}

/* What came before it was counted by programs that may not have counted all. */
static int opening_note(struct ledger_replay *r, struct err *err)
{
	int rc = day_index_flush(r->day_index, err);
	return rc < 0 ? rc
		      : db_exec(r->db,
				"INSERT OR IGNORE INTO strand_before SELECT day, office,"
				" observations FROM strand",
				err);
}

/* What a change holds is beside quarantine from its event on, until all of it came in others. */
static int settling_note(struct ledger_replay *r, const json_t *unsettled, int64_t at_us,
			 struct err *err)
{
	if (json_is_true(unsettled)) {
		sqlite3_bind_int64(r->settles, 1, at_us);
		return db_run(r->settles, err);
	}
	return json_is_false(unsettled)
		       ? db_exec(r->db, "DELETE FROM fact WHERE name = '" QUARANTINE_NEXT_FACT "'",
				 err)
		       : 0;
}

int ledger_replay_event(struct ledger_replay *replay, const struct event *event, struct err *err)
{
	json_t *body = json_loads(event->body, 0, NULL);
	json_t *rows = json_object_get(body, "rows");
	struct err why = { 0 };
	int rc = body ? 0 : err_set(&why, -EUCLEAN, "its body cannot be read");
	if (rc == 0 && strcmp(event->kind, EVENT_OPENING) == 0)
		rc = opening_note(replay, &why);
	replay->folded |= strcmp(event->kind, EVENT_FOLDED) == 0;
	if (rc == 0 && rows)
		rc = places_put(replay, rows, &why);
	if (rc == 0 && rows)
		rc = effects_put(replay->db, rows, 0, &why);
	if (rc == 0)
		rc = days_touch(replay, json_object_get(body, "days"), event->at_us, &why);
	if (rc == 0)
		rc = settling_note(replay, json_object_get(body, EVENT_UNSETTLED), event->at_us,
				   &why);
	json_decref(body);
	if (rc == 0)
		return 0;
	if (rc != -EUCLEAN)
		return err_set(err, rc, "%s", why.text);
	verify_damaged(replay->report, "event", words("event %" PRId64, event->id),
		       words("%s", why.text), words("changes of what stood before it"));
	return 0;
}

/* --- spools --- */

/* Where the place of the spool stands, or goes. */
static uint32_t *place_of(const struct ledger_replay *r, int64_t office, uint64_t name)
{
	uint32_t *place =
		hash_slot(&r->by_name,
			  (size_t)((name ^ (uint64_t)office) * UINT64_C(0x9e3779b97f4a7c15) >> 20));
	while (*place &&
	       (r->spools[*place - 1].office != office || r->spools[*place - 1].name != name))
		place = hash_slot_next(&r->by_name, place);
	return place;
}

static struct replayed_spool *spool_find(const struct ledger_replay *r, int64_t office,
					 uint64_t name)
{
	uint32_t place = r->n_spools ? *place_of(r, office, name) : 0;
	return place ? &r->spools[place - 1] : NULL;
}

#define LINEAGE_MAX 64 /* as older_copy.c */

/* Were there, before this entry, batches of a spool that it goes on from, or that one of those
 * does, behind what it knows of it? */
static bool is_set_back(const struct ledger_replay *r, const struct replayed_spool *spool)
{
	const struct replayed_spool *at = spool;
	for (unsigned n = 0; n < LINEAGE_MAX && at->from_name != 0; n++) {
		const struct replayed_spool *from = spool_find(r, spool->office, at->from_name);
		if (!from || from == spool) /* it was not there yet */
			return false;
		if (from->upto > at->from_seq)
			return true;
		at = from;
	}
	return false;
}

static bool row_is_taken(const struct ledger_replay *r, int64_t row)
{
	for (size_t i = r->n_spools; i > 0; i--) /* as a rule they rise, and none is */
		if (r->spools[i - 1].row == row)
			return true;
	return false;
}

static int spool_begin(struct ledger_replay *r, const struct replay_entry *entry,
		       const struct batch *batch, struct replayed_spool **ret, struct err *err)
{
	struct replayed_spool *list = array_room(r->spools, r->n_spools, sizeof(*list));
	if (!list)
		return err_memory(err);
	r->spools = list;
	bool before = entry->id <= r->of_before;
	struct replayed_spool *spool = &list[r->n_spools];
	*spool = (struct replayed_spool){ .row = r->last_spool + 1,
					  .office = entry->office,
					  .name = entry->name };
	if (before && entry->spool > 0 &&
	    (entry->spool > r->last_spool || !row_is_taken(r, entry->spool)))
		spool->row = entry->spool;
	r->last_spool = spool->row > r->last_spool ? spool->row : r->last_spool;
	if (r->n_spools == hash_index_room(&r->by_name)) {
		if (hash_index_make(&r->by_name, r->n_spools + 1) < 0)
			return err_memory(err);
		for (size_t i = 0; i < r->n_spools; i++)
			*place_of(r, list[i].office, list[i].name) = (uint32_t)i + 1;
	}
	*place_of(r, spool->office, spool->name) = (uint32_t)++r->n_spools;
	r->origins |= entry->of_origin;
	if (batch && (!before || entry->of_origin || r->origins)) {
		spool->from_name = batch->from_spool;
		spool->from_seq = (int64_t)batch->from_seq;
		spool->set_back = is_set_back(r, spool);
	}
	*ret = spool;
	return 0;
}

/* I2: they follow each other. */
static void seq_check(struct ledger_replay *r, struct replayed_spool *spool,
		      const struct replay_entry *entry)
{
	if (entry->seq != (uint64_t)spool->upto + 1 && !spool->disordered)
		verify_damaged(r->report, "sequence", words("journal entry %" PRId64, entry->id),
			       words("batch %" PRIu64 " of its spool", entry->seq),
			       words("batch %" PRId64, spool->upto + 1));
	spool->disordered |= entry->seq != (uint64_t)spool->upto + 1;
}

static int series_find(struct ledger_replay *r, const struct declaration *declaration, bool before,
		       int64_t *ret_id, struct err *err)
{
	int64_t stands = 0;
	char key[LABELS_KEY_MAX];
	sqlite3_stmt *const stmts[] = { r->find_series, r->series_of, r->make_series };
	for (size_t i = 0; i < 3; i++) {
		sqlite3_bind_text(stmts[i], 1, declaration->metric, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmts[i], 2, declaration->labels, -1, SQLITE_STATIC);
	}
	int rc = number_find(r->find_series, ret_id, err);
	if (rc < 0 || *ret_id != 0)
		return rc;
	labels_key(declaration->labels, key);
	sqlite3_bind_text(r->alike, 1, declaration->metric, -1, SQLITE_STATIC);
	sqlite3_bind_text(r->alike, 2, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(r->make_series, 4, key, -1, SQLITE_STATIC);
	if (r->folded && *key)
		rc = number_find(r->alike, ret_id, err);
	if (rc < 0 || *ret_id != 0)
		return rc;
	if (before)
		rc = number_find(r->series_of, &stands, err);
	if (stands > 0)
		sqlite3_bind_int64(r->make_series, 3, stands);
	if (rc == 0)
		rc = db_run(r->make_series, err);
	*ret_id = sqlite3_last_insert_rowid(r->db);
	return rc;
}

static int declarations_replay(struct ledger_replay *r, struct replayed_spool *spool,
			       const struct batch *batch, bool before, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < batch->n_declared && rc == 0; i++) {
		int64_t series = 0, number = (int64_t)batch->first_declared + (int64_t)i;
		if (number < spool->n_declared) /* it said so before */
			continue;
		r->report->damaged |= number > spool->n_declared; /* the days name it */
		rc = series_find(r, &batch->declared[i], before, &series, err);
		sqlite3_bind_int64(r->declare, 1, spool->row);
		sqlite3_bind_int64(r->declare, 2, number);
		sqlite3_bind_int64(r->declare, 3, series);
		sqlite3_bind_int64(r->declare, 4, declaration_shape(&batch->declared[i]));
		if (rc == 0)
			rc = db_run(r->declare, err);
		spool->n_declared = number + 1;
	}
	for (size_t i = 0; i < batch->n_runs; i++)
		r->report->damaged |= batch->runs[i].series >= spool->n_declared; /* likewise */
	return rc;
}

/* @ret_spool: its row; 0: nobody knows. */
static int spool_replay(struct ledger_replay *r, const struct replay_entry *entry,
			const struct batch *batch, int64_t *ret_spool, struct err *err)
{
	int rc = 0;
	*ret_spool = 0;
	if (!entry->named) {
		verify_damaged(r->report, "sequence", words("journal entry %" PRId64, entry->id),
			       words("a batch"), words("no such spool"));
		return 0;
	}
	struct replayed_spool *spool = spool_find(r, entry->office, entry->name);
	if (!spool)
		rc = spool_begin(r, entry, entry->seq == 1 ? batch : NULL, &spool, err);
	if (rc < 0)
		return rc;
	seq_check(r, spool, entry);
	spool->upto = (int64_t)entry->seq;
	spool->received_us = entry->received_us;
	spool->last = entry->id;
	spool->changed = true;
	*ret_spool = spool->row;
	return batch ? declarations_replay(r, spool, batch, entry->id <= r->of_before, err) : 0;
}

/* Of its last batch. (Of each it would cost as much as the chain.) */
static int digest_of(struct ledger_replay *r, int64_t entry, uint8_t ret[WIRE_DIGEST_LEN],
		     struct err *err)
{
	sqlite3_bind_int64(r->payload_of, 1, entry);
	int rc = db_step(r->payload_of, err);
	if (rc == 1)
		wire_digest(sqlite3_column_blob(r->payload_of, 0),
			    (size_t)sqlite3_column_bytes(r->payload_of, 0), ret);
	sqlite3_reset(r->payload_of);
	return rc < 0 ? rc : 0;
}

static int spools_flush(struct ledger_replay *r, struct err *err)
{
	uint8_t digest[WIRE_DIGEST_LEN] = { 0 };
	int rc = 0;
	for (size_t i = 0; i < r->n_spools && rc == 0; i++) {
		struct replayed_spool *spool = &r->spools[i];
		const int64_t numbers[] = { spool->row, spool->office, (int64_t)spool->name,
					    spool->upto, spool->received_us };
		if (!spool->changed)
			continue;
		rc = digest_of(r, spool->last, digest, err);
		if (rc < 0)
			break;
		for (int k = 0; k < 5; k++)
			sqlite3_bind_int64(r->spool_put, k + 1, numbers[k]);
		sqlite3_bind_blob(r->spool_put, 6, digest, WIRE_DIGEST_LEN, SQLITE_STATIC);
		sqlite3_bind_int64(r->spool_put, 7, (int64_t)spool->from_name);
		sqlite3_bind_int64(r->spool_put, 8, spool->from_seq);
		sqlite3_bind_int64(r->spool_put, 9, spool->set_back);
		rc = db_run(r->spool_put, err);
		spool->changed = rc < 0;
	}
	return rc;
}

/* --- what is held --- */

static int hold_put(struct ledger_replay *r, int64_t entry, const struct hold *hold,
		    struct err *err)
{
	sqlite3_bind_int64(r->hold, 1, entry);
	sqlite3_bind_int64(r->hold, 2, (int64_t)hold->run);
	sqlite3_bind_int64(r->hold, 3, hold->point);
	sqlite3_bind_int(r->hold, 4, (int)hold->verdict);
	sqlite3_bind_int64(r->hold, 5, (int64_t)hold->n);
	return db_run(r->hold, err);
}

static bool hold_fits(const struct hold *hold, const struct batch *batch)
{
	if (hold->run >= batch->n_runs)
		return false;
	uint32_t n = batch->runs[hold->run].n;
	return hold->point == QUARANTINE_WHOLE_RUN
		       ? hold->n == n
		       : hold->point < n && hold->n >= 1 && hold->n <= n - (uint64_t)hold->point;
}

static int holds_replay(struct ledger_replay *r, const struct replay_entry *entry,
			const struct batch *batch, struct err *err)
{
	struct hold hold;
	size_t at = 0, whole = 0;
	int next, rc = entry->held_len > 0 ? place_put(r, entry->id, entry->office, err) : 0;
	while (rc == 0 && (next = held_list_next(entry->held, entry->held_len, &at, &hold)) != 0) {
		if (next < 0 || (batch && !hold_fits(&hold, batch))) {
			verify_damaged(r->report, "quarantine",
				       words("journal entry %" PRId64, entry->id), words("held"),
				       words("no such run or point in the entry"));
			break;
		}
		whole += hold.point == QUARANTINE_WHOLE_RUN;
		rc = hold_put(r, entry->id, &hold, err);
	}
	/* I5: of a period that had not begun when it came, all is held: the one verdict that needs
	 * nothing but the entry. */
	if (rc == 0 && batch && batch->day > civil_day(entry->received_us) + 1 &&
	    whole < batch->n_runs)
		verify_damaged(r->report, "quarantine", words("journal entry %" PRId64, entry->id),
			       words("%zu of %zu runs held", whole, batch->n_runs),
			       words("all of them, as its period had not begun"));
	return rc;
}

/* --- entries --- */

/* What its row says beside what is chained, where that is something else. */
static int row_check(struct ledger_replay *r, const struct replay_entry *entry, int64_t day,
		     int64_t back, int64_t spool, struct err *err)
{
	bool unlisted = !entry->listed && !r->listed && entry->id <= r->of_before;
	r->listed |= entry->listed;
	if (entry->day == day && (entry->listed ? entry->back == back : unlisted) &&
	    (spool == 0 || entry->spool == spool))
		return 0;
	sqlite3_bind_int64(r->differs, 1, entry->id);
	sqlite3_bind_int64(r->differs, 2, day);
	if (unlisted)
		sqlite3_bind_null(r->differs, 3);
	else
		sqlite3_bind_int64(r->differs, 3, back);
	sqlite3_bind_int64(r->differs, 4, spool == 0 ? entry->spool : spool);
	sqlite3_bind_int64(r->differs, 5, entry->day);
	if (entry->listed)
		sqlite3_bind_int64(r->differs, 6, entry->back);
	else
		sqlite3_bind_null(r->differs, 6);
	sqlite3_bind_int64(r->differs, 7, entry->spool);
	return db_run(r->differs, err);
}

int ledger_replay_entry(struct ledger_replay *replay, const struct replay_entry *entry,
			const struct batch *batch, struct err *err)
{
	struct ledger_replay *r = replay;
	int64_t back = 0, spool = 0, said = entry->day;
	int32_t day = batch                                ? batch->day
		      : said >= DAY_MIN && said <= DAY_MAX ? (int32_t)said
							   : DAY_MAX;
	int rc = spool_replay(r, entry, batch, &spool, err);
	if (rc == 0 && batch)
		rc = said_put(&r->said, entry->office, entry->id, batch, err);
	if (!batch) { /* the days name it */
		r->report->damaged = true;
		sqlite3_bind_int(r->uncounted, 1, day);
		sqlite3_bind_int64(r->uncounted, 2, entry->office);
		rc = rc < 0 ? rc : db_run(r->uncounted, err);
	}
	if (rc == 0)
		rc = day_index_add(r->day_index, day, entry->office, entry->id,
				   batch ? batch->n_points : 0, &back, err);
	if (rc == 0)
		rc = row_check(r, entry, batch ? day : said, back, spool, err);
	if (rc == 0 && entry->id <= r->of_before && entry->held_len > 0)
		verify_damaged(r->report, "journal", words("journal entry %" PRId64, entry->id),
			       words("held"), words("nothing, as it is older than the events"));
	if (rc < 0 || entry->id <= r->of_before) /* the opening has the rest */
		return rc;
	rc = day_times_add(r->day_times, day, entry->received_us, err);
	return rc < 0 ? rc : holds_replay(r, entry, batch, err);
}

int ledger_replay_tables(struct ledger_replay *replay, sqlite3 **ret_db, struct err *err)
{
	int rc = day_index_flush(replay->day_index, err);
	if (rc == 0)
		rc = day_times_flush(replay->day_times, err);
	if (rc == 0)
		rc = spools_flush(replay, err);
	*ret_db = replay->db;
	return rc;
}
