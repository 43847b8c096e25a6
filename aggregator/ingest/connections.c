/* 1. on_event(): ACCEPTED makes a descriptor a stranger, DISCONNECTED frees it.
 * 2. on_tick() looks at strangers and silent ones, and at members when memory grew: look() asks the
 *    kernel, connection_judge() decides, cut() cuts off.
 * 3. connections_heard() makes whoever says something a member of its key.
 * 4. door_mind() shuts the door while too many are open, and opens it.
 *
 * The list of a stage is in the order in which they came to it, so the oldest are at its head. A
 * connection that was cut off stays in a list of its own until libzmq says that it is gone.
 *
 * The monitor's events wait without a bound (ZMQ_RCVHWM 0), because libzmq's I/O thread would wait
 * with all connections of the process until we took one. An event is 200 bytes, two for each
 * connection. */
#include "ingest/connections.h"

#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/base/memory.h"
#include "common/net/wire.h"
#include "common/net/zpoll.h"
#include "ingest/tcp_socket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#define SHAKEN_BYTES   (64u + 170u + 12u) /* greeting, WELCOME, ERROR; READY is 67 at least */
#define STRANGER_BYTES 4096u
#define SILENT_BYTES   (2u * WIRE_BOXED_MAX) /* a batch may be under way when a line breaks */
#define SILENT_MS      60000u
#define SLOW_MS        3000u /* four round trips over the slowest links */
#define SLOW_SHORT_MS  500u  /* the same where descriptors run out: nobody else gets in meanwhile */
#define STRANGERS_MAX  16384u
#define FILES_MAX      262144u
#define BACKLOG_MAX    4096u /* after an outage a whole region connects at once */
#define TICK_MS        100u
#define TICK_SOON_MS   50u                /* while handshakes are under way */
#define LOOK_SHARE     20u                /* looks take a twentieth of the time at most */
#define GROWN_BYTES    ((size_t)16 << 20) /* a look at 11,000 members takes 9 ms */
#define MEMBERS_MS     10000u
#define EVENTS         (ZMQ_EVENT_LISTENING | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED)
#define EVENT_BUDGET   256u
#define CROWDS         4096u
#define NOBODY         (-1)

struct connection {
	uint64_t cookie; /* the kernel's, of this one socket */
	uint64_t stage_at_ms;
	uint64_t mark;  /* bytes in when a frame was last seen to have come */
	int64_t key_id; /* of a member that its key counts; 0 */
	int next, prev; /* in the list of its stage: descriptors, or NOBODY */
	uint16_t crowd; /* of a stranger: its address, hashed */
	uint8_t stage;  /* enum connection_stage */
	bool heard;     /* since the last look */
};

struct list {
	int first, last;
	size_t n;
};

struct connections {
	struct connections_config config;
	uv_loop_t *loop; /* outlives us */
	uv_timer_t timer;
	void *monitor;            /* owned socket */
	struct zpoll *poll;       /* owned; frees itself when stopped */
	struct connection *table; /* owned [n_table]: by descriptor */
	size_t n_table;
	struct list lists[STAGES];
	/* Strangers by the hash of their address. Two addresses may share a place: a crowd is half
	 * of all strangers, so that matters only where there is one already. */
	uint16_t crowds[CROWDS];
	uint8_t seed[crypto_shorthash_KEYBYTES];
	struct connections_room room;
	size_t files; /* descriptors that we may have, as of the last look */
	struct tcp_shears shears;
	int listener; /* libzmq's; NOBODY until it listens */
	struct log_limit shutting;
	bool said;       /* that the door is shut */
	size_t resident; /* bytes at the last look at members */
	uint64_t members_at_ms, resumed_at_ms;
	bool paused;
	void (*on_closed)(void *context);
	void *closed_context;
};

/* ---- what is decided ---- */

bool connection_shaken(uint64_t bytes_out)
{
	return bytes_out > SHAKEN_BYTES;
}

enum connection_fault connection_judge(const struct connection_look *look)
{
	switch (look->stage) {
	case STAGE_STRANGER:
		return !connection_shaken(look->bytes_out) && look->bytes_in > STRANGER_BYTES
			       ? CONNECTION_NO_HANDSHAKE
			       : CONNECTION_GOOD;
	case STAGE_SILENT:
		return look->bytes_in > SILENT_BYTES ? CONNECTION_ENDLESS
		       : look->stage_ms > SILENT_MS  ? CONNECTION_SILENT
						     : CONNECTION_GOOD;
	case STAGE_MEMBER:
		return look->bytes_in > look->held_max ? CONNECTION_ENDLESS : CONNECTION_GOOD;
	case STAGE_FREE:
	case STAGE_CUT:
	case STAGES:
		break;
	}
	return CONNECTION_GOOD;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Descriptors for database, readers and operators. */
static size_t connections_reserve(size_t files)
{
	return 64 + files / 16;
}

struct connections_room connections_room(size_t files)
{
	size_t backlog = smaller(files / 4, BACKLOG_MAX);
	size_t taken = backlog + connections_reserve(files);
	size_t open = files > taken + 16 ? files - taken : 16; /* so few cannot be meant */
	return (struct connections_room){ .backlog = (int)backlog,
					  .open = open,
					  .strangers = smaller(open / 2, STRANGERS_MAX) };
}

/* ---- lists ---- */

static void list_put(struct connections *connections, int fd, enum connection_stage stage)
{
	struct list *list = &connections->lists[stage];
	struct connection *connection = &connections->table[fd];
	connection->stage = (uint8_t)stage;
	connection->stage_at_ms = uv_now(connections->loop);
	connection->prev = list->last;
	connection->next = NOBODY;
	if (list->last == NOBODY)
		list->first = fd;
	else
		connections->table[list->last].next = fd;
	list->last = fd;
	list->n++;
}

static void list_take(struct connections *connections, int fd)
{
	struct connection *connection = &connections->table[fd];
	struct list *list = &connections->lists[connection->stage];
	if (connection->prev == NOBODY)
		list->first = connection->next;
	else
		connections->table[connection->prev].next = connection->next;
	if (connection->next == NOBODY)
		list->last = connection->prev;
	else
		connections->table[connection->next].prev = connection->prev;
	list->n--;
	if (connection->stage == STAGE_STRANGER)
		connections->crowds[connection->crowd]--;
}

static void stage_set(struct connections *connections, int fd, enum connection_stage stage)
{
	list_take(connections, fd);
	list_put(connections, fd, stage);
}

static void count(struct connections *connections)
{
	struct connections_counters *counters = connections->config.counters;
	counters->open = 0;
	for (size_t i = STAGE_STRANGER; i < STAGES; i++)
		counters->open += connections->lists[i].n;
	counters->strangers = connections->lists[STAGE_STRANGER].n;
}

/* Its key counts it no longer. */
static void key_leave(struct connections *connections, struct connection *connection)
{
	if (connection->key_id)
		meters_leave(connections->config.meters, connection->key_id, LIMIT_CONNECTIONS);
	connection->key_id = 0;
}

/* ---- cutting off ---- */

static void cut(struct connections *connections, int fd, enum connection_fault fault)
{
	struct connection *connection = &connections->table[fd];
	struct tcp_peer peer;
	int64_t key_id = connection->key_id;
	tcp_socket_cut(fd, connection->cookie, &connections->shears, &peer);
	key_leave(connections, connection);
	stage_set(connections, fd, STAGE_CUT);
	connections->config.counters->cut[fault]++;
	connections->config.on_cut(connections->config.context, fault, key_id, peer.text);
}

static void look(struct connections *connections, int fd)
{
	struct connection *connection = &connections->table[fd];
	uint64_t in, out;
	if (!tcp_socket_bytes(fd, &in, &out))
		return; /* libzmq has closed it; its event will tell */
	if (connection->heard)
		connection->mark = in;
	connection->heard = false;
	if (connection->stage == STAGE_STRANGER && connection_shaken(out))
		stage_set(connections, fd, STAGE_SILENT);
	/* How long it has been so, while frames were taken. */
	uint64_t from = connection->stage_at_ms > connections->resumed_at_ms
				? connection->stage_at_ms
				: connections->resumed_at_ms;
	uint64_t now = uv_now(connections->loop);
	struct connection_look judged = {
		.stage = (enum connection_stage)connection->stage,
		.bytes_in = in - connection->mark,
		.bytes_out = out,
		.stage_ms = connections->paused || now < from ? 0 : now - from,
		.held_max = connections->config.frames_max * (uint64_t)WIRE_BOXED_MAX
	};
	enum connection_fault fault = connection_judge(&judged);
	if (fault != CONNECTION_GOOD)
		cut(connections, fd, fault);
}

static void list_look(struct connections *connections, enum connection_stage stage)
{
	int last = connections->lists[stage].last;
	for (int fd = connections->lists[stage].first, next; fd != NOBODY; fd = next) {
		next = fd == last ? NOBODY : connections->table[fd].next;
		look(connections, fd);
	}
}

/* ---- the door ---- */

static void door_set(struct connections *connections, bool shut)
{
	struct connections_counters *counters = connections->config.counters;
	uint64_t not_logged = 0;
	int rc = tcp_socket_deafen(connections->listener, shut);
	if (rc < 0) {
		log_error("gate: cannot %s the door cause=\"%s\"", shut ? "shut" : "open",
			  err_strerror(rc));
		return; /* it is tried again with the next tick */
	}
	counters->shut = shut;
	counters->shut_times += shut;
	if (shut)
		connections->said = log_limit_pass(&connections->shutting,
						   uv_now(connections->loop), &not_logged);
	if (connections->said) /* the opening of a shutting that was not logged is neither */
		log_warn("gate: %s connections=%zu handshakes=%zu room=%zu not_logged=%" PRIu64,
			 shut ? "nobody is accepted any more" : "connections are accepted again",
			 counters->open, counters->strangers, connections->room.open, not_logged);
}

static size_t less_a_sixteenth(size_t n)
{
	return n - n / 16;
}

static size_t files_allowed(void)
{
	struct rlimit files = { 0 };
	(void)getrlimit(RLIMIT_NOFILE, &files); /* the limit exists */
	return smaller((size_t)files.rlim_cur, FILES_MAX);
}

/* An administrator may change it while we run. */
static void room_measure(struct connections *connections)
{
	size_t files = smaller(files_allowed(), connections->n_table);
	if (files == connections->files)
		return;
	connections->files = files;
	connections->room = connections_room(files);
}

/* Do descriptors run out, whoever has them? Numbers are given from the lowest that is free: all
 * below the next one are taken. */
static bool files_short(const struct connections *connections)
{
	int next = fcntl(connections->shears.idle, F_DUPFD_CLOEXEC, 0);
	if (next < 0)
		return true;
	(void)close(next); /* nothing was written to it */
	return (size_t)next + connections_reserve(connections->files) / 4 >= connections->files;
}

static void door_mind(struct connections *connections)
{
	const struct connections_room *room = &connections->room;
	const struct connections_counters *counters = connections->config.counters;
	const struct list *strangers = &connections->lists[STAGE_STRANGER];
	count(connections);
	bool is_short = files_short(connections);
	bool full = is_short || counters->open >= room->open || strangers->n >= room->strangers;
	bool roomy = !is_short && counters->open < less_a_sixteenth(room->open) &&
		     strangers->n < less_a_sixteenth(room->strangers);
	uint64_t now = uv_now(connections->loop);
	for (size_t left = counters->shut || full ? room->open / 16 + 1 : 0;
	     left > 0 && strangers->first != NOBODY &&
	     now - connections->table[strangers->first].stage_at_ms >
		     (is_short ? SLOW_SHORT_MS : SLOW_MS);
	     left--)
		cut(connections, strangers->first, CONNECTION_SLOW);
	count(connections);
	if (connections->listener != NOBODY && (counters->shut ? roomy : full))
		door_set(connections, !counters->shut);
}

/* ---- what libzmq tells ---- */

static void on_accepted(struct connections *connections, int fd)
{
	struct connection *connection = &connections->table[fd];
	if (connection->stage != STAGE_FREE) {
		list_take(connections, fd);
		key_leave(connections, connection);
	}
	struct tcp_peer peer;
	uint64_t hash = 0;
	tcp_socket_peer(fd, &peer);
	crypto_shorthash((unsigned char *)&hash, peer.site, sizeof(peer.site), connections->seed);
	*connection = (struct connection){ .cookie = tcp_socket_cookie(fd),
					   .crowd = (uint16_t)(hash % CROWDS) };
	list_put(connections, fd, STAGE_STRANGER);
	if (++connections->crowds[connection->crowd] > connections->room.strangers / 2)
		cut(connections, fd, CONNECTION_CROWD);
	door_mind(connections);
}

static void on_disconnected(struct connections *connections, int fd)
{
	struct connection *connection = &connections->table[fd];
	if (connection->stage == STAGE_FREE)
		return;
	list_take(connections, fd);
	key_leave(connections, connection);
	*connection = (struct connection){ 0 };
	count(connections);
}

/* ZMQ_EVENT: 16 bits of event, 32 of value; then a frame with the endpoint. */
static int on_event(void *context)
{
	struct connections *connections = context;
	uint8_t event[6];
	uint16_t number;
	uint32_t value;
	char endpoint[8]; /* not needed: cut is fine */
	if (zmq_recv(connections->monitor, event, sizeof(event), ZMQ_DONTWAIT) !=
	    (int)sizeof(event))
		return 0;
	(void)zmq_recv(connections->monitor, endpoint, sizeof(endpoint), ZMQ_DONTWAIT); /* there */
	memcpy(&number, event, sizeof(number));
	memcpy(&value, event + sizeof(number), sizeof(value));
	if (value >= connections->n_table)
		return 1; /* room.open is less: it cannot be */
	if (number == ZMQ_EVENT_LISTENING)
		connections->listener = (int)value;
	else if (number == ZMQ_EVENT_ACCEPTED)
		on_accepted(connections, (int)value);
	else
		on_disconnected(connections, (int)value);
	return 1;
}

/* ---- who says something ---- */

/* Walks all: for the one that is too many, as often as its key may shake hands. */
static int oldest_of_key(const struct connections *connections, int64_t key_id)
{
	int fd = connections->lists[STAGE_MEMBER].first;
	while (fd != NOBODY && connections->table[fd].key_id != key_id)
		fd = connections->table[fd].next;
	return fd;
}

static void member_make(struct connections *connections, int fd, int64_t key_id)
{
	struct meters *meters = connections->config.meters;
	uint64_t now = uv_now(connections->loop);
	if (!meters_enter(meters, key_id, LIMIT_CONNECTIONS, now)) {
		int oldest = oldest_of_key(connections, key_id);
		if (oldest != NOBODY)
			cut(connections, oldest, CONNECTION_TOO_MANY);
		(void)meters_enter(meters, key_id, LIMIT_CONNECTIONS, now); /* there is room now */
	}
	stage_set(connections, fd, STAGE_MEMBER);
	connections->table[fd].key_id = key_id;
	count(connections);
}

void connections_heard(struct connections *connections, int fd, int64_t key_id)
{
	if (fd < 0 || (size_t)fd >= connections->n_table)
		return;
	struct connection *connection = &connections->table[fd];
	if (connection->stage != STAGE_MEMBER || connection->key_id != key_id) {
		/* It was accepted before it spoke, and the event of that lies there. */
		while (on_event(connections) == 1)
			;
		if (connection->stage == STAGE_STRANGER || connection->stage == STAGE_SILENT)
			member_make(connections, fd, key_id);
	}
	if (connection->key_id == key_id) /* else it is the frame of one that is gone */
		connection->heard = true;
}

/* Walks all: as often as an operator revokes or an office enrols again. */
void connections_revoke(struct connections *connections, int64_t key_id)
{
	for (int fd = connections->lists[STAGE_MEMBER].first, next; fd != NOBODY; fd = next) {
		next = connections->table[fd].next;
		if (connections->table[fd].key_id == key_id)
			cut(connections, fd, CONNECTION_REVOKED);
	}
	count(connections);
}

void connections_pause(struct connections *connections, bool paused)
{
	connections->paused = paused;
	connections->resumed_at_ms = uv_now(connections->loop);
}

/* ---- time ---- */

static void on_tick(uv_timer_t *timer)
{
	struct connections *connections = timer->data;
	uint64_t now = uv_now(connections->loop), began_ns = uv_hrtime();
	size_t resident = memory_resident();
	list_look(connections, STAGE_STRANGER);
	list_look(connections, STAGE_SILENT);
	if (resident < connections->resident)
		connections->resident = resident;
	if (resident > connections->resident + GROWN_BYTES || now >= connections->members_at_ms) {
		list_look(connections, STAGE_MEMBER);
		connections->resident = resident;
		connections->members_at_ms = now + MEMBERS_MS;
	}
	room_measure(connections);
	door_mind(connections);
	bool soon = connections->lists[STAGE_STRANGER].n + connections->lists[STAGE_SILENT].n > 0;
	uint64_t next_ms = soon ? TICK_SOON_MS : TICK_MS;
	uint64_t least_ms = LOOK_SHARE * (uv_hrtime() - began_ns) / 1000000;
	(void)uv_timer_start(timer, on_tick, next_ms > least_ms ? next_ms : least_ms,
			     0); /* fails only for a closing handle */
}

/* ---- beginning and end ---- */

static int monitor_open(struct connections *connections, struct err *err)
{
	const struct connections_config *config = &connections->config;
	char name[64];
	int unbounded = 0, linger = 0;
	(void)snprintf(name, sizeof(name), "inproc://connections.%p",
		       (void *)connections); /* fits */
	connections->monitor = zmq_socket(config->zmq_context, ZMQ_PAIR);
	if (!connections->monitor ||
	    zmq_setsockopt(connections->monitor, ZMQ_RCVHWM, &unbounded, sizeof(unbounded)) < 0 ||
	    zmq_setsockopt(connections->monitor, ZMQ_LINGER, &linger, sizeof(linger)) < 0 ||
	    zmq_socket_monitor(config->router, name, EVENTS) < 0 ||
	    zmq_connect(connections->monitor, name) < 0)
		return err_set(err, errno < ZMQ_HAUSNUMERO ? -errno : -EIO,
			       "watch the connections: %s", zmq_strerror(errno));
	return 0;
}

int connections_open(uv_loop_t *loop, const struct connections_config *config,
		     struct connections **ret_connections, struct err *err)
{
	struct connections *connections = calloc(1, sizeof(*connections));
	if (!connections)
		return err_memory(err);
	connections->config = *config;
	connections->loop = loop;
	connections->listener = NOBODY;
	connections->shears = (struct tcp_shears){ NOBODY, NOBODY };
	connections->n_table = files_allowed();
	room_measure(connections);
	for (size_t i = 0; i < STAGES; i++)
		connections->lists[i] = (struct list){ NOBODY, NOBODY, 0 };
	randombytes_buf(connections->seed, sizeof(connections->seed));
	connections->table = calloc(connections->n_table, sizeof(*connections->table));
	int rc = connections->table ? tcp_shears_open(&connections->shears) : -ENOMEM;
	rc = rc < 0 ? err_set(err, rc, "watch the connections: %s", err_strerror(rc))
		    : monitor_open(connections, err);
	if (rc < 0) {
		connections_close(connections);
		return rc;
	}
	*ret_connections = connections;
	return 0;
}

int connections_backlog(const struct connections *connections)
{
	return connections->room.backlog;
}

int connections_start(struct connections *connections, struct err *err)
{
	int rc = zpoll_start(connections->loop, connections->monitor, EVENT_BUDGET, on_event,
			     connections, &connections->poll, err);
	if (rc < 0)
		return rc;
	/* Neither can fail: the start has a callback. */
	(void)uv_timer_init(connections->loop, &connections->timer);
	connections->timer.data = connections;
	(void)uv_timer_start(&connections->timer, on_tick, TICK_MS, 0);
	return 0;
}

static void on_poll_closed(void *context)
{
	struct connections *connections = context;
	connections->on_closed(connections->closed_context);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct connections *connections = handle->data;
	zpoll_stop(connections->poll, on_poll_closed, connections);
}

void connections_stop(struct connections *connections, void (*on_closed)(void *context),
		      void *context)
{
	connections->on_closed = on_closed;
	connections->closed_context = context;
	uv_close((uv_handle_t *)&connections->timer, on_timer_closed);
}

/* First no more events: libzmq's I/O thread would wait for ever to tell one to a monitor that is
 * gone. */
void connections_close(struct connections *connections)
{
	if (!connections)
		return;
	(void)zmq_socket_monitor(connections->config.router, NULL, 0); /* fine when there is none */
	if (connections->monitor)
		(void)zmq_close(connections->monitor); /* fails only for what is no socket */
	if (connections->shears.held != NOBODY)
		tcp_shears_close(&connections->shears);
	free(connections->table);
	free(connections);
}
