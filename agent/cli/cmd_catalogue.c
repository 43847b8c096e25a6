/* lantoa-agent catalogue: what may be reported. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/model/catalogue.h"
#include "common/text/drawn.h"
#include "import/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What it is divided by: the names that a label takes. */
static void print_dimensions(const struct metric *metric)
{
	for (size_t i = 0; i < metric->n_dimensions; i++)
		printf("%c%s", i == 0 ? '\t' : ';', metric->dimensions[i]);
}

/* For a person; a program gets lines parted by tabs. */
static int draw(const struct catalogue *catalogue, const struct screen *screen, struct err *err)
{
	const struct drawn_room room = { .columns = screen->columns, .colour = screen->colour };
	struct drawn *drawn = drawn_open();
	if (!drawn)
		return err_memory(err);
	drawn_column(drawn, _("Metric"), DRAWN_MAIN);
	drawn_column(drawn, _("Name"), DRAWN_TEXT | DRAWN_MAIN);
	drawn_column(drawn, _("Per"), 0);
	drawn_column(drawn, _("Unit of measure"), DRAWN_TEXT);
	drawn_column(drawn, _("Labels"), DRAWN_TEXT | DRAWN_LESSER);
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		struct blob dimensions = { 0 };
		int rc = 0;
		for (size_t j = 0; j < metric->n_dimensions && rc == 0; j++) {
			rc = blob_append(&dimensions, ", ", j > 0 ? 2 : 0);
			if (rc == 0)
				rc = blob_append(&dimensions, metric->dimensions[j],
						 strlen(metric->dimensions[j]));
		}
		if (rc == 0)
			rc = blob_append(&dimensions, "", 1);
		drawn_row(drawn);
		drawn_cell(drawn, metric->name, GRAVITY_NONE);
		drawn_cell(drawn, metric_called(metric), GRAVITY_NONE);
		drawn_cell(drawn, _(grain_name(metric->period)), GRAVITY_NONE);
		drawn_cell(drawn, terms_shown(metric->unit, terms_unit(metric)), GRAVITY_NONE);
		drawn_cell(drawn, rc == 0 ? (const char *)dimensions.data : "", GRAVITY_NONE);
		blob_free(&dimensions);
	}
	int rc = drawn_print(drawn, &room, stdout, err);
	drawn_close(drawn);
	return rc;
}

static void print_lines(const struct catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		printf("%s\t%s\t%s\t%s", metric->name, _(grain_name(metric->period)),
		       terms_shown(metric->unit, terms_unit(metric)), metric_called(metric));
		print_dimensions(metric);
		putchar('\n');
	}
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
	if (rc == 0 && context->screen->columns) {
		context->screen->page = true;
		rc = draw(catalogue, context->screen, err);
	} else if (rc == 0) {
		print_lines(catalogue);
	}
	session_close(session);
	return command_exit(rc);
}
