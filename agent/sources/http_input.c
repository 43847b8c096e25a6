#include "sources/http_input.h"

#include "api/agent_api.h"
#include "api/token.h"
#include "common/base/i18n.h"
#include "common/base/log.h"

#include <limits.h>
#include <stdlib.h>

struct http_input {
	struct agent_api *api;
	char token_path[PATH_MAX];
	void (*on_stopped)(void *context);
	void *stopped_context;
};

bool http_input_wanted(const struct settings *settings)
{
	return *settings->http_listen;
}

int http_input_start(const struct input_host *host, const struct settings *settings,
		     void **ret_input, struct err *err)
{
	struct http_input *input = calloc(1, sizeof(*input));
	if (!input)
		return err_memory(err);
	struct agent_api_config config = { .listen = settings->http_listen,
					   .token_path = input->token_path,
					   .recorder = host->recorder };
	int rc = settings_path(settings, TOKEN_FILE, input->token_path, err);
	if (rc == 0)
		rc = agent_api_start(host->loop, &config, &input->api, err);
	if (rc < 0) {
		free(input);
		return rc;
	}
	*ret_input = input;
	return 0;
}

static void on_api_closed(void *context)
{
	struct http_input *input = context;
	void (*on_stopped)(void *) = input->on_stopped;
	void *stopped_context = input->stopped_context;
	free(input);
	on_stopped(stopped_context);
}

void http_input_stop(void *context, void (*on_stopped)(void *context), void *stopped_context)
{
	struct http_input *input = context;
	input->on_stopped = on_stopped;
	input->stopped_context = stopped_context;
	agent_api_stop(input->api, on_api_closed, input);
}

void http_input_look(const void *context, struct input_look *ret_look)
{
	const struct http_input *input = context;
	*ret_look = (struct input_look){ .state = N_("listening"),
					 .last_us = agent_api_last_us(input->api),
					 .error = "" };
}
