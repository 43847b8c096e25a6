#include "uplink/batch_sender.h"

#include "common/base/container.h"
#include "common/base/log.h"

#include <errno.h>
#include <string.h>

static int work(struct task *task)
{
	struct batch_sender *sender = container_of(task, struct batch_sender, task);
	int rc = spool_batch(sender->spool, sender->seq, &sender->payload, &task->err);
	if (rc == 0)
		wire_digest(sender->payload.data, sender->payload.len, sender->digest);
	return rc;
}

static void remember(struct batch_sender *sender, uint64_t seq, const uint8_t *digest)
{
	sender->last = seq;
	memcpy(sender->last_digest, digest, WIRE_DIGEST_LEN);
}

static enum protocol_result hand_over(struct batch_sender *sender)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	const struct blob *payload = &sender->payload;
	batch.spool_id = sender->life.id;
	batch.seq = sender->seq - sender->life.begin;
	batch.payload = (ProtobufCBinaryData){ .len = payload->len, .data = payload->data };
	if (sender->protocol >= WIRE_CHAINED && sender->last > 0 && sender->last == sender->seq - 1)
		batch.before_digest = (ProtobufCBinaryData){ .len = WIRE_DIGEST_LEN,
							     .data = sender->last_digest };
	frame.kind_case = LANTOA__V1__FRAME__KIND_BATCH;
	frame.batch = &batch;
	sender->len = protobuf_c_message_get_packed_size(&frame.base);
	return sender->on_read(sender->context, sender->session, &frame, sender->len);
}

static enum protocol_result deliver(struct batch_sender *sender, const struct task *task)
{
	if (task->rc == -ENOENT)
		return PROTOCOL_MISSING;
	if (task->rc < 0) {
		log_error("uplink: cannot read a batch cause=\"%s\"", task->err.text);
		return PROTOCOL_NO_ROOM;
	}
	enum protocol_result result = hand_over(sender);
	if (result == PROTOCOL_SENT)
		remember(sender, sender->seq, sender->digest);
	return result;
}

static void done(struct task *task)
{
	struct batch_sender *sender = container_of(task, struct batch_sender, task);
	enum protocol_result result = deliver(sender, task);
	blob_free(&sender->payload); /* a sleeping agent holds no buffers */
	sender->on_done(sender->context, (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
								  .seq = sender->seq,
								  .session = sender->session,
								  .bytes = sender->len,
								  .result = result });
}

void batch_sender_welcomed(struct batch_sender *sender, uint32_t protocol, uint64_t upto,
			   const uint8_t *digest, size_t len)
{
	sender->protocol = protocol;
	sender->last = 0;
	if (len == WIRE_DIGEST_LEN)
		remember(sender, upto, digest);
}

void batch_sender_renewed(struct batch_sender *sender, const struct spool_life *life)
{
	sender->life = *life;
	sender->last = 0;
}

void batch_sender_fetch(struct batch_sender *sender, uint64_t seq, uint32_t session)
{
	sender->seq = seq;
	sender->session = session;
	task_start(&sender->task, sender->group, work, done);
}

void batch_sender_free(struct batch_sender *sender)
{
	blob_free(&sender->payload);
}
