#include "support/zmtp_raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAC     ((size_t)crypto_box_MACBYTES)
#define COOKIE  96u
#define WAIT_S  20
#define MORE    1 /* frame flags */
#define LONG    2
#define COMMAND 4

struct zmtp_raw {
	int fd;
	struct zmtp_raw_claim claim;                /* lent */
	uint8_t short_public[32], short_secret[32]; /* C', c' */
	uint8_t server_short[32], cookie[COOKIE];   /* S' */
	uint8_t box[crypto_box_BEFORENMBYTES];      /* of c' and S': all but the handshake */
	uint64_t nonce;
};

int zmtp_raw_connect(const char *endpoint)
{
	return zmtp_raw_connect_from(1, endpoint);
}

int zmtp_raw_connect_from(uint8_t host, const char *endpoint)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(0x7f000000u | host) };
	const char *port = strrchr(endpoint, ':');
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons((uint16_t)atoi(port + 1)) };
	struct timeval wait = { .tv_sec = WAIT_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)); /* else we wait long */
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int rc = -errno;
	(void)close(fd);
	return rc;
}

static int bytes_send(int fd, const void *data, size_t len)
{
	for (size_t sent = 0; sent < len;) {
		struct pollfd line = { .fd = fd, .events = POLLOUT | POLLRDHUP };
		if (poll(&line, 1, WAIT_S * 1000) != 1 || line.revents != POLLOUT)
			return -EPIPE; /* who has hung up may leave its window shut for a minute */
		ssize_t n = send(fd, (const char *)data + sent, len - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			return -EPIPE;
		sent += (size_t)n;
	}
	return 0;
}

static int bytes_receive(int fd, void *data, size_t len)
{
	return recv(fd, data, len, MSG_WAITALL) == (ssize_t)len ? 0 : -EPROTO;
}

/* A frame of at most 255 bytes. */
static int frame_send(int fd, uint8_t flags, const void *body, size_t len)
{
	uint8_t head[] = { flags, (uint8_t)len };
	int rc = len > 255 ? -EMSGSIZE : bytes_send(fd, head, sizeof(head));
	return rc < 0 ? rc : bytes_send(fd, body, len);
}

static int command_receive(int fd, const char *name, uint8_t body[255])
{
	uint8_t head[2];
	int rc = bytes_receive(fd, head, sizeof(head));
	if (rc == 0)
		rc = bytes_receive(fd, body, head[1]);
	if (rc == 0 && (head[0] != COMMAND || memcmp(body + 1, name, strlen(name)) != 0))
		rc = -EPROTO;
	return rc;
}

static void nonce_short(struct zmtp_raw *raw, const char prefix[16], uint8_t nonce[24])
{
	memcpy(nonce, prefix, 16);
	raw->nonce++;
	for (int i = 0; i < 8; i++) /* big-endian */
		nonce[16 + i] = (uint8_t)(raw->nonce >> (56 - 8 * i));
}

static int greet(struct zmtp_raw *raw)
{
	uint8_t ours[64] = { 0xff, [9] = 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E' }, theirs[64];
	int rc = bytes_send(raw->fd, ours, sizeof(ours));
	return rc < 0 ? rc : bytes_receive(raw->fd, theirs, sizeof(theirs));
}

static int hello(struct zmtp_raw *raw)
{
	uint8_t body[200] = "\5HELLO\1", nonce[24];
	static const uint8_t zeros[64];
	memcpy(body + 80, raw->short_public, 32);
	nonce_short(raw, "CurveZMQHELLO---", nonce);
	memcpy(body + 112, nonce + 16, 8);
	if (crypto_box_easy(body + 120, zeros, sizeof(zeros), nonce, raw->claim.server,
			    raw->short_secret) < 0)
		return -EPROTO;
	return frame_send(raw->fd, COMMAND, body, sizeof(body));
}

static int welcome(struct zmtp_raw *raw)
{
	uint8_t body[255], nonce[24] = "WELCOME-", plain[32 + COOKIE];
	int rc = command_receive(raw->fd, "WELCOME", body);
	if (rc < 0)
		return rc;
	memcpy(nonce + 8, body + 8, 16);
	if (crypto_box_open_easy(plain, body + 24, sizeof(plain) + MAC, nonce, raw->claim.server,
				 raw->short_secret) < 0)
		return -EPROTO;
	memcpy(raw->server_short, plain, 32);
	memcpy(raw->cookie, plain + 32, COOKIE);
	return crypto_box_beforenm(raw->box, raw->server_short, raw->short_secret) < 0 ? -EPROTO
										       : 0;
}

static size_t property_put(uint8_t *at, const char *name, const void *value, size_t value_len)
{
	size_t name_len = strlen(name);
	at[0] = (uint8_t)name_len;
	memcpy(at + 1, name, name_len);
	memset(at + 1 + name_len, 0, 2);
	at[3 + name_len] = (uint8_t)(value_len >> 8);
	at[4 + name_len] = (uint8_t)value_len;
	memcpy(at + 5 + name_len, value, value_len);
	return 5 + name_len + value_len;
}

/* 16 bytes of nonce and a box of C' and S, from our long key to S'. */
static int vouch(const struct zmtp_raw *raw, uint8_t out[96])
{
	uint8_t nonce[24] = "VOUCH---", plain[64];
	randombytes_buf(nonce + 8, 16);
	memcpy(out, nonce + 8, 16);
	memcpy(plain, raw->short_public, 32);
	memcpy(plain + 32, raw->claim.server, 32);
	return crypto_box_easy(out + 16, plain, sizeof(plain), nonce, raw->server_short,
			       raw->claim.secret_key);
}

static int initiate(struct zmtp_raw *raw)
{
	const struct zmtp_raw_claim *claim = &raw->claim;
	uint8_t plain[128 + ZMTP_RAW_METADATA_MAX],
		body[9 + COOKIE + 8 + sizeof(plain) + 16] = "\x8INITIATE";
	uint8_t nonce[24], head[9] = { COMMAND | LONG };
	memcpy(plain, claim->public_key, 32);
	if (vouch(raw, plain + 32) < 0)
		return -EPROTO;
	size_t len = 128 + property_put(plain + 128, "Socket-Type", "DEALER", 6);
	if (claim->property && len + 5 + strlen(claim->property) + claim->value_len > sizeof(plain))
		return -EMSGSIZE;
	if (claim->property)
		len += property_put(plain + len, claim->property, claim->value, claim->value_len);
	memcpy(body + 9, raw->cookie, COOKIE);
	nonce_short(raw, "CurveZMQINITIATE", nonce);
	memcpy(body + 9 + COOKIE, nonce + 16, 8);
	if (crypto_box_easy(body + 17 + COOKIE, plain, len, nonce, raw->server_short,
			    raw->short_secret) < 0)
		return -EPROTO;
	len += 17 + COOKIE + MAC;
	head[7] = (uint8_t)(len >> 8);
	head[8] = (uint8_t)len;
	int rc = bytes_send(raw->fd, head, sizeof(head));
	return rc < 0 ? rc : bytes_send(raw->fd, body, len);
}

int zmtp_raw_send(struct zmtp_raw *raw, bool more, const void *data, size_t len)
{
	size_t room = 1 + len, body_len = 16 + room + MAC;
	uint8_t nonce[24], head[9] = { LONG }, *plain = malloc(room), *frame = malloc(body_len);
	int rc = plain && frame ? 0 : -ENOMEM;
	if (rc == 0) {
		plain[0] = more ? MORE : 0;
		memcpy(plain + 1, data, len);
		nonce_short(raw, "CurveZMQMESSAGEC", nonce);
		memcpy(frame, "\7MESSAGE", 8);
		memcpy(frame + 8, nonce + 16, 8);
		for (int i = 0; i < 8; i++) /* big-endian */
			head[1 + i] = (uint8_t)((uint64_t)body_len >> (56 - 8 * i));
		rc = crypto_box_easy_afternm(frame + 16, plain, room, nonce, raw->box) < 0 ? -EPROTO
											   : 0;
	}
	if (rc == 0)
		rc = bytes_send(raw->fd, head, sizeof(head));
	if (rc == 0)
		rc = bytes_send(raw->fd, frame, body_len);
	free(plain);
	free(frame);
	return rc;
}

int zmtp_raw_until_closed(struct zmtp_raw *raw)
{
	uint8_t heard[4096];
	ssize_t n;
	while ((n = recv(raw->fd, heard, sizeof(heard), 0)) > 0)
		;
	return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) ? 0 : -ETIMEDOUT;
}

void zmtp_raw_close(struct zmtp_raw *raw)
{
	if (raw)
		(void)close(raw->fd);
	free(raw);
}

/* Until the server has welcomed us. */
static int begin(struct zmtp_raw *raw)
{
	crypto_box_keypair(raw->short_public, raw->short_secret);
	int rc = greet(raw);
	if (rc == 0)
		rc = hello(raw);
	return rc < 0 ? rc : welcome(raw);
}

int zmtp_raw_open(const struct zmtp_raw_claim *claim, struct zmtp_raw **ret_raw)
{
	uint8_t ready[255];
	struct zmtp_raw *raw = calloc(1, sizeof(*raw));
	if (!raw)
		return -ENOMEM;
	raw->claim = *claim;
	raw->fd = zmtp_raw_connect(claim->endpoint);
	if (raw->fd < 0) {
		int failed = raw->fd;
		free(raw);
		return failed;
	}
	int rc = begin(raw);
	if (rc == 0)
		rc = initiate(raw);
	if (rc == 0)
		rc = command_receive(raw->fd, "READY", ready);
	if (rc < 0) {
		zmtp_raw_close(raw);
		return rc;
	}
	*ret_raw = raw;
	return 0;
}

int zmtp_raw_say(const char *endpoint, const uint8_t server[32], const uint8_t public_key[32],
		 const uint8_t secret_key[32], const char *property, const char *value,
		 const char *text)
{
	const struct zmtp_raw_claim claim = { endpoint, server, public_key,   secret_key,
					      property, value,  strlen(value) };
	struct zmtp_raw *raw = NULL;
	int rc = zmtp_raw_open(&claim, &raw);
	if (rc == 0)
		rc = zmtp_raw_send(raw, false, text, strlen(text));
	zmtp_raw_close(raw);
	return rc;
}

int zmtp_raw_half(const char *endpoint, const uint8_t server[32])
{
	struct zmtp_raw raw = { .fd = zmtp_raw_connect(endpoint), .claim = { .server = server } };
	int rc = raw.fd < 0 ? raw.fd : begin(&raw);
	if (rc == 0)
		return raw.fd;
	if (raw.fd >= 0)
		(void)close(raw.fd);
	return rc;
}
