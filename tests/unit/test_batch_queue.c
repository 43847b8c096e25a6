/* Batches that wait: whose memory they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/blob.h"
#include "common/net/wire.h"
#include "ingest/batch_queue.h"
#include "support/fault.h"

#include <string.h>

#define LARGE 100000u
#define SMALL 3u

static uint8_t bytes[LARGE];

/* A frame as an office sends it, with a payload of @len bytes that begin with @first. */
static void frame_of(uint8_t first, size_t len, bool chained, zmq_msg_t *ret)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	uint8_t digest[WIRE_DIGEST_LEN] = { 7 };
	struct blob packed = { 0 };
	struct err err;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(first + i);
	batch.spool_id = UINT64_MAX;
	batch.seq = UINT64_MAX;
	batch.payload = (ProtobufCBinaryData){ len, bytes };
	if (chained)
		batch.before_digest = (ProtobufCBinaryData){ sizeof(digest), digest };
	frame.kind_case = LANTOA__V1__FRAME__KIND_BATCH;
	frame.batch = &batch;
	assert_int_equal(wire_frame_pack(&frame, &packed, &err), 0);
	assert_int_equal(zmq_msg_init_size(ret, packed.len), 0);
	memcpy(zmq_msg_data(ret), packed.data, packed.len);
	blob_free(&packed);
}

static struct pending *add(struct batch_queue *queue, uint8_t first, size_t len, bool chained)
{
	zmq_msg_t frame;
	frame_of(first, len, chained, &frame);
	const uint8_t *data = zmq_msg_data(&frame);
	size_t size = zmq_msg_size(&frame);
	struct pending *pending = batch_queue_add(queue, &frame, bytes, len);
	assert_non_null(pending);
	assert_int_equal(zmq_msg_size(&frame), 0); /* it is the queue's now */
	assert_int_equal(zmq_msg_close(&frame), 0);
	if (len == LARGE) /* in the very memory in which it came */
		assert_true(pending->form.payload > data && pending->form.payload < data + size);
	return pending;
}

static void assert_payload(const struct pending *pending, uint8_t first, size_t len)
{
	assert_int_equal(pending->form.len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(pending->form.payload[i], (uint8_t)(first + i));
}

static void a_frame_is_taken_over_and_counted_as_it_lies_in_memory(void **state)
{
	struct batch_queue queue = { 0 };
	(void)state;
	for (uint8_t i = 0; i < 200; i++)
		(void)add(&queue, i, i % 2 ? LARGE : SMALL, i % 3 == 0);
	assert_true(queue.bytes > 100 * LARGE);
	for (uint8_t i = 0; i < 200; i++) /* though the list has moved since */
		assert_payload(&queue.list[i], i, i % 2 ? LARGE : SMALL);
	batch_queue_free(&queue);
	assert_int_equal(queue.bytes, 0);
}

/* Its first bytes are those of the spool's name before it, too. */
static void a_payload_is_found_where_it_lies(void **state)
{
	struct batch_queue queue = { 0 };
	(void)state;
	struct pending *pending = add(&queue, UINT8_MAX, 1, false);
	const uint8_t *data = zmq_msg_data(pending->message);
	assert_ptr_equal(pending->form.payload, data + zmq_msg_size(pending->message) - 1);
	batch_queue_free(&queue);
}

static void a_payload_that_is_in_no_frame_is_copied(void **state)
{
	struct batch_queue queue = { 0 };
	const uint8_t payload[] = { 1, 2, 3, 4 };
	zmq_msg_t frame;
	(void)state;
	frame_of(9, SMALL, false, &frame);
	assert_payload(batch_queue_add(&queue, &frame, payload, sizeof(payload)), 1, 4);
	assert_true(zmq_msg_size(&frame) > 0);
	assert_payload(batch_queue_add(&queue, NULL, payload, sizeof(payload)), 1, 4);
	assert_payload(batch_queue_add(&queue, &frame, NULL, 0), 0, 0);
	assert_int_equal(queue.bytes, 8);
	assert_int_equal(zmq_msg_close(&frame), 0);
	batch_queue_free(&queue);
}

static bool may(void *context, const struct pending *pending)
{
	(void)context;
	return pending->form.seq != 2;
}

static void what_is_taken_and_put_back_has_one_owner(void **state)
{
	struct batch_queue waiting = { 0 }, taken = { 0 };
	(void)state;
	for (uint8_t i = 0; i < 5; i++)
		add(&waiting, i, LARGE, false)->form.seq = i;
	size_t all = waiting.bytes;
	batch_queue_take(&waiting, &taken, 4);
	assert_int_equal(waiting.n, 1);
	assert_int_equal(taken.bytes + waiting.bytes, all);
	for (size_t i = 1; i < 4; i++)
		taken.list[i].posting = POSTING_NEXT;
	batch_queue_put_back(&taken, &waiting, may, NULL); /* all but 0, which is posted, and 2 */
	batch_queue_clear(&taken);
	assert_int_equal(waiting.n, 3);
	assert_int_equal(waiting.bytes, all / 5 * 3);
	assert_payload(&waiting.list[0], 1, LARGE);
	assert_payload(&waiting.list[1], 3, LARGE);
	assert_payload(&waiting.list[2], 4, LARGE);
	batch_queue_free(&waiting);
	batch_queue_free(&taken);
}

static void without_memory_nothing_is_taken(void **state)
{
	(void)state;
	for (unsigned after = 0;; after++) {
		struct batch_queue queue = { 0 };
		zmq_msg_t frame;
		frame_of(1, LARGE, true, &frame);
		fault_arm(after);
		const struct pending *pending = batch_queue_add(&queue, &frame, bytes, LARGE);
		bool fired = fault_disarm();
		assert_true(fired ? !pending && zmq_msg_size(&frame) > LARGE && queue.bytes == 0
				  : pending && zmq_msg_size(&frame) == 0);
		assert_int_equal(zmq_msg_close(&frame), 0);
		batch_queue_free(&queue);
		if (!fired)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_is_taken_over_and_counted_as_it_lies_in_memory),
		cmocka_unit_test(a_payload_is_found_where_it_lies),
		cmocka_unit_test(a_payload_that_is_in_no_frame_is_copied),
		cmocka_unit_test(what_is_taken_and_put_back_has_one_owner),
		cmocka_unit_test(without_memory_nothing_is_taken),
	};
	return cmocka_run_group_tests_name("batch_queue", tests, NULL, NULL);
}
