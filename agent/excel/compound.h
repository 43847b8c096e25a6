/* A compound file, as old Office programs write them ([MS-CFB]): streams in chains of sectors.
 * Nothing in it is believed: every sector is looked for within the file, and no chain is longer
 * than the file. */
#pragma once

#include "excel/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct compound;

/** @bytes outlive it. -1: it is none. */
int compound_open(const void *bytes, size_t len, struct compound **ret_compound,
		  struct fault *fault);
void compound_close(struct compound *compound); /* NULL is fine */
/** Is there a stream called @name (ASCII)? */
bool compound_has(const struct compound *compound, const char *name);
/** All of it; its caller frees it. -1: it is damaged, or there is no memory. */
int compound_read(const struct compound *compound, const char *name, uint8_t **ret_data,
		  size_t *ret_len, struct fault *fault);
