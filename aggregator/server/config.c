#include "server/config.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/model/invitation.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const struct conf_key keys[] = {
	{ .section = "aggregator",
	  .name = "state_dir",
	  .type = CONF_TEXT | CONF_RESTART,
	  .offset = offsetof(struct config, state_dir),
	  .fallback = LANTOA_STATEDIR,
	  .help = N_("folder of the database (lantoa.db) and of the province's key (server.key)") },
	{ .section = "aggregator",
	  .name = "zone",
	  .type = CONF_TEXT | CONF_RESTART,
	  .offset = offsetof(struct config, zone),
	  .fallback = "Asia/Ho_Chi_Minh",
	  .help = N_("civil time zone of all periods; never change it once there are figures") },
	{ .section = "gate",
	  .name = "listen",
	  .type = CONF_TEXT | CONF_RESTART,
	  .offset = offsetof(struct config, listen),
	  .fallback = "tcp://0.0.0.0:5570",
	  .help = N_("where offices connect: tcp://ADDRESS:PORT; port 0 takes a free one") },
	{ .section = "gate",
	  .name = "address",
	  .type = CONF_TEXT,
	  .offset = offsetof(struct config, address),
	  .fallback = "",
	  .help = N_("HOST:PORT as offices reach it; invitations carry it. Empty: what listen was "
		     "bound to") },
	{ .section = "gate",
	  .name = "invitation_days",
	  .type = CONF_UINT,
	  .offset = offsetof(struct config, invitation_days),
	  .fallback = "7",
	  .min = 1,
	  .max = 366,
	  .help = N_("days for which a new invitation is valid") },
	{ .section = "api",
	  .name = "socket",
	  .type = CONF_TEXT | CONF_RESTART,
	  .offset = offsetof(struct config, api_socket),
	  .fallback = LANTOA_RUNDIR "/aggregator.sock",
	  .help = N_("unix socket of the operators' interface") },
	{ .section = "api",
	  .name = "viewers",
	  .type = CONF_TEXT,
	  .offset = offsetof(struct config, viewers),
	  .fallback = "lantoa-viewer",
	  .help = N_("group whose members may read, by name or number") },
	{ .section = "api",
	  .name = "operators",
	  .type = CONF_TEXT,
	  .offset = offsetof(struct config, operators),
	  .fallback = "lantoa",
	  .help = N_("group whose members may also close, release, move and tell") },
	{ .section = "api",
	  .name = "web",
	  .type = CONF_TEXT,
	  .offset = offsetof(struct config, web),
	  .fallback = "lantoa-web",
	  .help = N_(
		  "user who asks for others, over the network: judged by the token that it passes "
		  "on") },
	{ .section = "store",
	  .name = "readers",
	  .type = CONF_UINT | CONF_RESTART,
	  .offset = offsetof(struct config, readers),
	  .fallback = "2",
	  .min = 1,
	  .max = 8,
	  .help = N_("connections that answer questions, beside the one that writes") },
#define LIMIT_KEY(id, word, is_rate, most_of_it, lowest, text, what)                               \
	{ .section = "limits",                                                                     \
	  .name = #word,                                                                           \
	  .type = CONF_UINT,                                                                       \
	  .offset = offsetof(struct config, limits.most[id]),                                      \
	  .fallback = #most_of_it,                                                                 \
	  .min = lowest,                                                                           \
	  .help = text },
	OFFICE_LIMITS(LIMIT_KEY)
#undef LIMIT_KEY
		{ .section = "store",
		  .name = "reserve",
		  .type = CONF_BYTES,
		  .offset = offsetof(struct config, reserve),
		  .fallback = "256M",
		  .max = UINT64_C(1) << 40,
		  .help = N_(
			  "left free on the disk: under it no figures are taken, and offices keep "
			  "theirs; questions and orders go on. 0: none") },
#define ALERT_KEY(kind, word, grace, over, text)                                                   \
	{ .section = "alerts",                                                                     \
	  .name = #word,                                                                           \
	  .type = CONF_MINUTES,                                                                    \
	  .offset = offsetof(struct config, alerts.grace_s[kind]),                                 \
	  .fallback = #grace,                                                                      \
	  .max = 7 * 86400,                                                                        \
	  .help = text },
	ALERT_KIND_LIST(ALERT_KEY)
#undef ALERT_KEY
		{ .section = "alerts",
		  .name = "over",
		  .type = CONF_MINUTES,
		  .offset = offsetof(struct config, alerts.over_s),
		  .fallback = "5",
		  .max = 7 * 86400,
		  .help = N_(
			  "for how long what comes and goes must be over before its end is told") },
	{ .section = "alerts",
	  .name = "off",
	  .type = CONF_TEXT,
	  .offset = offsetof(struct config, alerts.off),
	  .fallback = "",
	  .help = N_("kinds that nobody wants to hear of, separated by blanks") },
	{ .section = "alerts",
	  .name = "every",
	  .type = CONF_MINUTES,
	  .offset = offsetof(struct config, alerts.every_s),
	  .fallback = "1",
	  .min = 1,
	  .max = 150,
	  .help = N_("how often this is checked") },
	{ .section = "alerts",
	  .name = "quarantine_hours",
	  .type = CONF_UINT,
	  .offset = offsetof(struct config, alerts.quarantine_hours),
	  .fallback = "24",
	  .min = 0,
	  .max = 8784,
	  .help = N_("hours that figures may wait in quarantine before it is told") },
	{ .section = "alerts",
	  .name = "backup_hours",
	  .type = CONF_UINT,
	  .offset = offsetof(struct config, alerts.backup_hours),
	  .fallback = "36",
	  .min = 1,
	  .max = 8784,
	  .help = N_("hours that may pass without a backup before it is told") },
	{ .section = "metrics",
	  .name = "indicators",
	  .type = CONF_BOOL,
	  .offset = offsetof(struct config, indicators),
	  .fallback = "no",
	  .help = N_("tell Prometheus the indicators of the newest closed period, too") },
	{ .section = "log",
	  .name = "level",
	  .type = CONF_TEXT,
	  .offset = offsetof(struct config, level),
	  .fallback = "info",
	  .help = N_("error, warning, info or debug") },
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* What would only be found out later: by the first bind, or the first invitation. */
static int check_gate(const struct config *config, struct err *err)
{
	const char *scheme = "tcp://", *listen = config->listen;
	if (strncmp(listen, scheme, strlen(scheme)) != 0 || !strchr(listen + strlen(scheme), ':'))
		return err_set(err, -EINVAL, "[gate] listen: '%s' must be tcp://ADDRESS:PORT",
			       listen);
	if (*config->address && !invitation_address_valid(config->address))
		return err_set(err, -EINVAL, "[gate] address: '%s' must be HOST:PORT",
			       config->address);
	return 0;
}

static int check(const struct config *config, struct err *err)
{
	enum log_level level;
	int rc = check_gate(config, err);
	if (rc == 0)
		rc = alert_settings_check(&config->alerts, err);
	if (rc == 0 && log_level_from_name(config->level, &level) < 0)
		rc = err_set(err, -EINVAL,
			     "[log] level: there is no '%s'; use error, warning, info or debug",
			     config->level);
	return rc < 0 ? rc : civil_check_zone(config->zone, err);
}

int config_read(const char *path, struct config *ret_config, struct err *err)
{
	struct config config = { 0 };
	int rc = conf_read(path ? path : CONFIG_PATH, keys, N_KEYS, &config, err);
	if (rc == -ENOENT && !path)
		rc = conf_read(NULL, keys, N_KEYS, &config, err);
	if (rc < 0)
		return rc;
	rc = check(&config, err);
	if (rc < 0) {
		config_free(&config);
		return err_wrap(err, "%s", path ? path : CONFIG_PATH);
	}
	*ret_config = config;
	return 0;
}

static void apply_level(const struct config *config)
{
	enum log_level level = LOG_LEVEL_INFO;
	(void)log_level_from_name(config->level, &level); /* was checked */
	log_set_level(level);
}

int config_apply(const struct config *config, struct err *err)
{
	apply_level(config);
	return civil_set_zone(config->zone, err);
}

int config_reload(const char *path, struct config *in_force, struct conf_change *ret_change,
		  struct err *err)
{
	struct config fresh;
	int rc = config_read(path, &fresh, err);
	if (rc < 0)
		return rc;
	conf_adopt(keys, N_KEYS, in_force, &fresh, ret_change);
	config_free(&fresh);
	apply_level(in_force);
	return 0;
}

void config_free(struct config *config)
{
	conf_free(keys, N_KEYS, config);
}

void config_document(FILE *out)
{
	conf_document(keys, N_KEYS, out);
}

int config_path(const struct config *config, const char *name, char *ret_path, struct err *err)
{
	int n = snprintf(ret_path, PATH_MAX, "%s/%s", config->state_dir, name);
	if (n < 0 || n >= PATH_MAX)
		return err_system(err, -ENAMETOOLONG, config->state_dir);
	return 0;
}
