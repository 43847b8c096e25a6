/* lantoa-agent status: how the office's figures are, for people or as JSON. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "cli/status_screen.h"
#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/sys/options.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Shows @answer; 1: not well. */
static int show_status(const struct blob *answer, bool json, struct screen *screen, struct err *err)
{
	json_t *root;
	int rc = session_json(answer, &root, err);
	if (rc < 0)
		return rc;
	bool well = json_is_true(json_object_get(root, "well"));
	screen->as_is = json;
	screen->page = !json;
	if (json)
		(void)fwrite(answer->data, 1, answer->len, stdout); /* main() checks stdout */
	else
		status_screen(root, screen->colour, stdout);
	json_decref(root);
	return well ? 0 : 1;
}

int cmd_status(struct command_context *context, int argc, char *argv[], struct err *err)
{
	static const struct option_row known[] = { { .name = "json" }, { 0 } };
	struct options options;
	struct blob out = { 0 };
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, err) < 0)
		return EXIT_USAGE;
	if (options.n_operands > 0)
		return command_usage(err, _("status takes --json at most"));
	int rc = session_ask_once(&context->settings, SESSION_STATUS, &out, err);
	if (rc == 0)
		rc = show_status(&out, options_value(&options, "json"), context->screen, err);
	blob_free(&out);
	if (rc >= 0 && context->config_err.code != 0) {
		*err = context->config_err;
		rc = 1;
	}
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
