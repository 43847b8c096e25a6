#include "ingest/batch_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
		from->bytes += from->list[i].form.len;
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
		to->bytes += pending->form.len;
		pending->payload = NULL; /* it is the other's now */
		pending->refusal = NULL;
	}
	memmove(to->list + at, to->list, to->n * sizeof(*to->list));
	memcpy(to->list, back.list, at * sizeof(*to->list));
	to->n += at;
	free(back.list);
}

void batch_queue_clear(struct batch_queue *queue)
{
	for (size_t i = 0; i < queue->n; i++) {
		free(queue->list[i].payload);
		free(queue->list[i].refusal);
	}
	queue->n = queue->bytes = 0;
}

struct pending *batch_queue_add(struct batch_queue *queue, const uint8_t *payload, size_t len)
{
	if (queue->n == queue->room && reserve(queue, queue->room ? queue->room * 2 : 64) < 0)
		return NULL;
	uint8_t *copy = malloc(len ? len : 1);
	if (!copy)
		return NULL;
	if (len > 0) /* nothing may be nowhere */
		memcpy(copy, payload, len);
	queue->bytes += len;
	struct pending *pending = &queue->list[queue->n++];
	*pending = (struct pending){ .payload = copy, .form = { .payload = copy, .len = len } };
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
