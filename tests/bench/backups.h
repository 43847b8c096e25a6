/* lantoa backup, over and over while something else is measured, or once against cp. */
#pragma once

#include "common/base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct backups {
	const char *program;    /* lantoa; outlives it */
	const char *api_socket; /* likewise */
	const char *folder;     /* for the files; likewise */
	pid_t pid;              /* 0: none runs */
};

/** Make one after the other until backups_stop(). */
int backups_start(struct backups *backups, struct err *err);
/** End with the one at hand. @ret_n: how many were made. -EPROTO when one failed. */
int backups_stop(struct backups *backups, uint64_t *ret_n, struct err *err);

struct backup_times {
	uint64_t backup_us; /* until it is checked, fetched and synced */
	uint64_t copy_us;   /* of cp and sync on the file that came out */
	uint64_t bytes;
};
int backups_time(const struct backups *backups, struct backup_times *ret_times, struct err *err);
