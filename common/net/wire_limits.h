/* How much of anything a message may hold, looked at in its bytes, before anything is unpacked: a
 * hundred bytes of a compressed batch stand for half a million empty texts, and unpacking makes 50
 * bytes and more of each. The tags are walked by the message's descriptor, those of messages inside
 * it too.
 *
 * - A field that is not repeated, or is packed, comes once at most. (protobuf would let the last
 *   one win, or take a packed one piece by piece.)
 * - A repeated one has a limit, in a table; one that the table lacks may not come at all (a test
 *   holds every descriptor to that).
 * - All tags together, unknown ones included, are WIRE_FIELDS_MAX at most.
 *
 * So a message unpacks into less than WIRE_ARENA_MAX, which a test shows. */
#pragma once

#include "common/base/err.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_KIND_FIELDS_MAX 64u /* of one message's descriptor */

/** -EBADMSG: the bytes are no message of @kind, or hold more than is allowed, which @err names.
 * @ret_nul: a text in it holds a NUL, at which it would silently end once it is unpacked. */
int wire_limits_check(const ProtobufCMessageDescriptor *kind, const uint8_t *data, size_t len,
		      bool *ret_nul, struct err *err);

/** How many values a repeated @field of @kind may have; 0: it is not in the table. */
uint32_t wire_limit_of(const ProtobufCMessageDescriptor *kind,
		       const ProtobufCFieldDescriptor *field);

/** The base-128 number of 64 bits at data[*at], and *at behind it; false when there is none. */
bool wire_varint(const uint8_t *data, size_t len, size_t *at, uint64_t *ret_value);
