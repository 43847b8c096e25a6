/* What StatsD costs an office's agent: CPU time for a datagram beside the bare reading of the same
 * ones, and syncs of the spool in a minute, under a flood, a steady stream and a trickle.
 *
 *   statsd_cost --packets 1000000 --rate 10000 --seconds 60
 *
 * The input, the recorder and the spool are the agent's own; senders are processes of their own.
 * The flood comes by a unix socket, where nothing is lost; stream and trickle by UDP. */
#include "bench/measure.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "sources/datagram.h"
#include "sources/statsd.h"
#include "support/fault.h"
#include "support/scratch.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERIES  10u
#define TRICKLE 10u /* datagrams in a minute */
#define BATCH   32u

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"visits,A,B,visit,flow,sum,sum,minute,desk,0,0,commune,1,0,\n";

struct options {
	uint64_t packets, rate, seconds;
};

struct office { /* the agent, as far as it matters */
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 8];
	uv_loop_t loop;
	struct spool *spool;
	struct worker *worker;
	struct recorder *recorder;
	void *statsd;
	uv_timer_t deadline;
	bool over;
};

struct cost {
	uint64_t cpu_us, syncs, taken;
};

static void must(bool well, const char *what)
{
	if (well)
		return;
	fprintf(stderr, "statsd_cost: %s\n", what);
	exit(EXIT_FAILURE);
}

/* --- senders --- */

static size_t datagram(uint64_t i, char text[64])
{
	return (size_t)snprintf(text, 64, "visits:1|c|#desk:%u", (unsigned)(i % SERIES));
}

/* One each @gap_us, as a mean; 0: as fast as they are taken. */
static void send_all(int fd, uint64_t n, uint64_t gap_us)
{
	uint64_t began_us = now_us();
	char text[64];
	for (uint64_t i = 0; i < n; i++) {
		size_t len = datagram(i, text);
		must(send(fd, text, len, 0) == (ssize_t)len, "send");
		uint64_t ahead_us = (i + 1) * gap_us, passed_us = gap_us ? now_us() - began_us : 0;
		if (ahead_us > passed_us + 2000)
			(void)usleep((useconds_t)(ahead_us - passed_us)); /* cut short is fine */
	}
}

static pid_t begin_sender(int fd, uint64_t n, uint64_t gap_us)
{
	pid_t pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* fails only for no signal */
		send_all(fd, n, gap_us);
		_exit(0);
	}
	(void)close(fd); /* the child's */
	return pid;
}

/* --- the agent --- */

static void office_open(struct office *office, const char *listen)
{
	struct spool_limits limits = { .bytes_max = 64 << 20, .keep_days = 35 };
	struct settings settings = { 0 };
	struct catalogue *catalogue;
	char path[PATH_MAX], address[64], empty[] = "";
	struct err err = { 0 };
	scratch_make(true, office->folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", office->folder); /* fits, as below */
	(void)snprintf(office->path, sizeof(office->path), "%s/statsd", office->folder);
	(void)snprintf(address, sizeof(address), "%s", listen);
	must(uv_loop_init(&office->loop) == 0, "loop");
	must(spool_open(path, &limits, &office->spool, NULL, &err) == 0, err.text);
	office->worker = worker_open(&office->loop);
	struct recorder_config config = { .spool = office->spool, .worker = office->worker };
	office->recorder = recorder_open(&config);
	must(office->worker && office->recorder, "out of memory");
	must(catalogue_read(catalogue_csv, strlen(catalogue_csv), &catalogue, &err) == 0, err.text);
	recorder_catalogue_take(office->recorder, catalogue);
	settings.statsd_listen = address;
	settings.statsd_socket = *listen ? empty : office->path;
	struct input_host host = { .loop = &office->loop, .recorder = office->recorder };
	must(statsd_start(&host, &settings, &office->statsd, &err) == 0, err.text);
}

static void on_stopped(void *context)
{
	(void)context;
}

static int add_value(void *context, const struct observation *obs)
{
	*(uint64_t *)context += (uint64_t)obs->value_e;
	return 0;
}

/* What is in the spool at the end. */
static uint64_t office_close(struct office *office)
{
	uint64_t taken = 0;
	struct err err = { 0 };
	statsd_stop(office->statsd, on_stopped, NULL);
	(void)uv_run(&office->loop, UV_RUN_DEFAULT); /* 0: nothing is left */
	must(spool_each_current(office->spool, add_value, &taken, &err) == 0, err.text);
	recorder_close(office->recorder);
	worker_close(office->worker);
	must(uv_loop_close(&office->loop) == 0, "a handle is open");
	spool_close(office->spool);
	scratch_remove(office->folder);
	return taken;
}

static void on_deadline(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* Serve until the sender is done, looking now and then. */
static void serve(struct office *office, pid_t pid)
{
	int status = 0;
	(void)uv_timer_init(&office->loop, &office->deadline); /* cannot fail, as below */
	(void)uv_timer_start(&office->deadline, on_deadline, 100, 100);
	while (waitpid(pid, &status, WNOHANG) == 0)
		(void)uv_run(&office->loop, UV_RUN_DEFAULT); /* stopped by the timer */
	must(status == 0, "the sender failed");
	for (int i = 0; i < 100; i++) /* what it left in the socket */
		(void)uv_run(&office->loop, UV_RUN_NOWAIT);
	uv_close((uv_handle_t *)&office->deadline, NULL);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path); /* fits */
	must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	return fd;
}

static int connect_udp(const char *text)
{
	struct http_address address;
	must(http_address_parse(text, &address, &(struct err){ 0 }) == 0, "address");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd >= 0 && connect(fd, &address.socket.any, address.len) == 0, "connect");
	return fd;
}

static struct cost cost_begin(void)
{
	return (struct cost){ .cpu_us = measure_cpu_us(), .syncs = fault_syncs() };
}

static void cost_end(struct cost *cost)
{
	cost->cpu_us = measure_cpu_us() - cost->cpu_us;
	cost->syncs = fault_syncs() - cost->syncs;
}

static struct cost agent_takes(uint64_t n, uint64_t gap_us)
{
	struct office office = { 0 };
	bool udp = gap_us > 0;
	char listen[64] = "";
	if (udp) { /* a port that was free a moment ago */
		struct http_address any;
		int fd = -1;
		must(http_address_parse("127.0.0.1:0", &any, &(struct err){ 0 }) == 0 &&
			     datagram_open_udp(&any, &fd, listen, &(struct err){ 0 }) == 0,
		     "a port");
		(void)close(fd); /* nothing was read */
	}
	office_open(&office, listen);
	int fd = udp ? connect_udp(listen) : connect_unix(office.path);
	pid_t pid = begin_sender(fd, n, gap_us);
	struct cost cost = cost_begin();
	serve(&office, pid);
	cost_end(&cost);
	cost.taken = office_close(&office);
	return cost;
}

/* --- the yardstick: the same datagrams, read and forgotten --- */

static struct cost bare_takes(uint64_t n, bool many)
{
	static char buffers[BATCH][STATSD_DATAGRAM_MAX];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	int ends[2];
	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
	for (unsigned i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	pid_t pid = begin_sender(ends[1], n, 0);
	struct cost cost = cost_begin();
	while (cost.taken < n) {
		int got = many ? recvmmsg(ends[0], messages, BATCH, MSG_WAITFORONE, NULL)
			       : (recv(ends[0], buffers[0], sizeof(buffers[0]), 0) > 0 ? 1 : -1);
		must(got > 0, "recv");
		cost.taken += (uint64_t)got;
	}
	cost_end(&cost);
	(void)close(ends[0]); /* read empty */
	int status;
	must(waitpid(pid, &status, 0) == pid && status == 0, "the sender failed");
	return cost;
}

/* --- telling --- */

static double ns_each(const struct cost *cost)
{
	return (double)cost->cpu_us * 1000 / (double)cost->taken;
}

static void tell_flood(const struct options *options)
{
	struct cost agent = agent_takes(options->packets, 0);
	struct cost one = bare_takes(options->packets, false);
	struct cost many = bare_takes(options->packets, true);
	must(agent.taken == options->packets, "the flood was not counted exactly");
	printf("flood of %" PRIu64 " by a unix socket: %.0f ns of CPU each, all counted\n",
	       options->packets, ns_each(&agent));
	printf("  beside recv() alone %.0f ns (%.1f times), recvmmsg() of %u %.0f ns (%.1f "
	       "times)\n",
	       ns_each(&one), ns_each(&agent) / ns_each(&one), BATCH, ns_each(&many),
	       ns_each(&agent) / ns_each(&many));
}

static void tell_rate(const char *name, uint64_t n, uint64_t seconds)
{
	struct cost cost = agent_takes(n, seconds * 1000000 / n);
	printf("%s of %" PRIu64 " in %" PRIu64 " s by UDP: %" PRIu64 " counted, %.0f us of CPU and "
	       "%.1f syncs a minute\n",
	       name, n, seconds, cost.taken, (double)cost.cpu_us * 60 / (double)seconds,
	       (double)cost.syncs * 60 / (double)seconds);
	must(cost.taken <= n && cost.taken > 0, "more was counted than was sent, or nothing");
}

int main(int argc, char *argv[])
{
	static const struct option known[] = { { "packets", required_argument, NULL, 'p' },
					       { "rate", required_argument, NULL, 'r' },
					       { "seconds", required_argument, NULL, 's' },
					       { 0 } };
	struct options options = { .packets = 1000000, .rate = 10000, .seconds = 60 };
	int option;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		uint64_t value = optarg ? strtoull(optarg, NULL, 10) : 0;
		must(option != '?' && value > 0, "see the head of tests/bench/statsd_cost.c");
		*(option == 'p'   ? &options.packets
		  : option == 'r' ? &options.rate
				  : &options.seconds) = value;
	}
	must(civil_set_zone("Asia/Ho_Chi_Minh", &(struct err){ 0 }) == 0, "zone");
	fault_install(); /* counts syncs */
	log_set_level(LOG_LEVEL_ERROR);
	tell_flood(&options);
	tell_rate("stream", options.rate * options.seconds, options.seconds);
	tell_rate("trickle", (TRICKLE * options.seconds + 59) / 60, options.seconds);
	return 0;
}
