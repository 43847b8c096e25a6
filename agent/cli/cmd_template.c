/* lantoa-agent template: the form of a period as a workbook. */
#include "cli/agent_commands.h"
#include "cli/session.h"
#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/sys/options.h"
#include "workbook/marking.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 20

/* Into @fd, which is a file. */
static int make(const struct blob *text, int fd, struct err *err)
{
	struct marking *marking;
	int rc = marking_blank(text, fd, &marking, err);
	if (rc < 0)
		return rc;
	do
		rc = marking_wait(marking, WAIT_MS, err);
	while (rc == -EAGAIN);
	marking_close(marking);
	return rc;
}

int cmd_template(struct command_context *context, int argc, char *argv[], struct err *err)
{
	static const struct option_row known[] = { { .name = "calendar", .value = "C" }, { 0 } };
	struct options options;
	struct session *session = NULL;
	struct blob text = { 0 };
	char own[64];
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, err) < 0)
		return EXIT_USAGE;
	if (options.n_operands < 1 || options.n_operands > 2)
		return command_usage(err,
				     _("give the period, and the file if it is to have another "
				       "name: lantoa-agent template 2025-06 [FILE]"));
	const char *period = options.operands[0];
	const char *calendar = options_value(&options, "calendar");
	(void)snprintf(own, sizeof(own), "%.32s.xlsx", period); /* a longer one is none */
	const char *path = options.n_operands == 2 ? options.operands[1] : own;
	/* opened first: the session may give up root's right to */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		(void)err_system(err, -errno, path);
		return EXIT_FAILURE;
	}
	int rc = session_open(&context->settings, &session, err);
	if (rc == 0)
		rc = session_form(session, period, calendar ? calendar : "civil", &text, err);
	if (rc == 0)
		rc = make(&text, fd, err);
	if (close(fd) < 0 && rc == 0)
		rc = err_system(err, -errno, path);
	if (rc < 0)
		(void)unlink(path); /* it is empty; what counts is told */
	else
		printf("%s\n", path);
	session_close(session);
	blob_free(&text);
	return command_exit(rc);
}
