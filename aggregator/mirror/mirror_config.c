#include "mirror/mirror_config.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/sys/conf.h"

#include <errno.h>
#include <stddef.h>

#define KEY(part, key, field, standard, ...)                                                       \
	{                                                                                          \
		.section = part, .name = key, .type = CONF_TEXT | CONF_RESTART,                    \
		.offset = offsetof(struct mirror_config, field), .fallback = standard, __VA_ARGS__ \
	}

static const struct conf_key keys[] = {
	KEY("mirror", "province", province, "",
	    .help = N_("code of the province, under which its rows stand in PostgreSQL; it has to "
		       "be given")),
	KEY("mirror", "aggregator", aggregator, "unix:" LANTOA_RUNDIR "/aggregator.sock",
	    .help = N_("the aggregator, whose ledger is followed: unix:PATH or https://HOST:PORT")),
	KEY("mirror", "database", database, "dbname=lantoa",
	    .help = N_("the database, as libpq has it: KEY=VALUE ... or postgresql://...; name the "
		       "file of a password (passfile=), not the password")),
	KEY("log", "level", level, "info", .help = N_("error, warning, info or debug")),
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static int check(const struct mirror_config *config, struct err *err)
{
	enum log_level level;

	if (!*config->province)
		return err_set(err, -EINVAL,
			       "[mirror] province: give the code of the province, such as 82");
	if (log_level_from_name(config->level, &level) < 0)
		return err_set(err, -EINVAL,
			       "[log] level: there is no '%s'; use error, warning, info or debug",
			       config->level);
	log_set_level(level);
	return 0;
}

int mirror_config_read(const char *path, struct mirror_config *ret_config, struct err *err)
{
	struct mirror_config config = { 0 };
	int rc = conf_read(path ? path : MIRROR_CONFIG_PATH, keys, N_KEYS, &config, err);

	if (rc < 0)
		return rc;
	rc = check(&config, err);
	if (rc < 0) {
		mirror_config_free(&config);
		return err_wrap(err, "%s", path ? path : MIRROR_CONFIG_PATH);
	}
	*ret_config = config;
	return 0;
}

void mirror_config_free(struct mirror_config *config)
{
	conf_free(keys, N_KEYS, config);
}

void mirror_config_document(FILE *out)
{
	conf_document(keys, N_KEYS, out);
}
