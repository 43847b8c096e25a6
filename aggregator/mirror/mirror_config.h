/* What /etc/lantoa/mirror.conf says. */
#pragma once

#include "common/base/err.h"

#include <stdio.h>

struct mirror_config {
	char *province, *aggregator, *database, *level; /* owned */
};

#define MIRROR_CONFIG_PATH LANTOA_SYSCONFDIR "/mirror.conf"

/** Read and check @path; NULL: MIRROR_CONFIG_PATH. Sets the log level. */
int mirror_config_read(const char *path, struct mirror_config *ret_config, struct err *err);
void mirror_config_free(struct mirror_config *config);
/** Every key with its help and default, as a commented file. */
void mirror_config_document(FILE *out);
