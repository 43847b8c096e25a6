/* A chunk as a disk gives it back. The input is given the checksum that its bytes ask for, so
 * that what is behind it is tried; as it is, it must be refused. */
#include "fuzz/fuzz.h"
#include "spool/chunk.h"

#include <errno.h>

#define BODY_MAX 4096u

/* FNV-1a, 32 bits, least byte first: as chunk.h says. */
static void sign(uint8_t *body, size_t len)
{
	uint32_t sum = 2166136261u;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ body[i]) * 16777619u;
	for (int i = 0; i < 4; i++)
		body[len + (size_t)i] = (uint8_t)(sum >> (8 * i));
}

static void check(const struct chunk *chunk, uint32_t part)
{
	uint8_t bytes[CHUNK_BYTES_MAX];
	struct chunk again;
	struct err err = { 0 };
	require(chunk->n <= CHUNK_PERIODS);
	for (uint32_t i = 0; i < chunk->n; i++) {
		const struct chunk_value *value = &chunk->values[i];
		require(chunk_part(value->nth) == part);
		require(i == 0 || value->nth > chunk->values[i - 1].nth);
		require(!value->withdrawn || value->value_e == 0);
	}
	size_t len = chunk_encode(chunk, bytes);
	require(len <= sizeof(bytes));
	require(chunk_decode(bytes, len, part, &again, &err) == 0 && again.n == chunk->n);
	for (uint32_t i = 0; i < chunk->n; i++) {
		const struct chunk_value *a = &chunk->values[i], *b = &again.values[i];
		require(a->value_e == b->value_e && a->seq == b->seq && a->nth == b->nth &&
			a->withdrawn == b->withdrawn && a->author == b->author &&
			a->noted == b->noted);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct chunk chunk;
	struct err err = { 0 };
	if (len < 1 || len > BODY_MAX)
		return 0;
	uint32_t part = data[0] % 12u; /* two hours of a day */
	size_t body_len = len - 1;
	uint8_t *body = malloc(body_len + 4);
	require(body);
	memcpy(body, data + 1, body_len);
	int rc = chunk_decode(body, body_len, part, &chunk, &err);
	require(rc == 0 || rc == -EUCLEAN);
	sign(body, body_len);
	rc = chunk_decode(body, body_len + 4, part, &chunk, &err);
	require(rc == 0 || (rc == -EUCLEAN && *err.text));
	if (rc == 0) {
		check(&chunk, part);
		body[0] ^= 1; /* a disk that lies is found out */
		require(chunk_decode(body, body_len + 4, part, &chunk, &err) == -EUCLEAN);
	}
	free(body);
	return 0;
}
