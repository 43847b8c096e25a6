/* 1. fleet_open(): enrol every office here, then fork a process for each part of them, before it
 *    has a ZeroMQ context: none survives a fork.
 * 2. Each later call is an order to every part, over a socket pair, and an answer from each. When
 *    a batch was sent and how long its ack took is written into memory that all share. */
#include "bench/fleet.h"

#include "bench/flotilla.h"
#include "bench/measure.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SQUAD        500u /* connecting at a time: handshakes that wait for long are given up */
#define PARTS_MAX    32u
#define FILES_ELSE   100u /* what a part has open besides its offices' sockets */
#define OFFICE_FILES 2u   /* a socket's: ZeroMQ's mailbox, TCP */

struct order {
	enum order_kind { GREET, DISCONNECT, PUSH } kind;
	unsigned end;
	struct tempo tempo;
	uint64_t start_us;
};

struct answer {
	int rc;
	uint64_t cpu_us; /* of the process, so far */
	struct err err;
};

struct part {
	pid_t pid;   /* 0: none */
	int channel; /* owned; orders there, answers back */
	bool busy;   /* an answer is to come */
	uint64_t cpu_us;
};

struct fleet {
	const struct load *load;
	struct enrolment enrolment;
	uint64_t *times_us; /* owned, shared [2 * batches]: when sent, then how long until acked */
	struct part parts[PARTS_MAX];
	unsigned n;
	unsigned begin, end; /* steps that are being pushed, or were */
	uint64_t start_us;
};

/* --- a part: a process of its own --- */

static int obey(struct flotilla *flotilla, const struct order *order, unsigned squad,
		struct err *err)
{
	switch (order->kind) {
	case GREET:
		return flotilla_greet(flotilla, squad, err);
	case DISCONNECT:
		return flotilla_disconnect(flotilla, err);
	case PUSH:
		break;
	}
	return flotilla_push(flotilla, order->end, order->tempo, order->start_us, err);
}

static void part_run(const struct flotilla_orders *orders, int channel)
{
	struct flotilla *flotilla = NULL;
	struct answer answer = { 0 };
	struct order order;
	unsigned squad = SQUAD / orders->by;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* fails only for no signal */
	answer.rc = flotilla_open(orders, &flotilla, &answer.err);
	while (recv(channel, &order, sizeof(order), 0) == (ssize_t)sizeof(order)) {
		if (answer.rc == 0)
			answer.rc = obey(flotilla, &order, squad, &answer.err);
		answer.cpu_us = measure_cpu_us();
		if (send(channel, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	flotilla_close(flotilla);
	exit(0);
}

static int part_start(struct fleet *fleet, unsigned nth, struct err *err)
{
	struct flotilla_orders orders = { .load = fleet->load,
					  .enrolment = &fleet->enrolment,
					  .first = nth,
					  .by = fleet->n,
					  .sent_us = fleet->times_us,
					  .took_us = fleet->times_us + load_batches(fleet->load) };
	struct part *part = &fleet->parts[nth];
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_system(err, -errno, "make a socket");
	(void)fflush(NULL); /* or the child would print it again */
	part->pid = fork();
	if (part->pid == 0) {
		for (unsigned i = 0; i < nth; i++)
			(void)close(fleet->parts[i].channel); /* the parent's, as the next */
		(void)close(ends[0]);
		part_run(&orders, ends[1]);
	}
	(void)close(ends[1]); /* the child's */
	part->channel = ends[0];
	return part->pid < 0 ? err_system(err, -errno, "fork") : 0;
}

/* With nothing left to do it ends by itself; in the middle of something it would take its time. */
static void part_end(struct part *part)
{
	if (part->pid > 0 && part->busy)
		(void)kill(part->pid, SIGKILL); /* it is ours, and not waited for yet */
	if (part->pid != 0)
		(void)close(part->channel); /* nothing waits to be sent */
	if (part->pid > 0)
		(void)waitpid(part->pid, NULL, 0); /* what it had to say came as answers */
}

static int part_answer(struct part *part, struct err *err)
{
	struct answer answer;
	part->busy = false;
	if (recv(part->channel, &answer, sizeof(answer), 0) != (ssize_t)sizeof(answer))
		return err_set(err, -EPROTO, "a part of the fleet died");
	part->cpu_us = answer.cpu_us;
	if (answer.rc < 0)
		*err = answer.err;
	return answer.rc;
}

/* --- all parts --- */

static int order_all(struct fleet *fleet, const struct order *order, struct err *err)
{
	for (unsigned i = 0; i < fleet->n; i++) {
		struct part *part = &fleet->parts[i];
		if (send(part->channel, order, sizeof(*order), MSG_NOSIGNAL) < 0)
			return err_system(err, -errno, "give a part of the fleet an order");
		part->busy = true;
	}
	return 0;
}

static int answers_wait(struct fleet *fleet, struct err *err)
{
	int rc = 0;
	for (unsigned i = 0; i < fleet->n && rc == 0; i++)
		rc = part_answer(&fleet->parts[i], err);
	return rc;
}

static int do_all(struct fleet *fleet, enum order_kind kind, struct err *err)
{
	struct order order = { .kind = kind };
	int rc = order_all(fleet, &order, err);
	return rc < 0 ? rc : answers_wait(fleet, err);
}

int fleet_greet(struct fleet *fleet, struct err *err)
{
	return do_all(fleet, GREET, err);
}

int fleet_disconnect(struct fleet *fleet, struct err *err)
{
	return do_all(fleet, DISCONNECT, err);
}

uint64_t fleet_cpu_us(const struct fleet *fleet)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < fleet->n; i++)
		sum += fleet->parts[i].cpu_us;
	return sum;
}

/* --- life --- */

static size_t times_len(const struct fleet *fleet)
{
	return 2 * load_batches(fleet->load) * sizeof(uint64_t);
}

static int share_times(struct fleet *fleet, struct err *err)
{
	void *shared = mmap(NULL, times_len(fleet), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_memory(err);
	fleet->times_us = shared;
	return 0;
}

static unsigned parts_needed(const struct load *load)
{
	struct rlimit files = { 0 };
	(void)getrlimit(RLIMIT_NOFILE, &files); /* the limit exists */
	rlim_t room = files.rlim_cur > 2 * FILES_ELSE ? files.rlim_cur - FILES_ELSE : FILES_ELSE;
	return (unsigned)(((rlim_t)load->shape.offices * OFFICE_FILES + room - 1) / room);
}

int fleet_open(const struct load *load, struct api_client *api, struct fleet **ret_fleet,
	       struct err *err)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));
	if (!fleet)
		return err_memory(err);
	fleet->load = load;
	fleet->n = parts_needed(load);
	int rc = fleet->n <= PARTS_MAX ? enrolment_run(load, api, &fleet->enrolment, err)
				       : err_set(err, -EMFILE, "too few files may be open");
	if (rc == 0)
		rc = share_times(fleet, err);
	for (unsigned i = 0; i < fleet->n && rc == 0; i++)
		rc = part_start(fleet, i, err);
	if (rc < 0)
		fleet_close(fleet);
	else
		*ret_fleet = fleet;
	return rc;
}

void fleet_close(struct fleet *fleet)
{
	if (!fleet)
		return;
	for (unsigned i = 0; i < PARTS_MAX; i++)
		part_end(&fleet->parts[i]);
	if (fleet->times_us)
		(void)munmap(fleet->times_us, times_len(fleet)); /* it was mapped */
	enrolment_free(&fleet->enrolment);
	free(fleet);
}

/* --- pushing --- */

int fleet_push_start(struct fleet *fleet, unsigned end, struct tempo tempo, struct err *err)
{
	fleet->begin = fleet->end;
	fleet->end = end;
	fleet->start_us = now_us();
	struct order order = { PUSH, end, tempo, fleet->start_us };
	return order_all(fleet, &order, err);
}

bool fleet_pushing(const struct fleet *fleet)
{
	bool pushing = false;
	for (unsigned i = 0; i < fleet->n && !pushing; i++) {
		struct pollfd turn = { .fd = fleet->parts[i].channel, .events = POLLIN };
		pushing = poll(&turn, 1, 0) == 0;
	}
	return pushing;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* The last ack came when the batch that waited for it had been sent and waited. */
static uint64_t last_ack_us(const uint64_t sent_us[], const uint64_t took_us[], size_t n)
{
	uint64_t last = 0;
	for (size_t i = 0; i < n; i++)
		last = sent_us[i] + took_us[i] > last ? sent_us[i] + took_us[i] : last;
	return last;
}

int fleet_push_finish(struct fleet *fleet, struct fleet_times *ret_times, struct err *err)
{
	unsigned offices = fleet->load->shape.offices;
	size_t n = (size_t)(fleet->end - fleet->begin) * offices;
	uint64_t *sent_us = fleet->times_us + (size_t)fleet->begin * offices,
		 *took_us = sent_us + load_batches(fleet->load);
	int rc = answers_wait(fleet, err);
	if (rc < 0)
		return rc;
	ret_times->elapsed_us = last_ack_us(sent_us, took_us, n) - fleet->start_us;
	qsort(took_us, n, sizeof(uint64_t), ascending);
	ret_times->ack_p50_us = took_us[n / 2];
	ret_times->ack_p99_us = took_us[n - 1 - n / 100];
	return 0;
}
