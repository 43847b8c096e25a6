/* Start: the certificate, who is asked, who asks, then the port. Stop: what is on its way ends,
 * then the port, then who is asked. */
#include "web/web_server.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/sys/notify.h"
#include "web/certificate.h"
#include "web/web_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define UNIX            "unix:"
#define SOCKET_MODE     0660u
#define OFFICE_BODY_MAX (5u << 20)   /* a table of 4 MiB, and the form around it */
#define LOOK_MS         10000u       /* for certificates that changed; twice within WatchdogSec= */
#define SOON_S          (14 * 86400) /* before the end of a certificate the status says so */

static const struct http_route routes[] = {
	{ "GET", "/healthz", pages_on_health, 0, NULL },
	{ "GET", "/account", pages_on_account, 0, NULL },
	{ "GET", "/login", pages_on_login, 0, "back" },
	{ "POST", "/login", pages_on_enter, 0, "back" },
	{ "POST", "/logout", pages_on_leave, 0, NULL },
	{ "GET", "/style.css", pages_on_style, 0, NULL },
	{ "GET", "/page.css", views_on_asset, 0, NULL },
	{ "GET", "/page.js", views_on_asset, 0, NULL },
	{ "GET", "/language", views_on_language, 0, "to back" },
	{ "GET", "/metrics", gateway_on_metrics, 0, NULL },
	{ NULL, "/api/v1/*", gateway_on_api, 0, HTTP_ANY_ARGUMENTS },
	{ "GET", "/sdmx/v2/*", sdmx_on_request, 0, HTTP_ANY_ARGUMENTS },
	{ NULL, "/office/*", offices_on_page, OFFICE_BODY_MAX, HTTP_ANY_ARGUMENTS },
	{ "GET", "/act/*", orders_on_look, 0, HTTP_ANY_ARGUMENTS },
	{ "POST", "/act/*", orders_on_sent, OFFICE_BODY_MAX, HTTP_ANY_ARGUMENTS },
	{ "GET", "/*", views_on_page, 0, HTTP_ANY_ARGUMENTS },
	{ NULL, "/*", pages_on_nothing, 0, HTTP_ANY_ARGUMENTS },
};
#define N_ROUTES (sizeof(routes) / sizeof(routes[0]))

static struct http_route served[N_ROUTES]; /* the same, with the limits of the configuration */

static const struct http_field always[] = {
	{ "Content-Security-Policy", "default-src 'self'; form-action 'self'; base-uri 'none'; "
				     "object-src 'none'; frame-ancestors 'none'" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "same-origin" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Strict-Transport-Security", "max-age=31536000" }, /* the last: where we encrypt */
};
#define N_ALWAYS (sizeof(always) / sizeof(always[0]))

/* --- certificates --- */

static const char *first_name(const struct web_config *config, char text[272])
{
	const char *from = config->names + strspn(config->names, " ,\t");
	size_t len = strcspn(from, " ,\t:");

	(void)snprintf(text, 272, "%.*s", (int)(len < 271 ? len : 271), from);
	return text;
}

int web_check(const struct web_config *config, struct err *err)
{
	struct certificate_about about;
	char name[272];

	if (!*config->certificate)
		return 0;
	int rc = certificate_load(config->certificate, config->key, first_name(config, name),
				  &about, err);
	certificate_free();
	return rc;
}

static int certificate_read(struct web *web, struct err *err)
{
	struct certificate_about about;
	char name[272], until[INSTANT_TEXT_MAX];
	int rc = certificate_load(web->config->certificate, web->config->key,
				  first_name(web->config, name), &about, err);

	if (rc < 0)
		return rc;
	(void)civil_format(about.expires_s * 1000000, until);
	log_info("web: certificate subject=\"%s\" until=%s", about.subject, until);
	if (!about.named)
		log_warn("web: the certificate is for another name, and browsers will say so "
			 "name=%s",
			 name);
	web->warning[0] = '\0';
	if (about.expires_s - time(NULL) < SOON_S)
		(void)utf8_print(web->warning, sizeof(web->warning),
				 "THE CERTIFICATE ENDS %s: renew it", until);
	return 0;
}

/* The one before stays in force when the new one is no good. */
static void certificate_renew(struct web *web)
{
	struct err err;

	if (!web->encrypted || certificate_read(web, &err) == 0)
		return;
	log_error("web: certificate unchanged, the new one is wrong cause=\"%s\"", err.text);
	(void)utf8_print(web->warning, sizeof(web->warning), "CERTIFICATE NOT TAKEN: %s", err.text);
}

static void tell_status(struct web *web)
{
	struct forward_counters counters = forward_count(web->forward);
	char line[1024];

	(void)utf8_print(
		line, sizeof(line),
		"WATCHDOG=1\nSTATUS=%s%s%zu browsers; %u questions under way, %u waiting; since "
		"start %llu asked, %llu refused, %llu cut",
		web->warning, *web->warning ? "; " : "", browsers_count(web->browsers),
		counters.under_way, counters.waiting, (unsigned long long)counters.asked,
		(unsigned long long)counters.refused, (unsigned long long)counters.cut);
	notify(line);
}

static void on_timer(uv_timer_t *timer)
{
	struct web *web = timer->data;

	if (web->encrypted && certificate_changed(web->config->certificate, web->config->key))
		certificate_renew(web);
	tell_status(web);
}

/* --- the port --- */

static bool is_local(int fd)
{
	struct sockaddr_storage address;
	struct http_address parsed = { .len = sizeof(parsed.socket) };
	socklen_t len = sizeof(address);
	char text[HTTP_ADDRESS_MAX];
	struct err err;

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return false;
	if (address.ss_family == AF_UNIX)
		return true;
	if (len > sizeof(parsed.socket))
		return false;
	memcpy(&parsed.socket, &address, len);
	return http_address_parse(http_address_format(&parsed, text), &parsed, &err) == 0;
}

/* The one that systemd listens on for us, where people may wait while we restart; else our own. */
static int listen_there(struct web *web, int *ret_fd, char where[256], struct err *err)
{
	const char *listen = web->config->listen;
	int n = sd_listen_fds(1);

	if (n > 0) {
		int fd = SD_LISTEN_FDS_START, flags = fcntl(fd, F_GETFL);

		if (n != 1 || sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
			return err_set(err, -EINVAL,
				       "systemd hands over %d sockets; one that listens is needed: "
				       "see lantoa-web.socket",
				       n);
		if (!web->encrypted && !is_local(fd))
			return err_set(
				err, -EINVAL,
				"lantoa-web.socket is reached from other machines, and nothing "
				"would be encrypted; name a certificate and its key in web.conf");
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
			return err_system(err, -errno, "take over systemd's socket");
		web->lent = true;
		*ret_fd = fd;
		(void)snprintf(where, 256, "systemd's"); /* fits */
		return 0;
	}
	if (strncmp(listen, UNIX, strlen(UNIX)) == 0) {
		(void)snprintf(where, 256, "%s", listen);
		return http_listen_unix(listen + strlen(UNIX), SOCKET_MODE, ret_fd, err);
	}
	struct http_address address;
	int rc = http_address_parse_any(listen, &address, err);
	return rc < 0 ? rc : http_listen_tcp(&address, ret_fd, where, err);
}

static int start_http(struct web *web, struct err *err)
{
	const struct web_config *config = web->config;
	struct http_limits limits = { .bodies_max = (size_t)config->bodies,
				      .connections = config->connections,
				      .timeout_s = config->idle_s,
				      .tls = web->encrypted ? certificate_tls() : NULL,
				      .always = always,
				      .n_always = web->encrypted ? N_ALWAYS : N_ALWAYS - 1,
				      .keeps_target = true,
				      .address_connections =
					      config->proxy ? 0 : config->address_connections,
				      .problems = "/api/",
				      .problem_types = "/api/v1/openapi.json#/components/schemas/",
				      .on_head = door_on_head,
				      .as_page = pages_as_page };
	char where[256];
	int fd = -1, rc;

	memcpy(served, routes, sizeof(served));
	for (size_t i = 0; i < N_ROUTES; i++)
		if (served[i].on_request == gateway_on_api)
			served[i].body_max = (size_t)config->body;
	rc = listen_there(web, &fd, where, err);
	if (rc == 0)
		rc = http_start(web->loop, fd, served, N_ROUTES, &limits, web, &web->http, err);
	if (rc == 0)
		log_info("web: listening at=%s encrypted=%s", where, web->encrypted ? "yes" : "no");
	return rc;
}

int web_start(uv_loop_t *loop, struct web_config *config, struct web **ret_web, struct err *err)
{
	const struct guest_limits guests = web_config_guests(config);
	const struct forward_limits forward = web_config_forward(config);
	const struct browser_limits browsers = { config->sessions, config->session_idle_s,
						 config->session_s };
	/* An agent answers in milliseconds, a large table in seconds. */
	static const struct forward_limits pages = {
		.most = 96, .waiting = 256, .answer_s = 60, .pause_s = 5
	};
	struct web *web = calloc(1, sizeof(*web));
	int rc;

	if (!web)
		return err_memory(err);
	web->loop = loop;
	web->config = config;
	web->encrypted = *config->certificate;
	web->secure = web->encrypted || config->proxy;
	(void)uv_timer_init(loop, &web->timer); /* cannot fail */
	web->timer.data = web;
	if (sodium_init() < 0)
		rc = err_set(err, -EIO, "libsodium cannot start");
	else
		rc = web->encrypted ? certificate_read(web, err) : 0;
	if (rc == 0 &&
	    (!(web->guests = guests_open(&guests)) || !(web->browsers = browsers_open(&browsers))))
		rc = err_memory(err);
	if (rc == 0)
		rc = forward_open(loop, &forward, &web->forward, err);
	if (rc == 0)
		rc = forward_open(loop, &pages, &web->pages, err);
	if (rc == 0)
		rc = start_http(web, err);
	if (rc < 0) {
		web_stop(web);
		return rc;
	}
	*ret_web = web;
	return 0;
}

void web_tell_ready(const struct web *web)
{
	struct web *changing = (struct web *)(uintptr_t)web;
	uint64_t every_ms = notify_watchdog_ms();

	notify("READY=1");
	log_info("web: ready aggregator=%s", web->config->aggregator);
	if (every_ms == 0 || every_ms > LOOK_MS)
		every_ms = LOOK_MS;
	(void)uv_timer_start(&changing->timer, on_timer, 0, every_ms); /* cannot fail */
}

void web_reload(struct web *web, const char *config_path)
{
	struct conf_change change;
	struct err err;

	notify_reloading();
	if (web_config_reload(config_path, web->config, &change, &err) < 0) {
		log_error("web: configuration unchanged, the new one is wrong cause=\"%s\"",
			  err.text);
		(void)utf8_print(web->warning, sizeof(web->warning), "CONFIGURATION NOT TAKEN: %s",
				 err.text);
	} else {
		const struct guest_limits guests = web_config_guests(web->config);
		const struct forward_limits forward = web_config_forward(web->config);
		const struct browser_limits browsers = { web->config->sessions,
							 web->config->session_idle_s,
							 web->config->session_s };

		log_info("web: configuration read again changed=\"%s\" needs_restart=\"%s\"",
			 change.live, change.restart);
		guests_limit(web->guests, &guests);
		forward_limit(web->forward, &forward);
		browsers_limit(web->browsers, &browsers);
		certificate_renew(web);
		if (*change.restart)
			(void)utf8_print(web->warning, sizeof(web->warning),
					 "changed, but waits for a restart: %s", change.restart);
	}
	tell_status(web);
	notify("READY=1");
}

/* --- stop --- */

static void on_part_closed(void *context)
{
	struct web *web = context;

	if (--web->open > 0)
		return;
	guests_close(web->guests);
	browsers_close(web->browsers);
	certificate_free();
	if (!web->lent && strncmp(web->config->listen, UNIX, strlen(UNIX)) == 0)
		(void)unlink(web->config->listen + strlen(UNIX)); /* gone already is fine */
	free(web);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_part_closed(handle->data);
}

void web_stop(struct web *web)
{
	notify("STOPPING=1");
	web->open = 1u + (web->http ? 1u : 0u) + (web->forward ? 1u : 0u) + (web->pages ? 1u : 0u);
	gateway_drop(web);
	sdmx_drop(web);
	views_drop(web);
	if (web->http)
		http_stop(web->http, on_part_closed, web);
	if (web->forward)
		forward_stop(web->forward, on_part_closed, web);
	if (web->pages)
		forward_stop(web->pages, on_part_closed, web);
	uv_close((uv_handle_t *)&web->timer, on_timer_closed);
}
