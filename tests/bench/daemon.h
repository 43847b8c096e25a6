/* A real lantoa-aggregator, run as a child in a folder of its own, and what the kernel says of it.
 */
#pragma once

#include "err.h"

#include <stdint.h>
#include <sys/types.h>

struct daemon {
	pid_t pid; /* 0: not running */
	char folder[64], api_socket[96];
};

/** Start @program and return once it says that it is ready. It dies with us. On error nothing is
 * left running, but daemon_remove() is still due. */
int daemon_start(const char *program, struct daemon *ret_daemon, struct err *err);
/** Ask it to end and wait. An exit status other than 0 is -EPROTO. */
int daemon_stop(struct daemon *daemon, struct err *err);
/** End it in any case, and remove its folder. */
void daemon_remove(struct daemon *daemon);

uint64_t daemon_cpu_us(const struct daemon *daemon);         /* user and system, so far */
uint64_t daemon_peak_rss_bytes(const struct daemon *daemon); /* so far; 0 when unknown */
uint64_t daemon_disk_bytes(const struct daemon *daemon);     /* of the database and its log */
