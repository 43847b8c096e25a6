#include "ingest/contacts.h"

#include "common/base/array.h"
#include "common/base/container.h"
#include "common/base/log.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "registry/hands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BESIDE_US INT64_C(150000000) /* nearly two pings: agents ping every 80 s */

struct contacts {
	struct store *store; /* outlives us */
	struct contact_list all;
	struct contact_list news; /* that the job at hand writes */
	struct store_job job;
	uv_timer_t timer;
	bool open, writing, stopping;
	void (*on_change)(void *context);
	void *context;
};

/* --- the list --- */

/* Where @office with @key is, or would go. */
static size_t place_of(const struct contact_list *contacts, int64_t office, int64_t key)
{
	return search_first(
		i, contacts->n,
		contacts->list[i].office < office ||
			(contacts->list[i].office == office && contacts->list[i].key < key));
}

static bool is_there(const struct contact_list *contacts, size_t place, int64_t office, int64_t key)
{
	return place < contacts->n && contacts->list[place].office == office &&
	       contacts->list[place].key == key;
}

const struct contact *contact_list_of(const struct contact_list *contacts, int64_t office,
				      size_t *ret_n)
{
	size_t first = place_of(contacts, office, INT64_MIN), end = first;
	while (end < contacts->n && contacts->list[end].office == office)
		end++;
	*ret_n = end - first;
	return end > first ? &contacts->list[first] : NULL;
}

const struct contact *contact_list_newest(const struct contact_list *contacts, int64_t office)
{
	size_t n;
	const struct contact *of = contact_list_of(contacts, office, &n), *newest = of;
	for (size_t i = 1; i < n; i++)
		if (of[i].at_us >= newest->at_us)
			newest = &of[i];
	return newest;
}

int64_t contact_list_at(const struct contact_list *contacts, int64_t office)
{
	const struct contact *newest = contact_list_newest(contacts, office);
	return newest ? newest->at_us : 0;
}

void contact_list_free(struct contact_list *contacts)
{
	free(contacts->list);
	*contacts = (struct contact_list){ 0 };
}

/* The contact of that key, made when it is not there. NULL: out of memory. */
static struct contact *enter(struct contacts *contacts, int64_t office, int64_t key)
{
	struct contact_list *all = &contacts->all;
	size_t place = place_of(all, office, key);
	if (!is_there(all, place, office, key)) {
		struct contact *list = array_room(all->list, all->n, sizeof(*list));
		if (!list)
			return NULL;
		all->list = list;
		memmove(&all->list[place + 1], &all->list[place],
			(all->n - place) * sizeof(*all->list));
		all->n++;
		all->list[place] = (struct contact){ .office = office, .key = key };
	}
	return &all->list[place];
}

/* --- what is heard --- */

/* An agent that connects again leaves its connection before behind, and what it had sent over that
 * one may be handed out a little later. So two machines are known by the older connection speaking
 * after the newer one has been there for a while. Both are heard within that time: agents ping. */
static void line_note(struct contact *contact, const uint8_t id[8], int64_t now_us)
{
	struct contact_line *lines = contact->lines, *line = NULL, *other;
	for (int i = 0; i < 2; i++)
		if (lines[i].last_us != 0 && memcmp(lines[i].id, id, sizeof(lines[i].id)) == 0)
			line = &lines[i];
	if (!line) {
		line = &lines[lines[0].last_us > lines[1].last_us];
		*line = (struct contact_line){ .first_us = now_us };
		memcpy(line->id, id, sizeof(line->id));
	}
	line->last_us = now_us;
	other = &lines[line == &lines[0]];
	if (other->last_us != 0 && line->first_us <= other->first_us &&
	    now_us - other->first_us > BESIDE_US && now_us - other->last_us < BESIDE_US)
		contact->doubled_us = now_us;
}

void contacts_note(struct contacts *contacts, const struct listed_key *key, const uint8_t line[8])
{
	struct contact *contact = enter(contacts, key->office, key->id);
	if (!contact)
		return;
	contact->at_us = civil_now_us();
	contact->is_news = true;
	line_note(contact, line, contact->at_us);
}

static void take_condition(struct contact *contact, const Lantoa__V1__Condition *condition)
{
	contact->told_us = condition ? civil_now_us() : 0;
	contact->backlog = condition ? condition->backlog : 0;
	contact->oldest_us = condition ? condition->oldest_us : 0;
	contact->spool_full = condition ? condition->spool_full : 0;
	contact->clock = condition ? (int)condition->clock : 0;
	contact->push_interval_s = condition ? condition->push_interval_s : 0;
	contact->is_news = true;
}

void contacts_hello(struct contacts *contacts, const struct listed_key *key,
		    const Lantoa__V1__Hello *hello)
{
	struct contact *contact = enter(contacts, key->office, key->id);
	if (!contact)
		return;
	contact->hello_us = civil_now_us();
	contact->protocol = wire_protocol(hello->protocol_min, hello->protocol_max);
	(void)utf8_print(contact->version, sizeof(contact->version), "%s",
			 hello->version); /* cut is fine */
	take_condition(contact, hello->condition);
}

void contacts_condition(struct contacts *contacts, const struct listed_key *key,
			const Lantoa__V1__Condition *condition)
{
	struct contact *contact = condition ? enter(contacts, key->office, key->id) : NULL;
	if (contact)
		take_condition(contact, condition);
}

int64_t contact_patience_us(const struct contact *contact)
{
	uint64_t push_s = contact->push_interval_s, wait_s = 3 * push_s;
	if (wait_s < CONTACT_AT_LEAST_S)
		wait_s = CONTACT_AT_LEAST_S;
	if ((push_s == 0 || push_s >= CONTACT_RESTS_S) && wait_s < CONTACT_REST_S)
		wait_s = CONTACT_REST_S;
	return (int64_t)wait_s * 1000000;
}

const char *contact_clock_word(int clock)
{
	switch (clock) { /* the words of the agent's own status */
	case LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_BY_NOBODY:
		return "no one";
	case LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_BY_BATTERY:
		return "battery";
	case LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_BY_PROVINCE:
		return "province";
	case LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_BY_SYSTEM:
		return "kernel";
	default:
		return NULL;
	}
}

int contacts_copy(const struct contacts *contacts, struct contact_list *ret_list)
{
	size_t size = contacts->all.n * sizeof(struct contact);
	struct contact *list = malloc(size ? size : 1);
	if (!list)
		return -ENOMEM;
	if (size)
		memcpy(list, contacts->all.list, size);
	*ret_list = (struct contact_list){ list, contacts->all.n };
	return 0;
}

/* --- what is kept --- */

#define COLUMNS                                                                                    \
	"office, key, at_us, hello_us, protocol, version, told_us, backlog, oldest_us,"            \
	" spool_full, clock, push_s"

static void read_row(sqlite3_stmt *row, struct contact *ret, struct err *err)
{
	struct db_row at = { .stmt = row, .err = err };
	const struct contact read = {
		.office = db_row_int(&at, 0, INT64_MIN, INT64_MAX),
		.key = db_row_int(&at, 1, 0, INT64_MAX),
		.at_us = db_row_int(&at, 2, 0, INT64_MAX),
		.hello_us = db_row_int(&at, 3, 0, INT64_MAX),
		.protocol = (uint32_t)db_row_int(&at, 4, 0, UINT32_MAX),
		.told_us = db_row_int(&at, 6, 0, INT64_MAX),
		.backlog = (uint64_t)db_row_int(&at, 7, INT64_MIN, INT64_MAX),
		.oldest_us = db_row_int(&at, 8, INT64_MIN, INT64_MAX),
		.spool_full = (uint32_t)db_row_int(&at, 9, 0, UINT32_MAX),
		.clock = (int)db_row_int(&at, 10, INT32_MIN, INT32_MAX),
		.push_interval_s = (uint32_t)db_row_int(&at, 11, 0, UINT32_MAX),
	};
	*ret = read; /* what a disk damaged is nothing much, and is said anew (I11) */
	(void)utf8_print(ret->version, sizeof(ret->version), "%s", db_row_text(&at, 5));
}

static int kept_read(struct contacts *contacts, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(store_writer(contacts->store),
			    "SELECT " COLUMNS " FROM contact ORDER BY office, key", &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		struct contact read, *contact;
		struct err damaged;
		read_row(rows, &read, &damaged);
		contact = enter(contacts, read.office, read.key);
		rc = contact ? 0 : err_memory(err);
		if (contact)
			*contact = read;
	}
	sqlite3_finalize(rows);
	return rc;
}

/* Pings may have been forgotten with a kill since the last batch, and batches came before there was
 * such a table. Which key brought them is not known: the newest, or the one that may come in. */
static int batches_read(struct contacts *contacts, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc =
		db_prepare(store_writer(contacts->store),
			   "SELECT office, max(last_received_us), coalesce((SELECT id FROM"
			   " office_key k WHERE k.office = spool.office AND state IN (2, 4)"
			   " ORDER BY state, id DESC LIMIT 1), 0)"
			   " FROM spool WHERE upto > 0"
			   " AND NOT " HAND_IS("spool.office", "spool.spool_id") " GROUP BY office",
			   &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		int64_t office = sqlite3_column_int64(rows, 0),
			at_us = sqlite3_column_int64(rows, 1);
		const struct contact *newest = contact_list_newest(&contacts->all, office);
		struct contact *contact = enter(
			contacts, office, newest ? newest->key : sqlite3_column_int64(rows, 2));
		rc = contact ? 0 : err_memory(err);
		if (contact && contact->at_us < at_us)
			contact->at_us = at_us;
	}
	sqlite3_finalize(rows);
	return rc;
}

static int contacts_read(struct contacts *contacts, struct err *err)
{
	int rc = kept_read(contacts, err);
	return rc < 0 ? rc : batches_read(contacts, err);
}

static int keep_one(sqlite3_stmt *put, const struct contact *contact, struct err *err)
{
	const int64_t numbers[] = { contact->office,    contact->key,
				    contact->at_us,     contact->hello_us,
				    contact->protocol,  0,
				    contact->told_us,   (int64_t)contact->backlog,
				    contact->oldest_us, contact->spool_full,
				    contact->clock,     contact->push_interval_s };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sqlite3_bind_int64(put, (int)i + 1, numbers[i]);
	sqlite3_bind_text(put, 6, contact->version, -1, SQLITE_STATIC);
	return db_run(put, err);
}

static int keep_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	const struct contacts *contacts = container_of(job, struct contacts, job);
	sqlite3_stmt *put = NULL;
	(void)reference;
	int rc = db_prepare(db,
			    "INSERT OR REPLACE INTO contact(" COLUMNS ") VALUES"
			    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
			    &put, err);
	for (size_t i = 0; i < contacts->news.n && rc == 0; i++)
		rc = keep_one(put, &contacts->news.list[i], err);
	sqlite3_finalize(put);
	return rc;
}

/* Those that are news, which they no longer are then. */
static int news_take(struct contacts *contacts)
{
	struct contact_list *news = &contacts->news, *all = &contacts->all;
	int rc = contacts_copy(contacts, news);
	if (rc < 0)
		return rc;
	size_t n = 0;
	for (size_t i = 0; i < all->n; i++) {
		if (all->list[i].is_news)
			news->list[n++] = all->list[i];
		all->list[i].is_news = false;
	}
	news->n = n;
	return 0;
}

static void keep(struct contacts *contacts);

static void keep_done(struct store_job *job, int rc, const struct err *err)
{
	struct contacts *contacts = container_of(job, struct contacts, job);
	contacts->writing = false;
	if (rc < 0) {
		log_warn("contacts: cannot keep when offices were heard cause=\"%s\"", err->text);
		for (size_t i = 0; i < contacts->news.n; i++) { /* the next turn tries again */
			const struct contact *news = &contacts->news.list[i];
			contacts->all.list[place_of(&contacts->all, news->office, news->key)]
				.is_news = true;
		}
	}
	contact_list_free(&contacts->news);
	if (rc == 0 && contacts->stopping)
		keep(contacts); /* what was heard meanwhile */
	contacts->on_change(contacts->context);
}

static void keep(struct contacts *contacts)
{
	if (contacts->writing || news_take(contacts) < 0)
		return;
	if (contacts->news.n == 0) {
		contact_list_free(&contacts->news);
		return;
	}
	contacts->writing = true;
	contacts->job = (struct store_job){ .run = keep_run, .done = keep_done };
	store_write(contacts->store, &contacts->job);
}

/* --- life --- */

static void on_timer(uv_timer_t *timer)
{
	keep(container_of(timer, struct contacts, timer));
}

int contacts_open(struct store *store, void (*on_change)(void *context), void *context,
		  struct contacts **ret_contacts, struct err *err)
{
	struct contacts *contacts = calloc(1, sizeof(*contacts));
	if (!contacts)
		return err_memory(err);
	contacts->store = store;
	contacts->on_change = on_change;
	contacts->context = context;
	int rc = contacts_read(contacts, err);
	if (rc < 0) {
		contacts_close(contacts);
		return err_wrap(err, "when offices were heard");
	}
	*ret_contacts = contacts;
	return 0;
}

void contacts_start(struct contacts *contacts, uv_loop_t *loop)
{
	/* Neither can fail: the start has a callback. */
	(void)uv_timer_init(loop, &contacts->timer);
	(void)uv_timer_start(&contacts->timer, on_timer, CONTACTS_KEEP_S * 1000,
			     CONTACTS_KEEP_S * 1000);
	contacts->open = true;
}

static void on_closed(uv_handle_t *handle)
{
	struct contacts *contacts = container_of((uv_timer_t *)handle, struct contacts, timer);
	contacts->open = false;
	contacts->on_change(contacts->context);
}

void contacts_stop(struct contacts *contacts)
{
	contacts->stopping = true;
	keep(contacts);
	uv_close((uv_handle_t *)&contacts->timer, on_closed);
}

bool contacts_busy(const struct contacts *contacts)
{
	return contacts->open || contacts->writing;
}

void contacts_close(struct contacts *contacts)
{
	if (!contacts)
		return;
	contact_list_free(&contacts->all);
	free(contacts);
}
