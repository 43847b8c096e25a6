#include "api/routes.h"

#include "api/parameters.h"
#include "common/base/names.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const struct action *actions;
	const size_t *n;
} groups[] = {
	{ reference_actions, &n_reference_actions }, { office_actions, &n_office_actions },
	{ query_actions, &n_query_actions },         { verify_actions, &n_verify_actions },
	{ health_actions, &n_health_actions },       { held_actions, &n_held_actions },
	{ backup_actions, &n_backup_actions },       { change_actions, &n_change_actions },
	{ changes_actions, &n_changes_actions },     { heads_actions, &n_heads_actions },
	{ message_actions, &n_message_actions },     { token_actions, &n_token_actions },
	{ openapi_actions, &n_openapi_actions },     { excuse_actions, &n_excuse_actions },
	{ heard_actions, &n_heard_actions },         { figure_actions, &n_figure_actions },
	{ metrics_actions, &n_metrics_actions },     { alert_actions, &n_alert_actions },
	{ follow_actions, &n_follow_actions },       { map_actions, &n_map_actions },
};

#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

bool routes_takes_table(const struct action *action)
{
	return names_find(action->arguments, "yes", strlen("yes")) >= 0 &&
	       names_find(action->arguments, "dry_run", strlen("dry_run")) >= 0;
}

#define FIELD_ROOM 128u /* of a field's name, quotes and blanks; of a short text as well */
#define ESCAPES    3u   /* times as long is a text at most whose letters are written as escapes */

/* Tables are large; the fields of any other order are as long as they may be. */
static size_t body_max(const struct action *action)
{
	const char *cursor = action->fields;
	char name[PARAMETER_NAME_MAX];
	size_t room = 0;

	if (routes_takes_table(action))
		return ROUTES_TABLE_MAX;
	while (parameters_next(&cursor, name)) {
		const struct parameter *field = parameter_find(action, name, strlen(name));

		room += FIELD_ROOM;
		if (field && field->kind == PARAMETER_TEXT)
			room += ESCAPES * (size_t)field->high;
	}
	return room > HTTP_BODY_SMALL ? room : 0 /* HTTP_BODY_SMALL */;
}

const struct action *routes_action(size_t i)
{
	for (size_t g = 0; g < N_GROUPS; g++) {
		if (i < *groups[g].n)
			return &groups[g].actions[i];
		i -= *groups[g].n;
	}
	return NULL;
}

int routes_open(struct routes *ret_routes,
		void (*on_request)(void *context, struct http_request *request), struct err *err)
{
	struct routes *routes = ret_routes;
	const struct action *action;
	size_t n = 0, len = 0;
	char *path;

	for (; (action = routes_action(n)); n++)
		len += strlen(ROUTES_API) + strlen(action->path) + 1;
	*routes = (struct routes){ .list = calloc(2 * n, sizeof(*routes->list)),
				   .actions = calloc(2 * n, sizeof(*routes->actions)),
				   .paths = malloc(len) };
	if (!routes->list || !routes->actions || !routes->paths)
		return err_memory(err);
	path = routes->paths;
	for (size_t i = 0; i < 2 * n; i++) {
		struct http_route *route = &routes->list[i];

		action = routes_action(i / 2);
		assert(action->role != ROLE_NONE);
		*route = (struct http_route){ .method = action->method,
					      .path = action->path,
					      .on_request = on_request,
					      .body_max = body_max(action),
					      .arguments = action->arguments };
		routes->actions[i] = action;
		if (i % 2 == 1) {
			route->path = path;
			path = stpcpy(stpcpy(path, ROUTES_API), action->path) + 1;
		}
	}
	routes->n = 2 * n;
	return 0;
}

void routes_close(struct routes *routes)
{
	free(routes->list);
	free(routes->actions);
	free(routes->paths);
}

bool routes_is_for_programs(const struct http_route *route)
{
	return strncmp(route->path, ROUTES_API "/", strlen(ROUTES_API "/")) == 0;
}

const struct action *routes_matched(const struct routes *routes, const struct http_request *request)
{
	return routes->actions[http_matched(request) - routes->list];
}
