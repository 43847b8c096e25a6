/* A hash table of pages by key, open addressing; the pages themselves do not move. */
#include "rollup/page_cache.h"

#include "common/base/array.h"
#include "common/base/hash.h"
#include "rollup/page_store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	struct page_key key;
	struct page page;
	struct blob kept; /* the bytes as they are in the database */
	bool touched;     /* since they were */
};

struct pages {
	struct page_store *store; /* owned; NULL: nothing is read */
	struct slot **slots;      /* owned [n], in the order in which they were read */
	size_t n, slots_room;
	struct slot **touched; /* owned [n_touched], has room for all */
	size_t n_touched, touched_room;
	size_t bytes; /* of slots, entries and what is kept, with their room */
	int (*mend)(void *context, struct page_key key, struct page *ret_page, struct err *err);
	void *mend_context;
	struct hash_index table; /* of slots */
};

/* @db NULL: of no store. */
static struct pages *open_on(sqlite3 *db, bool next, struct err *err)
{
	struct pages *pages = calloc(1, sizeof(*pages));
	if (!pages) {
		(void)err_memory(err);
		return NULL;
	}
	if (db && !(pages->store = page_store_open(db, next, err))) {
		pages_close(pages);
		return NULL;
	}
	return pages;
}

struct pages *pages_open(sqlite3 *db, struct err *err)
{
	return open_on(db, false, err);
}

struct pages *pages_open_next(sqlite3 *db, struct err *err)
{
	return open_on(db, true, err);
}

void pages_begin(struct pages *pages)
{
	if (pages->store)
		page_store_begin(pages->store);
}

int pages_stale(struct pages *pages, int64_t office, int32_t day, struct err *err)
{
	return pages->store ? page_store_stale(pages->store, office, day, err) : 0;
}

void pages_clear(struct pages *pages)
{
	for (size_t i = 0; i < pages->n; i++) {
		page_free(&pages->slots[i]->page);
		blob_free(&pages->slots[i]->kept);
		free(pages->slots[i]);
	}
	pages->n = pages->n_touched = pages->bytes = 0;
	hash_index_clear(&pages->table);
}

void pages_close(struct pages *pages)
{
	if (!pages)
		return;
	pages_clear(pages);
	page_store_close(pages->store);
	free(pages->slots);
	free(pages->touched);
	hash_index_deinit(&pages->table);
	free(pages);
}

static size_t key_hash(struct page_key key)
{
	uint64_t h = (uint64_t)key.node * UINT64_C(0x9e3779b97f4a7c15);
	h ^= ((uint64_t)(uint32_t)key.bucket << 8 | (uint32_t)key.grain) *
	     UINT64_C(0xc2b2ae3d27d4eb4f);
	return (size_t)(h ^ (h >> 29));
}

static uint32_t *table_place(const struct pages *pages, struct page_key key)
{
	uint32_t *place = hash_slot(&pages->table, key_hash(key));
	while (*place && page_key_compare(pages->slots[*place - 1]->key, key) != 0)
		place = hash_slot_next(&pages->table, place);
	return place;
}

/* Room for one more. */
static int table_grow(struct pages *pages)
{
	if (ARRAY_RESERVE(pages->slots, pages->slots_room, pages->n + 1) < 0 ||
	    ARRAY_RESERVE(pages->touched, pages->touched_room, pages->n + 1) < 0)
		return -ENOMEM;
	if (pages->n < hash_index_room(&pages->table))
		return 0;
	if (hash_index_make(&pages->table, pages->n + 1) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < pages->n; i++)
		*table_place(pages, pages->slots[i]->key) = (uint32_t)i + 1;
	return 0;
}

static int slot_mend(struct pages *pages, struct slot *slot, struct err *err)
{
	int rc = pages->mend(pages->mend_context, slot->key, &slot->page, err);
	return rc < 0 ? rc : page_store_keep(pages->store, slot->key, &slot->page, err);
}

static int slot_read(struct pages *pages, struct slot *slot, struct err *err)
{
	if (!pages->store)
		return 0;
	int rc = page_store_read(pages->store, slot->key, &slot->kept, err);
	if (rc != 1)
		return rc;
	rc = page_load(slot->key, slot->kept.data, slot->kept.len, &slot->page, err);
	return rc == -EUCLEAN && pages->mend ? slot_mend(pages, slot, err) : rc;
}

void pages_mend_with(struct pages *pages,
		     int (*mend)(void *context, struct page_key key, struct page *ret_page,
				 struct err *err),
		     void *context)
{
	pages->mend = mend;
	pages->mend_context = context;
}

static int slot_add(struct pages *pages, struct page_key key, struct err *err)
{
	struct slot *slot = calloc(1, sizeof(*slot));
	if (!slot)
		return err_memory(err);
	slot->key = key;
	int rc = slot_read(pages, slot, err);
	if (rc < 0) {
		page_free(&slot->page);
		blob_free(&slot->kept);
		free(slot);
		return rc;
	}
	assert(pages->n < pages->slots_room);
	pages->slots[pages->n++] = slot;
	pages->bytes += sizeof(*slot) + slot->kept.room + slot->page.room * sizeof(struct entry);
	return 0;
}

int pages_get(struct pages *pages, struct page_key key, struct page **ret_page, struct err *err)
{
	if (table_grow(pages) < 0)
		return err_memory(err);
	uint32_t *place = table_place(pages, key);
	int rc = *place ? 0 : slot_add(pages, key, err);
	if (rc < 0)
		return rc;
	if (!*place)
		*place = (uint32_t)pages->n;
	struct slot *slot = pages->slots[*place - 1];
	if (!slot->touched)
		pages->touched[pages->n_touched++] = slot;
	slot->touched = true;
	*ret_page = &slot->page;
	return 0;
}

struct entry *pages_entry(struct pages *pages, struct page *page, uint32_t series)
{
	struct entry *entry = page_next(page, series);
	if (entry)
		return entry;
	size_t room = page->room;
	entry = page_entry(page, series);
	pages->bytes += (page->room - room) * sizeof(*entry);
	return entry;
}

int pages_visit(struct pages *pages,
		int (*on_page)(void *context, struct page_key key, struct page *page,
			       struct err *err),
		void *context, struct err *err)
{
	int rc = 0;
	size_t n = pages->n_touched;
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct slot *slot = pages->touched[i];
		rc = on_page(context, slot->key, &slot->page, err);
	}
	return rc;
}

size_t pages_bytes(const struct pages *pages)
{
	return pages->bytes;
}

static int by_key(const void *a, const void *b)
{
	return page_key_compare((*(struct slot *const *)a)->key, (*(struct slot *const *)b)->key);
}

static int each_touched(struct pages *pages,
			int (*on_slot)(void *context, struct slot *slot, struct blob *bytes,
				       struct err *err),
			void *context, struct err *err)
{
	struct blob bytes = { 0 };
	int rc = 0;
	if (pages->n_touched > 0)
		qsort(pages->touched, pages->n_touched, sizeof(struct slot *), by_key);
	for (size_t i = 0; i < pages->n_touched && rc == 0; i++) {
		struct slot *slot = pages->touched[i];
		slot->touched = false;
		bytes.len = 0;
		rc = page_encode(&slot->page, &bytes);
		rc = rc < 0 ? err_memory(err) : on_slot(context, slot, &bytes, err);
	}
	pages->n_touched = 0;
	blob_free(&bytes);
	if (rc < 0) /* some are written, some are not: none is as it should be */
		pages_clear(pages);
	return rc;
}

struct writing {
	struct pages *pages;
	size_t written;
};

static int write_slot(void *context, struct slot *slot, struct blob *bytes, struct err *err)
{
	struct writing *writing = context;
	if (bytes->len == slot->kept.len &&
	    (bytes->len == 0 || memcmp(bytes->data, slot->kept.data, bytes->len) == 0))
		return 0;
	writing->written++;
	int rc = page_store_write(writing->pages->store, slot->key, &slot->kept, bytes, err);
	if (rc < 0)
		return rc;
	/* A copy: where they were encoded there is room for the longest entries, eight times this.
	 */
	size_t room = slot->kept.room;
	slot->kept.len = 0;
	rc = blob_append(&slot->kept, bytes->data, bytes->len);
	writing->pages->bytes += slot->kept.room - room;
	return rc < 0 ? err_memory(err) : 0;
}

int pages_write(struct pages *pages, size_t *ret_written, struct err *err)
{
	struct writing writing = { .pages = pages };
	int rc = each_touched(pages, write_slot, &writing, err);
	if (rc == 0 && ret_written)
		*ret_written = writing.written;
	return rc;
}

struct handing {
	int (*on_page)(void *context, struct page_key key, const struct blob *bytes,
		       struct err *err);
	void *context;
};

static int hand_slot(void *context, struct slot *slot, struct blob *bytes, struct err *err)
{
	struct handing *handing = context;
	return bytes->len ? handing->on_page(handing->context, slot->key, bytes, err) : 0;
}

int pages_each(struct pages *pages,
	       int (*on_page)(void *context, struct page_key key, const struct blob *bytes,
			      struct err *err),
	       void *context, struct err *err)
{
	struct handing handing = { on_page, context };
	int rc = each_touched(pages, hand_slot, &handing, err);
	pages_clear(pages);
	return rc;
}
