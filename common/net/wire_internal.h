/* What wire.c, wire_remarks.c and wire_edition.c share, and nobody else includes. */
#pragma once

#include "common/net/wire.h"

enum codec { CODEC_RAW = 0, CODEC_ZSTD = 1 };

/** Room for n of *array in the arena; NULL sets nothing and is told by the caller at the end. */
#define ARRAY(arena, n, array) ((array) = arena_alloc_raw((arena), (n) * sizeof(*(array))))

/** Why the arena gave nothing: the peer's bytes ask for too much, or the machine has no more. */
int wire_no_room(const struct arena *arena, struct err *err);
/** -EBADMSG: the batch is not what it should be. */
int wire_malformed(struct err *err, const char *what);
/** Walk @data, then unpack it into @arena. */
int wire_message_unpack(struct arena *arena, const ProtobufCMessageDescriptor *kind,
			const uint8_t *data, size_t len, ProtobufCMessage **ret_message,
			bool *ret_nul, struct err *err);
/** Are all texts in it UTF-8? They are cut, and printable, as a frame's. */
bool wire_text_take(ProtobufCMessage *message);

/* wire_remarks.c: who typed, notes, what is finished (proto/lantoa.proto). */
bool remarks_keep_rules(const struct batch *batch);
/** Into the columns of @batch; false: the arena gave nothing. */
bool remarks_fill(struct arena *arena, const struct batch *batch, Lantoa__V1__Columns *columns);
/** Out of @columns; the points of @batch are there. */
int remarks_decode(struct arena *arena, const Lantoa__V1__Columns *columns, struct batch *batch,
		   struct err *err);
