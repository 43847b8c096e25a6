/* lantoa-agent catalogue: what may be reported. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/i18n.h"
#include "common/model/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

int cmd_catalogue(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct session *session;
	const struct catalogue *catalogue;
	(void)argv;
	if (argc != 1)
		return command_usage(err, _("catalogue takes no arguments"));
	if (session_open(&context->settings, &session, err) < 0)
		return EXIT_FAILURE;
	int rc = session_catalogue(session, &catalogue, err);
	for (size_t i = 0; rc == 0 && i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		printf("%s\t%s\t%s\t%s\n", metric->name, grain_name(metric->period), metric->unit,
		       metric->label_vi);
	}
	session_close(session);
	return command_exit(rc);
}
