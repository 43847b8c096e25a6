/* Every input is tried as a frame, as a batch's payload and as an edition: frames begin with other
 * bytes than the two. */
#include "common/net/wire.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

static void same(const struct batch *a, const struct batch *b)
{
	require(a->day == b->day && a->sealed_us == b->sealed_us);
	require(a->n_declared == b->n_declared && a->n_runs == b->n_runs &&
		a->n_points == b->n_points);
	for (size_t i = 0; i < a->n_declared; i++) {
		require(strcmp(a->declared[i].metric, b->declared[i].metric) == 0);
		require(strcmp(a->declared[i].labels, b->declared[i].labels) == 0);
	}
	for (size_t i = 0; i < a->n_runs; i++)
		require(a->runs[i].series == b->runs[i].series && a->runs[i].n == b->runs[i].n);
	for (size_t i = 0; i < a->n_points; i++)
		require(a->points[i].value_e == b->points[i].value_e &&
			a->points[i].nth == b->points[i].nth &&
			a->points[i].withdrawn == b->points[i].withdrawn &&
			a->points[i].author == b->points[i].author);
	require(a->n_authors == b->n_authors && a->n_remarks == b->n_remarks &&
		a->n_finished == b->n_finished);
	for (size_t i = 0; i < a->n_remarks; i++)
		require(a->remarks[i].point == b->remarks[i].point &&
			strcmp(a->remarks[i].text, b->remarks[i].text) == 0);
	for (size_t i = 0; i < a->n_finished; i++)
		require(a->finished[i].grain == b->finished[i].grain &&
			a->finished[i].calendar == b->finished[i].calendar &&
			a->finished[i].author == b->finished[i].author &&
			a->finished[i].undone == b->finished[i].undone &&
			a->finished[i].at_us == b->finished[i].at_us);
}

/* What was taken keeps the rules that encode asserts, and comes back the same. */
static void try_payload(struct arena *arena, const uint8_t *data, size_t len)
{
	struct err err;
	struct batch batch, again;
	int rc = wire_batch_decode(arena, data, len, &batch, &err);
	require(rc == 0 || rc == -EBADMSG || rc == -ENOMEM);
	if (rc < 0)
		return;
	struct blob out = { 0 };
	rc = wire_batch_encode(&batch, &out, &err);
	require(rc == 0 || rc == -EMSGSIZE);
	struct arena *second = arena_open(WIRE_ARENA_MAX);
	require(second);
	if (rc == 0) {
		require(wire_batch_decode(second, out.data, out.len, &again, &err) == 0);
		same(&batch, &again);
	}
	arena_close(second);
	blob_free(&out);
}

static void try_frame(struct arena *arena, const uint8_t *data, size_t len)
{
	struct err err;
	Lantoa__V1__Frame *frame = NULL;
	int rc = wire_frame_unpack(arena, data, len, &frame, &err);
	require(rc == 0 || rc == -EBADMSG || rc == -ENOMEM || rc == -EMSGSIZE);
	if (rc == 0 && frame->kind_case == LANTOA__V1__FRAME__KIND_BATCH)
		try_payload(arena, frame->batch->payload.data, frame->batch->payload.len);
}

static void try_edition(struct arena *arena, const uint8_t *data, size_t len)
{
	struct err err;
	Lantoa__V1__Files *files = NULL;
	struct blob out = { 0 };
	int rc = wire_edition_unpack(arena, data, len, &files, &err);
	require(rc == 0 || rc == -EBADMSG || rc == -ENOMEM);
	if (rc == 0) /* what was passed over may have been what made it small */
		require((rc = wire_edition_pack(files, &out, &err)) == 0 || rc == -EFBIG);
	blob_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	require(arena);
	try_frame(arena, data, len);
	arena_reset(arena);
	try_payload(arena, data, len);
	arena_reset(arena);
	try_edition(arena, data, len);
	arena_close(arena);
	return 0;
}
