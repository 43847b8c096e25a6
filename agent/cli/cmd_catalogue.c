/* lantoa-agent catalogue: what may be reported. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/i18n.h"
#include "common/model/catalogue.h"
#include "import/terms.h"

#include <stdio.h>
#include <stdlib.h>

/* What it is divided by: the names that a label takes. */
static void print_dimensions(const struct metric *metric)
{
	for (size_t i = 0; i < metric->n_dimensions; i++)
		printf("%c%s", i == 0 ? '\t' : ';', metric->dimensions[i]);
}

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
		printf("%s\t%s\t%s\t%s", metric->name, _(grain_name(metric->period)),
		       terms_shown(metric->unit, terms_unit(metric)), metric_called(metric));
		print_dimensions(metric);
		putchar('\n');
	}
	session_close(session);
	return command_exit(rc);
}
