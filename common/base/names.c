#include "common/base/names.h"

#include <string.h>

int names_find(const char *list, const char *name, size_t len)
{
	int i = 0;

	for (const char *at = list; at && *at; i++) {
		size_t n = strcspn(at, " ");

		if (n == len && strncmp(at, name, len) == 0)
			return i;
		at += n + strspn(at + n, " ");
	}
	return -1;
}
