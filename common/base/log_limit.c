#include "common/base/log_limit.h"

#define EVERY_MS 60000u

bool log_limit_pass(struct log_limit *limit, uint64_t now_ms, uint64_t *ret_not_logged)
{
	if (now_ms < limit->next_ms) {
		limit->not_logged++;
		return false;
	}
	*ret_not_logged = limit->not_logged;
	*limit = (struct log_limit){ .next_ms = now_ms + EVERY_MS };
	return true;
}
