#include "journal/standing.h"

#include "common/model/civil.h"
#include "common/model/verdict.h"
#include "registry/messages.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MAX 500000u /* observations that are decoded for one office: some 5 ms */
#define DAY_US     INT64_C(86400000000)

struct standing_reader {
	sqlite3 *db;
	sqlite3_stmt *waiting, *released, *held;
};

/* The rows of one office, and what is told of each. */
#define ROWS                                                                                       \
	"SELECT o.journal, o.run, s.spool_id, j.seq, q.verdict, q.observations, o.released_us,"    \
	" coalesce(q.held_us, j.received_us) FROM office_quarantine o"                             \
	" CROSS JOIN quarantine q ON q.journal = o.journal AND q.run = o.run"                      \
	" AND q.point = o.point CROSS JOIN journal j ON j.id = o.journal"                          \
	" CROSS JOIN spool s ON s.id = j.spool WHERE o.office = ?1 AND o.released_us "
#define NEWEST_FIRST " ORDER BY o.released_us DESC, o.journal DESC, o.run DESC, o.point DESC"

struct standing_reader *standing_reader_open(sqlite3 *db, struct err *err)
{
	struct standing_reader *reader = calloc(1, sizeof(*reader));
	if (!reader) {
		(void)err_memory(err);
		return NULL;
	}
	reader->db = db;
	int rc = db_prepare(db, ROWS "= 0" NEWEST_FIRST, &reader->waiting, err);
	if (rc == 0)
		rc = db_prepare(db, ROWS "> ?2" NEWEST_FIRST, &reader->released, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT observations FROM held WHERE office = ?", &reader->held,
				err);
	if (rc < 0) {
		standing_reader_close(reader);
		return NULL;
	}
	return reader;
}

void standing_reader_close(struct standing_reader *reader)
{
	if (!reader)
		return;
	sqlite3_finalize(reader->waiting);
	sqlite3_finalize(reader->released);
	sqlite3_finalize(reader->held);
	free(reader);
}

/* --- which rows there are --- */

/* Released before this it is no news. It moves with the day, and so do versions. */
static int64_t released_after_us(int32_t today)
{
	return civil_day_start_us(today) - STANDING_RELEASED_DAYS * DAY_US;
}

/* Several rows of one run and reason are told as one: they come one behind the other. */
static int rows_read(sqlite3_stmt *stmt, int64_t office, int64_t after_us,
		     struct standing_row list[], size_t *ret_n, struct err *err)
{
	size_t n = 0;
	int rc;
	sqlite3_bind_int64(stmt, 1, office);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		sqlite3_bind_int64(stmt, 2, after_us);
	while ((rc = db_step(stmt, err)) == 1) {
		int64_t released_us = sqlite3_column_int64(stmt, 6);
		struct standing_row row = {
			.journal = sqlite3_column_int64(stmt, 0),
			.run = sqlite3_column_int64(stmt, 1),
			.spool_id = (uint64_t)sqlite3_column_int64(stmt, 2),
			.seq = (uint64_t)sqlite3_column_int64(stmt, 3),
			.verdict = sqlite3_column_int64(stmt, 4),
			.observations = sqlite3_column_int64(stmt, 5),
			.at_us = released_us ? released_us : sqlite3_column_int64(stmt, 7),
		};
		struct standing_row *last = n > 0 ? &list[n - 1] : NULL;
		if (last && last->journal == row.journal && last->run == row.run &&
		    last->verdict == row.verdict && (!released_us || last->at_us == row.at_us))
			last->observations += row.observations;
		else if (n == WIRE_WAITING_MAX)
			break;
		else
			list[n++] = row;
	}
	(void)sqlite3_reset(stmt); /* repeats the error that step told */
	*ret_n = n;
	return rc < 0 ? rc : 0;
}

static int sum_read(sqlite3_stmt *stmt, uint64_t *ret_sum, struct err *err)
{
	int rc = db_step(stmt, err);
	*ret_sum = rc == 1 && sqlite3_column_int64(stmt, 0) > 0
			   ? (uint64_t)sqlite3_column_int64(stmt, 0)
			   : 0;
	(void)sqlite3_reset(stmt); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

static void text_hash(crypto_generichash_state *state, const char *text)
{
	(void)crypto_generichash_update(state, (const uint8_t *)text, strlen(text) + 1);
}

static int message_hash(void *context, const struct message *message)
{
	const int64_t numbers[] = { message->id, message->read_us != 0 };
	(void)crypto_generichash_update(context, (const uint8_t *)numbers, sizeof(numbers));
	text_hash(context, message->shown);
	return 0;
}

static int messages_digest(sqlite3 *db, int64_t office, uint8_t ret_digest[16], struct err *err)
{
	crypto_generichash_state state;
	(void)crypto_generichash_init(&state, NULL, 0, 16);
	int rc = messages_each(db, office, WIRE_MESSAGES_MAX, 0, message_hash, &state, err);
	(void)crypto_generichash_final(&state, ret_digest, 16);
	return rc;
}

/* Those that an office is told: the last ones to end. */
static size_t closings_from(const struct closings *closings)
{
	return closings->n > WIRE_CLOSED_MAX ? closings->n - WIRE_CLOSED_MAX : 0;
}

static uint64_t version_of(const struct standing *standing, const struct reference *reference)
{
	crypto_generichash_state state;
	const struct closings *closings = reference->closings;
	uint64_t version = 0;
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(uint64_t) * 2);
	text_hash(&state, standing->unit ? standing->unit->code : "");
	text_hash(&state, standing->unit ? standing->unit->name : "");
	text_hash(&state, standing->unit ? standing->unit->level : "");
	for (size_t i = 0; i < closings->n; i++) {
		const struct closing *closing = &closings->list[i];
		const int64_t numbers[] = { closing->period.calendar, closing->period.grain,
					    closing->period.number, closing->closed_us };
		text_hash(&state, closing->metric);
		(void)crypto_generichash_update(&state, (const uint8_t *)numbers, sizeof(numbers));
	}
	const uint64_t counts[] = { closings->n, standing->n_waiting, standing->n_released,
				    standing->waits };
	(void)crypto_generichash_update(&state, (const uint8_t *)counts, sizeof(counts));
	(void)crypto_generichash_update(&state, (const uint8_t *)standing->waiting,
					standing->n_waiting * sizeof(standing->waiting[0]));
	(void)crypto_generichash_update(&state, (const uint8_t *)standing->released,
					standing->n_released * sizeof(standing->released[0]));
	(void)crypto_generichash_update(&state, standing->messages, sizeof(standing->messages));
	uint8_t digest[16];
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	memcpy(&version, digest, sizeof(version));
	return version ? version : 1;
}

int standing_read(struct standing_reader *reader, const struct reference *reference, int64_t office,
		  int32_t today, struct standing *ret_standing, struct err *err)
{
	struct standing *standing = ret_standing;
	const struct office *own = offices_by_id(reference->offices, office);
	int64_t after_us = released_after_us(today);
	if (!own)
		return err_set(err, -ENOENT, "the office is no longer in the register");
	memset(standing, 0, sizeof(*standing)); /* padding too: it is hashed */
	standing->today = today;
	standing->unit = office_unit(own, reference->units, today);
	int rc =
		rows_read(reader->waiting, office, 0, standing->waiting, &standing->n_waiting, err);
	if (rc == 0)
		rc = rows_read(reader->released, office, after_us, standing->released,
			       &standing->n_released, err);
	if (rc == 0) {
		sqlite3_bind_int64(reader->held, 1, office);
		rc = sum_read(reader->held, &standing->waits, err);
	}
	if (rc == 0)
		rc = messages_digest(reader->db, office, standing->messages, err);
	standing->version = version_of(standing, reference);
	return rc;
}

/* --- what an office needs to know of them --- */

struct telling {
	struct standing_reader *reader;
	sqlite3_stmt *payload;         /* owned */
	struct arena *arena, *batches; /* of the message, of the payload at hand */
	int64_t entry;                 /* that batch is of; 0: none */
	struct batch batch;
	size_t points; /* decoded so far */
};

/* 0: the series of a row is known; 1: it is too much, or cannot be read. */
static int series_find(struct telling *telling, const struct standing_row *row,
		       uint32_t *ret_series, struct err *err)
{
	sqlite3_stmt *payload = telling->payload;
	if (telling->entry != row->journal) {
		telling->entry = 0;
		if (telling->points >= POINTS_MAX)
			return 1;
		arena_reset(telling->batches);
		sqlite3_bind_int64(payload, 1, row->journal);
		int rc = db_step(payload, err);
		if (rc == 1)
			rc = wire_batch_decode(telling->batches, sqlite3_column_blob(payload, 0),
					       (size_t)sqlite3_column_bytes(payload, 0),
					       &telling->batch, err);
		else if (rc == 0)
			rc = -EUCLEAN;
		(void)sqlite3_reset(payload); /* repeats the error that step told */
		if (rc < 0)
			return rc == -ENOMEM ? rc : 1;
		telling->entry = row->journal;
		telling->points += telling->batch.n_points + 1000;
	}
	if (row->run < 0 || (uint64_t)row->run >= telling->batch.n_runs)
		return 1;
	*ret_series = telling->batch.runs[row->run].series;
	return 0;
}

/* @ret_told: observations of those that are. */
static int rows_tell(struct telling *telling, const struct standing_row rows[], size_t n,
		     Lantoa__V1__Waiting ***ret_list, size_t *ret_n, uint64_t *ret_told,
		     struct err *err)
{
	Lantoa__V1__Waiting **list = arena_alloc(telling->arena, (n + 1) * sizeof(*list));
	Lantoa__V1__Waiting *waiting = arena_alloc(telling->arena, (n + 1) * sizeof(*waiting));
	size_t told = 0;
	*ret_told = 0;
	if (!list || !waiting)
		return err_memory(err);
	for (size_t i = 0; i < n; i++) {
		uint32_t series = 0;
		int rc = series_find(telling, &rows[i], &series, err);
		if (rc < 0)
			return rc;
		if (rc == 1 || rows[i].verdict <= VERDICT_OK || rows[i].verdict >= VERDICT_COUNT ||
		    rows[i].observations < 0 || rows[i].observations > WIRE_POINTS_MAX)
			continue;
		Lantoa__V1__Waiting *one = &waiting[told];
		lantoa__v1__waiting__init(one);
		one->spool_id = rows[i].spool_id;
		one->seq = rows[i].seq;
		one->series = series;
		one->observations = (uint32_t)rows[i].observations;
		one->reason =
			(char *)(uintptr_t)verdict_text((enum verdict)rows[i].verdict); /* lent */
		one->at_us = rows[i].at_us;
		*ret_told += one->observations;
		list[told++] = one;
	}
	*ret_list = list;
	*ret_n = told;
	return 0;
}

static int by_end(const void *a, const void *b)
{
	const struct closing *x = *(const struct closing *const *)a,
			     *y = *(const struct closing *const *)b;
	return x->end != y->end ? (x->end > y->end) - (x->end < y->end) : (x > y) - (x < y);
}

static int closings_tell(const struct closings *closings, struct arena *arena,
			 Lantoa__V1__Standing *message, struct err *err)
{
	size_t n = closings->n, from = closings_from(closings);
	const struct closing **order = arena_alloc(arena, (n + 1) * sizeof(*order));
	Lantoa__V1__Closing *told = arena_alloc(arena, (n - from + 1) * sizeof(*told));
	Lantoa__V1__Closing **list = arena_alloc(arena, (n - from + 1) * sizeof(*list));
	char text[PERIOD_TEXT_MAX];
	if (!order || !told || !list)
		return err_memory(err);
	for (size_t i = 0; i < n; i++)
		order[i] = &closings->list[i];
	qsort(order, n, sizeof(*order), by_end);
	for (size_t i = from; i < n; i++) {
		Lantoa__V1__Closing *one = &told[i - from];
		lantoa__v1__closing__init(one);
		one->period = arena_text(arena, period_format(order[i]->period, text));
		one->calendar = order[i]->period.calendar == CALENDAR_REPORT;
		one->metric = arena_text(arena, order[i]->metric);
		one->closed_us = order[i]->closed_us;
		if (!one->period || !one->metric)
			return err_memory(err);
		list[i - from] = one;
	}
	message->closing = list;
	message->n_closing = n - from;
	return 0;
}

struct messages {
	struct arena *arena;
	Lantoa__V1__Message *list[WIRE_MESSAGES_MAX]; /* the newest first */
	size_t n;
};

static int message_tell(void *context, const struct message *from)
{
	struct messages *messages = context;
	struct arena *arena = messages->arena;
	Lantoa__V1__Message *one = arena_alloc(arena, sizeof(*one));
	if (!one)
		return -ENOMEM;
	lantoa__v1__message__init(one);
	one->id = (uint64_t)from->id;
	one->at_us = from->at_us;
	one->who = arena_text(arena, *from->shown ? from->shown : from->who);
	one->text = arena_text(arena, from->text);
	one->metric = arena_text(arena, from->metric);
	one->labels = arena_text(arena, from->labels);
	one->period = arena_text(arena, from->period);
	one->read = from->read_us != 0;
	if (!one->who || !one->text || !one->metric || !one->labels || !one->period)
		return -ENOMEM;
	messages->list[messages->n++] = one;
	return 0;
}

static int messages_tell(struct telling *telling, int64_t office, Lantoa__V1__Standing *message,
			 struct err *err)
{
	struct messages messages = { .arena = telling->arena };
	int rc = messages_each(telling->reader->db, office, WIRE_MESSAGES_MAX, 0, message_tell,
			       &messages, err);
	message->message =
		arena_alloc(telling->arena, (messages.n + 1) * sizeof(*message->message));
	if (rc == -ENOMEM || !message->message)
		return err_memory(err);
	for (size_t i = 0; i < messages.n; i++)
		message->message[i] = messages.list[messages.n - 1 - i];
	message->n_message = messages.n;
	return rc;
}

static int rest_count(struct standing_reader *reader, int64_t office, int32_t today, uint64_t told,
		      uint64_t *ret_more, struct err *err)
{
	uint64_t all = 0;
	sqlite3_stmt *sum = NULL;
	int rc = db_prepare(reader->db,
			    "SELECT coalesce(sum(q.observations), 0) FROM office_quarantine o"
			    " CROSS JOIN quarantine q ON q.journal = o.journal"
			    " AND q.run = o.run AND q.point = o.point"
			    " WHERE o.office = ?1 AND o.released_us > ?2",
			    &sum, err);
	if (rc == 0) {
		sqlite3_bind_int64(sum, 1, office);
		sqlite3_bind_int64(sum, 2, released_after_us(today));
		rc = sum_read(sum, &all, err);
	}
	(void)sqlite3_finalize(sum); /* repeats the error that the read told */
	*ret_more = all > told ? all - told : 0;
	return rc;
}

static int all_tell(struct telling *telling, const struct reference *reference, int64_t office,
		    const struct standing *standing, Lantoa__V1__Standing *message, struct err *err)
{
	uint64_t told = 0;
	lantoa__v1__standing__init(message);
	message->version = standing->version;
	if (standing->unit) {
		message->unit = arena_text(telling->arena, standing->unit->code);
		message->unit_name = arena_text(telling->arena, standing->unit->name);
		message->level = arena_text(telling->arena, standing->unit->level);
	}
	int rc = message->unit && message->unit_name && message->level
			 ? closings_tell(reference->closings, telling->arena, message, err)
			 : err_memory(err);
	if (rc == 0)
		rc = messages_tell(telling, office, message, err);
	if (rc == 0)
		rc = rows_tell(telling, standing->waiting, standing->n_waiting, &message->waiting,
			       &message->n_waiting, &told, err);
	message->waiting_more = standing->waits > told ? standing->waits - told : 0;
	if (rc == 0)
		rc = rows_tell(telling, standing->released, standing->n_released,
			       &message->released, &message->n_released, &told, err);
	if (rc == 0 && (standing->n_released == WIRE_WAITING_MAX ||
			message->n_released < standing->n_released))
		rc = rest_count(telling->reader, office, standing->today, told,
				&message->released_more, err);
	return rc;
}

int standing_tell(struct standing_reader *reader, const struct reference *reference, int64_t office,
		  const struct standing *standing, struct arena *arena,
		  Lantoa__V1__Standing **ret_message, struct err *err)
{
	struct telling telling = { .reader = reader,
				   .arena = arena,
				   .batches = arena_open(WIRE_ARENA_MAX) };
	Lantoa__V1__Standing *message = arena_alloc(arena, sizeof(*message));
	int rc = db_prepare(reader->db, "SELECT payload FROM journal WHERE id = ?",
			    &telling.payload, err);
	if (rc == 0)
		rc = message && telling.batches
			     ? all_tell(&telling, reference, office, standing, message, err)
			     : err_memory(err);
	sqlite3_finalize(telling.payload);
	arena_close(telling.batches);
	if (rc == 0)
		*ret_message = message;
	return rc;
}
