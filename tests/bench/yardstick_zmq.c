/* The sink is forked first, before any ZeroMQ context is there, and tells its endpoint through a
 * pipe. The source greets it from every socket; when the sink has answered, all handshakes are
 * over and the clocks start. Then the source sends all, and waits for the one frame that says that
 * all has come. */
#include "bench/yardsticks.h"

#include "bench/measure.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define KEY_BYTES    32u
#define ENDPOINT_MAX 64u
#define FILES_ELSE   100u
#define WAIT_MAX_MS  60000 /* for the sink's answer, at most */

struct keys {
	uint8_t public_key[KEY_BYTES], secret_key[KEY_BYTES];
};

static int zmq_fault(struct err *err, const char *what)
{
	return err_set(err, -EIO, "%s: %s", what, zmq_strerror(errno));
}

/* A dealer takes two files (ZeroMQ's mailbox, TCP): where a process may not open so many, there are
 * fewer than offices. */
static unsigned dealers_of(const struct load *load)
{
	struct rlimit files = { 0 };
	(void)getrlimit(RLIMIT_NOFILE, &files); /* the limit exists */
	rlim_t most = files.rlim_cur > 2 * FILES_ELSE ? (files.rlim_cur - FILES_ELSE) / 2 : 1;
	return load->shape.offices < most ? load->shape.offices : (unsigned)most;
}

/* --- the sink: a process that leaves with exit status 0 when it got everything --- */

static int sink_bind(void *router, const struct keys *keys, int pipe)
{
	char endpoint[ENDPOINT_MAX] = "";
	size_t len = sizeof(endpoint);
	int yes = 1;
	if (zmq_setsockopt(router, ZMQ_CURVE_SERVER, &yes, sizeof(yes)) < 0 ||
	    zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, keys->secret_key, KEY_BYTES) < 0 ||
	    zmq_bind(router, "tcp://127.0.0.1:*") < 0 ||
	    zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &len) < 0)
		return -1;
	return write(pipe, endpoint, sizeof(endpoint)) == (ssize_t)sizeof(endpoint) ? 0 : -1;
}

static int sink_take(void *router, size_t n)
{
	zmq_msg_t id, frame;
	(void)zmq_msg_init(&id); /* always 0, both */
	(void)zmq_msg_init(&frame);
	int rc = 0;
	for (size_t i = 0; i < n && rc >= 0; i++)
		rc = zmq_msg_recv(&id, router, 0) < 0 ? -1 : zmq_msg_recv(&frame, router, 0);
	if (rc >= 0)
		rc = zmq_msg_send(&id, router, ZMQ_SNDMORE);
	return rc < 0 ? rc : zmq_send(router, "", 0, 0);
}

static int sink_work(void *router, const struct load *load, int pipe)
{
	int rc = sink_take(router, dealers_of(load));
	uint64_t cpu_us = measure_cpu_us();
	if (rc >= 0)
		rc = sink_take(router, load_measured(load));
	cpu_us = measure_cpu_us() - cpu_us;
	if (rc >= 0 && write(pipe, &cpu_us, sizeof(cpu_us)) != (ssize_t)sizeof(cpu_us))
		rc = -1;
	return rc;
}

static void sink_run(const struct keys *keys, const struct load *load, int pipe)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* fails only for no signal */
	void *zmq = zmq_ctx_new(), *router = zmq ? zmq_socket(zmq, ZMQ_ROUTER) : NULL;
	int rc = router ? sink_bind(router, keys, pipe) : -1;
	if (rc == 0)
		rc = sink_work(router, load, pipe);
	if (router)
		(void)zmq_close(router); /* it is one; what waits still goes out */
	if (zmq)
		(void)zmq_ctx_term(zmq); /* likewise */
	_exit(rc < 0);
}

/* --- the source --- */

struct source {
	const struct load *load;
	void *zmq;
	void **dealers; /* owned [dealers_of()] */
};

static int source_connect(struct source *source, unsigned office, const struct keys *server,
			  const char *endpoint, struct err *err)
{
	struct keys keys;
	(void)crypto_box_keypair(keys.public_key, keys.secret_key); /* always 0 */
	void *dealer = source->dealers[office] = zmq_socket(source->zmq, ZMQ_DEALER);
	if (!dealer ||
	    zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, server->public_key, KEY_BYTES) < 0 ||
	    zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, keys.public_key, KEY_BYTES) < 0 ||
	    zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, keys.secret_key, KEY_BYTES) < 0 ||
	    zmq_connect(dealer, endpoint) < 0)
		return zmq_fault(err, "connect");
	return 0;
}

static int source_open(struct source *source, const struct keys *server, const char *endpoint,
		       struct err *err)
{
	unsigned n = dealers_of(source->load);
	source->dealers = calloc(n, sizeof(*source->dealers));
	source->zmq = zmq_ctx_new();
	if (!source->dealers || !source->zmq ||
	    zmq_ctx_set(source->zmq, ZMQ_MAX_SOCKETS, (int)n + 16) < 0)
		return err_memory(err);
	int rc = 0;
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = source_connect(source, i, server, endpoint, err);
	return rc;
}

static void source_close(struct source *source)
{
	for (unsigned i = 0; source->dealers && i < dealers_of(source->load); i++)
		if (source->dealers[i])
			(void)zmq_close(source->dealers[i]); /* it is one */
	if (source->zmq)
		(void)zmq_ctx_term(source->zmq); /* no socket is open any more */
	free(source->dealers);
}

static int source_greet(struct source *source, struct err *err)
{
	for (unsigned i = 0; i < dealers_of(source->load); i++)
		if (zmq_send(source->dealers[i], "", 0, 0) < 0)
			return zmq_fault(err, "send");
	return 0;
}

static int source_send(struct source *source, struct err *err)
{
	unsigned n = dealers_of(source->load);
	size_t end = load_batches(source->load);
	for (size_t i = end - load_measured(source->load); i < end; i++) {
		const struct sealed *sealed = &source->load->batches[i];
		if (zmq_send(source->dealers[i % n], sealed->frame, sealed->len, 0) < 0)
			return zmq_fault(err, "send");
	}
	return 0;
}

/* The answer goes to whoever came last. */
static int source_wait(struct source *source, struct err *err)
{
	unsigned n = dealers_of(source->load);
	zmq_pollitem_t *items = calloc(n, sizeof(*items));
	if (!items)
		return err_memory(err);
	for (unsigned i = 0; i < n; i++)
		items[i] = (zmq_pollitem_t){ .socket = source->dealers[i], .events = ZMQ_POLLIN };
	bool came = zmq_poll(items, (int)n, WAIT_MAX_MS) > 0;
	for (unsigned i = 0; i < n && came; i++)
		if (items[i].revents)
			(void)zmq_recv(source->dealers[i], NULL, 0, 0); /* it is there */
	free(items);
	return came ? 0 : err_set(err, -ETIMEDOUT, "the sink did not get every frame");
}

static int source_run(const struct load *load, const struct keys *server, const char *endpoint,
		      struct yardstick_result *result, struct err *err)
{
	struct source source = { .load = load };
	int rc = source_open(&source, server, endpoint, err);
	if (rc == 0)
		rc = source_greet(&source, err);
	if (rc == 0)
		rc = source_wait(&source, err);
	uint64_t began_us = now_us();
	if (rc == 0)
		rc = source_send(&source, err);
	if (rc == 0)
		rc = source_wait(&source, err);
	result->elapsed_us = now_us() - began_us;
	source_close(&source);
	return rc;
}

static int sink_end(pid_t sink, int pipe, int rc, struct yardstick_result *result, struct err *err)
{
	int status;
	if (rc < 0)
		(void)kill(sink, SIGKILL); /* it may wait for ever */
	bool told = rc == 0 && read(pipe, &result->cpu_us, sizeof(result->cpu_us)) ==
				       (ssize_t)sizeof(result->cpu_us);
	if (waitpid(sink, &status, 0) != sink)
		return err_system(err, -errno, "wait for the sink");
	return rc == 0 && (!told || status != 0) ? err_set(err, -EPROTO, "the sink failed") : rc;
}

int yardstick_zmq(const void *input, void *ret_result, struct err *err)
{
	const struct load *load = ((const struct yardstick_input *)input)->load;
	char endpoint[ENDPOINT_MAX];
	struct keys keys;
	int ends[2], rc = 0;
	(void)crypto_box_keypair(keys.public_key, keys.secret_key); /* always 0 */
	if (pipe(ends) < 0)
		return err_system(err, -errno, "make a pipe");
	pid_t sink = fork();
	if (sink == 0)
		sink_run(&keys, load, ends[1]);
	(void)close(ends[1]); /* only the sink writes */
	if (sink < 0)
		rc = err_system(err, -errno, "fork");
	else if (read(ends[0], endpoint, sizeof(endpoint)) != (ssize_t)sizeof(endpoint))
		rc = err_set(err, -EPROTO, "the sink did not start");
	else
		rc = source_run(load, &keys, endpoint, ret_result, err);
	if (sink > 0)
		rc = sink_end(sink, ends[0], rc, ret_result, err);
	(void)close(ends[0]); /* only read from */
	return rc;
}
