#include "ingest/contacts.h"

#include "common/base/array.h"
#include "common/base/container.h"
#include "common/base/log.h"
#include "common/base/search.h"
#include "common/model/civil.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* Where @office is, or would go. */
static size_t place_of(const struct contact_list *contacts, int64_t office)
{
	return search_first(i, contacts->n, contacts->list[i].office < office);
}

static bool is_there(const struct contact_list *contacts, size_t place, int64_t office)
{
	return place < contacts->n && contacts->list[place].office == office;
}

int64_t contact_list_at(const struct contact_list *contacts, int64_t office)
{
	size_t place = place_of(contacts, office);
	return is_there(contacts, place, office) ? contacts->list[place].at_us : 0;
}

void contact_list_free(struct contact_list *contacts)
{
	free(contacts->list);
	*contacts = (struct contact_list){ 0 };
}

static int contacts_set(struct contacts *contacts, int64_t office, int64_t at_us, bool is_news)
{
	struct contact_list *all = &contacts->all;
	size_t place = place_of(all, office);
	if (!is_there(all, place, office)) {
		struct contact *list = array_room(all->list, all->n, sizeof(*list));
		if (!list)
			return -ENOMEM;
		all->list = list;
		memmove(&all->list[place + 1], &all->list[place],
			(all->n - place) * sizeof(*all->list));
		all->n++;
	}
	all->list[place] = (struct contact){ office, at_us, is_news };
	return 0;
}

void contacts_note(struct contacts *contacts, int64_t office)
{
	(void)contacts_set(contacts, office, civil_now_us(), true); /* see the header */
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

/* Pings may have been forgotten with a kill since the last batch, and batches came before there was
 * such a table. */
static int contacts_read(struct contacts *contacts, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(
		store_writer(contacts->store),
		"SELECT office, max(at_us) FROM (SELECT office, at_us FROM contact UNION "
		"ALL"
		" SELECT office, last_received_us FROM spool WHERE upto > 0)"
		" GROUP BY office ORDER BY office",
		&rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		rc = contacts_set(contacts, sqlite3_column_int64(rows, 0),
				  sqlite3_column_int64(rows, 1), false);
		if (rc < 0)
			(void)err_memory(err);
	}
	sqlite3_finalize(rows);
	return rc;
}

static int keep_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	const struct contacts *contacts = container_of(job, struct contacts, job);
	sqlite3_stmt *put = NULL;
	(void)reference;
	int rc = db_prepare(db, "INSERT OR REPLACE INTO contact(office, at_us) VALUES(?, ?)", &put,
			    err);
	for (size_t i = 0; i < contacts->news.n && rc == 0; i++) {
		sqlite3_bind_int64(put, 1, contacts->news.list[i].office);
		sqlite3_bind_int64(put, 2, contacts->news.list[i].at_us);
		rc = db_step(put, err);
		sqlite3_reset(put);
	}
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
		for (size_t i = 0; i < contacts->news.n; i++) /* the next turn tries again */
			contacts->all.list[place_of(&contacts->all, contacts->news.list[i].office)]
				.is_news = true;
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
