#include "support/scratch.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LEFT_MAX 256u /* tests of one process that fail; beyond, their folders stay */

static struct {
	char folders[LEFT_MAX][SCRATCH_MAX]; /* "": free */
	pid_t owner;                         /* a forked child removes nothing */
} left;

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *walk)
{
	(void)found, (void)kind, (void)walk;
	(void)remove(path); /* what cannot go stays */
	return 0;
}

void scratch_remove(const char *folder)
{
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < LEFT_MAX; i++)
		if (strcmp(left.folders[i], folder) == 0)
			left.folders[i][0] = 0;
}

static void remove_left(void)
{
	for (size_t i = 0; i < LEFT_MAX && left.owner == getpid(); i++)
		if (left.folders[i][0])
			scratch_remove(left.folders[i]);
}

void scratch_make(bool memory, char ret_folder[SCRATCH_MAX])
{
	(void)snprintf(ret_folder, SCRATCH_MAX, "%s/lantoa-test-XXXXXX",
		       memory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(ret_folder));
	if (left.owner == 0) {
		left.owner = getpid();
		assert_int_equal(atexit(remove_left), 0);
	}
	for (size_t i = 0; i < LEFT_MAX && left.owner == getpid(); i++)
		if (!left.folders[i][0]) {
			memcpy(left.folders[i], ret_folder, SCRATCH_MAX);
			return;
		}
}
