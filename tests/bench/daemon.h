/* A real lantoa-aggregator, run as a child in a folder of its own, and what the kernel says of it.
 */
#pragma once

#include "common/base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct daemon {
	pid_t pid; /* 0: not running */
	char folder[64], api_socket[96];
};

/** A folder for one; daemon_remove() is due in any case. */
int daemon_prepare(struct daemon *ret_daemon, struct err *err);
/** Start @program in it, the first time or again, and return once it says that it is ready. It dies
 * with us. */
int daemon_launch(const char *program, struct daemon *daemon, struct err *err);
/** Both. */
int daemon_start(const char *program, struct daemon *ret_daemon, struct err *err);
/** Ask it to end and wait. An exit status other than 0 is -EPROTO. */
int daemon_stop(struct daemon *daemon, struct err *err);
/** kill -9. */
void daemon_kill(struct daemon *daemon);
/** End it in any case, and remove its folder. */
void daemon_remove(struct daemon *daemon);

uint64_t daemon_cpu_us(const struct daemon *daemon);         /* user and system, so far */
uint64_t daemon_peak_rss_bytes(const struct daemon *daemon); /* so far; 0 when unknown */
uint64_t daemon_disk_bytes(const struct daemon *daemon);     /* of the database and its log */
