/* INI configuration by table: it parses, checks and documents itself. Over inih: [section], key =
 * value, comments after '#' or ';' at the start of a line and after " ;" within one, lines of up to
 * 4096 bytes. Not for two threads at once. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_type {
	CONF_TEXT,         /* char *, owned by the struct */
	CONF_UINT,         /* uint32_t, range checked */
	CONF_BOOL,         /* bool: yes/no/true/false/1/0 */
	CONF_BYTES,        /* uint64_t: 512, 64K, 16M, 2G */
	CONF_ITEMS,        /* struct conf_items: sections of which there may be several */
	CONF_MINUTES,      /* uint32_t of seconds: 15 is minutes, 90s seconds */
	CONF_RESTART = 16, /* beside a type (CONF_TEXT | CONF_RESTART): read at a start alone */
};

struct conf_key {
	const char *section, *name;
	enum conf_type type;
	size_t offset;        /* in the caller's struct */
	const char *fallback; /* as text, parsed like the file's; NULL leaves it zero */
	uint64_t min, max;    /* of CONF_UINT, CONF_BYTES, CONF_MINUTES (seconds); max 0: as much as
				 the type holds */
	const char *help;     /* one line, for --help and the manual page */
};

/* A table may have sections of which there are as many as the file names: "[backup NAME]". Its key
 * of type CONF_ITEMS has that section (it ends in " NAME"), no name, min: the size of an item, max:
 * how many there may be. Other keys of that section have their offsets in the item, whose struct
 * begins with its name (char *, owned). */
struct conf_items {
	void *items; /* owned [n] */
	size_t n;
	const struct conf_key *keys; /* the table, for those who compare and free */
	size_t n_keys;
	const struct conf_key *row; /* of type CONF_ITEMS */
};

/**
 * Fill @conf (zeroed by the caller) from defaults and then from @path, or from defaults alone when
 * @path is NULL. An unknown section or key, a key twice, a bad value: -EINVAL with "FILE:LINE:
 * what; what to do". -ENOENT when the file is not there. On error @conf holds nothing that must be
 * freed.
 */
int conf_read(const char *path, const struct conf_key keys[], size_t n_keys, void *conf,
	      struct err *err);
/** Over what conf_read() filled: @path has the last word of the keys that it names, and adds its
 * sections of items. Else as conf_read(). */
int conf_read_over(const char *path, const struct conf_key keys[], size_t n_keys, void *conf,
		   struct err *err);
/** As conf_read(), but lines that are wrong are passed over, and so is a file that cannot be read:
 * -ENOMEM is all that can fail. */
int conf_read_good(const char *path, const struct conf_key keys[], size_t n_keys, void *conf,
		   struct err *err);
/** Do two structs that were read hold different values of @key? Keys of items differ with their
 * CONF_ITEMS alone. */
bool conf_differs(const struct conf_key *key, const void *a, const void *b);
/** Exchange their values of @key. */
void conf_swap(const struct conf_key *key, void *a, void *b);
/* The keys whose values a reload changed, and those whose change waits for a restart:
 * "[log] level, [uplink] push_interval_s"; "" for none. Cut when it is longer. */
struct conf_change {
	char live[256], restart[256];
};
/** Exchange what differs, key by key: @in_force gets the values of @fresh, and @fresh those from
 * before; keys that need a restart stay where they are. */
void conf_adopt(const struct conf_key keys[], size_t n_keys, void *in_force, void *fresh,
		struct conf_change *ret_change);
void conf_free(const struct conf_key keys[], size_t n_keys, void *conf);
/** Write the table as a commented INI file: every key with its help, range and default, switched
 * off by '#', as sections of items are. */
void conf_document(const struct conf_key keys[], size_t n_keys, FILE *out);
