#include "bench/answers.h"

#include "bench/measure.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SAMPLES_MAX 500000u
#define HEAD_MAX    4096u

struct connection {
	const struct answers_form *form;
	int fd;
	uint64_t until_us;
	char tag[64];
	char head[HEAD_MAX + 1];
	uint64_t n, n_304, n_bytes;
	uint64_t *took_us; /* [SAMPLES_MAX] */
	int rc;
	pthread_t thread;
	bool runs;
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path); /* it fits */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int rc = -errno;
	(void)close(fd); /* nothing was written to it */
	return rc;
}

/* The head, and as much of the body as came with it. Returns where the body begins. */
static ssize_t hear_head(struct connection *c, size_t *ret_len)
{
	size_t len = 0;

	while (len < HEAD_MAX) {
		ssize_t n = recv(c->fd, c->head + len, HEAD_MAX - len, 0);
		if (n <= 0)
			return -EPROTO;
		len += (size_t)n;
		c->head[len] = '\0';
		char *end = strstr(c->head, "\r\n\r\n");
		if (end) {
			*ret_len = len;
			return end + 4 - c->head;
		}
	}
	return -EPROTO;
}

static int exchange(struct connection *c)
{
	char request[1024], body[65536];
	size_t len = 0;
	int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n%s%s%s\r\n",
			 c->form->path, *c->tag ? "If-None-Match: " : "", c->tag,
			 *c->tag ? "\r\n" : "");

	if (send(c->fd, request, (size_t)n, MSG_NOSIGNAL) != n)
		return -EPROTO;
	ssize_t at = hear_head(c, &len);
	if (at < 0)
		return (int)at;
	bool same = strncmp(c->head, "HTTP/1.1 304", 12) == 0;
	if (!same && strncmp(c->head, "HTTP/1.1 200", 12) != 0)
		return -EPROTO;
	char *tag = strstr(c->head, "ETag: "), *length = strstr(c->head, "Content-Length: ");
	if (c->form->tagged && tag)
		(void)sscanf(tag, "ETag: %63s", c->tag); /* or it stays as it was */
	uint64_t left = !same && length ? strtoull(length + 16, NULL, 10) : 0;
	c->n_bytes += left;
	left -= len - (size_t)at < left ? len - (size_t)at : left;
	while (left > 0) {
		ssize_t got = recv(c->fd, body, left < sizeof(body) ? left : sizeof(body), 0);
		if (got <= 0)
			return -EPROTO;
		left -= (uint64_t)got;
	}
	c->n_304 += same;
	return 0;
}

static void *run(void *context)
{
	struct connection *c = context;

	while (c->rc == 0 &&
	       (c->form->stop ? !atomic_load(c->form->stop) : now_us() < c->until_us)) {
		uint64_t began_us = now_us();
		c->rc = exchange(c);
		if (c->rc == 0 && c->n < SAMPLES_MAX)
			c->took_us[c->n] = now_us() - began_us;
		c->n += c->rc == 0;
	}
	return NULL;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int sum(struct connection connections[], uint64_t elapsed_us,
	       struct answers_result *ret_result)
{
	struct answers_result result = { 0 };
	size_t n = 0;
	uint64_t *all = malloc(ANSWERS_CONNECTIONS * SAMPLES_MAX * sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (unsigned i = 0; i < ANSWERS_CONNECTIONS; i++) {
		const struct connection *c = &connections[i];
		size_t kept = c->n < SAMPLES_MAX ? (size_t)c->n : SAMPLES_MAX;
		memcpy(all + n, c->took_us, kept * sizeof(*all));
		n += kept;
		result.n += c->n;
		result.n_304 += c->n_304;
		result.n_bytes += c->n_bytes;
	}
	qsort(all, n, sizeof(*all), ascending);
	result.per_s = elapsed_us ? (double)result.n * 1e6 / (double)elapsed_us : 0;
	if (n > 0) {
		result.p50_us = all[n / 2];
		result.p99_us = all[n - 1 - n / 100];
	}
	free(all);
	*ret_result = result;
	return 0;
}

int answers_run(const struct answers_form *form, struct answers_result *ret_result, struct err *err)
{
	struct connection *connections = calloc(ANSWERS_CONNECTIONS, sizeof(*connections));
	uint64_t began_us = now_us();
	int rc = connections ? 0 : -ENOMEM;

	for (unsigned i = 0; rc == 0 && i < ANSWERS_CONNECTIONS; i++) {
		struct connection *c = &connections[i];
		c->form = form;
		c->until_us = began_us + form->seconds * UINT64_C(1000000);
		c->took_us = malloc(SAMPLES_MAX * sizeof(*c->took_us));
		c->fd = connect_to(form->socket);
		rc = !c->took_us ? -ENOMEM
		     : c->fd < 0 ? c->fd
				 : -pthread_create(&c->thread, NULL, run, c);
		c->runs = rc == 0;
	}
	for (unsigned i = 0; connections && i < ANSWERS_CONNECTIONS; i++) {
		if (connections[i].runs)
			(void)pthread_join(connections[i].thread, NULL); /* it was created */
		if (connections[i].rc < 0)
			rc = connections[i].rc;
	}
	if (rc == 0)
		rc = sum(connections, now_us() - began_us, ret_result);
	for (unsigned i = 0; connections && i < ANSWERS_CONNECTIONS; i++) {
		if (connections[i].fd > 0)
			(void)close(connections[i].fd); /* all was read */
		free(connections[i].took_us);
	}
	free(connections);
	return rc < 0 ? err_set(err, rc, "%s %s", form->socket, form->path) : 0;
}
