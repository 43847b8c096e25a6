#include "common/net/wire_limits.h"

#include "common/base/varint.h"

#include <errno.h>
#include <string.h>

#include "proto/lantoa.pb-c.h"

static const struct {
	const ProtobufCMessageDescriptor *kind;
	const char *field;
	uint32_t most;
} limits[] = {
	{ &lantoa__v1__columns__descriptor, "series", WIRE_SERIES_MAX },
	{ &lantoa__v1__columns__descriptor, "points", WIRE_SERIES_MAX },
	{ &lantoa__v1__columns__descriptor, "steps", WIRE_POINTS_MAX },
	{ &lantoa__v1__columns__descriptor, "values", WIRE_POINTS_MAX },
	{ &lantoa__v1__columns__descriptor, "withdrawn", WIRE_POINTS_MAX },
	{ &lantoa__v1__columns__descriptor, "declared_metric", WIRE_DECLARED_MAX },
	{ &lantoa__v1__columns__descriptor, "declared_labels", WIRE_DECLARED_MAX },
	{ &lantoa__v1__columns__descriptor, "declared_shape", WIRE_DECLARED_MAX },
	{ &lantoa__v1__ack__descriptor, "quarantined", WIRE_HELD_MAX },
	{ &lantoa__v1__columns__descriptor, "author", WIRE_AUTHORS_MAX },
	{ &lantoa__v1__columns__descriptor, "authors", WIRE_POINTS_MAX },
	{ &lantoa__v1__columns__descriptor, "noted", WIRE_NOTES_MAX },
	{ &lantoa__v1__columns__descriptor, "note", WIRE_NOTES_MAX },
	{ &lantoa__v1__columns__descriptor, "finished", WIRE_FINISHED_MAX },
	{ &lantoa__v1__columns__descriptor, "finished_by", WIRE_FINISHED_MAX },
	{ &lantoa__v1__columns__descriptor, "finished_us", WIRE_FINISHED_MAX },
	{ &lantoa__v1__columns__descriptor, "finished_undone", WIRE_FINISHED_MAX },
	{ &lantoa__v1__files__descriptor, "file", WIRE_FILES_MAX },
	{ &lantoa__v1__heads__descriptor, "head", WIRE_HEADS_MAX },
	{ &lantoa__v1__standing__descriptor, "closed", WIRE_CLOSED_MAX },
	{ &lantoa__v1__standing__descriptor, "waiting", WIRE_WAITING_MAX },
	{ &lantoa__v1__standing__descriptor, "released", WIRE_WAITING_MAX },
	{ &lantoa__v1__standing__descriptor, "message", WIRE_MESSAGES_MAX },
	{ &lantoa__v1__standing__descriptor, "closing", WIRE_CLOSED_MAX },
	{ &lantoa__v1__standing_ask__descriptor, "read", WIRE_MESSAGES_MAX },
};

/* Since protocol 3. Of what was there before, whoever takes it looks at the length. */
static const struct {
	const ProtobufCMessageDescriptor *kind;
	const char *field;
	size_t least, most; /* bytes, when there are any */
} lengths[] = {
	{ &lantoa__v1__head__descriptor, "chain", WIRE_CHAIN_LEN, WIRE_CHAIN_LEN },
	{ &lantoa__v1__edition_piece__descriptor, "digest", WIRE_EDITION_DIGEST,
	  WIRE_EDITION_DIGEST },
	{ &lantoa__v1__edition_piece__descriptor, "data", 1, WIRE_PIECE_MAX },
	{ &lantoa__v1__file__descriptor, "name", 1, WIRE_FILE_NAME_MAX },
	{ &lantoa__v1__settings__descriptor, "second_address", 1, WIRE_ADDRESS_MAX },
	{ &lantoa__v1__settings__descriptor, "next_server_key", 32, 32 },
	{ &lantoa__v1__settings__descriptor, "next_signature", 64, 64 },
};

/* Those of Columns are looked at when they are decoded, which is the hot path. */
static bool length_is_good(const ProtobufCMessageDescriptor *kind,
			   const ProtobufCFieldDescriptor *field, size_t len)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (lengths[i].kind == kind && strcmp(lengths[i].field, field->name) == 0)
			return len == 0 || (len >= lengths[i].least && len <= lengths[i].most);
	return true;
}

uint32_t wire_limit_of(const ProtobufCMessageDescriptor *kind,
		       const ProtobufCFieldDescriptor *field)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].kind == kind && strcmp(limits[i].field, field->name) == 0)
			return limits[i].most;
	return 0;
}

struct sums {            /* of a message and those inside it */
	uint32_t fields; /* tags */
	bool nul;        /* in a text */
};

struct walk { /* through one message */
	const ProtobufCMessageDescriptor *kind;
	const uint8_t *at, *end;
	uint32_t counts[WIRE_KIND_FIELDS_MAX]; /* so far, by the field's place in the descriptor */
};

struct value { /* behind its tag */
	const uint8_t *data;
	size_t len;
	bool delimited; /* its length stands before it: a text, a message, packed numbers */
};

/* False: the bytes end before it does, or it is a group, which we do not speak. */
static bool value_read(struct walk *walk, unsigned type, struct value *ret)
{
	uint64_t number, len = 0;
	switch (type) {
	case 0: /* a number */
		if (!varint_get(&walk->at, walk->end, &number))
			return false;
		break;
	case 1: /* 64 bits */
		len = 8;
		break;
	case 2:
		if (!varint_get(&walk->at, walk->end, &len))
			return false;
		break;
	case 5: /* 32 bits */
		len = 4;
		break;
	default:
		return false;
	}
	if (len > (size_t)(walk->end - walk->at))
		return false;
	*ret = (struct value){ walk->at, (size_t)len, type == 2 };
	walk->at += (size_t)len;
	return true;
}

/* Of packed numbers: each ends with a byte below 128. All that we have are such; where fewer bytes
 * come than numbers may, they need not be counted. */
static size_t packed_count(const struct value *value, uint32_t most)
{
	size_t n = 0;
	if (value->len <= most)
		return value->len;
	for (size_t i = 0; i < value->len; i++)
		n += value->data[i] < 0x80;
	return n;
}

static int message_check(const ProtobufCMessageDescriptor *kind, const uint8_t *data, size_t len,
			 struct sums *sums, struct err *err);

static int field_check(struct walk *walk, const ProtobufCFieldDescriptor *field,
		       const struct value *value, struct sums *sums, struct err *err)
{
	uint32_t *count = &walk->counts[field - walk->kind->fields];
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	bool packed = field->flags & PROTOBUF_C_FIELD_FLAG_PACKED;
	uint32_t most = repeated ? wire_limit_of(walk->kind, field) : 1;
	if (packed && (!value->delimited || *count > 0))
		return err_set(err, -EBADMSG, "'%s' is not in one piece", field->name);
	size_t n = packed ? packed_count(value, most) : 1;
	if (n > most - *count)
		return err_set(err, -EBADMSG, "holds more of '%s' than allowed", field->name);
	*count += (uint32_t)(packed ? 1 : n);
	if (!value->delimited)
		return 0; /* of another type than its own it is not unpacked */
	if (walk->kind != &lantoa__v1__columns__descriptor &&
	    !length_is_good(walk->kind, field, value->len))
		return err_set(err, -EBADMSG, "'%s' has %zu bytes, which is not its length",
			       field->name, value->len);
	if (field->type == PROTOBUF_C_TYPE_STRING && value->len > 0)
		sums->nul |= memchr(value->data, 0, value->len) != NULL;
	if (field->type != PROTOBUF_C_TYPE_MESSAGE)
		return 0;
	return message_check(field->descriptor, value->data, value->len, sums, err);
}

/* As deep as our messages nest, which none does in itself. @sums: so far, of all. */
static int message_check(const ProtobufCMessageDescriptor *kind, const uint8_t *data, size_t len,
			 struct sums *sums, struct err *err)
{
	struct walk walk = { .kind = kind, .at = data, .end = len ? data + len : data };
	while (walk.at < walk.end) {
		uint64_t tag;
		struct value value;
		if (!varint_get(&walk.at, walk.end, &tag) || tag >> 3 == 0 || tag > UINT32_MAX ||
		    !value_read(&walk, (unsigned)tag & 7u, &value))
			return err_set(err, -EBADMSG, "is not a %s message", kind->short_name);
		if (++sums->fields > WIRE_FIELDS_MAX)
			return err_set(err, -EBADMSG, "holds more fields than allowed");
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field(kind, (unsigned)(tag >> 3));
		int rc = field ? field_check(&walk, field, &value, sums, err) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

int wire_limits_check(const ProtobufCMessageDescriptor *kind, const uint8_t *data, size_t len,
		      bool *ret_nul, struct err *err)
{
	struct sums sums = { 0 };
	int rc = message_check(kind, data, len, &sums, err);
	*ret_nul = sums.nul;
	return rc;
}
