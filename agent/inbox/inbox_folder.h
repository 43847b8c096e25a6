/* What lies in the inbox at a moment. Blocks on disk: for the worker. */
#pragma once

#include "common/base/err.h"
#include "common/base/utf8.h"
#include "inbox/inbox_core.h"

#include <stddef.h>
#include <stdint.h>

struct inbox_folder {
	int fd;                    /* -1: not open */
	uint64_t inode;            /* of the folder itself */
	struct inbox_listed *list; /* owned [n]; the files that count */
	size_t n, room;
	size_t told;            /* files that are not looked at for their names: INBOX_NAME_TOLD */
	char like[EXCERPT_MAX]; /* one of them; "" */
	size_t sheets;          /* of files that are gone, to be looked at again: INBOX_LOOK */
	char sheet[EXCERPT_MAX];
};

/** Open @path and list its files, INBOX_FILES_MAX at most: of more those that @core ranks lowest,
 * the newest first. The folder stays open for taking them. Returns 0; -ENOMEM; a negative errno,
 * and @err says what to do. */
int inbox_folder_look(struct inbox_folder *folder, const char *path, const struct inbox_core *core,
		      struct err *err);
/** Let go of the folder (it may be on a stick); the list stays. */
void inbox_folder_leave(struct inbox_folder *folder);
void inbox_folder_free(struct inbox_folder *folder);
