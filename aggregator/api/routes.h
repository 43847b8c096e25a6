/* The table of what can be asked, as the HTTP server matches it: each action under its own path,
 * /v1/..., where errors are {"error": ...}, and under /api/v1/..., for programs. Private to api/.
 */
#pragma once

#include "api/api_internal.h"
#include "api/call.h"

#define ROUTES_API       "/api" /* before the path of an action */

#define ROUTES_TABLE_MAX (4u * 1024 * 1024) /* bytes: of units of the whole country: 1 MiB */

struct routes {
	struct http_route *list;       /* owned [n], */
	const struct action **actions; /* owned [n]: and what stands behind each, */
	char *paths;                   /* owned: of those under /api */
	size_t n;
};

/** The actions of all groups, in the order of their groups; NULL: there is no @i-th. */
const struct action *routes_action(size_t i);
/** Fill @ret_routes, every one with @on_request. -ENOMEM. The caller frees, also on error. */
int routes_open(struct routes *ret_routes,
		void (*on_request)(void *context, struct http_request *request), struct err *err);
void routes_close(struct routes *routes);
/** Is its body a table, to be imported (importing.h)? Such a one can be tried, and be meant. */
bool routes_takes_table(const struct action *action);
bool routes_is_for_programs(const struct http_route *route);
/** The action that @request was matched to. */
const struct action *routes_matched(const struct routes *routes,
				    const struct http_request *request);
