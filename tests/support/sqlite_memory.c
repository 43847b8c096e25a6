/* SQLite's memory in tests under gcc's address sanitizer: from the C library itself.
 *
 * SQLite is the system's, not instrumented, and asks for memory at every step: three fifths of a
 * test's time went into accounting for it. clang's build leaves it under its sanitizer, where what
 * our code reads beyond a column's text, or after its statement went on, is seen (./check runs
 * both). That all of it is given back is seen here. */
#if defined(__SANITIZE_ADDRESS__) && !defined(__clang__)

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

/* glibc's own, behind malloc() and free(), which the sanitizer has in their place. */
extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *at, size_t size);
extern void __libc_free(void *at);

#define ROOM 16u /* before each piece: how many bytes it has */

static int size_of(void *piece)
{
	return piece ? *(const int *)((const char *)piece - ROOM) : 0;
}

static void *with_size(char *at, int size)
{
	if (!at)
		return NULL;
	*(int *)at = size;
	return at + ROOM;
}

static void *get(int size)
{
	return with_size(__libc_malloc((size_t)size + ROOM), size);
}

static void *change(void *piece, int size)
{
	return with_size(__libc_realloc((char *)piece - ROOM, (size_t)size + ROOM), size);
}

static void give_back(void *piece)
{
	if (piece)
		__libc_free((char *)piece - ROOM);
}

static int round_up(int size)
{
	return (size + 7) & ~7;
}

static int begin(void *nothing)
{
	(void)nothing;
	return SQLITE_OK;
}

static void end(void *nothing)
{
	(void)nothing;
}

static pid_t whose; /* a child has copies of what its parent opened */

/* What SQLite holds as long as the process lives is some pages and names of file systems. */
static void look(void)
{
	sqlite3_int64 left = sqlite3_memory_used();

	if (left < 16384 || getpid() != whose)
		return;
	fprintf(stderr, "SQLite still has %lld bytes: what was opened and not closed?\n",
		(long long)left);
	_exit(1);
}

__attribute__((constructor)) static void sqlite_memory_install(void)
{
	static const sqlite3_mem_methods methods = { get,      give_back, change, size_of,
						     round_up, begin,     end,    NULL };

	whose = getpid();
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK || atexit(look) != 0)
		abort();
}

#endif

const int sqlite_memory; /* the linker is asked for it, so that this file is in every test */
