#include "batch_queue.h"

#include <stdlib.h>
#include <string.h>

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
	if (queue->n == queue->room) {
		size_t room = queue->room ? queue->room * 2 : 64;
		struct pending *list = realloc(queue->list, room * sizeof(*list));
		if (!list)
			return NULL;
		queue->list = list;
		queue->room = room;
	}
	uint8_t *copy = malloc(len ? len : 1);
	if (!copy)
		return NULL;
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
	*queue = (struct batch_queue){ 0 };
}
