/* Start: store, key list, key, then the gate (ZAP before ROUTER is its own
 * business), then the api. "ready" is told when signals are watched, too.
 *
 * Stop, each step from the callback of the one before: intake (no frames any more; the commit in
 * flight ends and is acked), gate, api (questions in the store's hands are answered), then store
 * and memory. If start fails halfway, stop runs over what there is. */
#include "server/server.h"
#include "api/api.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/net/http.h"
#include "ingest/gate.h"
#include "ingest/intake.h"
#include "registry/office_keys.h"
#include "registry/tokens.h"
#include "server/server_key.h"
#include "server/watchdog.h"
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <zmq.h>

/* Who has no role is told so: api/caller.h */
#define API_SOCKET_MODE 0666u

struct server {
	uv_loop_t *loop;
	struct config *config; /* outlives us; live keys change on the loop */
	struct server_key key;
	struct store *store;
	struct key_list *key_list;
	struct token_list tokens;
	void *zmq;
	struct intake *intake;
	struct gate *gate;
	struct api *api;
	char address[320]; /* that invitations carry */
	struct role_groups groups;
	struct watchdog *watchdog;
	bool socket_lent; /* by systemd, which keeps it for our successor */
};

/* --- start --- */

static int open_key(struct server *server, struct err *err)
{
	char path[PATH_MAX];
	bool made;
	int rc = config_path(server->config, "server.key", path, err);
	if (rc == 0)
		rc = server_key_load(path, key_list_count(server->key_list) == 0, &server->key,
				     &made, err);
	if (rc == 0 && made)
		log_info("server: made the province's key file=%s", path);
	return rc;
}

static int open_store(struct server *server, struct err *err)
{
	char path[PATH_MAX];
	size_t damaged = 0, damaged_tokens = 0;
	int rc = config_path(server->config, "lantoa.db", path, err);
	if (rc == 0)
		rc = store_open(server->loop, path, server->config->readers, &server->store, err);
	if (rc == 0 && !(server->key_list = key_list_open()))
		rc = err_memory(err);
	if (rc == 0)
		rc = offices_fill_key_list(store_writer(server->store), server->key_list, &damaged,
					   err);
	if (rc == 0 && damaged > 0)
		log_error(
			"server: keys of offices that are damaged are not let in n=%zu last=\"%s\"",
			damaged, err->text);
	if (rc == 0)
		rc = tokens_read(store_writer(server->store), &server->tokens, &damaged_tokens,
				 err);
	if (rc == 0 && damaged_tokens > 0)
		log_error("server: tokens that are damaged are known to nobody n=%zu last=\"%s\"",
			  damaged_tokens, err->text);
	return rc;
}

static int start_gate(struct server *server, struct err *err)
{
	struct intake_config intake = { .store = server->store,
					.key_list = server->key_list,
					.zone = server->config->zone,
					.reserve = &server->config->reserve,
					.limits = &server->config->limits };
	struct gate_config gate = { .endpoint = server->config->listen,
				    .secret_key = server->key.secret_key,
				    .key_list = server->key_list,
				    .limits = &server->config->limits,
				    .credit = INTAKE_CREDIT };
	/* libzmq takes routing ids from rand(), which begins with the same number in every process.
	 */
	srand(randombytes_random());
	server->zmq = zmq_ctx_new();
	if (!server->zmq)
		return err_system(err, -errno, "start ZeroMQ");
	int rc = intake_open(server->loop, &intake, &server->intake, err);
	if (rc < 0)
		return rc;
	rc = gate_start(server->loop, server->zmq, &gate, intake_on_frame, server->intake,
			&server->gate, err);
	if (rc < 0)
		return err_wrap(err, "[gate] listen = %s", server->config->listen);
	intake_serve(server->intake, server->gate);
	return 0;
}

/* HOST:PORT for invitations; "" when it is not known: "all addresses" leads an office nowhere. */
static const char *address_for_offices(const struct server *server)
{
	const char *everywhere = "tcp://0.0.0.0:", *endpoint = gate_endpoint(server->gate);
	if (*server->config->address)
		return server->config->address;
	if (strncmp(endpoint, everywhere, strlen(everywhere)) == 0) {
		log_warn("server: nobody can be invited until [gate] address is set");
		return "";
	}
	return endpoint + strlen("tcp://"); /* the configuration lets no other pass */
}

/* The one that systemd listens on for us, where operators may wait while we restart; else our own.
 */
static int api_socket(struct server *server, int *ret_fd, struct err *err)
{
	int n = sd_listen_fds(1);
	if (n == 0)
		return http_listen_unix(server->config->api_socket, API_SOCKET_MODE, ret_fd, err);
	if (n != 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return err_set(err, -EINVAL,
			       "systemd hands over %d sockets; one that listens on a unix path is "
			       "needed: see lantoa-aggregator.socket",
			       n);
	int flags = fcntl(SD_LISTEN_FDS_START, F_GETFL);
	if (flags < 0 || fcntl(SD_LISTEN_FDS_START, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_system(err, -errno, "take over systemd's socket");
	server->socket_lent = true;
	*ret_fd = SD_LISTEN_FDS_START;
	return 0;
}

static void name_address(struct server *server)
{
	(void)snprintf(server->address, sizeof(server->address), "%s",
		       address_for_offices(server)); /* HOST:PORT is shorter */
}

static void find_groups(struct server *server)
{
	server->groups.viewers = server->config->viewers;
	server->groups.operators = server->config->operators;
	server->groups.web = server->config->web;
	role_groups_find(&server->groups);
}

static int start_api(struct server *server, struct err *err)
{
	name_address(server);
	find_groups(server);
	struct api_config config = { .store = server->store,
				     .groups = &server->groups,
				     .tokens = &server->tokens,
				     .key_list = server->key_list,
				     .server_key = server->key.public_key,
				     .secret_key = server->key.secret_key,
				     .address = server->address,
				     .folder = server->config->state_dir,
				     .reserve = &server->config->reserve,
				     .invitation_days = &server->config->invitation_days,
				     .indicators = &server->config->indicators,
				     .alerts = &server->config->alerts,
				     .gate = gate_counters(server->gate),
				     .intake = intake_counters(server->intake),
				     .poster = server->intake,
				     .contacts = intake_contacts(server->intake),
				     .agents = intake_agents(server->intake),
				     .heads_survey = intake_heads_survey(server->intake),
				     .meters = intake_meters(server->intake),
				     .key_meters = gate_meters(server->gate) };
	int fd;
	int rc = api_socket(server, &fd, err);
	return rc < 0 ? rc : api_start(server->loop, fd, &config, &server->api, err);
}

int server_start(uv_loop_t *loop, struct config *config, struct server **ret_server,
		 struct err *err)
{
	struct server *server = calloc(1, sizeof(*server));
	if (!server)
		return err_memory(err);
	server->loop = loop;
	server->config = config;
	int rc = open_store(server, err);
	if (rc == 0)
		rc = open_key(server, err);
	if (rc == 0)
		rc = start_gate(server, err);
	if (rc == 0)
		rc = start_api(server, err);
	if (rc == 0) {
		const struct watchdog_config watched = { .store = server->store,
							 .key_list = server->key_list,
							 .gate = gate_counters(server->gate),
							 .intake =
								 intake_counters(server->intake) };
		rc = watchdog_start(server->loop, &watched, &server->watchdog, err);
	}
	if (rc < 0) {
		server_stop(server);
		return rc;
	}
	*ret_server = server;
	return 0;
}

void server_tell_ready(const struct server *server)
{
	(void)sd_notify(0, "READY=1"); /* without systemd nobody listens */
	log_info("server: ready endpoint=%s api=%s", gate_endpoint(server->gate),
		 server->config->api_socket);
}

/* --- reload --- */

void server_reload(struct server *server, const char *config_path)
{
	struct conf_change change;
	struct err err = { 0 };
	char warning[512] = "";
	/* RELOADING=1 with its time is what systemd 253 waits for (Type=notify-reload); earlier
	 * ones show it. Without systemd nobody listens. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
	if (config_reload(config_path, server->config, &change, &err) < 0) {
		log_error("server: configuration unchanged, the new one is wrong cause=\"%s\"",
			  err.text);
		(void)utf8_print(warning, sizeof(warning), "CONFIGURATION NOT TAKEN: %s", err.text);
	} else {
		log_info("server: configuration read again changed=\"%s\" needs_restart=\"%s\"",
			 change.live, change.restart);
		if (*change.restart)
			(void)utf8_print(warning, sizeof(warning),
					 "changed, but waits for a restart: %s", change.restart);
		name_address(server);
		find_groups(server); /* also when the names stayed */
	}
	watchdog_warn(server->watchdog, warning);
	(void)sd_notify(0, "READY=1"); /* as above */
}

/* --- stop --- */

static void close_store(void *context)
{
	struct server *server = context;
	intake_close(server->intake);
	store_close(server->store);
	key_list_close(server->key_list);
	token_list_free(&server->tokens);
	if (server->zmq)
		(void)zmq_ctx_term(server->zmq); /* no socket is open any more */
	if (server->api && !server->socket_lent)
		(void)unlink(server->config->api_socket); /* gone already is fine */
	sodium_memzero(&server->key, sizeof(server->key));
	free(server);
}

static void close_rest(void *context)
{
	struct server *server = context;
	if (server->store)
		store_stop(server->store, close_store, server);
	else
		close_store(server);
}

static void stop_api(void *context)
{
	struct server *server = context;
	if (server->api)
		api_stop(server->api, close_rest, server);
	else
		close_rest(server);
}

static void stop_gate(void *context)
{
	struct server *server = context;
	if (server->gate)
		gate_stop(server->gate, stop_api, server);
	else
		stop_api(server);
}

void server_stop(struct server *server)
{
	(void)sd_notify(0, "STOPPING=1"); /* without systemd nobody listens */
	watchdog_stop(server->watchdog);
	server->watchdog = NULL;
	if (server->intake)
		intake_stop(server->intake, stop_gate, server);
	else
		stop_gate(server);
}
