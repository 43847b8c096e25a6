/* The header tells where the table of sectors (FAT) lies; that tells for each sector which one
 * follows it. The directory is such a chain, and each of its entries names a stream and where that
 * begins. Streams below 4096 bytes lie in small sectors, within the stream of the root entry, by a
 * table of their own. */
#include "excel/compound.h"

#include "excel/little_endian.h"

#include <stdlib.h>
#include <string.h>

#define HEADER    512u
#define IN_HEADER 109u /* sectors of the table that the header names */
#define ENTRY     128u
#define LAST      0xfffffffau /* numbers from here on are no sectors */
#define SMALL     64u

struct compound {
	const uint8_t *bytes; /* [len] */
	size_t len;
	size_t sector;   /* bytes of one */
	uint32_t *table; /* owned [n_table] */
	size_t n_table;
	uint8_t *directory; /* owned [n_directory * ENTRY] */
	size_t n_directory;
	uint8_t *small; /* owned: the root entry's stream */
	size_t small_len;
	uint8_t *small_table; /* owned [n_small] of 4 bytes */
	size_t n_small;
	uint32_t cutoff; /* streams below it are small */
};

/* Sector @n; NULL: the file does not reach so far. */
static const uint8_t *sector_at(const struct compound *compound, uint32_t n)
{
	size_t from = ((size_t)n + 1) * compound->sector; /* the header takes one */
	return n < LAST && from <= compound->len && compound->len - from >= compound->sector
		       ? compound->bytes + from
		       : NULL;
}

/* All of the chain that @first begins; @max: bytes of it that are wanted. */
static int read_chain(const struct compound *compound, uint32_t first, size_t max,
		      uint8_t **ret_data, size_t *ret_len, struct fault *fault)
{
	size_t n = 0, most = compound->len / compound->sector;
	for (uint32_t at = first; at < LAST && n * compound->sector < max; n++) {
		if (at >= compound->n_table || !sector_at(compound, at) || n > most)
			return fault_set(fault, FAULT_DAMAGED, NULL);
		at = compound->table[at];
	}
	uint8_t *data = malloc(n * compound->sector + 1); /* not 0 */
	if (!data)
		return fault_set(fault, FAULT_MEMORY, NULL);
	uint32_t at = first;
	for (size_t i = 0; i < n; i++, at = compound->table[at])
		memcpy(data + i * compound->sector, sector_at(compound, at), compound->sector);
	*ret_data = data;
	*ret_len = n * compound->sector;
	return 0;
}

/* --- the table of sectors --- */

static int add_to_table(struct compound *compound, uint32_t n, struct fault *fault)
{
	const uint8_t *sector = sector_at(compound, n);
	size_t each = compound->sector / 4;
	if (!sector || compound->n_table > compound->len / compound->sector + each)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	uint32_t *table = realloc(compound->table, (compound->n_table + each) * sizeof(*table));
	if (!table)
		return fault_set(fault, FAULT_MEMORY, NULL);
	compound->table = table;
	for (size_t i = 0; i < each; i++)
		table[compound->n_table++] = le32(sector + 4 * i);
	return 0;
}

static int read_table(struct compound *compound, struct fault *fault)
{
	const uint8_t *header = compound->bytes;
	int rc = 0;
	for (size_t i = 0; i < IN_HEADER && rc == 0; i++)
		if (le32(header + 76 + 4 * i) < LAST)
			rc = add_to_table(compound, le32(header + 76 + 4 * i), fault);
	/* More of them are named by sectors of their own, the last number of which names the next.
	 */
	size_t each = compound->sector / 4, n = 0;
	for (uint32_t at = le32(header + 68); at < LAST && rc == 0; n++) {
		const uint8_t *sector = sector_at(compound, at);
		if (!sector || n > compound->len / compound->sector)
			return fault_set(fault, FAULT_DAMAGED, NULL);
		for (size_t i = 0; i + 1 < each && rc == 0; i++)
			if (le32(sector + 4 * i) < LAST)
				rc = add_to_table(compound, le32(sector + 4 * i), fault);
		at = le32(sector + compound->sector - 4);
	}
	return rc;
}

/* --- entries --- */

/* NULL: there is none. */
static const uint8_t *find(const struct compound *compound, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < compound->n_directory; i++) {
		const uint8_t *entry = compound->directory + i * ENTRY;
		bool same = le16(entry + 64) == 2 * (len + 1) && entry[66] == 2;
		for (size_t k = 0; k < len && same; k++)
			same = le16(entry + 2 * k) == (uint8_t)name[k];
		if (same)
			return entry;
	}
	return NULL;
}

static int read_small(struct compound *compound, struct fault *fault)
{
	size_t len = 0;
	for (size_t i = 0; i < compound->n_directory; i++) {
		const uint8_t *entry = compound->directory + i * ENTRY;
		if (entry[66] != 5 || le32(entry + 120) == 0)
			continue;
		if (read_chain(compound, le32(entry + 116), le32(entry + 120), &compound->small,
			       &compound->small_len, fault) < 0 ||
		    read_chain(compound, le32(compound->bytes + 60), SIZE_MAX,
			       &compound->small_table, &len, fault) < 0)
			return -1;
		compound->n_small = len / 4;
		return 0;
	}
	return 0;
}

int compound_open(const void *bytes, size_t len, struct compound **ret_compound,
		  struct fault *fault)
{
	const uint8_t *header = bytes;
	unsigned shift = len >= HEADER ? le16(header + 30) : 0;
	if (shift != 9 && shift != 12)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	struct compound *compound = calloc(1, sizeof(*compound));
	if (!compound)
		return fault_set(fault, FAULT_MEMORY, NULL);
	*compound = (struct compound){ .bytes = bytes,
				       .len = len,
				       .sector = (size_t)1 << shift,
				       .cutoff = le32(header + 56) };
	int rc = read_table(compound, fault);
	if (rc == 0)
		rc = read_chain(compound, le32(header + 48), SIZE_MAX, &compound->directory,
				&compound->n_directory, fault);
	compound->n_directory /= ENTRY;
	if (rc == 0)
		rc = read_small(compound, fault);
	if (rc < 0)
		compound_close(compound);
	else
		*ret_compound = compound;
	return rc;
}

void compound_close(struct compound *compound)
{
	if (!compound)
		return;
	free(compound->table);
	free(compound->directory);
	free(compound->small);
	free(compound->small_table);
	free(compound);
}

bool compound_has(const struct compound *compound, const char *name)
{
	return find(compound, name) != NULL;
}

static int read_small_stream(const struct compound *compound, uint32_t at, uint8_t *data,
			     size_t len, struct fault *fault)
{
	for (size_t done = 0; done < len; done += SMALL) {
		size_t n = len - done < SMALL ? len - done : SMALL, from = (size_t)at * SMALL;
		if (at >= compound->n_small || from + n > compound->small_len)
			return fault_set(fault, FAULT_DAMAGED, NULL);
		memcpy(data + done, compound->small + from, n);
		at = le32(compound->small_table + 4 * (size_t)at);
	}
	return 0;
}

int compound_read(const struct compound *compound, const char *name, uint8_t **ret_data,
		  size_t *ret_len, struct fault *fault)
{
	const uint8_t *entry = find(compound, name);
	size_t len = entry ? le32(entry + 120) : 0, got = 0;
	uint8_t *data = NULL;
	if (!entry || len > compound->len)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	if (len >= compound->cutoff) {
		if (read_chain(compound, le32(entry + 116), len, &data, &got, fault) < 0)
			return -1;
		if (got < len) {
			free(data);
			return fault_set(fault, FAULT_DAMAGED, NULL);
		}
	} else {
		data = malloc(len + 1); /* not 0 */
		if (!data)
			return fault_set(fault, FAULT_MEMORY, NULL);
		if (read_small_stream(compound, le32(entry + 116), data, len, fault) < 0) {
			free(data);
			return -1;
		}
	}
	*ret_data = data;
	*ret_len = len;
	return 0;
}
