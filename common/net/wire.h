/* The bytes between office and province: frames, and the columnar batch inside. Every size is
 * checked before it is believed, every count before anything is unpacked (wire_limits.h);
 * unpacking happens in an arena with a hard limit that hands out zeroed memory (which also keeps
 * clear of protobuf-c 1.4.1 freeing unknown fields it never initialised).
 *
 * A limit that a peer's bytes exceed, the arena's too, is the peer's error: -EBADMSG or -EMSGSIZE.
 * -ENOMEM is the machine's alone. */
#pragma once

#include "common/base/arena.h"
#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/period.h"
#include "common/model/shape.h"
#include "common/net/wire_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/lantoa.pb-c.h"

#define WIRE_PROTOCOL_MIN 1u /* that of the release before, too: proto/lantoa.proto */
#define WIRE_PROTOCOL_MAX 3u
#define WIRE_CHAINED      2u /* the first protocol with Batch.before_digest */
#define WIRE_EDITIONS     3u /* the first with editions, standings, heads and conditions */

/** The highest protocol that both we and a peer of @min to @max speak; 0: there is none. */
uint32_t wire_protocol(uint32_t min, uint32_t max);

/**
 * Unpack one frame into @arena (valid until its reset). -EMSGSIZE over WIRE_FRAME_MAX; -EBADMSG
 * when it is no Frame, is not exactly one kind that we know, holds more of anything than is allowed
 * or a string that is not UTF-8; -ENOMEM. Fields that we do not know inside a kind are passed over.
 *
 * The frame's texts are printable then (utf8_clean()), and cut at WIRE_TEXT_MAX: what a peer wrote
 * can go to a terminal, a log, a page and JSON as it is.
 */
int wire_frame_unpack(struct arena *arena, const uint8_t *data, size_t len,
		      Lantoa__V1__Frame **ret_frame, struct err *err);
/** Append the packed frame to @out. -ENOMEM; -EMSGSIZE over WIRE_FRAME_MAX. */
int wire_frame_pack(const Lantoa__V1__Frame *frame, struct blob *out, struct err *err);

struct declaration {
	const char *metric, *labels; /* borrowed */
	enum grain grain;
	enum calendar calendar;
	unsigned decimals;
};

/** Its shape: see common/model/shape.h. */
static inline int64_t declaration_shape(const struct declaration *declaration)
{
	return shape_pack(declaration->calendar, declaration->grain, declaration->decimals);
}

struct run {               /* observations of one series, ascending by period */
	uint32_t series;   /* the spool's number of it */
	uint32_t first, n; /* points[first] ... points[first + n - 1] */
};

struct point {
	int64_t value_e; /* mantissa with the series' decimals */
	uint16_t nth;    /* which of the day's periods: see period_in_day() */
	uint16_t author; /* 1 and which of the batch's authors; 0: nobody was asked */
	bool withdrawn;
};

struct remark { /* a person's note about a value */
	uint32_t point;
	const char *text; /* borrowed */
};

struct finishing {        /* the report of a period that begins on the day, as somebody said */
	enum grain grain; /* of a day or longer */
	enum calendar calendar;
	uint16_t author; /* as a point's */
	bool undone;     /* it is not finished after all */
	int64_t at_us;
};

/* A batch, taken apart. As decoded, all arrays lie in the arena. */
struct batch {
	int32_t day;
	int64_t sealed_us;
	uint32_t first_declared; /* number of declared[0] */
	struct declaration *declared;
	size_t n_declared;
	struct run *runs;
	size_t n_runs;
	struct point *points;
	size_t n_points;
	uint64_t from_spool, from_seq; /* proto/lantoa.proto; 0: of none */
	const char **authors;          /* accounts of the office's desk */
	size_t n_authors;
	struct remark *remarks; /* ascending by point */
	size_t n_remarks;
	struct finishing *finished;
	size_t n_finished;
	bool nul; /* decoded: a name or label holds a NUL, and is told up to there */
};

/**
 * Append the payload of @batch (codec byte, Columns, zstd where that is smaller) to @out.
 *
 * -EUCLEAN when @batch does not keep the rules of proto/lantoa.proto: runs ascending by series,
 * points of a run ascending by nth, names and labels that are such. -ENOMEM; -EMSGSIZE when Columns
 * exceed WIRE_COLUMNS_MAX or the payload WIRE_FRAME_MAX - 64: the caller seals less at once.
 */
int wire_batch_encode(const struct batch *batch, struct blob *out, struct err *err);

/**
 * Decode a payload into @arena. -EBADMSG with what is wrong when any rule of proto/lantoa.proto or
 * limit above is broken: unknown codec, sizes that disagree, runs or points not ascending, nth over
 * 1439, day outside 1900 to 2100, a declaration with bad name, labels, grain, calendar or decimals.
 * -ENOMEM. One without runs, or with a NUL in a text, is decoded, though the ledger refuses it:
 * journals may hold some of before that rule. The arena keeps the decompressor (arena_keep): use
 * one arena for many batches. After 0 every struct above can be trusted, but for nth <
 * grain_per_day() of series declared earlier.
 */
int wire_batch_decode(struct arena *arena, const uint8_t *payload, size_t len,
		      struct batch *ret_batch, struct err *err);

/** Append the packed edition (codec byte, Files, zstd where that is smaller) to @out. -EUCLEAN: a
 * file without name, or two of one name; -EFBIG over WIRE_FILES_LEN_MAX or, packed,
 * WIRE_EDITION_MAX; -ENOMEM. */
int wire_edition_pack(const Lantoa__V1__Files *files, struct blob *out, struct err *err);
/** The other way. -EBADMSG as with frames, and when two files have one name; -ENOMEM. */
int wire_edition_unpack(struct arena *arena, const uint8_t *packed, size_t len,
			Lantoa__V1__Files **ret_files, struct err *err);
/** The digest of a packed edition, and the version that goes with it, which is never 0. */
uint64_t wire_edition_version(const uint8_t *packed, size_t len,
			      uint8_t ret_digest[WIRE_EDITION_DIGEST]);

/** What both sides compare to see that they mean the same batch: BLAKE2b-128 of its payload. */
void wire_digest(const uint8_t *payload, size_t len, uint8_t ret_digest[WIRE_DIGEST_LEN]);
