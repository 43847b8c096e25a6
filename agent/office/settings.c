#include "office/settings.h"

#include "common/base/log.h"
#include "common/net/http.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(member)      offsetof(struct settings, member)
#define IN_EXEC(member) offsetof(struct exec_section, member)
#define IN_SQL(member)  offsetof(struct sql_section, member)
#define EVERY_MAX       44640 /* 31 days */

static const struct conf_key keys[] = {
	{ "agent", "state_dir", CONF_TEXT | CONF_RESTART, AT(state_dir), LANTOA_STATEDIR "-agent",
	  0, 0, "folder of the office's key and spool" },
	{ "agent", "api_socket", CONF_TEXT | CONF_RESTART, AT(api_socket),
	  LANTOA_RUNDIR "-agent/agent.sock", 0, 0,
	  "unix socket on which the agent serves HTTP to local programs" },
	{ "agent", "zone", CONF_TEXT | CONF_RESTART, AT(zone), "Asia/Ho_Chi_Minh", 0, 0,
	  "civil time zone, until the province has told its own" },
	{ "uplink", "push_interval", CONF_MINUTES, AT(push_interval_s), "1", 1, 86400,
	  "minutes (90s: seconds) after which figures of an hour or a minute are sent; others go "
	  "at once" },
	{ "uplink", "kilobytes_per_hour", CONF_UINT, AT(kilobytes_per_hour), "0", 0, 1000000,
	  "what the line may carry in any hour, both ways, at least 16; 0: no limit" },
	{ "uplink", "reconnect_min_ms", CONF_UINT, AT(reconnect_min_ms), "5000", 10, 3600000,
	  "a lost connection is tried again after a random time of at least this" },
	{ "uplink", "reconnect_max_ms", CONF_UINT, AT(reconnect_max_ms), "30000", 10, 3600000,
	  "and of at most this; after long outages up to ten times as much" },
	{ "uplink", "enrol_timeout_s", CONF_UINT, AT(enrol_timeout_s), "30", 1, 600,
	  "how long 'enrol' waits for the province" },
	{ "spool", "bytes_max", CONF_BYTES, AT(bytes_max), "64M", 1 << 20, UINT64_C(1) << 40,
	  "largest size of the spool; when it is full, new figures are refused" },
	{ "spool", "reserve", CONF_BYTES, AT(reserve), "32M", 0, UINT64_C(1) << 40,
	  "room to be left on the disk; when there is less, new figures are refused" },
	{ "spool", "keep_acked_days", CONF_UINT, AT(keep_acked_days), "35", 1, 3650,
	  "days that figures stay here after the province has them" },
	{ "inbox", "folder", CONF_TEXT, AT(inbox_folder), "", 0, 0,
	  "folder from which tables of figures are taken; empty: none" },
	{ "inbox", "settle_s", CONF_UINT, AT(inbox_settle_s), "5", 1, 3600,
	  "seconds that a file must have rested before it is taken" },
	{ "inbox", "language", CONF_TEXT, AT(inbox_language), "vi", 0, 0,
	  "vi or en: of what is told about a file's errors" },
	{ "inbox", "strict", CONF_BOOL, AT(inbox_strict), "no", 0, 0,
	  "refuse figures that are far from what was reported before, instead of warning" },
	{ "statsd", "listen", CONF_TEXT, AT(statsd_listen), "", 0, 0,
	  "address of this machine alone on which StatsD datagrams are taken, like "
	  "127.0.0.1:8125; empty: none" },
	{ "statsd", "socket", CONF_TEXT, AT(statsd_socket), "", 0, 0,
	  "unix datagram socket for the same; empty: none" },
	{ "page", "listen", CONF_TEXT, AT(page_listen), "127.0.0.1:5571", 0, 0,
	  "address of this machine alone at which its browsers find the clerk's page; empty: "
	  "none" },
	{ "page", "socket", CONF_TEXT, AT(page_socket), "", 0, 0,
	  "unix socket at which a proxy finds the page, for browsers elsewhere; the group of its "
	  "folder may connect; empty: none" },
	{ "page", "host", CONF_TEXT, AT(page_host), "", 0, 0,
	  "name in the browsers' address that leads to the proxy, with its port unless that is "
	  "443, "
	  "like figures.example.vn" },
	{ "page", "author_header", CONF_TEXT, AT(page_author_header), "", 0, 0,
	  "header in which the proxy says who logged in, like X-Remote-User; believed on socket "
	  "alone; empty: the page asks" },
	{ "http", "listen", CONF_TEXT, AT(http_listen), "", 0, 0,
	  "address of this machine alone on which programs that show the token hand in figures, "
	  "like 127.0.0.1:5572; empty: none" },
	{ "exec NAME", "", CONF_ITEMS, AT(execs), NULL, sizeof(struct exec_section), SECTIONS_MAX,
	  "a program that prints figures, METRIC=VALUE a line" },
	{ "exec NAME", "command", CONF_TEXT, IN_EXEC(command), "", 0, 0,
	  "its absolute path and arguments; no shell reads them" },
	{ "exec NAME", "every_minutes", CONF_UINT, IN_EXEC(every_minutes), "60", 1, EVERY_MAX,
	  "it runs at the start and then so often, counted from midnight" },
	{ "exec NAME", "timeout_s", CONF_UINT, IN_EXEC(timeout_s), "30", 1, 3600,
	  "seconds after which it is killed, and nothing recorded" },
	{ "exec NAME", "output_max", CONF_BYTES, IN_EXEC(output_max), "64K", 1, 4 << 20,
	  "it is killed as well when it prints more" },
	{ "sql NAME", "", CONF_ITEMS, AT(sqls), NULL, sizeof(struct sql_section), SECTIONS_MAX,
	  "a question to an SQLite file of the office, which is only read" },
	{ "sql NAME", "file", CONF_TEXT, IN_SQL(file), "", 0, 0, "absolute path of the file" },
	{ "sql NAME", "query", CONF_TEXT, IN_SQL(query), "", 0, 0,
	  "a SELECT with columns metric, value and perhaps period and labels, or a column per "
	  "metric" },
	{ "sql NAME", "every_minutes", CONF_UINT, IN_SQL(every_minutes), "60", 1, EVERY_MAX,
	  "it is asked at the start and then so often, counted from midnight" },
	{ "sql NAME", "timeout_s", CONF_UINT, IN_SQL(timeout_s), "30", 1, 3600,
	  "seconds after which it is given up" },
	{ "host", "probes", CONF_BOOL, AT(host_probes), "no", 0, 0,
	  "tell of this machine what the catalogue asks: office.link_down_minutes and the like" },
	{ "log", "level", CONF_TEXT, AT(level), "info", 0, 0, "error, warning, info or debug" },
};
#define KILOBYTES_MIN 16u /* greeting and a batch */
#define N_KEYS        (sizeof(keys) / sizeof(keys[0]))

static int check_inbox(const struct settings *settings, struct err *err)
{
	if (*settings->inbox_folder && *settings->inbox_folder != '/')
		return err_set(err, -EINVAL, "[inbox] folder '%s': give the whole path, from /",
			       settings->inbox_folder);
	if (strcmp(settings->inbox_language, "vi") != 0 &&
	    strcmp(settings->inbox_language, "en") != 0)
		return err_set(err, -EINVAL, "[inbox] language '%s': must be vi or en",
			       settings->inbox_language);
	return 0;
}

#define TOKEN_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

static int check_page(const struct settings *settings, struct err *err)
{
	struct http_address address;
	const char *header = settings->page_author_header;
	if (*settings->page_listen && http_address_parse(settings->page_listen, &address, err) < 0)
		return err_wrap(err, "[page] listen");
	if (*settings->page_socket && *settings->page_socket != '/')
		return err_set(err, -EINVAL, "[page] socket '%s': give the whole path, from /",
			       settings->page_socket);
	if (*settings->page_host && !http_host_valid(settings->page_host))
		return err_set(
			err, -EINVAL,
			"[page] host '%s': give the name alone, as it stands between https:// "
			"and the next / of the browsers' address, like figures.example.vn",
			settings->page_host);
	if (header[strspn(header, TOKEN_CHARS)])
		return err_set(err, -EINVAL,
			       "[page] author_header '%s': give the name of a header, like "
			       "X-Remote-User",
			       header);
	return 0;
}

static int check_sections(const struct settings *settings, struct err *err)
{
	const struct exec_section *execs = settings->execs.items;
	const struct sql_section *sqls = settings->sqls.items;
	int rc = 0;
	for (size_t i = 0; i < settings->execs.n && rc == 0; i++)
		rc = exec_section_check(&execs[i], err);
	for (size_t i = 0; i < settings->sqls.n && rc == 0; i++)
		rc = sql_section_check(&sqls[i], err);
	return rc;
}

static int check(const struct settings *settings, struct err *err)
{
	enum log_level level;
	if (log_level_from_name(settings->level, &level) < 0)
		return err_set(err, -EINVAL,
			       "[log] level '%s': must be error, warning, info or debug",
			       settings->level);
	if (settings->kilobytes_per_hour > 0 && settings->kilobytes_per_hour < KILOBYTES_MIN)
		return err_set(err, -EINVAL,
			       "[uplink] kilobytes_per_hour %u: give at least %u, as a connection "
			       "alone takes 3; or 0 for no limit",
			       settings->kilobytes_per_hour, KILOBYTES_MIN);
	if (settings->reconnect_min_ms > settings->reconnect_max_ms)
		return err_set(err, -EINVAL,
			       "[uplink] reconnect_min_ms is above reconnect_max_ms; swap them");
	struct http_address address;
	if (*settings->statsd_listen &&
	    http_address_parse(settings->statsd_listen, &address, err) < 0)
		return err_wrap(err, "[statsd] listen");
	if (*settings->http_listen && http_address_parse(settings->http_listen, &address, err) < 0)
		return err_wrap(err, "[http] listen");
	int rc = check_page(settings, err);
	if (rc == 0)
		rc = check_sections(settings, err);
	return rc < 0 ? rc : check_inbox(settings, err);
}

/* What is another than for the office of the machine itself. */
static int set_hosted(const struct hosted *hosted, struct settings *settings, struct err *err)
{
	const struct {
		char **text;
		const char *value;
	} fields[] = { { &settings->state_dir, hosted->state_dir },
		       { &settings->api_socket, hosted->api_socket },
		       { &settings->page_listen, "" },
		       { &settings->page_socket, hosted->page_socket },
		       { &settings->page_author_header, HOSTED_AUTHOR_HEADER } };
	memcpy(settings->office, hosted->code, sizeof(settings->office));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *copy = strdup(fields[i].value);
		if (!copy)
			return err_memory(err);
		free(*fields[i].text);
		*fields[i].text = copy;
	}
	return 0;
}

/* Its defaults alone. On error nothing must be freed. */
static int read_hosted_defaults(const char *office, struct hosted *ret_hosted,
				struct settings *settings, struct err *err)
{
	int rc = hosted_init(ret_hosted, office, err);
	if (rc == 0)
		rc = conf_read(NULL, keys, N_KEYS, settings, err);
	if (rc == 0 && (rc = set_hosted(ret_hosted, settings, err)) < 0)
		conf_free(keys, N_KEYS, settings);
	return rc;
}

static int read_over(const char *path, bool needed, struct settings *settings, struct err *err)
{
	if (!needed && access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	return conf_read_over(path, keys, N_KEYS, settings, err);
}

/* @ret_path: the file that has the last word. */
static int read_hosted(const struct settings_source *source, char ret_path[PATH_MAX],
		       struct settings *settings, struct err *err)
{
	struct hosted hosted;
	int rc = read_hosted_defaults(source->office, &hosted, settings, err);
	if (rc < 0)
		return rc;
	(void)snprintf(ret_path, PATH_MAX, "%s", source->path ? source->path : hosted.conf);
	if (source->path)
		return read_over(source->path, true, settings, err);
	rc = read_over(hosted.shared_conf, false, settings, err);
	return rc < 0 ? rc : read_over(hosted.conf, false, settings, err);
}

static int read_own(const char *path, struct settings *settings, struct err *err)
{
	int rc = conf_read(path ? path : SETTINGS_PATH, keys, N_KEYS, settings, err);
	if (rc == -ENOENT && !path)
		rc = conf_read(NULL, keys, N_KEYS, settings, err);
	return rc;
}

int settings_read(const struct settings_source *source, struct settings *ret_settings,
		  struct err *err)
{
	struct settings settings = { 0 };
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s", source->path ? source->path : SETTINGS_PATH);
	int rc = source->office ? read_hosted(source, path, &settings, err)
				: read_own(source->path, &settings, err);
	if (rc < 0)
		return rc;
	if ((rc = check(&settings, err)) < 0) {
		conf_free(keys, N_KEYS, &settings);
		return err_wrap(err, "%s", path);
	}
	*ret_settings = settings;
	return 0;
}

int settings_read_good(const struct settings_source *source, struct settings *ret_settings,
		       struct err *err)
{
	struct settings settings = { 0 };
	struct hosted hosted;
	const char *path = source->path ? source->path : SETTINGS_PATH;
	int rc = source->office ? read_hosted_defaults(source->office, &hosted, &settings, err)
				: conf_read_good(path, keys, N_KEYS, &settings, err);
	if (rc == 0)
		*ret_settings = settings;
	return rc;
}

const char *settings_unit(const struct settings *settings, char text[SETTINGS_UNIT_MAX])
{
	(void)snprintf(text, SETTINGS_UNIT_MAX, "lantoa-agent%s%s", *settings->office ? "@" : "",
		       settings->office); /* fits */
	return text;
}

const char *settings_options(const struct settings_source *source, char text[SETTINGS_OPTIONS_MAX])
{
	(void)snprintf(text, SETTINGS_OPTIONS_MAX, "%s%s%s%s", source->path ? " --config " : "",
		       source->path ? source->path : "", source->office ? " --office " : "",
		       source->office ? source->office : ""); /* fits */
	return text;
}

void settings_free(struct settings *settings)
{
	conf_free(keys, N_KEYS, settings);
}

const struct conf_key *settings_keys(size_t *ret_n)
{
	*ret_n = N_KEYS;
	return keys;
}

bool settings_section_differs(const char *section, const struct settings *a,
			      const struct settings *b)
{
	size_t len = strlen(section);
	for (size_t i = 0; i < N_KEYS; i++)
		if (strncmp(keys[i].section, section, len) == 0 &&
		    (keys[i].section[len] == '\0' || keys[i].section[len] == ' ') &&
		    conf_differs(&keys[i], a, b))
			return true;
	return false;
}

void settings_adopt(struct settings *in_force, struct settings *fresh,
		    struct conf_change *ret_change)
{
	conf_adopt(keys, N_KEYS, in_force, fresh, ret_change);
}

void settings_apply_level(const struct settings *settings)
{
	enum log_level level;
	if (log_level_from_name(settings->level, &level) == 0)
		log_set_level(level);
}

int settings_path(const struct settings *settings, const char *name, char *ret_path,
		  struct err *err)
{
	if (snprintf(ret_path, PATH_MAX, "%s/%s", settings->state_dir, name) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "[agent] state_dir is too long");
	return 0;
}
