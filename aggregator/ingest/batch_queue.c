#include "ingest/batch_queue.h"

#include "common/base/varint.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_MAX 64u /* bytes before a payload in its frame: kinds, lengths, spool and number */

static int reserve(struct batch_queue *queue, size_t room)
{
	if (room <= queue->room)
		return 0;
	struct pending **order = realloc(queue->order, room * sizeof(struct pending *));
	if (order)
		queue->order = order;
	struct pending *list = realloc(queue->list, room * sizeof(*list));
	if (list)
		queue->list = list;
	if (!list || !order)
		return -ENOMEM;
	queue->room = room;
	return 0;
}

void batch_queue_take(struct batch_queue *from, struct batch_queue *to, size_t most)
{
	struct batch_queue all = *from;
	assert(to->n == 0);
	*from = *to;
	*to = all;
	if (to->n <= most || reserve(from, to->n - most) < 0)
		return; /* without memory for two lists, all are taken */
	memcpy(from->list, to->list + most, (to->n - most) * sizeof(*to->list));
	from->n = to->n - most;
	to->n = most;
	for (size_t i = 0; i < from->n; i++)
		from->bytes += zmq_msg_size(from->list[i].message);
	to->bytes -= from->bytes;
}

void batch_queue_put_back(struct batch_queue *from, struct batch_queue *to,
			  bool (*may)(void *context, const struct pending *pending), void *context)
{
	size_t n = 0, at = 0;
	for (size_t i = 0; i < from->n; i++)
		n += from->list[i].posting == POSTING_NEXT;
	if (n == 0 || reserve(to, to->n + n) < 0)
		return;
	struct batch_queue back = { .list = malloc(n * sizeof(*back.list)) };
	if (!back.list)
		return;
	for (size_t i = 0; i < from->n; i++) {
		struct pending *pending = &from->list[i];
		if (pending->posting != POSTING_NEXT || !may(context, pending))
			continue;
		back.list[at++] = *pending;
		to->bytes += zmq_msg_size(pending->message);
		pending->message = NULL; /* it is the other's now */
		pending->refusal = NULL;
	}
	memmove(to->list + at, to->list, to->n * sizeof(*to->list));
	memcpy(to->list, back.list, at * sizeof(*to->list));
	to->n += at;
	free(back.list);
}

static void message_free(zmq_msg_t *message)
{
	if (message)
		(void)zmq_msg_close(message); /* fails only for what is no message */
	free(message);
}

void batch_queue_clear(struct batch_queue *queue)
{
	for (size_t i = 0; i < queue->n; i++) {
		message_free(queue->list[i].message);
		free(queue->list[i].refusal);
	}
	queue->n = queue->bytes = 0;
}

/* Where @payload lies in the frame that it was unpacked from: its bytes stand there as they are,
 * behind their length and what comes first in a Batch. The length is looked for first: a frame of
 * zeros would else be compared at every place, half a millisecond for 256 KiB. */
static bool find_in_frame(zmq_msg_t *frame, const uint8_t *payload, size_t len, size_t *ret_at)
{
	const uint8_t *data = zmq_msg_data(frame);
	size_t size = zmq_msg_size(frame);
	uint8_t length[VARINT_MAX];
	size_t n = (size_t)(varint_put(length, len) - length);
	for (size_t at = n; len > 0 && at <= AHEAD_MAX && at + len <= size; at++) {
		if (memcmp(data + at - n, length, n) == 0 && memcmp(data + at, payload, len) == 0) {
			*ret_at = at;
			return true;
		}
	}
	return false;
}

struct pending *batch_queue_add(struct batch_queue *queue, zmq_msg_t *frame, const uint8_t *payload,
				size_t len)
{
	if (queue->n == queue->room && reserve(queue, queue->room ? queue->room * 2 : 64) < 0)
		return NULL;
	/* A message of its own on the heap, because the list moves: libzmq keeps what is small
	 * within the zmq_msg_t itself. */
	zmq_msg_t *message = malloc(sizeof(*message));
	size_t at = 0;
	bool found = frame && find_in_frame(frame, payload, len, &at);
	if (!message || (found ? zmq_msg_init(message) : zmq_msg_init_size(message, len)) < 0) {
		free(message);
		return NULL;
	}
	if (found)
		(void)zmq_msg_move(message, frame); /* fails only for what is no message */
	else if (len > 0)                           /* nothing may be nowhere */
		memcpy(zmq_msg_data(message), payload, len);
	queue->bytes += zmq_msg_size(message);
	struct pending *pending = &queue->list[queue->n++];
	*pending = (struct pending){
		.message = message,
		.form = { .payload = (const uint8_t *)zmq_msg_data(message) + at, .len = len },
	};
	return pending;
}

bool batch_queue_full(const struct batch_queue *queue)
{
	return queue->bytes >= QUEUE_BYTES_MAX || queue->n >= QUEUE_BATCHES_MAX;
}

void batch_queue_free(struct batch_queue *queue)
{
	batch_queue_clear(queue);
	free(queue->list);
	free(queue->order);
	*queue = (struct batch_queue){ 0 };
}
