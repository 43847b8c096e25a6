#include "common/net/wire_internal.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/base/varint.h"
#include "common/model/catalogue.h"
#include "common/model/labels.h"
#include "common/model/shape.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <zstd.h>

#define PAYLOAD_MAX (WIRE_FRAME_MAX - 64u) /* the frame around it: tags, lengths, spool, seq */
#define DAY_NTHS    1440u                  /* periods of the finest grain in a day */
#define ZSTD_LEVEL  3                      /* offices seal little; the province unpacks a lot */

/* The arena as protobuf-c wants it, remembering whether it was the arena that said no. */
struct source {
	struct arena *arena;
	bool failed;
};

static void *source_alloc(void *data, size_t size)
{
	struct source *source = data;
	void *piece = arena_alloc(source->arena, size);
	if (!piece)
		source->failed = true;
	return piece;
}

static void source_free(void *data, void *piece)
{
	(void)data;
	(void)piece; /* goes with the arena's reset */
}

int wire_no_room(const struct arena *arena, struct err *err)
{
	if (arena_is_full(arena))
		return err_set(err, -EBADMSG, "unpacks into more memory than one message may take");
	return err_memory(err);
}

int wire_message_unpack(struct arena *arena, const ProtobufCMessageDescriptor *kind,
			const uint8_t *data, size_t len, ProtobufCMessage **ret_message,
			bool *ret_nul, struct err *err)
{
	struct source source = { .arena = arena };
	ProtobufCAllocator allocator = { source_alloc, source_free, &source };
	int rc = wire_limits_check(kind, data, len, ret_nul, err);
	if (rc < 0)
		return rc;
	ProtobufCMessage *message = protobuf_c_message_unpack(kind, &allocator, len, data);
	if (!message && source.failed)
		return wire_no_room(arena, err);
	if (!message)
		return err_set(err, -EBADMSG, "is not a %s message", kind->short_name);
	*ret_message = message;
	return 0;
}

uint32_t wire_protocol(uint32_t min, uint32_t max)
{
	uint32_t highest = max < WIRE_PROTOCOL_MAX ? max : WIRE_PROTOCOL_MAX;
	return highest >= min && highest >= WIRE_PROTOCOL_MIN ? highest : 0;
}

/* ---- frames ---- */

/* Here a peer's texts come in, and they go on to people: names, reasons, versions. One that is no
 * UTF-8 breaks the format; of others what nobody can see becomes '?', and what is long is cut. The
 * text is the arena's, but for an empty one, which is protobuf's. */
static bool text_take(char *text, size_t most)
{
	size_t len = strlen(text);
	if (!utf8_valid(text, len))
		return false;
	if (len > most)
		text[utf8_cut(text, len, most)] = '\0';
	if (len > 0)
		(void)utf8_clean(text, ""); /* its length */
	return true;
}

static bool value_text_take(const ProtobufCFieldDescriptor *field, void *value)
{
	static const char letter[] = "text"; /* of a Message: what a person wrote is longer */
	bool is_letter = strcmp(field->name, letter) == 0;
	void *pointer = *(void **)value;
	if (!pointer)
		return true;
	return field->type == PROTOBUF_C_TYPE_STRING
		       ? text_take(pointer, is_letter ? WIRE_MESSAGE_LEN_MAX : WIRE_TEXT_MAX)
		       : wire_text_take(pointer);
}

static bool field_text_take(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	char *base = (char *)message;
	void *value = base + field->offset;
	if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
		return true;
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		const uint32_t *chosen = (const void *)(base + field->quantifier_offset);
		return *chosen != field->id || value_text_take(field, value);
	}
	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return value_text_take(field, value);
	const size_t *n = (const void *)(base + field->quantifier_offset);
	void **list = *(void ***)value;
	for (size_t i = 0; i < *n; i++) {
		if (!value_text_take(field, &list[i]))
			return false;
	}
	return true;
}

/* Walks by descriptor, so that no string of a later version is forgotten. As deep as the messages
 * nest, which none does in itself. */
bool wire_text_take(ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		if (!field_text_take(message, &message->descriptor->fields[i]))
			return false;
	}
	return true;
}

int wire_frame_unpack(struct arena *arena, const uint8_t *data, size_t len,
		      Lantoa__V1__Frame **ret_frame, struct err *err)
{
	if (len > WIRE_FRAME_MAX)
		return err_set(err, -EMSGSIZE, "frame: %zu bytes, over the limit of %u", len,
			       WIRE_FRAME_MAX);
	/* protobuf lets the last of several kinds win, and unpacks them all on the way. We take a
	 * frame only when one field spans it. */
	const uint8_t *at = data, *end = len ? data + len : data; /* NULL: no bytes */
	uint64_t tag, length;
	if (!varint_get(&at, end, &tag) || (tag & 7u) != 2 /* length-delimited */ ||
	    !varint_get(&at, end, &length) || length != (size_t)(end - at))
		return err_set(err, -EBADMSG, "frame: is not one message");
	ProtobufCMessage *message = NULL;
	bool nul = false;
	int rc = wire_message_unpack(arena, &lantoa__v1__frame__descriptor, data, len, &message,
				     &nul, err);
	if (rc < 0)
		return err_wrap(err, "frame");
	if (nul)
		return err_set(err, -EBADMSG, "frame: a text in it holds a NUL");
	Lantoa__V1__Frame *frame = (Lantoa__V1__Frame *)message;
	if (frame->kind_case == LANTOA__V1__FRAME__KIND__NOT_SET)
		return err_set(err, -EBADMSG, "frame: a kind this version does not know");
	if (!wire_text_take(message))
		return err_set(err, -EBADMSG, "frame: a text in it is not UTF-8");
	*ret_frame = frame;
	return 0;
}

static int message_pack(const ProtobufCMessage *message, size_t most, struct blob *out,
			struct err *err)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	if (len > most)
		return err_set(err, -EMSGSIZE, "%zu bytes, over the limit of %zu", len, most);
	if (blob_reserve(out, len) < 0)
		return err_memory(err);
	if (len > 0)
		out->len += protobuf_c_message_pack(message, out->data + out->len);
	return 0;
}

int wire_frame_pack(const Lantoa__V1__Frame *frame, struct blob *out, struct err *err)
{
	int rc = message_pack(&frame->base, WIRE_FRAME_MAX, out, err);
	return rc < 0 ? err_wrap(err, "frame") : 0;
}

/* ---- batch to bytes ---- */

static bool declaration_valid(const struct declaration *declaration)
{
	size_t len = strnlen(declaration->metric, METRIC_NAME_MAX + 1);
	return len >= 1 && len <= METRIC_NAME_MAX && utf8_printable(declaration->metric, len) &&
	       labels_valid(declaration->labels);
}

static bool run_keeps_rules(const struct batch *batch, size_t i, size_t first)
{
	const struct run *run = &batch->runs[i];
	if (run->first != first || run->n < 1 || run->n > batch->n_points - first ||
	    run->series >= WIRE_SERIES_MAX || (i > 0 && run->series <= run[-1].series))
		return false;
	for (uint32_t k = 0; k < run->n; k++) {
		const struct point *point = &batch->points[run->first + k];
		if (point->nth >= DAY_NTHS || (k > 0 && point->nth <= point[-1].nth))
			return false;
	}
	return true;
}

/* Agents make batches of what their disk says. */
static bool batch_keeps_rules(const struct batch *batch)
{
	size_t first = 0;
	if (batch->day < DAY_MIN || batch->day > DAY_MAX || batch->n_points > WIRE_POINTS_MAX ||
	    batch->n_declared > WIRE_DECLARED_MAX ||
	    batch->first_declared > WIRE_SERIES_MAX - batch->n_declared)
		return false;
	for (size_t i = 0; i < batch->n_declared; i++)
		if (!declaration_valid(&batch->declared[i]))
			return false;
	for (size_t i = 0; i < batch->n_runs; first += batch->runs[i++].n)
		if (!run_keeps_rules(batch, i, first))
			return false;
	return first == batch->n_points && remarks_keep_rules(batch);
}

static bool columns_room(struct arena *arena, const struct batch *batch,
			 Lantoa__V1__Columns *columns)
{
	return ARRAY(arena, batch->n_runs, columns->series) &&
	       ARRAY(arena, batch->n_runs, columns->points) &&
	       ARRAY(arena, batch->n_points, columns->steps) &&
	       ARRAY(arena, batch->n_points, columns->values) &&
	       ARRAY(arena, batch->n_points, columns->withdrawn) &&
	       ARRAY(arena, batch->n_declared, columns->declared_metric) &&
	       ARRAY(arena, batch->n_declared, columns->declared_labels) &&
	       ARRAY(arena, batch->n_declared, columns->declared_shape);
}

static void declarations_fill(const struct batch *batch, Lantoa__V1__Columns *columns)
{
	columns->first_declared = batch->first_declared;
	for (size_t i = 0; i < batch->n_declared; i++) {
		const struct declaration *declaration = &batch->declared[i];
		columns->declared_metric[i] = (char *)declaration->metric; /* only read */
		columns->declared_labels[i] = (char *)declaration->labels;
		columns->declared_shape[i] = (uint32_t)declaration_shape(declaration);
	}
	columns->n_declared_metric = columns->n_declared_labels = columns->n_declared_shape =
		batch->n_declared;
}

static void run_fill(const struct batch *batch, const struct run *run, Lantoa__V1__Columns *columns)
{
	unsigned next = 0; /* the least nth that may come */
	for (uint32_t i = run->first; i < run->first + run->n; i++) {
		const struct point *point = &batch->points[i];
		columns->steps[i] = point->nth - next + 1;
		columns->values[i] = point->withdrawn ? 0 : point->value_e;
		if (point->withdrawn)
			columns->withdrawn[columns->n_withdrawn++] = i;
		next = point->nth + 1u;
	}
	columns->n_steps = columns->n_values += run->n;
}

static void runs_fill(const struct batch *batch, Lantoa__V1__Columns *columns)
{
	for (size_t i = 0; i < batch->n_runs; i++) {
		const struct run *run = &batch->runs[i];
		columns->series[i] = run->series;
		columns->points[i] = run->n;
		run_fill(batch, run, columns);
	}
	columns->n_series = columns->n_points = batch->n_runs;
}

/* The codec byte and @columns, compressed where that is smaller. */
static int payload_append(const struct blob *columns, struct blob *out, struct err *err)
{
	if (blob_reserve(out, 1 + columns->len) < 0)
		return err_memory(err);
	uint8_t *payload = out->data + out->len;
	enum codec codec = CODEC_ZSTD;
	size_t len = columns->len < 2 ? 0
				      : ZSTD_compress(payload + 1, columns->len - 1, columns->data,
						      columns->len, ZSTD_LEVEL);
	if (columns->len < 2 || ZSTD_isError(len)) { /* it would not be smaller */
		codec = CODEC_RAW;
		len = columns->len;
		if (len > 0)
			memcpy(payload + 1, columns->data, len);
	}
	payload[0] = (uint8_t)codec;
	if (1 + len > PAYLOAD_MAX)
		return err_set(err, -EMSGSIZE, "%zu bytes, over the limit of %u", 1 + len,
			       PAYLOAD_MAX);
	out->len += 1 + len;
	return 0;
}

static int batch_encode(struct arena *arena, const struct batch *batch, struct blob *packed,
			struct blob *out, struct err *err)
{
	Lantoa__V1__Columns columns = LANTOA__V1__COLUMNS__INIT;
	columns.day = batch->day;
	columns.sealed_us = batch->sealed_us;
	columns.from_spool = batch->from_spool;
	columns.from_seq = batch->from_seq;
	if (!columns_room(arena, batch, &columns) || !remarks_fill(arena, batch, &columns))
		return err_memory(err);
	declarations_fill(batch, &columns);
	runs_fill(batch, &columns);
	int rc = message_pack(&columns.base, WIRE_COLUMNS_MAX, packed, err);
	return rc < 0 ? rc : payload_append(packed, out, err);
}

int wire_batch_encode(const struct batch *batch, struct blob *out, struct err *err)
{
	if (!batch_keeps_rules(batch))
		return err_set(err, -EUCLEAN, "its figures cannot be those of a batch");
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	if (!arena)
		return err_memory(err);
	struct blob packed = { 0 };
	int rc = batch_encode(arena, batch, &packed, out, err);
	blob_free(&packed);
	arena_close(arena);
	return rc < 0 ? err_wrap(err, "batch") : 0;
}

/* ---- bytes to batch ---- */

int wire_malformed(struct err *err, const char *what)
{
	return err_set(err, -EBADMSG, "batch: %s", _(what));
}

static void decompressor_free(void *decompressor)
{
	(void)ZSTD_freeDCtx(decompressor); /* always 0 */
}

/* Kept with the arena: to make one costs 15 us of page faults, to decompress the batch of a minute
 * costs 1.4. */
static ZSTD_DCtx *decompressor(struct arena *arena)
{
	ZSTD_DCtx *kept = arena_kept(arena);
	if (!kept) {
		kept = ZSTD_createDCtx();
		if (kept)
			arena_keep(arena, kept, decompressor_free);
	}
	return kept;
}

/* One zstd frame that says its size, and that size is within the limit. */
static int columns_decompress(struct arena *arena, const uint8_t **data, size_t *len,
			      struct err *err)
{
	unsigned long long size = ZSTD_getFrameContentSize(*data, *len);
	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
	    ZSTD_findFrameCompressedSize(*data, *len) != *len)
		return wire_malformed(err, "is not one zstd frame of known size");
	if (size > WIRE_COLUMNS_MAX)
		return wire_malformed(err, "decompresses to more than allowed");
	uint8_t *plain = arena_alloc_raw(arena, (size_t)size);
	ZSTD_DCtx *context = decompressor(arena);
	if (!plain)
		return wire_no_room(arena, err);
	if (!context)
		return err_memory(err);
	if (ZSTD_decompressDCtx(context, plain, (size_t)size, *data, *len) != size)
		return wire_malformed(err, "does not decompress");
	*data = plain;
	*len = (size_t)size;
	return 0;
}

static int columns_unpack(struct arena *arena, const uint8_t *payload, size_t len,
			  Lantoa__V1__Columns **ret_columns, bool *ret_nul, struct err *err)
{
	if (len < 1 || len > PAYLOAD_MAX)
		return wire_malformed(err, "has no payload, or one over the limit");
	const uint8_t *data = payload + 1;
	size_t rest = len - 1;
	int rc = 0;
	if (payload[0] == CODEC_ZSTD)
		rc = columns_decompress(arena, &data, &rest, err);
	else if (payload[0] != CODEC_RAW)
		rc = wire_malformed(err, "unknown codec; a newer aggregator may know it");
	if (rc < 0)
		return rc;
	ProtobufCMessage *message = NULL;
	rc = wire_message_unpack(arena, &lantoa__v1__columns__descriptor, data, rest, &message,
				 ret_nul, err);
	if (rc < 0)
		return err_wrap(err, "batch");
	*ret_columns = (Lantoa__V1__Columns *)message;
	return 0;
}

static int declarations_decode(struct arena *arena, const Lantoa__V1__Columns *columns,
			       struct batch *batch, struct err *err)
{
	size_t n = columns->n_declared_metric;
	if (n != columns->n_declared_labels || n != columns->n_declared_shape)
		return wire_malformed(err, "columns of declarations differ in length");
	if (n > WIRE_DECLARED_MAX || columns->first_declared > WIRE_SERIES_MAX - n)
		return wire_malformed(err, "declares more series than allowed");
	if (!ARRAY(arena, n, batch->declared))
		return wire_no_room(arena, err);
	for (size_t i = 0; i < n; i++) {
		struct declaration *declaration = &batch->declared[i];
		declaration->metric = columns->declared_metric[i];
		declaration->labels = columns->declared_labels[i];
		uint32_t shape = columns->declared_shape[i];
		declaration->grain = shape_grain(shape);
		declaration->calendar = shape_calendar(shape);
		declaration->decimals = shape_decimals(shape);
		if (!shape_is_sane(shape) || !declaration_valid(declaration))
			return wire_malformed(err,
					      "declares a series with a bad name, labels or shape");
	}
	batch->first_declared = columns->first_declared;
	batch->n_declared = n;
	return 0;
}

/* The hot loop: a few nanoseconds per observation. */
static bool points_decode(const uint32_t steps[], const int64_t values[], uint32_t n,
			  uint32_t per_day, struct point points[])
{
	uint32_t next = 0; /* the least nth that may come */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t step = steps[i];
		if (step - 1 >= per_day - next) /* 0 wraps, and is too large as well */
			return false;
		next += step;
		points[i] = (struct point){ .value_e = values[i], .nth = (uint16_t)(next - 1) };
	}
	return true;
}

static int runs_decode(const Lantoa__V1__Columns *columns, struct batch *batch, struct err *err)
{
	uint32_t first = 0, series_next = 0;
	for (size_t i = 0; i < columns->n_series; i++) {
		uint32_t series = columns->series[i], n = columns->points[i];
		if (series < series_next || series >= WIRE_SERIES_MAX)
			return wire_malformed(err, "series are not ascending");
		if (n < 1 || n > batch->n_points - first)
			return wire_malformed(err, "runs and values differ in length");

		/* How many periods a day has for the series, as far as this batch tells. */
		uint32_t at = series - batch->first_declared; /* far beyond n when it is lower */
		uint32_t per_day = at < batch->n_declared ? grain_per_day(batch->declared[at].grain)
							  : DAY_NTHS;
		if (!points_decode(columns->steps + first, columns->values + first, n, per_day,
				   batch->points + first))
			return wire_malformed(err, "periods are not ascending within the day");
		batch->runs[i] = (struct run){ .series = series, .first = first, .n = n };
		first += n;
		series_next = series + 1;
	}
	return first == batch->n_points ? 0
					: wire_malformed(err, "runs and values differ in length");
}

static int withdrawn_decode(const Lantoa__V1__Columns *columns, struct batch *batch,
			    struct err *err)
{
	size_t least = 0;
	for (size_t i = 0; i < columns->n_withdrawn; i++) {
		size_t at = columns->withdrawn[i];
		if (at < least || at >= batch->n_points || batch->points[at].value_e != 0)
			return wire_malformed(err, "withdraws what it does not hold");
		batch->points[at].withdrawn = true;
		least = at + 1;
	}
	return 0;
}

static int columns_decode(struct arena *arena, const Lantoa__V1__Columns *columns,
			  struct batch *batch, struct err *err)
{
	size_t n_runs = columns->n_series, n_points = columns->n_values;
	if (columns->day < DAY_MIN || columns->day > DAY_MAX)
		return wire_malformed(err, "a day outside 1900 to 2100");
	if (n_runs != columns->n_points || n_points != columns->n_steps)
		return wire_malformed(err, "columns differ in length");
	if (n_runs > WIRE_SERIES_MAX || n_points > WIRE_POINTS_MAX)
		return wire_malformed(err, "more observations than allowed");
	batch->day = columns->day;
	batch->sealed_us = columns->sealed_us;
	batch->from_spool = columns->from_spool;
	batch->from_seq = columns->from_seq;
	batch->n_runs = n_runs;
	batch->n_points = n_points;
	if (!ARRAY(arena, n_runs, batch->runs) || !ARRAY(arena, n_points, batch->points))
		return wire_no_room(arena, err);
	int rc = declarations_decode(arena, columns, batch, err);
	if (rc == 0)
		rc = runs_decode(columns, batch, err);
	if (rc == 0)
		rc = withdrawn_decode(columns, batch, err);
	return rc < 0 ? rc : remarks_decode(arena, columns, batch, err);
}

int wire_batch_decode(struct arena *arena, const uint8_t *payload, size_t len,
		      struct batch *ret_batch, struct err *err)
{
	Lantoa__V1__Columns *columns = NULL;
	struct batch batch = { 0 };
	int rc = columns_unpack(arena, payload, len, &columns, &batch.nul, err);
	if (rc == 0)
		rc = columns_decode(arena, columns, &batch, err);
	if (rc == 0)
		*ret_batch = batch;
	return rc;
}

void wire_digest(const uint8_t *payload, size_t len, uint8_t ret_digest[WIRE_DIGEST_LEN])
{
	/* fails for impossible lengths only */
	(void)crypto_generichash(ret_digest, WIRE_DIGEST_LEN, payload, len, NULL, 0);
}
