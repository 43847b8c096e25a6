#include "mirror/change_rows.h"

#include "common/base/array.h"
#include "common/base/blob.h"
#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/model/period.h"
#include "common/model/verdict.h"
#include "common/text/csv_table.h"
#include "mirror/change_tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_MIN       256u /* figures: COPY takes an exchange more, and half the time each */
#define SEEN_SLOTS_MAX ((size_t)1 << 23) /* 64 MiB: the first 4 million figures */

/* --- the statements --- */

#define FIGURE_COLUMNS                                                                             \
	"province, office, metric, labels, calendar, period, known_from, run, point, entry,"       \
	" known_to, day, value"

/* Before what is new comes in: what stood until then does no more. */
static const char close_figures[] =
	"UPDATE lantoa.figure f SET known_to = s.known_from FROM unnest($2::text[], $3::text[],"
	" $4::text[], $5::text[], $6::text[], $7::bigint[]) AS s(office, metric, labels, calendar,"
	" period, known_from) WHERE f.province = $1 AND f.office = s.office AND f.metric = s.metric"
	" AND f.labels = s.labels AND f.calendar = s.calendar AND f.period = s.period"
	" AND f.known_to IS NULL";
static const char put_figures[] =
	"INSERT INTO lantoa.figure(" FIGURE_COLUMNS ") SELECT $1, * FROM unnest($2::text[],"
	" $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::integer[],"
	" $9::integer[], $10::bigint[], $11::bigint[], $12::date[], $13::numeric[])";
static const char copy_figures[] = "COPY lantoa.figure(" FIGURE_COLUMNS ") FROM STDIN";

static const char put_entries[] =
	"INSERT INTO lantoa.entry(province, office, spool, seq, journal_id, position, day,"
	" received_us, link) SELECT $1, * FROM unnest($2::text[], $3::numeric[], $4::bigint[],"
	" $5::bigint[], $6::bigint[], $7::date[], $8::bigint[], $9::text[])";

static const char put_event[] =
	"INSERT INTO lantoa.event(province, position, event_id, after_journal, kind, at_us, who,"
	" detail, body, link) VALUES ($1, $2::bigint, $3::bigint, $4::bigint, $5, $6::bigint, $7,"
	" $8, $9::json, $10)";

static const char close_lines[] =
	"UPDATE lantoa.line SET known_to = $2::bigint WHERE province = $1 AND file = $3"
	" AND known_to IS NULL";
static const char add_lines[] = "INSERT INTO lantoa.line SELECT * FROM"
				" jsonb_populate_recordset(NULL::lantoa.line, $1::jsonb)";

/* Of the figures that entries $3 have in their runs $4: the last one by entry that is not held
 * stands from position $2 on. */
static const char stand_anew[] =
	"WITH touched AS (SELECT DISTINCT f.office, f.metric, f.labels, f.calendar, f.period"
	" FROM unnest($3::bigint[], $4::integer[]) AS c(entry, run) JOIN lantoa.figure f"
	" USING (entry, run) WHERE f.province = $1),"
	" best AS (SELECT DISTINCT ON (f.office, f.metric, f.labels, f.calendar, f.period)"
	" f.office, f.metric, f.labels, f.calendar, f.period, f.entry, f.run, f.point, f.day,"
	" f.value FROM touched JOIN lantoa.figure f USING (office, metric, labels, calendar,"
	" period) WHERE f.province = $1 AND NOT EXISTS (SELECT FROM lantoa.quarantine q"
	" WHERE q.province = $1 AND q.journal = f.entry AND q.run = f.run AND q.known_to IS NULL"
	" AND q.released_us IS NULL AND (q.point = -1"
	" OR f.point BETWEEN q.point AND q.point + q.observations - 1))"
	" ORDER BY f.office, f.metric, f.labels, f.calendar, f.period, f.entry DESC, f.run DESC),"
	" stood AS (SELECT f.office, f.metric, f.labels, f.calendar, f.period, f.entry AS "
	"was_entry,"
	" f.run AS was_run FROM touched JOIN lantoa.figure f USING (office, metric, labels,"
	" calendar, period) WHERE f.province = $1 AND f.known_to IS NULL),"
	" closed AS (UPDATE lantoa.figure f SET known_to = $2::bigint FROM stood s LEFT JOIN best b"
	" USING (office, metric, labels, calendar, period) WHERE f.province = $1"
	" AND f.office = s.office AND f.metric = s.metric AND f.labels = s.labels"
	" AND f.calendar = s.calendar AND f.period = s.period AND f.known_to IS NULL"
	" AND (b.entry, b.run) IS DISTINCT FROM (s.was_entry, s.was_run))"
	" INSERT INTO lantoa.figure(" FIGURE_COLUMNS ") SELECT $1, office, metric, labels,"
	" calendar, period, $2::bigint, run, point, entry, NULL, day, value FROM best"
	" LEFT JOIN stood USING (office, metric, labels, calendar, period)"
	" WHERE (entry, run) IS DISTINCT FROM (was_entry, was_run)";

/* --- what is put together --- */

struct pending { /* a figure of the batches since the last event; texts are the page's */
	const char *office, *metric, *labels, *calendar, *period, *day;
	const char *value;            /* NULL: withdrawn */
	int64_t known_from, known_to; /* known_to 0: it stands */
	int64_t entry;
	size_t run, point;
	bool closes; /* it may take the place of one that stands in the table */
};

#define KEY_LISTS 5u /* office, metric, labels, calendar, period */
#define LISTS     12u

enum entry_list {
	OF_OFFICE,
	OF_SPOOL,
	OF_SEQ,
	OF_JOURNAL,
	OF_POSITION,
	OF_DAY,
	OF_RECEIVED,
	OF_LINK,
	OF_LISTS
};

struct change_rows {
	char *province; /* owned */
	struct row_step *steps;
	size_t n, room;
	char **texts; /* owned [n_texts], each owned: what steps lend */
	size_t n_texts;
	struct pending *pending; /* owned [n_pending] */
	size_t n_pending, pending_room;
	struct hash_index index; /* of those that stand */
	struct blob lists[LISTS], entries[OF_LISTS];
	bool fresh; /* the tables hold what was taken here, and nothing else */
	uint64_t
		*seen; /* owned [seen_slots]: hashes of keys that were taken since; 0: it is free */
	size_t n_seen, seen_slots;
	size_t n_entries;
	json_t *held; /* owned: rows of quarantine that came with batches */
	uint64_t figures, damaged;
	bool no_memory;
};

int change_rows_open(const char *province, struct change_rows **ret_rows, struct err *err)
{
	struct change_rows *rows = calloc(1, sizeof(*rows));
	if (!rows || !(rows->province = strdup(province))) {
		free(rows);
		return err_memory(err);
	}
	*ret_rows = rows;
	return 0;
}

static void clear(struct change_rows *rows)
{
	for (size_t i = 0; i < rows->n_texts; i++)
		free(rows->texts[i]);
	if (rows->n_pending > 0) /* of a page that could not be taken: the index leads to them */
		hash_index_clear(&rows->index);
	rows->n = rows->n_texts = rows->n_pending = rows->n_entries = 0;
	rows->figures = rows->damaged = 0;
	rows->no_memory = false;
	for (size_t i = 0; i < LISTS; i++)
		rows->lists[i].len = 0;
	for (size_t i = 0; i < OF_LISTS; i++)
		rows->entries[i].len = 0;
	json_decref(rows->held);
	rows->held = NULL;
}

void change_rows_close(struct change_rows *rows)
{
	if (!rows)
		return;
	clear(rows);
	for (size_t i = 0; i < LISTS; i++)
		blob_free(&rows->lists[i]);
	for (size_t i = 0; i < OF_LISTS; i++)
		blob_free(&rows->entries[i]);
	hash_index_deinit(&rows->index);
	free(rows->seen);
	free(rows->pending);
	free(rows->texts);
	free(rows->steps);
	free(rows->province);
	free(rows);
}

size_t change_rows_n(const struct change_rows *rows)
{
	return rows->n;
}

const struct row_step *change_rows_step(const struct change_rows *rows, size_t i)
{
	return &rows->steps[i];
}

uint64_t change_rows_figures(const struct change_rows *rows)
{
	return rows->figures;
}

uint64_t change_rows_damaged(const struct change_rows *rows)
{
	return rows->damaged;
}

/* --- steps --- */

/* @text is taken over; NULL: there was no memory for it. */
static const char *own(struct change_rows *rows, char *text)
{
	char **texts = text ? array_room(rows->texts, rows->n_texts, sizeof(*texts)) : NULL;
	if (!texts) {
		free(text);
		rows->no_memory = true;
		return "";
	}
	rows->texts = texts;
	return rows->texts[rows->n_texts++] = text;
}

static const char *own_number(struct change_rows *rows, int64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRId64, number); /* fits */
	return own(rows, strdup(text));
}

/* @json goes. */
static const char *own_json(struct change_rows *rows, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return own(rows, text);
}

/* What @blob holds, ended. The blob keeps its room. */
static const char *own_blob(struct change_rows *rows, struct blob *blob, const char *end)
{
	char *text = malloc(blob->len + strlen(end) + 1);
	if (text) {
		memcpy(text, blob->data, blob->len);
		strcpy(text + blob->len, end);
	}
	blob->len = 0;
	return own(rows, text);
}

static struct row_step *step_add(struct change_rows *rows, const char *sql)
{
	static struct row_step spare; /* nobody reads it: no_memory is told at the end */
	if (ARRAY_RESERVE(rows->steps, rows->room, rows->n + 1) < 0) {
		rows->no_memory = true;
		return &spare;
	}
	rows->steps[rows->n] = (struct row_step){ .sql = sql, .expect = -1, .n_params = 1 };
	rows->steps[rows->n].params[0] = rows->province;
	return &rows->steps[rows->n++];
}

static void param(struct row_step *step, const char *text)
{
	if (step->n_params < ROW_PARAMS_MAX)
		step->params[step->n_params++] = text;
}

/* --- arrays, as PostgreSQL reads them: {"a","b",NULL} --- */

static void put(struct change_rows *rows, struct blob *list, const char *text, size_t len)
{
	if (blob_append(list, text, len) < 0)
		rows->no_memory = true;
}

static void list_part(struct change_rows *rows, struct blob *list)
{
	put(rows, list, list->len == 0 ? "{" : ",", 1);
}

static void list_text(struct change_rows *rows, struct blob *list, const char *text)
{
	list_part(rows, list);
	put(rows, list, "\"", 1);
	for (size_t n; *text; text += n) {
		n = strcspn(text, "\"\\");
		put(rows, list, text, n);
		if (text[n]) {
			put(rows, list, "\\", 1);
			put(rows, list, text + n++, 1);
		}
	}
	put(rows, list, "\"", 1);
}

/* Digits, dates and the like, which need no quoting; NULL: null. */
static void list_bare(struct change_rows *rows, struct blob *list, const char *text)
{
	list_part(rows, list);
	text = text ? text : "NULL";
	put(rows, list, text, strlen(text));
}

static void list_number(struct change_rows *rows, struct blob *list, int64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRId64, number); /* fits */
	list_bare(rows, list, text);
}

/* --- figures --- */

static uint32_t key_hash(uint32_t hash, const struct pending *p)
{
	hash = hash_text(hash, p->office);
	hash = hash_text(hash, p->metric);
	hash = hash_text(hash, p->labels);
	hash = hash_text(hash, p->calendar);
	return hash_text(hash, p->period);
}

static bool key_is(const struct pending *a, const struct pending *b)
{
	return strcmp(a->period, b->period) == 0 && strcmp(a->office, b->office) == 0 &&
	       strcmp(a->metric, b->metric) == 0 && strcmp(a->labels, b->labels) == 0 &&
	       strcmp(a->calendar, b->calendar) == 0;
}

static int index_grow(struct change_rows *rows)
{
	if (rows->n_pending < hash_index_room(&rows->index))
		return 0;
	if (hash_index_make(&rows->index, rows->n_pending * 2 + 1024) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n_pending; i++) {
		struct pending *p = &rows->pending[i];
		if (p->known_to != 0)
			continue;
		uint32_t *slot = hash_slot(&rows->index, key_hash(HASH_START, p));
		while (*slot)
			slot = hash_slot_next(&rows->index, slot);
		*slot = (uint32_t)i + 1;
	}
	return 0;
}

/* The first fill: which keys were taken before, by 64 bits of hash. Two keys of one hash cost a
 * look into the table, no more. */
static uint64_t *seen_slot(uint64_t *seen, size_t slots, uint64_t hash)
{
	size_t at = (size_t)hash & (slots - 1);
	while (seen[at] != 0 && seen[at] != hash)
		at = (at + 1) & (slots - 1);
	return &seen[at];
}

/* Was it taken before? From now on it is. When there is no more room, all may have been. */
static bool was_seen(struct change_rows *rows, const struct pending *p, uint32_t hash32)
{
	uint64_t hash = (uint64_t)key_hash(hash32 ^ 0x5bd1e995u, p) << 32 | hash32 | 1;
	if (rows->n_seen * 2 >= rows->seen_slots) {
		size_t slots = rows->seen_slots ? rows->seen_slots * 2 : 1u << 16;
		uint64_t *more = slots <= SEEN_SLOTS_MAX ? calloc(slots, sizeof(*more)) : NULL;
		if (!more) {
			change_rows_fresh(rows, false);
			return true;
		}
		for (size_t i = 0; i < rows->seen_slots; i++)
			if (rows->seen[i] != 0)
				*seen_slot(more, slots, rows->seen[i]) = rows->seen[i];
		free(rows->seen);
		rows->seen = more;
		rows->seen_slots = slots;
	}
	uint64_t *slot = seen_slot(rows->seen, rows->seen_slots, hash);
	if (*slot == hash)
		return true;
	*slot = hash;
	rows->n_seen++;
	return false;
}

void change_rows_fresh(struct change_rows *rows, bool fresh)
{
	rows->fresh = fresh;
	free(rows->seen);
	rows->seen = NULL;
	rows->n_seen = rows->seen_slots = 0;
}

/* It stands: what this page had in its place does no more. */
static int stand(struct change_rows *rows, struct pending *p)
{
	if (index_grow(rows) < 0)
		return -ENOMEM;
	uint32_t hash = key_hash(HASH_START, p);
	uint32_t *slot = hash_slot(&rows->index, hash);
	while (*slot && !key_is(&rows->pending[*slot - 1], p))
		slot = hash_slot_next(&rows->index, slot);
	if (*slot)
		rows->pending[*slot - 1].known_to = p->known_from;
	else
		p->closes = !rows->fresh || was_seen(rows, p, hash);
	*slot = (uint32_t)rows->n_pending + 1;
	return 0;
}

static int figure_take(struct change_rows *rows, const struct changes_item *item,
		       const struct changes_figure *figure, struct err *err)
{
	struct pending p = { .office = item->batch.office,
			     .metric = figure->metric,
			     .labels = figure->labels,
			     .calendar = figure->calendar,
			     .period = figure->period,
			     .day = item->batch.day,
			     .value = figure->value,
			     .known_from = item->position,
			     .entry = item->batch.entry,
			     .run = figure->run,
			     .point = figure->point };
	if (ARRAY_RESERVE(rows->pending, rows->pending_room, rows->n_pending + 1) < 0)
		return err_memory(err);
	if (figure->held) { /* it never stood, unless it is released */
		p.known_to = item->position;
		if (rows->fresh) /* and then the next one must look for it */
			(void)was_seen(rows, &p, key_hash(HASH_START, &p));
	} else if (stand(rows, &p) < 0) {
		return err_memory(err);
	}
	rows->pending[rows->n_pending++] = p;
	rows->figures++;
	return 0;
}

static void key_list(struct change_rows *rows, const struct pending *p)
{
	list_text(rows, &rows->lists[0], p->office);
	list_text(rows, &rows->lists[1], p->metric);
	list_text(rows, &rows->lists[2], p->labels);
	list_bare(rows, &rows->lists[3], p->calendar);
	list_bare(rows, &rows->lists[4], p->period);
}

static void closed_put(struct change_rows *rows)
{
	size_t n = 0;
	for (size_t i = 0; i < rows->n_pending; i++) {
		const struct pending *p = &rows->pending[i];
		if (!p->closes)
			continue;
		key_list(rows, p);
		list_number(rows, &rows->lists[KEY_LISTS], p->known_from);
		n++;
	}
	if (n == 0)
		return;
	struct row_step *step = step_add(rows, close_figures);
	for (size_t i = 0; i <= KEY_LISTS; i++)
		param(step, own_blob(rows, &rows->lists[i], "}"));
}

static void listed_put(struct change_rows *rows)
{
	for (size_t i = 0; i < rows->n_pending; i++) {
		const struct pending *p = &rows->pending[i];
		struct blob *list = &rows->lists[KEY_LISTS];
		key_list(rows, p);
		list_number(rows, list++, p->known_from);
		list_number(rows, list++, (int64_t)p->run);
		list_number(rows, list++, (int64_t)p->point);
		list_number(rows, list++, p->entry);
		if (p->known_to == 0)
			list_bare(rows, list++, NULL);
		else
			list_number(rows, list++, p->known_to);
		list_bare(rows, list++, p->day);
		list_bare(rows, list++, p->value);
	}
	struct row_step *step = step_add(rows, put_figures);
	for (size_t i = 0; i < LISTS; i++)
		param(step, own_blob(rows, &rows->lists[i], "}"));
	step->expect = (int64_t)rows->n_pending;
	step->table = "figure";
}

/* A column of what COPY reads. */
static void copy_text(struct change_rows *rows, struct blob *out, const char *text, char end)
{
	for (size_t n; *text; text += n) {
		n = strcspn(text, "\\\t\n\r");
		put(rows, out, text, n);
		if (text[n]) {
			static const char plain[] = "\\\t\n\r", told[] = "\\tnr";
			char pair[2] = { '\\', told[strchr(plain, text[n]) - plain] };
			put(rows, out, pair, 2);
			n++;
		}
	}
	put(rows, out, &end, 1);
}

static void copied_put(struct change_rows *rows)
{
	struct blob *out = &rows->lists[0];
	char numbers[128], known_to[24];
	for (size_t i = 0; i < rows->n_pending; i++) {
		const struct pending *p = &rows->pending[i];
		copy_text(rows, out, rows->province, '\t');
		copy_text(rows, out, p->office, '\t');
		copy_text(rows, out, p->metric, '\t');
		copy_text(rows, out, p->labels, '\t');
		copy_text(rows, out, p->calendar, '\t');
		copy_text(rows, out, p->period, '\t');
		(void)snprintf(known_to, sizeof(known_to), "%" PRId64, p->known_to); /* these fit */
		int len = snprintf(numbers, sizeof(numbers),
				   "%" PRId64 "\t%zu\t%zu\t%" PRId64 "\t%s\t", p->known_from,
				   p->run, p->point, p->entry, p->known_to ? known_to : "\\N");
		put(rows, out, numbers, (size_t)len);
		copy_text(rows, out, p->day, '\t');
		if (p->value)
			copy_text(rows, out, p->value, '\n');
		else
			put(rows, out, "\\N\n", 3);
	}
	struct row_step *step = step_add(rows, copy_figures);
	step->is_copy = true;
	step->copy_len = out->len;
	step->params[0] = own_blob(rows, out, "");
	step->expect = (int64_t)rows->n_pending;
	step->table = "figure";
}

/* All that batches brought since the last event. */
static void flush(struct change_rows *rows)
{
	if (rows->n_entries > 0) {
		struct row_step *step = step_add(rows, put_entries);
		step->expect = (int64_t)rows->n_entries;
		step->table = "entry";
		for (size_t i = 0; i < OF_LISTS; i++)
			param(step, own_blob(rows, &rows->entries[i], "}"));
	}
	closed_put(rows);
	if (rows->n_pending >= COPY_MIN)
		copied_put(rows);
	else if (rows->n_pending > 0)
		listed_put(rows);
	if (rows->held) {
		struct row_step *step = step_add(rows, change_table_find("quarantine")->add);
		step->params[0] = own_json(rows, rows->held);
		rows->held = NULL;
	}
	rows->n_pending = rows->n_entries = 0;
	if (rows->index.n_slots > 0)
		hash_index_clear(&rows->index);
}

static int unfit(struct err *err, const char *what)
{
	return err_set(err, -EBADMSG,
		       "the ledger says what it cannot (%s); is the aggregator of another version?",
		       what);
}

static int holds_take(struct change_rows *rows, const struct changes_item *item, struct err *err)
{
	size_t i;
	json_t *hold;
	json_array_foreach((json_t *)item->batch.holds, i, hold) {
		json_t *row = json_pack("{s:s, s:I, s:O, s:O, s:O, s:O, s:I}", "province",
					rows->province, "journal", (json_int_t)item->batch.entry,
					"run", json_array_get(hold, 0), "point",
					json_array_get(hold, 1), "observations",
					json_array_get(hold, 2), "verdict", json_array_get(hold, 3),
					"known_from", (json_int_t)item->position);
		if (!row)
			return unfit(err, "holds");
		if (!rows->held)
			rows->held = json_array();
		if (json_array_append_new(rows->held, row) < 0)
			return err_memory(err);
	}
	return 0;
}

static int batch_take(struct change_rows *rows, const struct changes_item *item, struct err *err)
{
	struct changes_figure figure = { 0 };
	char spool[24];
	int rc;
	if (!item->batch.figures)
		return unfit(err, "a batch without figures");
	(void)snprintf(spool, sizeof(spool), "%" PRIu64, item->batch.spool); /* fits */
	list_text(rows, &rows->entries[OF_OFFICE], item->batch.office);
	list_bare(rows, &rows->entries[OF_SPOOL], spool);
	list_number(rows, &rows->entries[OF_SEQ], item->batch.seq);
	list_number(rows, &rows->entries[OF_JOURNAL], item->batch.entry);
	list_number(rows, &rows->entries[OF_POSITION], item->position);
	list_bare(rows, &rows->entries[OF_DAY], item->batch.day);
	list_number(rows, &rows->entries[OF_RECEIVED], item->at_us);
	list_text(rows, &rows->entries[OF_LINK], item->link);
	rows->n_entries++;
	while ((rc = changes_figure_next(item, &figure, err)) == 1)
		if ((rc = figure_take(rows, item, &figure, err)) < 0)
			return rc;
	return rc < 0 ? rc : holds_take(rows, item, err);
}

/* --- events --- */

static json_t *value_convert(const struct change_column *column, const json_t *value)
{
	json_int_t number = json_integer_value(value);
	char day[DAY_TEXT_MAX];
	if (!json_is_integer(value))
		return json_deep_copy(value);
	switch (column->value) {
	case VALUE_DAY:
		return number < DAY_MIN || number > DAY_MAX
			       ? json_null()
			       : json_string(day_format((int32_t)number, day));
	case VALUE_VERDICT:
		return json_string(number >= 0 && number < VERDICT_COUNT
					   ? verdict_word((enum verdict)number)
					   : "?");
	case VALUE_CALENDAR:
		return json_string(calendar_name((enum calendar)(number == CALENDAR_REPORT)));
	case VALUE_GRAIN:
		return json_string(
			number >= 0 && number < GRAIN_COUNT ? grain_name((enum grain)number) : "?");
	case VALUE_PLAIN:
		break;
	}
	return json_integer(number);
}

/* Rows of one table in one event, of which each may change more than once: what counts is what was
 * before the event, and what is after it. */
struct changing {
	const struct change_table *table;
	json_t *keys;     /* owned: key as text -> place in the lists */
	json_t *was, *is; /* owned arrays: row before the event, row after it; null: none */
};

static json_t *row_of(const struct change_rows *rows, const struct change_table *table,
		      const json_t *columns, const json_t *cells, int64_t position,
		      json_t **ret_key)
{
	json_t *row = json_pack("{s:s, s:I}", "province", rows->province, "known_from",
				(json_int_t)position);
	json_t *key = json_array();
	for (const struct change_column *column = table->columns; column->name; column++) {
		const json_t *value = NULL;
		for (size_t i = 0; i < json_array_size(columns) && !value; i++) {
			const char *name = json_string_value(json_array_get(columns, i));
			if (name && strcmp(name, column->name) == 0)
				value = json_array_get(cells, i);
		}
		json_t *converted = value ? value_convert(column, value) : json_null();
		if (column->key)
			(void)json_array_append(key, converted); /* a key cut short is told below */
		if (json_object_set_new(row, column->name, converted) < 0) {
			json_decref(row);
			row = NULL;
			break;
		}
	}
	*ret_key = key;
	return row;
}

static int row_change(struct change_rows *rows, struct changing *c, const json_t *columns,
		      const json_t *cells, bool comes, int64_t position, struct err *err)
{
	json_t *key = NULL;
	if (!json_is_array(cells))
		return 0;
	json_t *row = row_of(rows, c->table, columns, cells, position, &key);
	char *text = row ? json_dumps(key, JSON_COMPACT) : NULL;
	json_decref(key);
	if (!text) {
		json_decref(row);
		return err_memory(err);
	}
	const json_t *place = json_object_get(c->keys, text);
	size_t at = place ? (size_t)json_integer_value(place) : json_array_size(c->was);
	int rc = 0;
	if (!place) {
		rc |= json_object_set_new(c->keys, text, json_integer((json_int_t)at));
		rc |= comes ? json_array_append_new(c->was, json_null())
			    : json_array_append(c->was, row);
		rc |= json_array_append_new(c->is, json_null());
	}
	rc |= comes ? json_array_set(c->is, at, row) : json_array_set_new(c->is, at, json_null());
	free(text);
	json_decref(row);
	return rc < 0 ? err_memory(err) : 0;
}

/* Without those that are null. */
static json_t *rows_there(const json_t *list, size_t *ret_n)
{
	json_t *there = json_array(), *row;
	size_t i;
	json_array_foreach((json_t *)list, i, row) {
		if (json_is_object(row) && json_array_append(there, row) < 0) {
			json_decref(there);
			return NULL;
		}
	}
	*ret_n = json_array_size(there);
	return there;
}

/* What stands of figures that are held or released has to be looked up anew. */
static void restand(struct change_rows *rows, const struct changing *c, int64_t position)
{
	struct blob entries = { 0 }, runs = { 0 };
	json_t *was, *is;
	size_t i;
	json_array_foreach(c->was, i, was) {
		is = json_array_get(c->is, i);
		const json_t *row = json_is_object(is) ? is : was;
		if (!json_is_object(row))
			continue;
		list_number(rows, &entries, json_integer_value(json_object_get(row, "journal")));
		list_number(rows, &runs, json_integer_value(json_object_get(row, "run")));
	}
	if (entries.len > 0) {
		struct row_step *step = step_add(rows, stand_anew);
		param(step, own_number(rows, position));
		param(step, own_blob(rows, &entries, "}"));
		param(step, own_blob(rows, &runs, "}"));
	}
	blob_free(&entries);
	blob_free(&runs);
}

static void changed_put(struct change_rows *rows, const struct changing *c, int64_t position)
{
	size_t gone = 0, came = 0;
	json_t *was = rows_there(c->was, &gone), *is = rows_there(c->is, &came);
	if (!was || !is)
		rows->no_memory = true;
	if (gone > 0) {
		struct row_step *step = step_add(rows, c->table->close);
		step->expect = (int64_t)gone;
		step->table = c->table->name;
		param(step, own_number(rows, position));
		param(step, own_json(rows, json_incref(was)));
	}
	if (came > 0)
		step_add(rows, c->table->add)->params[0] = own_json(rows, json_incref(is));
	json_decref(was);
	json_decref(is);
	if (strcmp(c->table->name, "quarantine") == 0)
		restand(rows, c, position);
}

static int table_take(struct change_rows *rows, const struct change_table *table,
		      const json_t *changed, int64_t position, struct err *err)
{
	const json_t *columns = json_object_get(changed, "columns"),
		     *changes = json_object_get(changed, "changes");
	struct changing c = { table, json_object(), json_array(), json_array() };
	int rc = c.keys && c.was && c.is ? 0 : err_memory(err);
	if (rc == 0 && (!json_is_array(columns) || !json_is_array(changes)))
		rc = unfit(err, table->name);
	for (size_t i = 0; i < json_array_size(changes) && rc == 0; i++) {
		const json_t *change = json_array_get(changes, i);
		rc = row_change(rows, &c, columns, json_array_get(change, 0), false, position, err);
		if (rc == 0)
			rc = row_change(rows, &c, columns, json_array_get(change, 1), true,
					position, err);
	}
	if (rc == 0)
		changed_put(rows, &c, position);
	json_decref(c.keys);
	json_decref(c.was);
	json_decref(c.is);
	return rc;
}

/* The text of the newest edition that came, of the rows (id, imported_us, csv). NULL: none did. */
static const char *newest_text(const json_t *changed)
{
	json_t *change;
	const char *text = NULL;
	size_t i;
	json_array_foreach(json_object_get(changed, "changes"), i, change) {
		const json_t *is = json_array_get(change, 1);
		const json_t *csv = json_array_get(is, json_array_size(is) - 1);
		if (json_is_array(is) && json_object_get(csv, "text"))
			text = json_string_value(json_object_get(csv, "text"));
	}
	return text;
}

static json_t *line_of(const struct change_rows *rows, const char *file, const struct table *table,
		       size_t row, int64_t position)
{
	json_t *cells = json_object();
	for (size_t i = 0; i < table_columns(table); i++) {
		const char *cell = table_cell(table, row, i);
		if (cell &&
		    json_object_set_new(cells, table_column(table, i), json_string(cell)) < 0) {
			json_decref(cells);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:I, s:o, s:I}", "province", rows->province, "file", file,
			 "number", (json_int_t)row + 1, "cells", cells, "known_from",
			 (json_int_t)position);
}

/* An imported file, which takes the place of the one before. */
static int file_take(struct change_rows *rows, const char *file, const json_t *changed,
		     int64_t position, struct err *err)
{
	const char *text = newest_text(changed);
	struct table *table = NULL;
	json_t *lines = json_array();
	int rc = text ? csv_table(text, strlen(text), &table, err) : 0;
	for (size_t i = 0; table && i < table_rows(table) && rc == 0; i++)
		if (json_array_append_new(lines, line_of(rows, file, table, i, position)) < 0)
			rc = err_memory(err);
	if (rc == 0 && table) {
		struct row_step *step = step_add(rows, close_lines);
		param(step, own_number(rows, position));
		param(step, own(rows, strdup(file)));
		step_add(rows, add_lines)->params[0] = own_json(rows, json_incref(lines));
	}
	json_decref(lines);
	table_close(table);
	return rc;
}

static int event_take(struct change_rows *rows, const struct changes_item *item, struct err *err)
{
	const char *name;
	json_t *changed;
	int rc = item->event.body ? 0 : unfit(err, "an event as text");
	flush(rows);
	json_object_foreach(json_object_get(item->event.body, "rows"), name, changed) {
		const struct change_table *table = change_table_find(name);
		if (rc == 0 && table)
			rc = table_take(rows, table, changed, item->position, err);
		else if (rc == 0 && change_table_is_file(name))
			rc = file_take(rows, name, changed, item->position, err);
	}
	if (rc < 0)
		return rc;
	struct row_step *step = step_add(rows, put_event);
	param(step, own_number(rows, item->position));
	param(step, own_number(rows, item->event.id));
	param(step, own_number(rows, item->event.after_entry));
	param(step, own(rows, strdup(item->event.name)));
	param(step, own_number(rows, item->at_us));
	param(step, own(rows, strdup(item->event.who)));
	param(step, own(rows, strdup(item->event.detail)));
	param(step, own_json(rows, json_incref((json_t *)item->event.body)));
	param(step, own(rows, strdup(item->link)));
	return 0;
}

/* Of what a disk damaged there is nothing but that it was there. */
static void damaged_take(struct change_rows *rows, const struct changes_item *item)
{
	flush(rows);
	struct row_step *step = step_add(rows, put_event);
	param(step, own_number(rows, item->position));
	param(step, NULL);
	param(step, NULL);
	param(step, "damaged");
	param(step, NULL);
	param(step, NULL);
	param(step, own(rows, strdup(item->why)));
	param(step, NULL);
	param(step, NULL);
	rows->damaged++;
}

int change_rows_take(struct change_rows *rows, const struct changes_page *page, struct err *err)
{
	int rc = 0;
	clear(rows);
	for (size_t i = 0; i < page->n && rc == 0; i++) {
		struct changes_item item;
		rc = changes_item_read(page, i, &item, err);
		if (rc == 0 && item.kind == CHANGES_BATCH)
			rc = batch_take(rows, &item, err);
		else if (rc == 0 && item.kind == CHANGES_EVENT)
			rc = event_take(rows, &item, err);
		else if (rc == 0)
			damaged_take(rows, &item);
	}
	if (rc == 0)
		flush(rows);
	if (rc == 0 && rows->no_memory)
		rc = err_memory(err);
	log_debug("mirror: items %zu up to %" PRId64 " -> steps %zu figures %" PRIu64, page->n,
		  page->position, rows->n, rows->figures);
	if (rc < 0)
		clear(rows);
	return rc;
}
