#include "uplink/link.h"

#include "common/base/log.h"
#include "common/net/zpoll.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#define RECEIVE_BUDGET 16u /* frames per turn of the loop */

struct link {
	struct link_config config;
	struct dealer dealer;
	struct zpoll *data, *monitor;
	unsigned handles; /* still to be closed */
	bool closing;
};

static int on_data(void *context)
{
	struct link *link = context;
	zmq_msg_t message;
	(void)zmq_msg_init(&message); /* cannot fail */
	int rc = zmq_msg_recv(&message, link->dealer.socket, ZMQ_DONTWAIT) < 0 ? 0 : 1;
	if (rc == 1 && !link->closing && !zmq_msg_more(&message))
		link->config.on_frame(link->config.context, zmq_msg_data(&message),
				      zmq_msg_size(&message));
	(void)zmq_msg_close(&message); /* was initialised */
	return rc;
}

static int on_monitor(void *context)
{
	struct link *link = context;
	enum dealer_event event;
	if (dealer_event(&link->dealer, &event) == 0)
		return 0;
	if (event != DEALER_NOTHING && !link->closing)
		link->config.on_event(link->config.context, event);
	return 1;
}

static void on_zpoll_closed(void *context)
{
	struct link *link = context;
	if (--link->handles > 0)
		return;
	struct link_config config = link->config;
	dealer_close(&link->dealer);
	free(link);
	config.on_closed(config.context);
}

void link_close(struct link *link)
{
	if (!link)
		return;
	link->closing = true;
	link->handles = (link->data ? 1u : 0u) + (link->monitor ? 1u : 0u);
	if (link->data)
		zpoll_stop(link->data, on_zpoll_closed, link);
	if (link->monitor)
		zpoll_stop(link->monitor, on_zpoll_closed, link);
	if (link->handles == 0) {
		link->handles = 1;
		on_zpoll_closed(link);
	}
}

static int link_try(struct link *link, struct err *err)
{
	const struct link_config *config = &link->config;
	int rc = dealer_open(config->zmq_context, &config->dealer, &link->dealer, err);
	if (rc == 0)
		rc = zpoll_start(config->loop, link->dealer.socket, RECEIVE_BUDGET, on_data, link,
				 &link->data, err);
	if (rc == 0)
		rc = zpoll_start(config->loop, link->dealer.monitor, RECEIVE_BUDGET, on_monitor,
				 link, &link->monitor, err);
	return rc;
}

struct link *link_open(const struct link_config *config, struct err *err)
{
	struct link *link = calloc(1, sizeof(*link));
	if (!link) {
		(void)err_memory(err);
		config->on_closed(config->context);
		return NULL;
	}
	link->config = *config;
	if (link_try(link, err) == 0)
		return link;
	link_close(link);
	return NULL;
}

int link_send(struct link *link, const Lantoa__V1__Frame *frame)
{
	struct blob bytes = { 0 };
	struct err err;
	if (!link)
		return -EAGAIN;
	if (wire_frame_pack(frame, &bytes, &err) < 0) {
		log_error("uplink: cannot pack a frame cause=\"%s\"", err.text);
		blob_free(&bytes);
		return -EAGAIN;
	}
	/* ZMQ_EVENTS takes in the news of a connection, which a send may leave for later */
	int events;
	size_t len = sizeof(events);
	(void)zmq_getsockopt(link->dealer.socket, ZMQ_EVENTS, &events, &len); /* a hint only */
	int rc = zmq_send(link->dealer.socket, bytes.data, bytes.len, ZMQ_DONTWAIT) < 0 ? -EAGAIN
											: 0;
	zpoll_after_send(link->data);
	blob_free(&bytes);
	return rc;
}
