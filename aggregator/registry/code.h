/* Codes of units and offices: what may stand in an invitation line, a path and a query unquoted. */
#pragma once

#include <stdbool.h>
#include <string.h>

#define CODE_LEN_MAX 32u

/** [A-Za-z0-9._-], 1 to 32 bytes. */
static inline bool code_valid(const char *code)
{
	size_t len = strlen(code);
	return len >= 1 && len <= CODE_LEN_MAX &&
	       strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       len;
}
