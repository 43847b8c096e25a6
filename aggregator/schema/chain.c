#include "schema/chain.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* I11: a link that a disk damaged is taken for zeros, and the ledger goes on from there: whoever
 * verifies names it, and nobody is kept from reporting meanwhile. */
static void link_read(sqlite3_stmt *stmt, int column, uint8_t ret_chain[CHAIN_LEN])
{
	const void *link = sqlite3_column_blob(stmt, column);
	if (link && sqlite3_column_bytes(stmt, column) == (int)CHAIN_LEN)
		memcpy(ret_chain, link, CHAIN_LEN);
	else
		memset(ret_chain, 0, CHAIN_LEN);
}

static int entry_load(sqlite3 *db, struct ledger_head *head, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "SELECT id, received_us, chain FROM journal ORDER BY id DESC LIMIT 1",
			    &stmt, err);
	if (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		head->entry = sqlite3_column_int64(stmt, 0);
		head->entry_us = sqlite3_column_int64(stmt, 1);
		link_read(stmt, 2, head->chain);
		rc = 0;
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

/* An event is behind the entry that it names, so it is the last where that one is. */
static int event_load(sqlite3 *db, struct ledger_head *head, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(
		db, "SELECT id, at_us, chain, after_journal FROM event ORDER BY id DESC LIMIT 1",
		&stmt, err);
	if (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		head->event = sqlite3_column_int64(stmt, 0);
		head->event_us = sqlite3_column_int64(stmt, 1);
		if (sqlite3_column_int64(stmt, 3) >= head->entry)
			link_read(stmt, 2, head->chain);
		rc = 0;
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

int ledger_head(sqlite3 *db, struct ledger_head *ret_head, struct err *err)
{
	struct ledger_head head = { .entry_us = INT64_MIN, .event_us = INT64_MIN };
	int rc = entry_load(db, &head, err);
	if (rc == 0)
		rc = event_load(db, &head, err);
	if (rc == 0)
		*ret_head = head;
	return rc;
}

const char *ledger_head_text(const struct ledger_head *head, char text[HEAD_TEXT_MAX])
{
	char hex[2 * CHAIN_LEN + 1];
	(void)sodium_bin2hex(hex, sizeof(hex), head->chain, CHAIN_LEN); /* fits */
	(void)snprintf(text, HEAD_TEXT_MAX, "%" PRId64 ":%s", ledger_position(head), hex);
	return text;
}

int ledger_head_parse(const char *text, int64_t *ret_position, uint8_t ret_chain[CHAIN_LEN],
		      struct err *err)
{
	char *end;
	uint8_t chain[CHAIN_LEN];
	size_t len = 0;
	errno = 0;
	long long position = strtoll(text, &end, 10);
	if (errno == 0 && *text >= '0' && *text <= '9' && *end == ':' &&
	    strlen(end + 1) == 2 * CHAIN_LEN &&
	    sodium_hex2bin(chain, sizeof(chain), end + 1, 2 * CHAIN_LEN, NULL, &len, NULL) == 0 &&
	    len == CHAIN_LEN) {
		*ret_position = position;
		memcpy(ret_chain, chain, CHAIN_LEN);
		return 0;
	}
	return err_set(err, -EINVAL,
		       "this is not a head of a ledger: give POSITION:HASH with all 64 digits of "
		       "the hash, as `lantoa status` printed it then");
}

/* Into @ret_same: is @chain that of the row of @sql, of @number? No row: it is not. */
static int link_same(sqlite3 *db, const char *sql, int64_t number, const uint8_t chain[CHAIN_LEN],
		     bool *ret_same, struct err *err)
{
	uint8_t kept[CHAIN_LEN];
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, sql, &stmt, err);
	if (rc == 0)
		sqlite3_bind_int64(stmt, 1, number);
	*ret_same = false;
	if (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		struct db_row row = { stmt, err, 0 };
		db_row_bytes(&row, 0, kept, CHAIN_LEN);
		rc = row.rc;
		*ret_same = rc == 0 && memcmp(kept, chain, CHAIN_LEN) == 0;
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

/* The last event up to @position, and where it is; zeros: there is none. (Back from the newest:
 * what people and offices keep is recent, as a rule.) */
static int event_before(sqlite3 *db, int64_t position, int64_t *ret_event, int64_t *ret_position,
			struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "SELECT id, after_journal + id FROM event WHERE after_journal + id <= "
			    "?1 ORDER BY id DESC LIMIT 1",
			    &stmt, err);
	*ret_event = *ret_position = 0;
	if (rc == 0)
		sqlite3_bind_int64(stmt, 1, position);
	if (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		*ret_event = sqlite3_column_int64(stmt, 0);
		*ret_position = sqlite3_column_int64(stmt, 1);
		rc = 0;
	}
	(void)sqlite3_finalize(stmt); /* as above */
	return rc;
}

int ledger_link_judge(sqlite3 *db, int64_t position, const uint8_t chain[CHAIN_LEN],
		      enum link_verdict *ret_verdict, struct err *err)
{
	struct ledger_head head;
	int64_t event, at;
	bool same = false;
	int rc = ledger_head(db, &head, err);
	*ret_verdict = LINK_UNKNOWN;
	if (rc == 0 && position > ledger_position(&head)) {
		*ret_verdict = LINK_BEYOND;
		return 0;
	}
	if (rc == 0)
		rc = event_before(db, position, &event, &at, err);
	if (rc == 0 && at == position)
		rc = link_same(db, "SELECT chain FROM event WHERE id = ?", event, chain, &same,
			       err);
	else if (rc == 0)
		rc = link_same(db, "SELECT chain FROM journal WHERE id = ?", position - event,
			       chain, &same, err);
	if (rc == 0)
		*ret_verdict = same ? LINK_AGREES : LINK_DIFFERS;
	return rc;
}

const char *link_verdict_word(enum link_verdict verdict)
{
	static const char *const words[] = { NULL, N_("agrees"), N_("differs"),
					     N_("beyond the ledger") };
	return words[verdict];
}

int64_t ledger_time(const struct ledger_head *head, int64_t now_us)
{
	int64_t at_us = now_us > head->entry_us ? now_us : head->entry_us;
	return at_us > head->event_us ? at_us : head->event_us + 1;
}

int64_t entry_time(const struct ledger_head *head, int64_t now_us)
{
	return ledger_time(head, now_us);
}

int64_t ledger_newest_us(const struct ledger_head *head)
{
	int64_t newest_us = head->entry_us > head->event_us ? head->entry_us : head->event_us;
	return newest_us > 0 ? newest_us : 0;
}

int64_t ledger_jump_us(int64_t newest_us, int64_t wall_us)
{
	return newest_us > 0 && wall_us - newest_us > LEDGER_JUMP_US ? wall_us - newest_us : 0;
}

int64_t ledger_believed_us(int64_t newest_us, int64_t wall_us, bool (*vouched)(void))
{
	bool doubtful = wall_us < newest_us || ledger_jump_us(newest_us, wall_us) > 0;
	return doubtful && !vouched() ? newest_us : wall_us;
}

int64_t ledger_clock_us(const struct ledger_head *head)
{
	return ledger_believed_us(ledger_newest_us(head), civil_now_us(), civil_vouched);
}

/* --- links --- */

static void hash_number(crypto_generichash_state *state, uint64_t number)
{
	uint8_t bytes[8];
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	crypto_generichash_update(state, bytes, sizeof(bytes));
}

static void hash_bytes(crypto_generichash_state *state, const void *bytes, size_t len)
{
	hash_number(state, len);
	crypto_generichash_update(state, bytes, len);
}

static void link_begin(crypto_generichash_state *state, const uint8_t chain[CHAIN_LEN], char tag)
{
	crypto_generichash_init(state, NULL, 0, CHAIN_LEN);
	crypto_generichash_update(state, chain, CHAIN_LEN);
	if (tag)
		crypto_generichash_update(state, (const uint8_t *)&tag, 1);
}

void chain_entry(uint8_t chain[CHAIN_LEN], const struct chain_entry *entry)
{
	crypto_generichash_state state;
	link_begin(&state, chain, 'B');
	hash_number(&state, (uint64_t)entry->office);
	hash_number(&state, entry->spool_id);
	hash_number(&state, entry->seq);
	hash_number(&state, (uint64_t)entry->received_us);
	hash_bytes(&state, entry->held, entry->held_len);
	hash_bytes(&state, entry->payload, entry->len);
	crypto_generichash_final(&state, chain, CHAIN_LEN);
}

void chain_entry_of_before(uint8_t chain[CHAIN_LEN], const struct chain_entry *entry)
{
	crypto_generichash_state state;
	link_begin(&state, chain, '\0');
	hash_number(&state, (uint64_t)entry->office);
	hash_number(&state, entry->spool_id);
	hash_number(&state, entry->seq);
	crypto_generichash_update(&state, entry->payload, entry->len);
	crypto_generichash_final(&state, chain, CHAIN_LEN);
}

void chain_event(uint8_t chain[CHAIN_LEN], const struct chain_event *event)
{
	crypto_generichash_state state;
	link_begin(&state, chain, 'E');
	hash_number(&state, (uint64_t)event->id);
	hash_number(&state, (uint64_t)event->after_journal);
	hash_number(&state, (uint64_t)event->at_us);
	hash_number(&state, (uint64_t)event->moves);
	hash_bytes(&state, event->kind, strlen(event->kind));
	hash_bytes(&state, event->who, strlen(event->who));
	hash_bytes(&state, event->detail, strlen(event->detail));
	hash_bytes(&state, event->body, strlen(event->body));
	crypto_generichash_final(&state, chain, CHAIN_LEN);
}
