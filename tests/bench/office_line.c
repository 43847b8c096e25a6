#include "bench/office_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <zmq.h>

int office_line_fault(struct err *err, const char *what)
{
	return err_set(err, -EIO, "%s: %s", what, zmq_strerror(errno));
}

int office_line_open(void *zmq, const struct invitation *province, const struct office_keys *keys,
		     void **ret_socket, struct err *err)
{
	char endpoint[INVITATION_ADDRESS_MAX + 8];
	int linger_ms = 0;
	void *socket = zmq_socket(zmq, ZMQ_DEALER);
	if (!socket)
		return office_line_fault(err, "open a socket");
	*ret_socket = socket;
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://%s", province->address); /* fits */
	if (zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, province->server_key, INVITATION_KEY_LEN) <
		    0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, INVITATION_KEY_LEN) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, INVITATION_KEY_LEN) < 0 ||
	    zmq_connect(socket, endpoint) < 0)
		return office_line_fault(err, "connect");
	return 0;
}

int office_line_send(void *socket, const Lantoa__V1__Frame *frame, struct err *err)
{
	struct blob packed = { 0 };
	int rc = wire_frame_pack(frame, &packed, err);
	if (rc == 0 && zmq_send(socket, packed.data, packed.len, 0) < 0)
		rc = office_line_fault(err, "send");
	blob_free(&packed);
	return rc;
}

int office_line_take(void *socket, struct arena *arena, Lantoa__V1__Frame **ret_frame,
		     struct err *err)
{
	zmq_msg_t message;
	(void)zmq_msg_init(&message); /* always 0 */
	if (zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) < 0)
		return errno == EAGAIN ? 0 : office_line_fault(err, "receive");
	arena_reset(arena);
	int rc = wire_frame_unpack(arena, zmq_msg_data(&message), zmq_msg_size(&message), ret_frame,
				   err);
	(void)zmq_msg_close(&message); /* it was one */
	if (rc < 0)
		return rc;
	if ((*ret_frame)->kind_case == LANTOA__V1__FRAME__KIND_REFUSED)
		return err_set(err, -EPROTO, "batch %" PRIu64 " refused: %s",
			       (*ret_frame)->refused->seq, (*ret_frame)->refused->reason);
	return 1;
}

int office_line_wait(void *socket, struct err *err)
{
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	return zmq_poll(&item, 1, OFFICE_SILENCE_MAX_MS) > 0 ? 0 : office_line_silent(err);
}

int office_line_silent(struct err *err)
{
	return err_set(err, -ETIMEDOUT, "the aggregator said nothing for %d ms",
		       OFFICE_SILENCE_MAX_MS);
}
