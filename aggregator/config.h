/* What /etc/lantoa/aggregator.conf says. */
#pragma once

#include "conf.h"
#include "err.h"

#include <stddef.h>
#include <stdint.h>

struct config {
	char *state_dir, *listen, *address, *api_socket, *zone, *level; /* owned */
	uint32_t readers;
};

#define CONFIG_PATH LANTOA_SYSCONFDIR "/aggregator.conf"

/** Read @path; NULL reads CONFIG_PATH, or takes the defaults when that is not there. Applies log
 * level and zone, too. */
int config_read(const char *path, struct config *ret_config, struct err *err);
void config_free(struct config *config);
/** Every key with its help, range and default, as a commented file. */
void config_document(FILE *out);
/** STATE_DIR/@name into @ret_path (PATH_MAX). -ENAMETOOLONG. */
int config_path(const struct config *config, const char *name, char *ret_path, struct err *err);
