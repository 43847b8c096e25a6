/* A file that comes from the aggregator: PATH.partial while it comes, PATH once it is whole and on
 * the disk, for nobody else to read. */
#pragma once

#include "common/base/err.h"

#include <limits.h>
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

struct download {
	char path[PATH_MAX], partial[PATH_MAX];
	int fd; /* owned; -1: closed */
	uint64_t len;
	crypto_generichash_state digest;
};

/** A partial one of before goes. -EEXIST: @path is there already; nothing is overwritten. -EBUSY:
 * somebody writes it just now. */
int download_open(const char *path, struct download *ret_download, struct err *err);
/** For a request's on_piece: @context is the download. */
int download_piece(void *context, const void *data, size_t len, struct err *err);
/** Only a file of @len bytes with this BLAKE2b-256 (@digest, hex) gets its name: -EBADMSG. */
int download_finish(struct download *download, uint64_t len, const char *digest, struct err *err);
/** Likewise whatever came: its sender's word is that it is whole. */
int download_keep(struct download *download, struct err *err);
/** What was not finished goes. */
void download_close(struct download *download);
