/* An office made of raw ZeroMQ, for tests that say what a real agent never would.
 *
 *   probe ENDPOINT SERVER-KEY SECRET-KEY      keys as in invitations (base64url)
 *
 * Orders come as lines on stdin, what the province says goes out as lines on stdout:
 *   hello SPOOL LAST-SEQ [MIN MAX]            welcome upto=.. series=.. credit=.. office=..
 *                                             (the protocols: ours unless told)
 *   batch SPOOL SEQ DAY NUMBER METRIC|- LABELS|- GRAIN DECIMALS NTH:VALUE...   ack .., refused ..
 *                                             (METRIC - : the series was declared before)
 *   payload SPOOL SEQ HEX                     a batch with these bytes as payload
 *   frame HEX | two HEX HEX | big BYTES       bytes as they are; a message of two frames; a big one
 *   standing                                  standing version=.. closed=.. ..
 *   edition VERSION FROM                      piece edition=.. from=.. len=.. bytes=..
 *   heads NUMBER N                            nothing, or refused; what asks for them:
 *                                             heads_ask number=.. most=..
 *   enrol SECRET-KEY | ping                   enrolled office=..; pong catalogue=..
 *   flood MS COUNT ORDER...                   that order COUNT times as fast as it goes, for MS
 *                                             milliseconds at most; a word # is the how-manieth.
 *                                             flooded sent=.. acks=.. refused=.. others=..
 *   push MS SPOOL FILE [N]                    the payloads of FILE, one after the other and again
 *                                             from the first, as the batches that follow, as an
 *                                             agent does: 16 under way, and from the last one acked
 *                                             when none is for a second. FILE: before each payload
 *                                             its length in 4 bytes, big-endian. N: no more when
 *                                             so many are acked.
 *                                             pushed sent=.. bytes=.. upto=.. refused=..
 *   pace MS EACH SPOOL FILE                   likewise, within the credit of the last Welcome, but
 *                                             each is due EACH milliseconds after the
 *                                             one before, for MS of them or until the next line
 *                                             comes, whatever it says. When it is acked:
 *                                             took at_us=.. us=.., of the clock of the kernel's
 *                                             boot, and since it was due; and at the end
 *                                             paced upto=.. refused=..
 * and the connection's own story: connected, refused (the key), disconnected. HEX may be @FILE: the
 * bytes of that file.
 *
 *   probe key                                 prints a fresh secret key
 *   probe claim ENDPOINT SERVER-KEY SECRET-KEY PROPERTY VALUE
 *                                             shakes hands with that metadata, says "claim", leaves
 *   probe half ENDPOINT SERVER-KEY COUNT      COUNT connections that say HELLO, hear WELCOME and no
 *                                             more; prints "half n=..", leaves when stdin closes
 *   probe many ENDPOINT SERVER-KEY SECRET-KEY COUNT   as many connections with one key, which ping
 *                                             once; prints "many pongs=..", leaves likewise
 *   probe squat ENDPOINT SERVER-KEY SECRET-KEY FIRST COUNT   as many connections that claim routing
 *                                             ids as libzmq makes them, from number FIRST on, and
 *                                             say nothing; prints "squat n=..", leaves likewise
 *   probe endless ENDPOINT SERVER-KEY SECRET-KEY ping|- PART MIB   pings, if it shall; then one
 *                                             message of parts of PART bytes that does not end
 *                                             before MIB were sent; prints "endless mib=.."
 */
#include "common/model/civil.h"
#include "common/model/invitation.h"
#include "common/net/wire.h"
#include "support/zmtp_raw.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define WORDS_MAX    4096u
#define BYTES_MAX    (17u << 20) /* of HEX or a file: more than any limit of the wire */
#define MANY_WAIT_US 5000000     /* for those who are answered; some may be refused for good */
#define MONITOR_AT   "inproc://probe.monitor"
#define PUSHED_MAX   (64u << 20)
#define UNDER_WAY    16u     /* batches that push sends ahead of its acks */
#define OVERDUE_US   1000000 /* then it begins again behind the last one acked */
#define PACE_OVERDUE_US                                                                            \
	20000000 /* as pace does: an agent is as patient, and what it sent again would wait too */

/* While an order is repeated, what comes back is counted, not told line by line. */
struct flood {
	bool on;
	int64_t until_us;
	uint64_t sent, acks, refused, others;
};

struct probe {
	void *context, *socket, *monitor;
	struct arena *arena;
	struct flood flood;
	uint64_t spool, upto; /* of the batches that push sends; as acked */
	unsigned credit;      /* of the last Welcome; 0: none came */
	unsigned connected;   /* how often */
	bool cut;             /* and was disconnected since */
};

struct order {
	char *words[WORDS_MAX];
	size_t n;
};

static void die(const char *what)
{
	fprintf(stderr, "probe: %s\n", what);
	exit(2);
}

static const char *word(const struct order *order, size_t index)
{
	if (index >= order->n)
		die("a word is missing");
	return order->words[index];
}

static uint64_t number(const struct order *order, size_t index)
{
	return strtoull(word(order, index), NULL, 10);
}

static void key_of(const char *text, uint8_t ret_key[INVITATION_KEY_LEN])
{
	if (key_parse(text, ret_key) < 0)
		die("a key is 43 characters of base64url");
}

/* --- what we say --- */

static void hear_monitor(struct probe *probe);
static void hear_frames(struct probe *probe);

/* A full queue is waited for while we flood, and the answers are taken meanwhile. */
static bool wait_to_send(struct probe *probe)
{
	int64_t left_us = probe->flood.until_us - civil_boot_us();
	zmq_pollitem_t item = { .socket = probe->socket, .events = ZMQ_POLLIN | ZMQ_POLLOUT };
	if (!probe->flood.on || left_us <= 0)
		return false;
	if (zmq_poll(&item, 1, (long)(left_us / 1000 + 1)) < 0 && errno != EINTR)
		die(zmq_strerror(errno));
	hear_monitor(probe);
	hear_frames(probe);
	return true;
}

static void send_bytes(struct probe *probe, const void *data, size_t len, int flags)
{
	int rc;
	while ((rc = zmq_send(probe->socket, data, len, ZMQ_DONTWAIT | flags)) < 0 &&
	       errno == EAGAIN && wait_to_send(probe)) {
	}
	if (rc >= 0)
		probe->flood.sent++;
	else if (!probe->flood.on)
		printf("unsent cause=%s\n", zmq_strerror(errno));
}

static void send_frame(struct probe *probe, const Lantoa__V1__Frame *frame)
{
	struct blob bytes = { 0 };
	struct err err = { 0 };
	if (wire_frame_pack(frame, &bytes, &err) < 0)
		die(err.text);
	send_bytes(probe, bytes.data, bytes.len, 0);
	blob_free(&bytes);
}

/* What HEX or @FILE stands for, valid until the next call. */
static uint8_t *bytes_of(const char *text, size_t *ret_len)
{
	static uint8_t bytes[BYTES_MAX];
	if (*text == '@') {
		FILE *file = fopen(text + 1, "rb");
		if (!file)
			die("there is no such file");
		*ret_len = fread(bytes, 1, sizeof(bytes), file);
		(void)fclose(file); /* it was only read */
	} else if (sodium_hex2bin(bytes, sizeof(bytes), text, strlen(text), NULL, ret_len, NULL) !=
		   0) {
		die("hex is wanted");
	}
	return bytes;
}

static void send_hex(struct probe *probe, const char *hex, int flags)
{
	size_t len = 0;
	const uint8_t *bytes = bytes_of(hex, &len);
	send_bytes(probe, bytes, len, flags);
}

static void on_hello(struct probe *probe, const struct order *order)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
	hello.protocol_min = order->n > 3 ? (uint32_t)number(order, 3) : WIRE_PROTOCOL_MIN;
	hello.protocol_max = order->n > 3 ? (uint32_t)number(order, 4) : WIRE_PROTOCOL_MAX;
	hello.version = (char *)(uintptr_t) "9.9";
	hello.spool_id = number(order, 1);
	hello.last_seq = number(order, 2);
	frame.kind_case = LANTOA__V1__FRAME__KIND_HELLO;
	frame.hello = &hello;
	send_frame(probe, &frame);
}

static void on_edition(struct probe *probe, const struct order *order)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__EditionAsk ask = LANTOA__V1__EDITION_ASK__INIT;
	ask.version = number(order, 1);
	ask.from = number(order, 2);
	frame.kind_case = LANTOA__V1__FRAME__KIND_EDITION_ASK;
	frame.edition_ask = &ask;
	send_frame(probe, &frame);
}

static void on_standing(struct probe *probe, const struct order *order)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__StandingAsk ask = LANTOA__V1__STANDING_ASK__INIT;
	(void)order;
	frame.kind_case = LANTOA__V1__FRAME__KIND_STANDING_ASK;
	frame.standing_ask = &ask;
	send_frame(probe, &frame);
}

/* So many heads that no ledger has. */
static void on_heads(struct probe *probe, const struct order *order)
{
	static Lantoa__V1__KeptHead kept[WIRE_HEADS_MAX], *pointers[WIRE_HEADS_MAX];
	static uint8_t chain[32];
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Heads heads = LANTOA__V1__HEADS__INIT;
	Lantoa__V1__Head head = LANTOA__V1__HEAD__INIT;
	head.position = 1;
	head.chain = (ProtobufCBinaryData){ sizeof(chain), chain };
	heads.number = (uint32_t)number(order, 1);
	heads.n_head = (size_t)number(order, 2);
	if (heads.n_head > WIRE_HEADS_MAX)
		die("so many heads fit no frame");
	for (size_t i = 0; i < heads.n_head; i++) {
		lantoa__v1__kept_head__init(&kept[i]);
		kept[i].day = civil_day(civil_now_us());
		kept[i].head = &head;
		pointers[i] = &kept[i];
	}
	heads.head = pointers;
	frame.kind_case = LANTOA__V1__FRAME__KIND_HEADS;
	frame.heads = &heads;
	send_frame(probe, &frame);
}

static void send_batch(struct probe *probe, uint64_t spool, uint64_t seq, uint8_t *data, size_t len)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	batch.spool_id = spool;
	batch.seq = seq;
	batch.payload = (ProtobufCBinaryData){ .data = data, .len = len };
	frame.kind_case = LANTOA__V1__FRAME__KIND_BATCH;
	frame.batch = &batch;
	send_frame(probe, &frame);
}

static void send_payload(struct probe *probe, const struct order *order, uint8_t *data, size_t len)
{
	send_batch(probe, number(order, 1), number(order, 2), data, len);
}

static void on_batch(struct probe *probe, const struct order *order)
{
	static struct point points[WORDS_MAX];
	struct err err = { 0 };
	struct blob payload = { 0 };
	const char *metric = word(order, 5), *labels = word(order, 6);
	struct declaration declared = { .metric = metric,
					.labels = strcmp(labels, "-") == 0 ? "" : labels,
					.decimals = (unsigned)number(order, 8) };
	struct run run = { .series = (uint32_t)number(order, 4) };
	struct batch batch = { .runs = &run, .n_runs = 1, .points = points };
	if (day_parse(word(order, 3), &batch.day, &err) < 0 ||
	    grain_from_name(word(order, 7), &declared.grain, &err) < 0)
		die(err.text);
	batch.first_declared = run.series;
	batch.declared = &declared;
	batch.n_declared = strcmp(metric, "-") != 0;
	for (size_t i = 9; i < order->n; i++) {
		char *rest = order->words[i];
		struct point *point = &points[run.n++];
		*point = (struct point){ .nth = (uint16_t)strtoul(rest, &rest, 10) };
		if (*rest != ':')
			die("NTH:VALUE is wanted");
		point->value_e = strtoll(rest + 1, NULL, 10);
	}
	batch.n_points = run.n;
	if (wire_batch_encode(&batch, &payload, &err) < 0)
		die(err.text);
	send_payload(probe, order, payload.data, payload.len);
	blob_free(&payload);
}

static void on_payload(struct probe *probe, const struct order *order)
{
	size_t len = 0;
	uint8_t *bytes = bytes_of(word(order, 3), &len);
	send_payload(probe, order, bytes, len);
}

static void on_raw(struct probe *probe, const struct order *order)
{
	send_hex(probe, word(order, 1), 0);
}

static void on_two(struct probe *probe, const struct order *order)
{
	send_hex(probe, word(order, 1), ZMQ_SNDMORE);
	send_hex(probe, word(order, 2), 0);
}

static void on_big(struct probe *probe, const struct order *order)
{
	size_t len = number(order, 1);
	void *bytes = calloc(1, len);
	if (!bytes)
		die("out of memory");
	send_bytes(probe, bytes, len, 0);
	free(bytes);
}

static void on_enrol(struct probe *probe, const struct order *order)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Enrol enrol = LANTOA__V1__ENROL__INIT;
	uint8_t secret[INVITATION_KEY_LEN], public[INVITATION_KEY_LEN];
	key_of(word(order, 1), secret);
	(void)crypto_scalarmult_base(public, secret); /* cannot fail */
	enrol.public_key = (ProtobufCBinaryData){ .data = public, .len = sizeof(public) };
	frame.kind_case = LANTOA__V1__FRAME__KIND_ENROL;
	frame.enrol = &enrol;
	send_frame(probe, &frame);
}

static void on_ping(struct probe *probe, const struct order *order)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Ping ping = LANTOA__V1__PING__INIT;
	(void)order;
	frame.kind_case = LANTOA__V1__FRAME__KIND_PING;
	frame.ping = &ping;
	send_frame(probe, &frame);
}

static void on_flood(struct probe *probe, const struct order *order);
static void on_push(struct probe *probe, const struct order *order);
static void on_pace(struct probe *probe, const struct order *order);

typedef void on_order(struct probe *probe, const struct order *order);

static const struct {
	const char *word;
	on_order *on_order;
	size_t least; /* words that it needs beside its own */
	const char *usage;
} orders[] = {
	{ "hello", on_hello, 2, "SPOOL LAST-SEQ [MIN MAX]" },
	{ "edition", on_edition, 2, "VERSION FROM" },
	{ "standing", on_standing, 0, "" },
	{ "heads", on_heads, 2, "NUMBER N" },
	{ "batch", on_batch, 9,
	  "SPOOL SEQ DAY NUMBER METRIC|- LABELS|- GRAIN DECIMALS NTH:VALUE..." },
	{ "payload", on_payload, 3, "SPOOL SEQ HEX" },
	{ "frame", on_raw, 1, "HEX" },
	{ "two", on_two, 2, "HEX HEX" },
	{ "big", on_big, 1, "BYTES" },
	{ "enrol", on_enrol, 1, "SECRET-KEY" },
	{ "ping", on_ping, 0, "" },
	{ "flood", on_flood, 3, "MS COUNT ORDER..." },
	{ "push", on_push, 3, "MS SPOOL FILE [N]" },
	{ "pace", on_pace, 4, "MS EACH SPOOL FILE" },
};

/* The order that begins at word @first, with all that it needs. */
static on_order *order_find(const struct order *order, size_t first)
{
	char usage[128];
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (first >= order->n || strcmp(orders[i].word, order->words[first]) != 0)
			continue;
		if (order->n - first > orders[i].least)
			return orders[i].on_order;
		(void)snprintf(usage, sizeof(usage), "%s %s is wanted", orders[i].word,
			       orders[i].usage); /* fits */
		die(usage);
	}
	die("there is no such order; probe.c begins with those there are");
	return NULL;
}

static void on_flood(struct probe *probe, const struct order *order)
{
	static struct order each;
	char nth[24];
	on_order *obey_each = order_find(order, 3);
	probe->flood =
		(struct flood){ .on = true,
				.until_us = civil_boot_us() + (int64_t)number(order, 1) * 1000 };
	each.n = order->n - 3;
	for (uint64_t i = 1; i <= number(order, 2) && civil_boot_us() < probe->flood.until_us;
	     i++) {
		(void)snprintf(nth, sizeof(nth), "%llu", (unsigned long long)i); /* fits */
		for (size_t at = 0; at < each.n; at++) {
			char *said = order->words[at + 3];
			each.words[at] = strcmp(said, "#") == 0 ? nth : said;
		}
		obey_each(probe, &each);
		hear_monitor(probe);
		hear_frames(probe);
	}
	probe->flood.on = false;
	printf("flooded sent=%llu acks=%llu refused=%llu others=%llu\n",
	       (unsigned long long)probe->flood.sent, (unsigned long long)probe->flood.acks,
	       (unsigned long long)probe->flood.refused, (unsigned long long)probe->flood.others);
}

/* Payloads as the file of push holds them. */
struct payloads {
	uint8_t *bytes; /* owned */
	struct {
		uint8_t *data;
		size_t len;
	} * list; /* owned [n] */
	size_t n;
};

static struct payloads payloads_read(const char *path)
{
	struct payloads payloads = { .bytes = malloc(PUSHED_MAX) };
	FILE *file = fopen(path, "rb");
	if (!payloads.bytes || !file)
		die("there is no such file, or no room for it");
	size_t size = fread(payloads.bytes, 1, PUSHED_MAX, file);
	(void)fclose(file); /* it was only read */
	for (size_t at = 0; at + 4 <= size;) {
		const uint8_t *head = &payloads.bytes[at];
		size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 |
			     head[3];
		at += 4;
		if (len > size - at)
			die("a payload is cut off");
		payloads.list = realloc(payloads.list, (payloads.n + 1) * sizeof(*payloads.list));
		if (!payloads.list)
			die("out of memory");
		payloads.list[payloads.n].data = &payloads.bytes[at];
		payloads.list[payloads.n++].len = len;
		at += len;
	}
	if (payloads.n == 0)
		die("the file holds no payload");
	return payloads;
}

static void on_push(struct probe *probe, const struct order *order)
{
	struct payloads payloads = payloads_read(word(order, 3));
	int64_t acked_us = civil_boot_us();
	uint64_t bytes = 0;
	probe->flood = (struct flood){ .on = true, .until_us = acked_us };
	probe->flood.until_us += (int64_t)number(order, 1) * 1000;
	if (probe->spool != number(order, 2)) {
		probe->spool = number(order, 2);
		probe->upto = 0;
	}
	uint64_t most = order->n > 4 ? number(order, 4) : UINT64_MAX;
	for (uint64_t next = probe->upto + 1;
	     probe->upto < most && civil_boot_us() < probe->flood.until_us;) {
		zmq_pollitem_t item = { .socket = probe->socket, .events = ZMQ_POLLIN };
		uint64_t upto = probe->upto;
		if (next <= upto + UNDER_WAY && next <= most) {
			size_t nth = (size_t)((next - 1) % payloads.n);
			send_batch(probe, probe->spool, next++, payloads.list[nth].data,
				   payloads.list[nth].len);
			bytes += payloads.list[nth].len;
		} else if (zmq_poll(&item, 1, 20) < 0 && errno != EINTR) {
			die(zmq_strerror(errno));
		}
		hear_monitor(probe);
		hear_frames(probe);
		if (probe->upto > upto)
			acked_us = civil_boot_us();
		if (next <= probe->upto || civil_boot_us() - acked_us > OVERDUE_US) {
			next = probe->upto + 1;
			acked_us = civil_boot_us();
		}
	}
	probe->flood.on = false;
	printf("pushed sent=%llu bytes=%llu upto=%llu refused=%llu\n",
	       (unsigned long long)probe->flood.sent, (unsigned long long)bytes,
	       (unsigned long long)probe->upto, (unsigned long long)probe->flood.refused);
	free(payloads.list);
	free(payloads.bytes);
}

/* One whole line at a time, without stdio's buffer: what lies in it, poll cannot see. */
static bool read_line(char *line, size_t room)
{
	size_t len = 0;
	while (len + 1 < room && read(STDIN_FILENO, &line[len], 1) == 1) {
		if (line[len++] == '\n') {
			line[len] = '\0';
			return true;
		}
	}
	return false;
}

struct pacer {
	struct probe *probe;
	struct payloads payloads;
	int64_t begun_us, each_us, end_us;
	int64_t acked_us; /* when the last ack came, or all began again */
	/* numbers: of the first that is due, of the next to send, of the last that was told acked
	 */
	uint64_t first, next, told;
	unsigned connected;    /* probe->connected when it said hello */
	struct order greeting; /* hello */
};

static int64_t due_us(const struct pacer *pacer, uint64_t seq)
{
	return pacer->begun_us + (int64_t)(seq - pacer->first) * pacer->each_us;
}

static void pacer_send(struct pacer *pacer)
{
	struct probe *probe = pacer->probe;
	uint64_t most = probe->credit ? probe->credit : 1;
	while (!probe->cut && pacer->next <= probe->upto + most &&
	       due_us(pacer, pacer->next) <= civil_boot_us() &&
	       due_us(pacer, pacer->next) < pacer->end_us) {
		uint64_t nth = pacer->next - 1; /* the first declares, once */
		if (nth >= pacer->payloads.n)
			nth = 1 + (nth - 1) % (pacer->payloads.n - 1);
		send_batch(probe, probe->spool, pacer->next++, pacer->payloads.list[nth].data,
			   pacer->payloads.list[nth].len);
	}
}

/* Whoever was cut off says hello, and goes on behind the last one acked. */
static void pacer_hear(struct pacer *pacer)
{
	struct probe *probe = pacer->probe;
	hear_monitor(probe);
	hear_frames(probe);
	int64_t now_us = civil_boot_us();
	if (probe->upto > pacer->told || pacer->next == probe->upto + 1)
		pacer->acked_us = now_us;
	while (pacer->told < probe->upto)
		printf("took at_us=%lld us=%lld\n", (long long)now_us,
		       (long long)(now_us - due_us(pacer, ++pacer->told)));
	if (probe->connected == pacer->connected && now_us - pacer->acked_us <= PACE_OVERDUE_US)
		return;
	if (probe->connected != pacer->connected)
		on_hello(probe, &pacer->greeting);
	pacer->connected = probe->connected;
	pacer->acked_us = now_us;
	pacer->next = probe->upto + 1;
}

static void on_pace(struct probe *probe, const struct order *order)
{
	char last[] = "0", rest[64], *spool = order->words[3];
	struct pacer pacer = { .probe = probe,
			       .payloads = payloads_read(word(order, 4)),
			       .begun_us = civil_boot_us(),
			       .each_us = (int64_t)number(order, 2) * 1000,
			       .connected = probe->connected,
			       .greeting = { .words = { NULL, spool, last }, .n = 3 } };
	if (pacer.payloads.n < 2)
		die("two payloads are wanted, of which the second declares nothing");
	pacer.end_us = pacer.begun_us + (int64_t)number(order, 1) * 1000;
	pacer.acked_us = pacer.begun_us;
	if (probe->spool != number(order, 3))
		probe->upto = 0;
	probe->spool = number(order, 3);
	pacer.told = probe->upto;
	pacer.first = pacer.next = probe->upto + 1;
	probe->flood = (struct flood){ .on = true, .until_us = pacer.end_us };
	while (civil_boot_us() < pacer.end_us || probe->upto + 1 < pacer.next) {
		zmq_pollitem_t items[] = { { .socket = probe->socket, .events = ZMQ_POLLIN },
					   { .socket = probe->monitor, .events = ZMQ_POLLIN },
					   { .fd = STDIN_FILENO, .events = ZMQ_POLLIN } };
		int64_t wait_us = due_us(&pacer, pacer.next) - civil_boot_us();
		pacer_send(&pacer);
		if (zmq_poll(items, 3, wait_us > 2000 ? wait_us / 1000 : 2) < 0 && errno != EINTR)
			die(zmq_strerror(errno));
		pacer_hear(&pacer);
		if (items[2].revents && read_line(rest, sizeof(rest)))
			pacer.end_us = civil_boot_us(); /* what was sent is waited for */
	}
	probe->flood.on = false;
	printf("paced upto=%llu refused=%llu\n", (unsigned long long)probe->upto,
	       (unsigned long long)probe->flood.refused);
	free(pacer.payloads.list);
	free(pacer.payloads.bytes);
}

static void obey(struct probe *probe, char *line)
{
	static struct order order;
	order.n = 0;
	for (char *at = strtok(line, " \n"); at && order.n < WORDS_MAX; at = strtok(NULL, " \n"))
		order.words[order.n++] = at;
	order_find(&order, 0)(probe, &order);
}

/* --- what we hear --- */

static void tell_ack(const Lantoa__V1__Ack *ack)
{
	uint64_t held = ack->quarantined_more;
	for (size_t i = 0; i < ack->n_quarantined; i++)
		held += ack->quarantined[i]->observations;
	printf("ack spool=%llu upto=%llu held=%llu reason=%s\n", (unsigned long long)ack->spool_id,
	       (unsigned long long)ack->upto, (unsigned long long)held,
	       ack->n_quarantined ? ack->quarantined[0]->reason : "");
}

static void tell_refused(const Lantoa__V1__Refused *refused)
{
	static const char *const codes[] = { "UNSPECIFIED", "MALFORMED", "PROTOCOL", "GAP",
					     "INVITATION" };
	printf("refused spool=%llu seq=%llu code=%s reason=%s\n",
	       (unsigned long long)refused->spool_id, (unsigned long long)refused->seq,
	       (unsigned)refused->code < 5 ? codes[refused->code] : "?", refused->reason);
}

static void tell_frame(struct probe *probe, const Lantoa__V1__Frame *frame)
{
	if (frame->kind_case == LANTOA__V1__FRAME__KIND_WELCOME)
		probe->credit = frame->welcome->credit;
	if (frame->kind_case == LANTOA__V1__FRAME__KIND_WELCOME)
		printf("welcome upto=%llu series=%u credit=%u office=%s level=%s protocol=%u "
		       "edition=%llu head=%llu\n",
		       (unsigned long long)frame->welcome->upto, frame->welcome->series_known,
		       frame->welcome->credit, frame->welcome->office, frame->welcome->level,
		       frame->welcome->protocol,
		       (unsigned long long)frame->welcome->edition_version,
		       (unsigned long long)(frame->welcome->head ? frame->welcome->head->position
								 : 0));
	else if (frame->kind_case == LANTOA__V1__FRAME__KIND_EDITION_PIECE)
		printf("piece edition=%llu from=%llu len=%llu bytes=%zu\n",
		       (unsigned long long)frame->edition_piece->version,
		       (unsigned long long)frame->edition_piece->from,
		       (unsigned long long)frame->edition_piece->len,
		       frame->edition_piece->data.len);
	else if (frame->kind_case == LANTOA__V1__FRAME__KIND_HEADS_ASK)
		printf("heads_ask number=%u most=%u\n", frame->heads_ask->number,
		       frame->heads_ask->most);
	else if (frame->kind_case == LANTOA__V1__FRAME__KIND_CATALOGUE)
		printf("catalogue bytes=%zu\n", frame->catalogue->csv.len);
	else if (frame->kind_case == LANTOA__V1__FRAME__KIND_ACK)
		tell_ack(frame->ack);
	else if (frame->kind_case == LANTOA__V1__FRAME__KIND_REFUSED)
		tell_refused(frame->refused);
	else if (frame->kind_case == LANTOA__V1__FRAME__KIND_PONG)
		printf("pong catalogue=%llx standing=%llu\n",
		       (unsigned long long)frame->pong->catalogue_version,
		       (unsigned long long)frame->pong->standing_version);
	else if (frame->kind_case == LANTOA__V1__FRAME__KIND_STANDING)
		printf("standing version=%llu closed=%zu waiting=%zu released=%zu\n",
		       (unsigned long long)frame->standing->version, frame->standing->n_closing,
		       frame->standing->n_waiting, frame->standing->n_released);
	else if (frame->kind_case == LANTOA__V1__FRAME__KIND_ENROLLED)
		printf("enrolled office=%s\n", frame->enrolled->office);
	else
		printf("strange kind=%d\n", (int)frame->kind_case);
}

static void count_frame(struct probe *probe, const Lantoa__V1__Frame *frame)
{
	struct flood *flood = &probe->flood;
	if (frame->kind_case == LANTOA__V1__FRAME__KIND_WELCOME)
		probe->credit = frame->welcome->credit;
	if (frame->kind_case == LANTOA__V1__FRAME__KIND_ACK &&
	    frame->ack->spool_id == probe->spool && frame->ack->upto > probe->upto)
		probe->upto = frame->ack->upto;
	flood->acks += frame->kind_case == LANTOA__V1__FRAME__KIND_ACK;
	flood->refused += frame->kind_case == LANTOA__V1__FRAME__KIND_REFUSED;
	flood->others += frame->kind_case != LANTOA__V1__FRAME__KIND_ACK &&
			 frame->kind_case != LANTOA__V1__FRAME__KIND_REFUSED;
}

static void hear_frames(struct probe *probe)
{
	zmq_msg_t message;
	(void)zmq_msg_init(&message); /* cannot fail */
	while (zmq_msg_recv(&message, probe->socket, ZMQ_DONTWAIT) >= 0) {
		Lantoa__V1__Frame *frame;
		struct err err = { 0 };
		arena_reset(probe->arena);
		if (wire_frame_unpack(probe->arena, zmq_msg_data(&message), zmq_msg_size(&message),
				      &frame, &err) < 0)
			printf("garbage cause=%s\n", err.text);
		else if (probe->flood.on)
			count_frame(probe, frame);
		else
			tell_frame(probe, frame);
	}
	(void)zmq_msg_close(&message); /* was initialised */
}

static void hear_monitor(struct probe *probe)
{
	uint8_t event[6];
	char address[256];
	while (zmq_recv(probe->monitor, event, sizeof(event), ZMQ_DONTWAIT) >= 0) {
		uint16_t kind;
		memcpy(&kind, event, sizeof(kind));
		(void)zmq_recv(probe->monitor, address, sizeof(address), 0); /* its second frame */
		if (kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
			probe->connected++;
			probe->cut = false;
			printf("connected\n");
		} else if (kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ||
			   kind == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
			printf("refused the key\n");
		else if (kind == ZMQ_EVENT_DISCONNECTED)
			probe->cut = printf("disconnected\n") > 0;
	}
}

/* --- life --- */

/* A socket of @context that is connecting. @monitor, when given, is bound to MONITOR_AT. */
static void *open_socket(void *context, const char *endpoint, const char *server,
			 const char *secret, const char *monitor)
{
	uint8_t server_key[INVITATION_KEY_LEN], key[INVITATION_KEY_LEN], public[INVITATION_KEY_LEN];
	int zero = 0, retry_ms = 20;
	key_of(server, server_key);
	key_of(secret, key);
	(void)crypto_scalarmult_base(public, key); /* cannot fail */
	void *socket = zmq_socket(context, ZMQ_DEALER);
	if (!socket ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, sizeof(server_key)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, sizeof(public)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key, sizeof(key)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &retry_ms, sizeof(retry_ms)) < 0 ||
	    (monitor && zmq_socket_monitor(socket, monitor, ZMQ_EVENT_ALL) < 0) ||
	    zmq_connect(socket, endpoint) < 0)
		die(zmq_strerror(errno));
	return socket;
}

static void open_probe(struct probe *probe, const char *endpoint, const char *server,
		       const char *secret)
{
	probe->arena = arena_open(WIRE_ARENA_MAX);
	probe->context = zmq_ctx_new();
	probe->socket = open_socket(probe->context, endpoint, server, secret, MONITOR_AT);
	probe->monitor = zmq_socket(probe->context, ZMQ_PAIR);
	if (!probe->arena || !probe->monitor || zmq_connect(probe->monitor, MONITOR_AT) < 0)
		die(zmq_strerror(errno));
}

static void close_probe(struct probe *probe)
{
	(void)zmq_socket_monitor(probe->socket, NULL, 0); /* stops it; cannot fail */
	(void)zmq_close(probe->monitor);
	(void)zmq_close(probe->socket);
	(void)zmq_ctx_term(probe->context);
	arena_close(probe->arena);
}

static void serve(struct probe *probe)
{
	static char line[1u << 20];
	for (;;) {
		zmq_pollitem_t items[] = { { .socket = probe->socket, .events = ZMQ_POLLIN },
					   { .socket = probe->monitor, .events = ZMQ_POLLIN },
					   { .fd = STDIN_FILENO, .events = ZMQ_POLLIN } };
		if (zmq_poll(items, 3, -1) < 0 && errno != EINTR)
			die(zmq_strerror(errno));
		hear_monitor(probe);
		hear_frames(probe);
		if (!items[2].revents)
			continue;
		if (!read_line(line, sizeof(line)))
			return;
		obey(probe, line);
	}
}

/* Of ENDPOINT, SERVER-KEY and SECRET-KEY in @argv; the keys are lent from @server and @keys. */
static struct zmtp_raw_claim claim_of(char **argv, uint8_t server[INVITATION_KEY_LEN],
				      uint8_t keys[2][INVITATION_KEY_LEN])
{
	key_of(argv[3], server);
	key_of(argv[4], keys[1]);
	(void)crypto_scalarmult_base(keys[0], keys[1]); /* cannot fail */
	return (struct zmtp_raw_claim){
		.endpoint = argv[2], .server = server, .public_key = keys[0], .secret_key = keys[1]
	};
}

static int claim(char **argv)
{
	uint8_t server[INVITATION_KEY_LEN], keys[2][INVITATION_KEY_LEN];
	(void)claim_of(argv, server, keys);
	int rc = zmtp_raw_say(argv[2], server, keys[0], keys[1], argv[5], argv[6], "claim");
	if (rc == -EMSGSIZE)
		die("PROPERTY and VALUE are too long for one handshake");
	printf("%s\n", rc == 0 ? "said" : strerror(-rc));
	return rc < 0;
}

/* Until our caller closes stdin. */
static void linger(void)
{
	char byte;
	while (read(STDIN_FILENO, &byte, 1) == 1) {
	}
}

static int half(char **argv)
{
	uint8_t server[INVITATION_KEY_LEN];
	long wanted = strtol(argv[4], NULL, 10), n = 0;
	key_of(argv[3], server);
	while (n < wanted && zmtp_raw_half(argv[2], server) >= 0)
		n++;
	printf("half n=%ld\n", n);
	linger();
	return 0;
}

static int many(char **argv)
{
	int wanted = (int)strtol(argv[5], NULL, 10), pongs = 0;
	void *context = zmq_ctx_new();
	struct probe *probes = calloc((size_t)wanted, sizeof(*probes));
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	if (!probes || !arena || zmq_ctx_set(context, ZMQ_MAX_SOCKETS, wanted + 1) < 0)
		die("no room");
	for (int i = 0; i < wanted; i++) {
		void *socket = open_socket(context, argv[2], argv[3], argv[4], NULL);
		probes[i] = (struct probe){ .socket = socket, .arena = arena };
		probes[i].flood.on = true; /* counts, and tells nothing */
		on_ping(&probes[i], NULL);
	}
	for (int64_t until_us = civil_boot_us() + MANY_WAIT_US;
	     pongs < wanted && civil_boot_us() < until_us; (void)usleep(10000)) {
		pongs = 0;
		for (int i = 0; i < wanted; i++) {
			hear_frames(&probes[i]);
			pongs += probes[i].flood.others > 0;
		}
	}
	printf("many pongs=%d\n", pongs);
	linger();
	for (int i = 0; i < wanted; i++)
		(void)zmq_close(probes[i].socket);
	(void)zmq_ctx_term(context);
	arena_close(arena);
	free(probes);
	return 0;
}

static int squat(char **argv)
{
	uint8_t server[INVITATION_KEY_LEN], keys[2][INVITATION_KEY_LEN], id[5] = { 0 };
	struct zmtp_raw_claim claim = claim_of(argv, server, keys);
	uint32_t first = (uint32_t)strtoul(argv[5], NULL, 10);
	long wanted = strtol(argv[6], NULL, 10), n = 0;
	struct zmtp_raw **held = calloc((size_t)wanted, sizeof(*held));
	if (!held)
		die("out of memory");
	claim.property = "Identity";
	claim.value = id;
	claim.value_len = sizeof(id);
	for (int rc = 0; rc == 0 && n < wanted; n += rc == 0) {
		for (size_t k = 0; k < 4; k++) /* big-endian, as libzmq writes them */
			id[1 + k] = (uint8_t)((first + (uint32_t)n) >> (24 - 8 * k));
		rc = zmtp_raw_open(&claim, &held[n]);
	}
	printf("squat n=%ld\n", n);
	linger();
	while (n > 0)
		zmtp_raw_close(held[--n]);
	free(held);
	return 0;
}

/* A Ping as the wire has it. */
static int raw_ping(struct zmtp_raw *raw)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Ping ping = LANTOA__V1__PING__INIT;
	struct blob bytes = { 0 };
	struct err err = { 0 };
	frame.kind_case = LANTOA__V1__FRAME__KIND_PING;
	frame.ping = &ping;
	if (wire_frame_pack(&frame, &bytes, &err) < 0)
		die(err.text);
	int rc = zmtp_raw_send(raw, false, bytes.data, bytes.len);
	blob_free(&bytes);
	return rc;
}

static int endless(char **argv)
{
	uint8_t server[INVITATION_KEY_LEN], keys[2][INVITATION_KEY_LEN];
	struct zmtp_raw_claim claim = claim_of(argv, server, keys);
	size_t part = strtoul(argv[6], NULL, 10), most = strtoul(argv[7], NULL, 10) << 20, sent = 0;
	void *bytes = calloc(1, part + 1);
	struct zmtp_raw *raw = NULL;
	if (!bytes)
		die("out of memory");
	int rc = zmtp_raw_open(&claim, &raw);
	if (rc == 0 && strcmp(argv[5], "ping") == 0)
		rc = raw_ping(raw);
	while (rc == 0 && sent < most) {
		rc = zmtp_raw_send(raw, true, bytes, part);
		sent += part + 42; /* with its frame */
	}
	printf("endless mib=%zu\n", sent >> 20);
	zmtp_raw_close(raw);
	free(bytes);
	return 0;
}

static int print_key(void)
{
	uint8_t public[INVITATION_KEY_LEN], secret[INVITATION_KEY_LEN];
	char text[KEY_TEXT_MAX];
	crypto_box_keypair(public, secret);
	key_format(secret, text);
	puts(text);
	return 0;
}

int main(int argc, char **argv)
{
	struct probe probe = { 0 };
	if (sodium_init() < 0)
		die("no randomness");
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* a test waits for each line */
	if (argc == 2 && strcmp(argv[1], "key") == 0)
		return print_key();
	if (argc == 7 && strcmp(argv[1], "claim") == 0)
		return claim(argv);
	if (argc == 5 && strcmp(argv[1], "half") == 0)
		return half(argv);
	if (argc == 6 && strcmp(argv[1], "many") == 0)
		return many(argv);
	if (argc == 7 && strcmp(argv[1], "squat") == 0)
		return squat(argv);
	if (argc == 8 && strcmp(argv[1], "endless") == 0)
		return endless(argv);
	if (argc != 4)
		die("ENDPOINT SERVER-KEY SECRET-KEY are wanted");
	open_probe(&probe, argv[1], argv[2], argv[3]);
	serve(&probe);
	close_probe(&probe);
	return 0;
}
