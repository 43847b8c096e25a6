#include "ingest/tcp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

uint64_t tcp_socket_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0 ? 0 : cookie;
}

bool tcp_socket_bytes(int fd, uint64_t *ret_in, uint64_t *ret_out)
{
	struct tcp_info info = { 0 }; /* what an older kernel does not tell stays 0 */
	socklen_t len = sizeof(info);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return false;
	*ret_in = info.tcpi_bytes_received;
	*ret_out = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
	return true;
}

void tcp_socket_peer(int fd, struct tcp_peer *ret_peer)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	*ret_peer = (struct tcp_peer){ .text = "unknown" };
	if (getpeername(fd, (struct sockaddr *)&address, &len) < 0)
		return;
	bool six = address.ss_family == AF_INET6;
	const void *bytes = six ? (const void *)&((struct sockaddr_in6 *)&address)->sin6_addr
				: (const void *)&((struct sockaddr_in *)&address)->sin_addr;
	memcpy(ret_peer->site, bytes, six ? sizeof(ret_peer->site) : 4);
	(void)inet_ntop(address.ss_family, bytes, ret_peer->text,
			sizeof(ret_peer->text)); /* fits; of another family it stays "unknown" */
}

int tcp_shears_open(struct tcp_shears *ret_shears)
{
	int idle = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int held = idle < 0 ? -1 : fcntl(idle, F_DUPFD_CLOEXEC, 0);
	int rc = held < 0 ? -errno : 0;
	if (rc < 0 && idle >= 0)
		(void)close(idle); /* nothing was written to it */
	if (rc == 0)
		*ret_shears = (struct tcp_shears){ .held = held, .idle = idle };
	return rc;
}

void tcp_shears_close(struct tcp_shears *shears)
{
	(void)close(shears->held); /* nothing was written to either */
	(void)close(shears->idle);
}

/* The duplicate keeps the socket that it means, whatever libzmq does with the number meanwhile. */
void tcp_socket_cut(int fd, uint64_t cookie, const struct tcp_shears *shears,
		    struct tcp_peer *ret_peer)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };
	*ret_peer = (struct tcp_peer){ .text = "unknown" };
	if (dup3(fd, shears->held, O_CLOEXEC) < 0)
		return; /* it is gone */
	if (tcp_socket_cookie(shears->held) == cookie) {
		tcp_socket_peer(shears->held, ret_peer);
		/* Once libzmq closes it, what is still to be sent goes with it, and the peer is
		 * told by a reset: one that reads nothing would keep both in the kernel for
		 * minutes. */
		(void)setsockopt(shears->held, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		(void)shutdown(shears->held, SHUT_RDWR); /* the peer may have hung up by itself */
	}
	(void)dup3(shears->idle, shears->held, O_CLOEXEC); /* both are open */
}

int tcp_socket_deafen(int fd, bool deaf)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0); /* no packet passes */
	struct sock_fprog program = { .len = 1, .filter = &none };
	int zero = 0;
	int rc = deaf ? setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program))
		      : setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &zero, sizeof(zero));
	return rc < 0 ? -errno : 0;
}
