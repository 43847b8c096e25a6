#include "inbox_core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct file {
	struct inbox_listed listed;
	uint64_t since_ms; /* it is as it is */
	uint64_t until_ms; /* not before; 0: no matter when */
	bool done, faulty;
};

struct inbox_core {
	struct file *files; /* owned [n], sorted by name */
	size_t n;
};

/* --- names --- */

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len && strcasecmp(name + len - end_len, end) == 0;
}

bool inbox_name_counts(const char *name)
{
	static const char *const ends[] = { ".part",     ".partial",    ".tmp", ".temp",
					    ".filepart", ".crdownload", ".swp", ".lock",
					    ".bak",      ".errors.csv", "~" };
	static const char *const others[] = { "desktop.ini", "thumbs.db", "done" };
	if (name[0] == '.' || name[0] == '~' || name[0] == '#')
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasecmp(name, others[i]) == 0)
			return false;
	return true;
}

/* --- looking --- */

bool inbox_stamp_same(const struct inbox_stamp *a, const struct inbox_stamp *b)
{
	return a->inode == b->inode && a->size == b->size && a->modified_ns == b->modified_ns &&
	       a->changed_ns == b->changed_ns;
}

static int by_name(const void *a, const void *b)
{
	const struct inbox_listed *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static struct file *find(const struct inbox_core *core, const char *name)
{
	size_t low = 0, high = core->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(core->files[middle].listed.name, name);
		if (order == 0)
			return &core->files[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct inbox_core *inbox_core_open(void)
{
	return calloc(1, sizeof(struct inbox_core));
}

void inbox_core_close(struct inbox_core *core)
{
	if (!core)
		return;
	free(core->files);
	free(core);
}

int inbox_core_look(struct inbox_core *core, struct inbox_listed list[], size_t n, uint64_t now_ms,
		    struct err *err)
{
	assert(n <= INBOX_FILES_MAX);
	struct file *files = n > 0 ? calloc(n, sizeof(*files)) : NULL;
	if (n > 0 && !files)
		return err_memory(err);
	if (n > 0)
		qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n; i++) {
		const struct file *known = find(core, list[i].name);
		files[i] = (struct file){ .listed = list[i], .since_ms = now_ms };
		if (known && inbox_stamp_same(&known->listed.stamp, &list[i].stamp))
			files[i] = *known;
	}
	free(core->files);
	core->files = files;
	core->n = n;
	return 0;
}

/* --- choosing --- */

static uint64_t wait_of(const struct file *file, uint64_t now_ms, uint64_t settle_ms)
{
	uint64_t from_ms = file->since_ms + settle_ms;
	if (from_ms < file->until_ms)
		from_ms = file->until_ms;
	return from_ms > now_ms ? from_ms - now_ms : 0;
}

const struct inbox_listed *inbox_core_next(const struct inbox_core *core, uint64_t now_ms,
					   uint64_t settle_ms, uint64_t *ret_wait_ms)
{
	const struct file *first = NULL;
	*ret_wait_ms = UINT64_MAX;
	for (size_t i = 0; i < core->n; i++) {
		const struct file *file = &core->files[i];
		uint64_t wait_ms = wait_of(file, now_ms, settle_ms);
		if (file->done)
			continue;
		if (wait_ms < *ret_wait_ms)
			*ret_wait_ms = wait_ms;
		if (wait_ms == 0 &&
		    (!first || file->listed.stamp.modified_ns < first->listed.stamp.modified_ns))
			first = file;
	}
	return first ? &first->listed : NULL;
}

void inbox_core_done(struct inbox_core *core, const char *name, const struct inbox_stamp *stamp,
		     bool faulty)
{
	struct file *file = find(core, name);
	if (!file)
		return;
	file->listed.stamp = *stamp;
	file->done = true;
	file->faulty = faulty;
}

void inbox_core_later(struct inbox_core *core, const char *name, uint64_t until_ms)
{
	struct file *file = find(core, name);
	if (file)
		file->until_ms = until_ms;
}

void inbox_core_anew(struct inbox_core *core)
{
	for (size_t i = 0; i < core->n; i++)
		core->files[i].done = false;
}

size_t inbox_core_faulty(const struct inbox_core *core, const char **ret_first)
{
	size_t n = 0;
	for (size_t i = core->n; i-- > 0;) {
		if (!core->files[i].done || !core->files[i].faulty)
			continue;
		n++;
		if (ret_first)
			*ret_first = core->files[i].listed.name;
	}
	return n;
}
