/* What /etc/lantoa/aggregator.conf says. */
#pragma once

#include "alert/alert_settings.h"
#include "common/base/err.h"
#include "common/sys/conf.h"
#include "registry/office_limits.h"

#include <stddef.h>
#include <stdint.h>

struct config {
	char *state_dir, *listen, *address, *api_socket, *viewers, *operators, *web, *zone,
		*level; /* owned */
	uint32_t readers, invitation_days;
	bool indicators;      /* in the metrics */
	uint64_t reserve;     /* bytes */
	struct limits limits; /* of one office */
	struct alert_settings alerts;
};

#define CONFIG_PATH LANTOA_SYSCONFDIR "/aggregator.conf"

/** Read and check @path; NULL reads CONFIG_PATH, or takes the defaults when that is not there. */
int config_read(const char *path, struct config *ret_config, struct err *err);
/** Log level and zone become those of the process. */
int config_apply(const struct config *config, struct err *err);
/** Read and check @path again. When it is good, @in_force takes over what needs no restart, and the
 * log level changes; otherwise nothing does. */
int config_reload(const char *path, struct config *in_force, struct conf_change *ret_change,
		  struct err *err);
void config_free(struct config *config);
/** Every key with its help, range and default, as a commented file. */
void config_document(FILE *out);
/** STATE_DIR/@name into @ret_path (PATH_MAX). -ENAMETOOLONG. */
int config_path(const struct config *config, const char *name, char *ret_path, struct err *err);
