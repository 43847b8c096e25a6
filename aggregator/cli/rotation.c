#include "cli/rotation.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATTERN "lantoa-########T######Z.backup" /* #: a digit */
#define PARTIAL ".partial"

const char *rotation_name(time_t at, char text[ROTATION_NAME_MAX])
{
	struct tm utc;
	(void)gmtime_r(&at, &utc); /* fails beyond the year 2^31 */
	(void)strftime(text, ROTATION_NAME_MAX, "lantoa-%Y%m%dT%H%M%SZ.backup", &utc);
	return text;
}

/* Does @name begin with a name of ours? What follows it is @ret_rest. */
static bool named_so(const char *name, const char **ret_rest)
{
	for (const char *at = PATTERN; *at; at++, name++)
		if (*at == '#' ? *name < '0' || *name > '9' : *name != *at)
			return false;
	*ret_rest = name;
	return true;
}

static int is_backup(const struct dirent *entry)
{
	const char *rest;
	return named_so(entry->d_name, &rest) && *rest == '\0';
}

static int is_partial(const struct dirent *entry)
{
	const char *rest;
	return named_so(entry->d_name, &rest) && strcmp(rest, PARTIAL) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Of @found[@n], oldest first, all but the last @keep; @fresh is not looked at. */
static int remove_oldest(const char *folder, struct dirent *const found[], size_t n,
			 const char *fresh, size_t keep, struct err *err)
{
	size_t others = 0;
	for (size_t i = 0; i < n; i++)
		others += strcmp(found[i]->d_name, fresh) != 0;
	for (size_t i = 0; i < n && others > keep; i++) {
		char path[4096];
		if (strcmp(found[i]->d_name, fresh) == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, found[i]->d_name);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_system(err, -errno, path);
		others--;
	}
	return 0;
}

static int trim(const char *folder, int (*is_one)(const struct dirent *entry), const char *fresh,
		size_t keep, struct err *err)
{
	struct dirent **found = NULL;
	int n = scandir(folder, &found, is_one, by_name);
	if (n < 0)
		return err_system(err, -errno, folder);
	int rc = remove_oldest(folder, found, (size_t)n, fresh, keep, err);
	for (int i = 0; i < n; i++)
		free(found[i]);
	free(found);
	return rc;
}

int rotation_trim(const char *folder, const char *fresh, unsigned keep, struct err *err)
{
	int rc = trim(folder, is_backup, fresh, keep - 1, err);
	return rc == 0 ? trim(folder, is_partial, "", 0, err) : rc;
}
