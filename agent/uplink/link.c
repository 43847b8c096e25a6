#include "uplink/link.h"

#include "common/base/log.h"
#include "common/net/zpoll.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#define RECEIVE_BUDGET 16u /* frames per turn of the loop */

struct line {
	struct line_config config;
	struct dealer dealer;
	struct zpoll *data, *monitor;
	unsigned handles; /* still to be closed */
	bool closing;
};

static int on_data(void *context)
{
	struct line *line = context;
	zmq_msg_t message;
	(void)zmq_msg_init(&message); /* cannot fail */
	int rc = zmq_msg_recv(&message, line->dealer.socket, ZMQ_DONTWAIT) < 0 ? 0 : 1;
	if (rc == 1 && !line->closing && !zmq_msg_more(&message))
		line->config.on_frame(line->config.context, zmq_msg_data(&message),
				      zmq_msg_size(&message));
	(void)zmq_msg_close(&message); /* was initialised */
	return rc;
}

static int on_monitor(void *context)
{
	struct line *line = context;
	enum dealer_event event;
	if (dealer_event(&line->dealer, &event) == 0)
		return 0;
	if (event != DEALER_NOTHING && !line->closing)
		line->config.on_event(line->config.context, event);
	return 1;
}

static void on_zpoll_closed(void *context)
{
	struct line *line = context;
	if (--line->handles > 0)
		return;
	struct line_config config = line->config;
	dealer_close(&line->dealer);
	free(line);
	config.on_closed(config.context);
}

void line_close(struct line *line)
{
	if (!line)
		return;
	line->closing = true;
	line->handles = (line->data ? 1u : 0u) + (line->monitor ? 1u : 0u);
	if (line->data)
		zpoll_stop(line->data, on_zpoll_closed, line);
	if (line->monitor)
		zpoll_stop(line->monitor, on_zpoll_closed, line);
	if (line->handles == 0) {
		line->handles = 1;
		on_zpoll_closed(line);
	}
}

static int line_try(struct line *line, struct err *err)
{
	const struct line_config *config = &line->config;
	int rc = dealer_open(config->zmq_context, &config->dealer, &line->dealer, err);
	if (rc == 0)
		rc = zpoll_start(config->loop, line->dealer.socket, RECEIVE_BUDGET, on_data, line,
				 &line->data, err);
	if (rc == 0)
		rc = zpoll_start(config->loop, line->dealer.monitor, RECEIVE_BUDGET, on_monitor,
				 line, &line->monitor, err);
	return rc;
}

struct line *line_open(const struct line_config *config, struct err *err)
{
	struct line *line = calloc(1, sizeof(*line));
	if (!line) {
		(void)err_memory(err);
		config->on_closed(config->context);
		return NULL;
	}
	line->config = *config;
	if (line_try(line, err) == 0)
		return line;
	line_close(line);
	return NULL;
}

int line_send(struct line *line, const Lantoa__V1__Frame *frame)
{
	struct blob bytes = { 0 };
	struct err err;
	if (!line)
		return -EAGAIN;
	if (wire_frame_pack(frame, &bytes, &err) < 0) {
		log_error("uplink: cannot pack a frame cause=\"%s\"", err.text);
		blob_free(&bytes);
		return -EAGAIN;
	}
	/* ZMQ_EVENTS takes in the news of a connection, which a send may leave for later */
	int events;
	size_t len = sizeof(events);
	(void)zmq_getsockopt(line->dealer.socket, ZMQ_EVENTS, &events, &len); /* a hint only */
	int rc = zmq_send(line->dealer.socket, bytes.data, bytes.len, ZMQ_DONTWAIT) < 0 ? -EAGAIN
											: 0;
	zpoll_after_send(line->data);
	blob_free(&bytes);
	return rc;
}
