#include "uplink/batch_sender.h"

#include "common/base/container.h"
#include "common/base/log.h"

#include <errno.h>
#include <string.h>

static int work(struct task *task)
{
	struct courier *courier = container_of(task, struct courier, task);
	int rc = spool_batch(courier->spool, courier->seq, &courier->payload, &task->err);
	if (rc == 0)
		wire_digest(courier->payload.data, courier->payload.len, courier->digest);
	return rc;
}

static void remember(struct courier *courier, uint64_t seq, const uint8_t *digest)
{
	courier->last = seq;
	memcpy(courier->last_digest, digest, WIRE_DIGEST_LEN);
}

static enum uplink_result hand_over(struct courier *courier)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	const struct blob *payload = &courier->payload;
	batch.spool_id = courier->life.id;
	batch.seq = courier->seq - courier->life.begin;
	batch.payload = (ProtobufCBinaryData){ .len = payload->len, .data = payload->data };
	if (courier->protocol >= WIRE_CHAINED && courier->last > 0 &&
	    courier->last == courier->seq - 1)
		batch.before_digest = (ProtobufCBinaryData){ .len = WIRE_DIGEST_LEN,
							     .data = courier->last_digest };
	frame.kind_case = LANTOA__V1__FRAME__KIND_BATCH;
	frame.batch = &batch;
	courier->len = protobuf_c_message_get_packed_size(&frame.base);
	return courier->on_read(courier->context, courier->session, &frame, courier->len);
}

static enum uplink_result deliver(struct courier *courier, const struct task *task)
{
	if (task->rc == -ENOENT)
		return UPLINK_MISSING;
	if (task->rc < 0) {
		log_error("uplink: cannot read a batch cause=\"%s\"", task->err.text);
		return UPLINK_NO_ROOM;
	}
	enum uplink_result result = hand_over(courier);
	if (result == UPLINK_SENT)
		remember(courier, courier->seq, courier->digest);
	return result;
}

static void done(struct task *task)
{
	struct courier *courier = container_of(task, struct courier, task);
	enum uplink_result result = deliver(courier, task);
	blob_free(&courier->payload); /* a sleeping agent holds no buffers */
	courier->on_done(courier->context, (struct uplink_event){ .type = UPLINK_BATCH_DONE,
								  .seq = courier->seq,
								  .session = courier->session,
								  .bytes = courier->len,
								  .result = result });
}

void courier_welcomed(struct courier *courier, uint32_t protocol, uint64_t upto,
		      const uint8_t *digest, size_t len)
{
	courier->protocol = protocol;
	courier->last = 0;
	if (len == WIRE_DIGEST_LEN)
		remember(courier, upto, digest);
}

void courier_renewed(struct courier *courier, const struct spool_life *life)
{
	courier->life = *life;
	courier->last = 0;
}

void courier_fetch(struct courier *courier, uint64_t seq, uint32_t session)
{
	courier->seq = seq;
	courier->session = session;
	task_start(&courier->task, courier->group, work, done);
}

void courier_free(struct courier *courier)
{
	blob_free(&courier->payload);
}
