#include "api/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zlib.h>

#define OUT_BYTES   65536u
#define CHECK_BYTES (UINT64_C(4) << 20) /* of file, between looks at the disk's room */

struct packing {
	z_stream z;
	unsigned long crc;
	uint64_t len; /* of what was packed */
	uint8_t out[OUT_BYTES];
};

void spill_init(struct spill *spill, struct spill_room *room, bool gzip)
{
	*spill = (struct spill){ .room = room, .gzip = gzip, .fd = -1 };
}

static int fail(struct spill *spill, int code)
{
	spill->failed = code;
	return code;
}

/* --- the file --- */

static int room_check(struct spill *spill, size_t len)
{
	struct spill_room *room = spill->room;
	uint64_t used = atomic_fetch_add(&room->used, len);
	struct statvfs disk;

	if (spill->len + len > room->one_max || used + len > room->all_max)
		atomic_fetch_sub(&room->used, len);
	if (spill->len + len > room->one_max)
		return fail(spill,
			    err_set(&spill->why, -EFBIG,
				    "the answer would be over %llu MiB; ask for less at once: a "
				    "shorter time, a smaller area, or coarser periods",
				    (unsigned long long)(room->one_max >> 20)));
	if (used + len > room->all_max)
		return fail(spill,
			    err_set(&spill->why, -EAGAIN,
				    "long answers to others take all of the %llu MiB of disk "
				    "that there are for them; try again shortly",
				    (unsigned long long)(room->all_max >> 20)));
	if (room->reserve &&
	    (spill->len == 0 || spill->len / CHECK_BYTES != (spill->len + len) / CHECK_BYTES) &&
	    fstatvfs(spill->fd, &disk) == 0 &&
	    (uint64_t)disk.f_bavail * disk.f_frsize < *room->reserve + len) {
		atomic_fetch_sub(&room->used, len);
		return fail(spill, err_set(&spill->why, -ENOSPC,
					   "the province's disk has no room for so long an answer; "
					   "ask for less at once"));
	}
	return 0;
}

static int file_write(struct spill *spill, const uint8_t *data, size_t len)
{
	int rc = room_check(spill, len);

	if (rc < 0)
		return rc;
	spill->len += len; /* it is charged for */
	while (len > 0) {
		ssize_t n = write(spill->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(spill, err_system(&spill->why, -errno, spill->room->folder));
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int file_open(struct spill *spill)
{
	spill->fd = open(spill->room->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spill->fd < 0)
		return fail(spill, err_system(&spill->why, -errno, spill->room->folder));
	return 0;
}

/* --- packed --- */

/* Level 1: of the levels of zlib it is the one that no disk and no line waits for; answers repeat
 * their names in each row, and come to a tenth even so. */
static int packing_open(struct spill *spill)
{
	spill->packing = calloc(1, sizeof(*spill->packing));
	if (!spill->packing || deflateInit2(&spill->packing->z, 1, Z_DEFLATED, -MAX_WBITS, 8,
					    Z_DEFAULT_STRATEGY) != Z_OK) {
		free(spill->packing);
		spill->packing = NULL;
		return fail(spill, err_memory(&spill->why));
	}
	spill->packing->crc = crc32(0, NULL, 0);
	return 0;
}

static void packing_close(struct packing *packing)
{
	if (packing)
		(void)deflateEnd(&packing->z); /* it says whether it was finished */
	free(packing);
}

/* Deflate @data, into @to or else the file. */
static int pack(struct spill *spill, struct packing *packing, const void *data, size_t len,
		int flush, struct blob *to)
{
	int rc = 0;

	if (len > 0) /* of no data zlib gives the checksum of nothing, not the one so far */
		packing->crc = crc32_z(packing->crc, data, len);
	packing->len += len;
	packing->z.next_in = (uint8_t *)(uintptr_t)data;
	packing->z.avail_in = (unsigned)len; /* pieces are of some MiB at most */
	do {
		packing->z.next_out = packing->out;
		packing->z.avail_out = OUT_BYTES;
		(void)deflate(&packing->z, flush); /* fails for a state that is not ours alone */
		size_t n = OUT_BYTES - packing->z.avail_out;
		if (n > 0 && to && blob_append(to, packing->out, n) < 0)
			rc = fail(spill, err_memory(&spill->why));
		else if (n > 0 && !to)
			rc = file_write(spill, packing->out, n);
	} while (rc == 0 && packing->z.avail_out == 0);
	return rc;
}

static void little_endian(uint8_t *to, uint64_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static const uint8_t gzip_head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 }; /* RFC 1952, 2.3 */
#define GZIP_TAIL 8u

static void gzip_tail(uint8_t tail[GZIP_TAIL], unsigned long crc, uint64_t len)
{
	little_endian(tail, crc);
	little_endian(tail + 4, len); /* modulo 2^32 */
}

/* --- its way --- */

static int to_file(struct spill *spill, const uint8_t *data, size_t len, int flush)
{
	return spill->gzip ? pack(spill, spill->packing, data, len, flush, NULL)
			   : file_write(spill, data, len);
}

static int overflow(struct spill *spill)
{
	int rc = file_open(spill);

	if (rc == 0 && spill->gzip)
		rc = packing_open(spill);
	if (rc == 0)
		rc = to_file(spill, spill->memory.data, spill->memory.len, Z_NO_FLUSH);
	blob_free(&spill->memory);
	return rc;
}

int spill_take(void *context, const uint8_t *data, size_t len)
{
	struct spill *spill = context;
	int rc = spill->failed;

	if (rc == 0 && spill->fd < 0 && spill->memory.len + len > SPILL_MEMORY)
		rc = overflow(spill);
	if (rc < 0)
		return rc;
	if (spill->fd >= 0)
		return to_file(spill, data, len, Z_NO_FLUSH);
	return blob_append(&spill->memory, data, len) < 0 ? fail(spill, err_memory(&spill->why))
							  : 0;
}

/* All of it is in memory. */
static int end_short(struct spill *spill, const struct blob *before, const struct blob *behind,
		     struct blob *ret_first)
{
	const struct blob *parts[] = { before, &spill->memory, behind };
	uint8_t tail[GZIP_TAIL];
	int rc = 0;

	spill->gzip = spill->gzip && before->len + spill->memory.len >= SPILL_PACKED;
	if (!spill->gzip) {
		for (size_t i = 0; i < 3 && rc == 0; i++)
			if (parts[i]->len > 0 &&
			    blob_append(ret_first, parts[i]->data, parts[i]->len) < 0)
				rc = fail(spill, err_memory(&spill->why));
		return rc;
	}
	rc = packing_open(spill);
	if (rc == 0 && blob_append(ret_first, gzip_head, sizeof(gzip_head)) < 0)
		rc = fail(spill, err_memory(&spill->why));
	for (size_t i = 0; i < 3 && rc == 0; i++)
		rc = pack(spill, spill->packing, parts[i]->data, parts[i]->len,
			  i == 2 ? Z_FINISH : Z_NO_FLUSH, ret_first);
	if (rc < 0)
		return rc;
	gzip_tail(tail, spill->packing->crc, spill->packing->len);
	return blob_append(ret_first, tail, sizeof(tail)) < 0 ? fail(spill, err_memory(&spill->why))
							      : 0;
}

/* What goes before the rows is packed for itself, and its checksum put before theirs. */
static int end_packed(struct spill *spill, const struct blob *before, const struct blob *behind,
		      struct blob *ret_first)
{
	struct packing *rows = spill->packing;
	uint8_t tail[GZIP_TAIL];
	int rc = pack(spill, rows, behind->data, behind->len, Z_FINISH, NULL);

	if (rc == 0 && blob_append(ret_first, gzip_head, sizeof(gzip_head)) < 0)
		rc = fail(spill, err_memory(&spill->why));
	if (rc == 0)
		rc = packing_open(spill);
	if (rc < 0) {
		spill->packing = rows;
		return rc;
	}
	rc = pack(spill, spill->packing, before->data, before->len, Z_SYNC_FLUSH, ret_first);
	gzip_tail(tail, crc32_combine(spill->packing->crc, rows->crc, (long)rows->len),
		  spill->packing->len + rows->len);
	packing_close(rows);
	return rc == 0 ? file_write(spill, tail, sizeof(tail)) : rc;
}

int spill_end(struct spill *spill, const struct blob *before, const struct blob *behind,
	      struct blob *ret_first)
{
	int rc = spill->failed;

	if (rc < 0)
		return rc;
	if (spill->fd < 0)
		return end_short(spill, before, behind, ret_first);
	if (spill->gzip)
		return end_packed(spill, before, behind, ret_first);
	rc = file_write(spill, behind->data, behind->len);
	if (rc == 0 && blob_append(ret_first, before->data, before->len) < 0)
		rc = fail(spill, err_memory(&spill->why));
	return rc;
}

int spill_release(struct spill *spill, uint64_t *ret_len)
{
	int fd = spill->fd;

	*ret_len = spill->len;
	spill->fd = -1;
	spill->len = 0;
	return fd;
}

void spill_give_back(struct spill_room *room, uint64_t len)
{
	atomic_fetch_sub(&room->used, len);
}

void spill_deinit(struct spill *spill)
{
	if (!spill->room)
		return;
	blob_free(&spill->memory);
	packing_close(spill->packing);
	spill_give_back(spill->room, spill->len);
	if (spill->fd >= 0)
		(void)close(spill->fd); /* nobody wants it */
	*spill = (struct spill){ 0 };
}
