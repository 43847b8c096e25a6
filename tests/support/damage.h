/* Damage to SQLite files, as disks and memory do it: bytes of pages, and cells that hold what no
 * statement of ours would have written. What the daemons make of such files is tried case by case,
 * each in a process of its own, so that one that dies names its seed. */
#pragma once

#include "support/seeds.h"

#include <stddef.h>
#include <stdint.h>

/** A file's bytes, whole. The caller frees. Failure is a failed test, as below. */
uint8_t *damage_read(const char *path, size_t *ret_len);
void damage_write(const char *path, const uint8_t *data, size_t len);

/** Change some bytes of @data [@len], a database of 4 KiB pages. */
void damage_bytes(struct dice *dice, uint8_t *data, size_t len);
/** Change one to three cells of the database at @path, whatever its schema forbids. */
void damage_cells(struct dice *dice, const char *path);

/** Put one of @words [@n], all of one length, in place of another of them, somewhere in @data: rows
 * that name each other otherwise then, lie in themselves, or are there twice. */
void damage_words(struct dice *dice, uint8_t *data, size_t len, const char *const words[],
		  size_t n);

/**
 * For each seed as for_all_seeds() has them: @prepare in this process, then @use in a child that
 * must end by itself and within a minute of CPU; what it says goes where ours does. All seeds
 * are tried; those that failed are named, and fail the test.
 */
void damage_try(uint64_t n, void (*prepare)(struct dice *dice, void *context),
		void (*use)(struct dice *dice, void *context), void *context);
