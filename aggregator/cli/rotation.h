/* A folder of backups, each named by when it was begun: lantoa-20260701T021500Z.backup. Files of
 * other names are nobody's business here. */
#pragma once

#include "common/base/err.h"

#include <time.h>

#define ROTATION_NAME_MAX 32u

/** The name for a backup begun @at. Returns @text. */
const char *rotation_name(time_t at, char text[ROTATION_NAME_MAX]);

/** Remove from @folder what is older than the newest @keep (>= 1) backups, @fresh being one of
 * those whatever its name says, and what runs before @fresh left unfinished. */
int rotation_trim(const char *folder, const char *fresh, unsigned keep, struct err *err);
