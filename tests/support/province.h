/* A province's database in a folder of its own, and texts to import; for tests of what stores. */
#pragma once

#include "common/base/err.h"
#include "schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct province {
	char folder[64], path[96];
	sqlite3 *db;
	struct err err;
};

static inline int province_setup(void **state)
{
	struct province *p = calloc(1, sizeof(*p));
	if (!p)
		return -1;
	(void)snprintf(p->folder, sizeof(p->folder), "/tmp/lantoa-province-XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	(void)snprintf(p->path, sizeof(p->path), "%s/province.db", p->folder);
	*state = p;
	return schema_open(p->path, false, &p->db, &p->err);
}

static inline int province_teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	struct province *p = *state;
	db_close(p->db);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s%s", p->path, ends[i]);
		(void)unlink(path); /* not all are there */
	}
	(void)rmdir(p->folder);
	free(p);
	return 0;
}

/** Commit when @rc is 0, else roll back; the outcome. */
static inline int province_end(struct province *p, int rc)
{
	if (rc == 0)
		return db_commit(p->db, &p->err);
	db_rollback(p->db);
	return rc;
}

/** The whole of a file, NUL-terminated; the caller frees. NULL: no such file. */
static inline char *file_text(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	char *text = calloc(1, 1u << 20); /* more than any file of ours */
	*ret_len = text ? fread(text, 1, (1u << 20) - 1, file) : 0;
	(void)fclose(file); /* only read */
	return text;
}
