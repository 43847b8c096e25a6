#include "inbox/inbox_core.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct file {
	struct inbox_listed listed;
	uint64_t since_ms; /* it is as it is */
	uint64_t until_ms; /* not before; 0: no matter when */
	bool done, held;
	enum inbox_part part; /* when done */
};

struct remembered {
	char name[INBOX_NAME_MAX];
	uint64_t size;
	int64_t modified_ns;
	enum inbox_part part;
};

struct inbox_core {
	struct file *files; /* owned [n], sorted by name */
	size_t n;
	struct remembered *remembered; /* owned [n_remembered], the newest last */
	size_t n_remembered;
};

/* --- names --- */

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len && strcasecmp(name + len - end_len, end) == 0;
}

static bool is_hidden_table(const char *name)
{
	static const char *const tables[] = { ".csv", ".tsv", ".txt", ".xlsx", ".xls" };
	if (name[0] != '.' || name[1] == '_' || name[1] == '~') /* those two are other systems' */
		return false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (ends_with(name, tables[i]))
			return true;
	return false;
}

enum inbox_name inbox_name_judge(const char *name)
{
	static const char *const ends[] = { ".part",     ".partial",    ".tmp",         ".temp",
					    ".filepart", ".crdownload", ".swp",         ".lock",
					    ".bak",      ".errors.csv", ".errors.xlsx", "~" };
	static const char *const others[] = { "desktop.ini", "thumbs.db", "done" };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return INBOX_NAME_PASSED;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasecmp(name, others[i]) == 0)
			return INBOX_NAME_PASSED;
	if (utf8_plain(name, strlen(name)) < strlen(name) || is_hidden_table(name))
		return INBOX_NAME_TOLD;
	return name[0] == '.' || name[0] == '~' || name[0] == '#' ? INBOX_NAME_PASSED
								  : INBOX_NAME_COUNTS;
}

/* --- files --- */

struct inbox_stamp inbox_stamp_of(const struct stat *stat)
{
	return (struct inbox_stamp){
		.inode = stat->st_ino,
		.size = (uint64_t)stat->st_size,
		.modified_ns = stat->st_mtim.tv_sec * INT64_C(1000000000) + stat->st_mtim.tv_nsec,
		.changed_ns = stat->st_ctim.tv_sec * INT64_C(1000000000) + stat->st_ctim.tv_nsec,
	};
}

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
	size_t at = search_first(i, core->n, strcmp(core->files[i].listed.name, name) < 0);
	bool found = at < core->n && strcmp(core->files[at].listed.name, name) == 0;
	return found ? &core->files[at] : NULL;
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
	free(core->remembered);
	free(core);
}

/* --- remembering --- */

static const struct remembered *recalled(const struct inbox_core *core,
					 const struct inbox_listed *listed)
{
	for (size_t i = 0; i < core->n_remembered; i++) {
		const struct remembered *r = &core->remembered[i];
		if (r->part != INBOX_LOOK && r->size == listed->stamp.size &&
		    r->modified_ns == listed->stamp.modified_ns &&
		    strcmp(r->name, listed->name) == 0)
			return r;
	}
	return NULL;
}

static void forget(struct inbox_core *core, const char *name)
{
	for (size_t i = 0; i < core->n_remembered; i++)
		if (strcmp(core->remembered[i].name, name) == 0) {
			core->n_remembered--;
			memmove(&core->remembered[i], &core->remembered[i + 1],
				(core->n_remembered - i) * sizeof(core->remembered[0]));
			return;
		}
}

/* Without memory it is not remembered: then it is taken again after a restart. */
static int remember(struct inbox_core *core, const struct remembered *new)
{
	struct remembered *list = array_room(core->remembered, core->n_remembered, sizeof(*list));
	if (!list)
		return -ENOMEM;
	core->remembered = list;
	list[core->n_remembered++] = *new;
	if (core->n_remembered > INBOX_REMEMBERED_MAX)
		forget(core, list[0].name);
	return 0;
}

int inbox_core_remember(const struct inbox_core *core, struct blob *out)
{
	int rc = 0;
	for (size_t i = 0; i < core->n_remembered && rc == 0; i++) {
		const struct remembered *r = &core->remembered[i];
		char line[INBOX_NAME_MAX + 64];
		int len = snprintf(line, sizeof(line), "%d %" PRIu64 " %" PRId64 " %s\n", r->part,
				   r->size, r->modified_ns, r->name); /* fits */
		rc = blob_append(out, line, (size_t)len);
	}
	return rc;
}

static int recall_line(struct inbox_core *core, const char *line, size_t len)
{
	char text[INBOX_NAME_MAX + 64];
	struct remembered r = { .size = 0 };
	int name = 0, part;
	if (len >= sizeof(text))
		return 0;
	memcpy(text, line, len);
	text[len] = '\0';
	if (sscanf(text, "%d %" SCNu64 " %" SCNd64 " %n", &part, &r.size, &r.modified_ns, &name) !=
		    3 ||
	    strlen(text + name) >= sizeof(r.name))
		return 0;
	memcpy(r.name, text + name, strlen(text + name) + 1);
	r.part = part == INBOX_ALL || part == INBOX_LOOK ? (enum inbox_part)part : INBOX_SOME;
	return remember(core, &r);
}

int inbox_core_recall(struct inbox_core *core, const char *text, size_t len, struct err *err)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		if (recall_line(core, text, n) < 0)
			return err_memory(err);
		text += end ? n + 1 : n;
		len -= end ? n + 1 : n;
	}
	return 0;
}

/* --- looking --- */

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
		const struct remembered *r = known ? NULL : recalled(core, &list[i]);
		files[i] = (struct file){ .listed = list[i],
					  .since_ms = now_ms,
					  .done = r != NULL,
					  .part = r ? r->part : INBOX_NONE };
		if (known && inbox_stamp_same(&known->listed.stamp, &list[i].stamp))
			files[i] = *known;
	}
	free(core->files);
	core->files = files;
	core->n = n;
	return 0;
}

unsigned inbox_core_rank(const struct inbox_core *core, const struct inbox_listed *listed)
{
	const struct file *file = find(core, listed->name);
	if (!file)
		return recalled(core, listed) ? 1 : 0;
	if (!file->done || !inbox_stamp_same(&file->listed.stamp, &listed->stamp))
		return 0;
	return file->part == INBOX_NONE ? 2 : 1;
}

/* --- choosing --- */

const struct inbox_listed *inbox_core_next(const struct inbox_core *core, uint64_t now_ms,
					   uint64_t settle_ms, uint64_t *ret_wait_ms)
{
	const struct file *first = NULL;
	*ret_wait_ms = UINT64_MAX;
	for (size_t i = 0; i < core->n; i++) {
		const struct file *file = &core->files[i];
		uint64_t from_ms = file->since_ms + settle_ms;
		if (from_ms < file->until_ms)
			from_ms = file->until_ms;
		uint64_t wait_ms = from_ms > now_ms ? from_ms - now_ms : 0;
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
		     enum inbox_part part)
{
	struct remembered new = { .size = stamp->size,
				  .modified_ns = stamp->modified_ns,
				  .part = part };
	struct file *file = find(core, name);
	if (!file)
		return;
	file->listed.stamp = *stamp;
	file->done = true;
	file->held = false;
	file->part = part;
	forget(core, name);
	memcpy(new.name, file->listed.name, sizeof(new.name));
	if (part == INBOX_SOME || part == INBOX_ALL || part == INBOX_LOOK)
		(void)remember(core, &new); /* as said above */
}

void inbox_core_later(struct inbox_core *core, const char *name, uint64_t until_ms)
{
	struct file *file = find(core, name);
	if (file)
		file->until_ms = until_ms;
}

bool inbox_core_held(struct inbox_core *core, const char *name, uint64_t until_ms)
{
	struct file *file = find(core, name);
	if (!file)
		return false;
	bool before = file->held;
	file->until_ms = until_ms;
	file->held = true;
	return !before;
}

void inbox_core_anew(struct inbox_core *core)
{
	for (size_t i = 0; i < core->n; i++)
		if (core->files[i].part == INBOX_NONE)
			core->files[i].done = false;
}

bool inbox_core_look_again(const struct inbox_core *core, const char *name)
{
	for (size_t i = 0; i < core->n_remembered; i++)
		if (strcmp(core->remembered[i].name, name) == 0)
			return core->remembered[i].part == INBOX_LOOK;
	return false;
}

size_t inbox_core_count(const struct inbox_core *core, enum inbox_part part, const char **ret_first)
{
	size_t n = 0;
	for (size_t i = core->n; i-- > 0;) {
		if (!core->files[i].done || core->files[i].part != part)
			continue;
		n++;
		if (ret_first)
			*ret_first = core->files[i].listed.name;
	}
	return n;
}

size_t inbox_core_count_held(const struct inbox_core *core, const char **ret_first)
{
	size_t n = 0;
	for (size_t i = core->n; i-- > 0;) {
		if (!core->files[i].held)
			continue;
		n++;
		*ret_first = core->files[i].listed.name;
	}
	return n;
}
