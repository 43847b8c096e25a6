/* How much of anything a message may hold, looked at in its bytes, before anything is unpacked: a
 * hundred bytes of a compressed batch stand for half a million empty texts, and unpacking makes 50
 * bytes and more of each. The tags are walked by the message's descriptor, those of messages inside
 * it too.
 *
 * - A field that is not repeated, or is packed, comes once at most. (protobuf would let the last
 *   one win, or take a packed one piece by piece.)
 * - A repeated one has a limit, in a table; one that the table lacks may not come at all (a test
 *   holds every descriptor to that).
 * - Bytes and texts of frames that a table names have a length, or are empty.
 * - All tags together, unknown ones included, are WIRE_FIELDS_MAX at most.
 *
 * So a message unpacks into less than WIRE_ARENA_MAX, which a test shows. */
#pragma once

#include "common/base/err.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_FRAME_MAX (256u * 1024u) /* bytes of a packed frame */
/* A frame in CURVE's box, which is what libzmq counts: ZMQ_MAXMSGSIZE at both ends. The box adds 8
 * bytes "\7MESSAGE", 8 of nonce, 16 of MAC and a byte of flags (ZMQ RFC 26). */
#define WIRE_BOXED_MAX       (WIRE_FRAME_MAX + 33u)
#define WIRE_COLUMNS_MAX     (1024u * 1024u)       /* bytes of Columns, decompressed */
#define WIRE_ARENA_MAX       (12u * 1024u * 1024u) /* bytes one unpack may take */
#define WIRE_POINTS_MAX      131072u               /* observations in a batch */
#define WIRE_SERIES_MAX      65536u                /* series numbers of a spool */
#define WIRE_DECLARED_MAX    4096u                 /* declarations in a batch */
#define WIRE_HELD_MAX        64u                   /* Quarantined in an Ack */
#define WIRE_FIELDS_MAX      16384u /* tags in a message, those in its own included */
#define WIRE_DIGEST_LEN      16u
#define WIRE_TEXT_MAX        1024u          /* bytes of a frame's text, as it goes on to people */
#define WIRE_PIECE_MAX       (192u * 1024u) /* bytes of an edition in one frame */
#define WIRE_EDITION_MAX     (2u * 1024u * 1024u) /* bytes of an edition, packed */
#define WIRE_FILES_LEN_MAX   (4u * 1024u * 1024u) /* and unpacked */
#define WIRE_FILES_MAX       16u                  /* files in it */
#define WIRE_FILE_NAME_MAX   64u
#define WIRE_ADDRESS_MAX     256u
#define WIRE_EDITION_DIGEST  32u /* bytes */
#define WIRE_CHAIN_LEN       32u
#define WIRE_HEADS_MAX       400u /* that an office keeps, one a day, and tells */
#define WIRE_CLOSED_MAX      256u /* periods in a standing */
#define WIRE_WAITING_MAX     256u
#define WIRE_MESSAGES_MAX    32u
#define WIRE_MESSAGE_LEN_MAX 4000u /* bytes of its text: 1,000 characters */
#define WIRE_AUTHORS_MAX     64u   /* in a batch, as what follows */
#define WIRE_AUTHOR_LEN_MAX  64u
#define WIRE_NOTES_MAX       1024u
#define WIRE_FINISHED_MAX    64u
#define WIRE_KIND_FIELDS_MAX 64u /* of one message's descriptor */

/** -EBADMSG: the bytes are no message of @kind, or hold more than is allowed, which @err names.
 * @ret_nul: a text in it holds a NUL, at which it would silently end once it is unpacked. */
int wire_limits_check(const ProtobufCMessageDescriptor *kind, const uint8_t *data, size_t len,
		      bool *ret_nul, struct err *err);

/** How many values a repeated @field of @kind may have; 0: it is not in the table. */
uint32_t wire_limit_of(const ProtobufCMessageDescriptor *kind,
		       const ProtobufCFieldDescriptor *field);
