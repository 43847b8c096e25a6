/* Addresses of the province's page, as they come: whatever is read as a view of a screen is written
 * as one address, which is read as the same view, and a question about it fits or says that it was
 * cut. */
#include "dashboard/screens.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *target = strndup((const char *)data, len), address[VIEW_ADDRESS_MAX],
	     again[VIEW_ADDRESS_MAX];
	struct visit visit = { .now_us = INT64_C(1764500000000000) };
	const struct screen *screen;
	struct question question;
	struct view back;
	struct err err;

	if (!target)
		return 0;
	if (screens_read(target, &visit.view, &screen, &err) == 0) {
		(void)view_address(&visit.view, address);
		require(strlen(address) < sizeof(address));
		require(view_read(address, &back, &err) == 0);
		require(memcmp(&visit.view, &back, sizeof(back)) == 0);
		require(strcmp(view_address(&back, again), address) == 0);
		visit.screen = screen;
		question_of(&question, "/api/v1/query", &visit, "");
		require(question.cut || strlen(question.target) == question.len);
		question_of(&question, "/api/v1/quality", &visit, "last");
	}
	free(target);
	return 0;
}
