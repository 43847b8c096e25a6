#include "web/web_config.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/net/http_guard.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define PARTING " ,\t"
#define UNIX    "unix:"

#define KEY(part, key, kind, field, standard, ...)                                                 \
	{                                                                                          \
		.section = part, .name = key, .type = kind,                                        \
		.offset = offsetof(struct web_config, field), .fallback = standard, __VA_ARGS__    \
	}

static const struct conf_key keys[] = {
	KEY("web", "listen", CONF_TEXT | CONF_RESTART, listen, "127.0.0.1:5580",
	    .help = N_("where people and programs connect: ADDRESS:PORT or unix:PATH; beyond this "
		       "machine only with a certificate. Not used where systemd holds the socket")),
	KEY("web", "names", CONF_TEXT, names, "",
	    .help = N_(
		    "names under which it is reached, as HOST or HOST:PORT, separated by blanks; "
		    "requests under any other are refused. Empty: this machine's own alone")),
	KEY("web", "certificate", CONF_TEXT, certificate, "",
	    .help = N_("file of the certificate and those that vouch for it, in PEM; empty: "
		       "nothing is encrypted")),
	KEY("web", "key", CONF_TEXT, key, "", .help = N_("file of its key, in PEM")),
	KEY("web", "proxy", CONF_BOOL, proxy, "no",
	    .help = N_("a proxy on this machine stands before it, encrypts, and says in "
		       "X-Forwarded-For who asks")),
	KEY("web", "zone", CONF_TEXT | CONF_RESTART, zone, "Asia/Ho_Chi_Minh",
	    .help = N_("civil time zone of the province's page: that of the aggregator")),
	KEY("web", "aggregator", CONF_TEXT, aggregator, LANTOA_RUNDIR "/aggregator.sock",
	    .help = N_("unix socket of the aggregator, which is asked")),
	KEY("offices", "pages", CONF_TEXT, pages, LANTOA_RUNDIR "-pages/CODE/page.sock",
	    .help = N_("unix socket of the page of each office that this machine holds, with CODE "
		       "for its code: its clerks reach it at /office/CODE/. Empty: nobody does")),
	KEY("limits", "connections", CONF_UINT | CONF_RESTART, connections, "512", .min = 1,
	    .max = 16384, .help = N_("requests handled at once; more wait for their turn")),
	KEY("limits", "address_connections", CONF_UINT | CONF_RESTART, address_connections, "128",
	    .max = 16384,
	    .help = N_("connections from one address; more are closed at once. 0: any number, as "
		       "always behind a proxy")),
	KEY("limits", "idle_s", CONF_UINT | CONF_RESTART, idle_s, "30", .min = 1, .max = 3600,
	    .help = N_("seconds for which a connection may be idle, or a body or an answer may "
		       "stand still")),
	KEY("limits", "body", CONF_BYTES | CONF_RESTART, body, "4M", .min = 1024,
	    .max = 64u * 1024 * 1024, .help = N_("bytes of one request; over it 413")),
	KEY("limits", "bodies", CONF_BYTES | CONF_RESTART, bodies, "64M", .min = 1024,
	    .max = UINT64_C(1) << 32, .help = N_("bytes of all requests in work; over it 503")),
	KEY("limits", "buffer", CONF_BYTES, buffer, "256K", .min = 16384, .max = 64u * 1024 * 1024,
	    .help = N_("bytes of an answer, kept for a client that takes it more slowly than it "
		       "comes")),
	KEY("limits", "requests", CONF_UINT, requests, "20", .min = 1, .max = 100000,
	    .help = N_("requests a second from one token, or from one address that shows none; "
		       "five seconds' worth at once. Over it 429")),
	KEY("limits", "bytes", CONF_BYTES, bytes, "256M", .min = 1024, .max = UINT64_C(1) << 40,
	    .help = N_("bytes of answers a minute, to the same. Over it 429")),
	KEY("limits", "at_once", CONF_UINT, at_once, "16", .min = 1, .max = 16384,
	    .help = N_("requests under way from the same. Over it 429")),
	KEY("limits", "upstream", CONF_UINT, upstream, "32", .min = 1, .max = 96,
	    .help = N_("questions that the aggregator is asked at once; others wait")),
	KEY("limits", "waiting", CONF_UINT, waiting, "256", .max = 16384,
	    .help = N_("questions that wait for it; over it 503")),
	KEY("limits", "answer_s", CONF_UINT, answer_s, "300", .min = 1, .max = 86400,
	    .help = N_("seconds for which the aggregator may be silent; then 504")),
	KEY("sessions", "most", CONF_UINT, sessions, "1000", .min = 1, .max = 100000,
	    .help = N_("browsers that are logged in; over it the one that was idle longest is "
		       "logged out")),
	KEY("sessions", "idle", CONF_MINUTES, session_idle_s, "60", .min = 1, .max = 604800,
	    .help = N_("minutes without a request, after which a browser is logged out")),
	KEY("sessions", "end", CONF_MINUTES, session_s, "720", .min = 1, .max = 2592000,
	    .help = N_("minutes after which it is logged out in any case")),
	KEY("log", "level", CONF_TEXT, level, "info", .help = N_("error, warning, info or debug")),
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static int check_listen(const struct web_config *config, struct err *err)
{
	struct http_address address;

	if (strncmp(config->listen, UNIX, strlen(UNIX)) == 0)
		return config->listen[strlen(UNIX)] == '/'
			       ? 0
			       : err_set(err, -EINVAL,
					 "[web] listen: '%s': give the whole path, from /",
					 config->listen);
	if (*config->certificate && !config->proxy) {
		int rc = http_address_parse_any(config->listen, &address, err);

		return rc < 0 ? err_wrap(err, "[web] listen") : 0;
	}
	if (http_address_parse_any(config->listen, &address, err) < 0)
		return err_wrap(err, "[web] listen");
	if (http_address_parse(config->listen, &address, err) < 0)
		return err_set(
			err, -EINVAL,
			"[web] listen: '%s' is reached from other machines, and nothing would "
			"be encrypted; name a certificate and its key, or listen on "
			"127.0.0.1:5580 behind a proxy",
			config->listen);
	return 0;
}

/* The next of @names, which is moved behind it; 0: there are no more. */
static size_t next_name(const char **names, const char **ret_name)
{
	*names += strspn(*names, PARTING);
	*ret_name = *names;
	*names += strcspn(*names, PARTING);
	return (size_t)(*names - *ret_name);
}

static int check_names(const struct web_config *config, struct err *err)
{
	const char *names = config->names, *name;
	char text[272];
	size_t len;

	while ((len = next_name(&names, &name)) > 0) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)(len < 271 ? len : 271), name);
		if (!http_host_valid(text))
			return err_set(err, -EINVAL,
				       "[web] names: '%s' must be HOST or HOST:PORT, as browsers "
				       "write it after https://",
				       text);
	}
	return 0;
}

static int check_pages(const struct web_config *config, struct err *err)
{
	const char *code = strstr(config->pages, WEB_PAGES_CODE);

	if (!*config->pages)
		return 0;
	if (*config->pages != '/' || !code || strstr(code + 1, WEB_PAGES_CODE))
		return err_set(
			err, -EINVAL,
			"[offices] pages: '%s': give the whole path, from /, with CODE once, "
			"where the office's code stands",
			config->pages);
	return 0;
}

static int check(const struct web_config *config, struct err *err)
{
	enum log_level level;
	int rc = check_listen(config, err);

	if (rc == 0)
		rc = check_pages(config, err);

	if (rc == 0)
		rc = check_names(config, err);
	if (rc == 0 && !*config->certificate != !*config->key)
		rc = err_set(
			err, -EINVAL,
			"[web] certificate and key: one of them is missing; give both, or none");
	if (rc == 0 && log_level_from_name(config->level, &level) < 0)
		rc = err_set(err, -EINVAL,
			     "[log] level: there is no '%s'; use error, warning, info or debug",
			     config->level);
	return rc < 0 ? rc : civil_check_zone(config->zone, err);
}

int web_config_read(const char *path, struct web_config *ret_config, struct err *err)
{
	struct web_config config = { 0 };
	int rc = conf_read(path ? path : WEB_CONFIG_PATH, keys, N_KEYS, &config, err);

	if (rc == -ENOENT && !path)
		rc = conf_read(NULL, keys, N_KEYS, &config, err);
	if (rc < 0)
		return rc;
	rc = check(&config, err);
	if (rc < 0) {
		web_config_free(&config);
		return err_wrap(err, "%s", path ? path : WEB_CONFIG_PATH);
	}
	*ret_config = config;
	return 0;
}

int web_config_begin(const struct web_config *config, struct err *err)
{
	web_config_apply(config);
	return civil_set_zone(config->zone, err);
}

void web_config_apply(const struct web_config *config)
{
	enum log_level level = LOG_LEVEL_INFO;

	(void)log_level_from_name(config->level, &level); /* was checked */
	log_set_level(level);
}

int web_config_reload(const char *path, struct web_config *in_force, struct conf_change *ret_change,
		      struct err *err)
{
	struct web_config fresh;
	int rc = web_config_read(path, &fresh, err);

	if (rc < 0)
		return rc;
	conf_adopt(keys, N_KEYS, in_force, &fresh, ret_change);
	web_config_free(&fresh);
	web_config_apply(in_force);
	return 0;
}

void web_config_free(struct web_config *config)
{
	conf_free(keys, N_KEYS, config);
}

void web_config_document(FILE *out)
{
	conf_document(keys, N_KEYS, out);
}

struct forward_limits web_config_forward(const struct web_config *config)
{
	return (struct forward_limits){ .most = config->upstream,
					.waiting = config->waiting,
					.answer_s = config->answer_s,
					.pause_s = 5 };
}

struct guest_limits web_config_guests(const struct web_config *config)
{
	return (struct guest_limits){ .requests = config->requests,
				      .bytes = config->bytes,
				      .at_once = config->at_once };
}

bool web_config_named(const struct web_config *config, const char *host)
{
	const char *names = config->names, *name;
	bool any = false;
	size_t len;

	if (!host)
		return false;
	while ((len = next_name(&names, &name)) > 0) {
		any = true;
		if (strlen(host) == len && strncasecmp(host, name, len) == 0)
			return true;
	}
	return !any &&
	       http_guard_passes(&(struct http_guarded){ .method = "GET", .host = host }, NULL);
}
