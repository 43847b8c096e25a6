/* lantoa-agent enrol, at the keyboard: how the agent is started then, or that systemd does so. */
#include "cli/agent_commands.h"
#include "common/base/i18n.h"
#include "common/sys/owner.h"
#include "uplink/admission.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the installed units' agents look for their keys. */
#define STATE_DIR LANTOA_STATEDIR "-agent"

extern char **environ;

enum starter { BY_HAND, BY_SYSTEMCTL, BY_ITSELF };

/* Is the unit active that starts the service when there is a key? */
static bool key_is_watched(void)
{
	static const char *const words[] = { "systemctl", "is-active", "--quiet",
					     "lantoa-agent.path", NULL };
	pid_t pid;
	int status;
	if (posix_spawnp(&pid, words[0], NULL, NULL, (char *const *)(uintptr_t)words, environ) != 0)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void tell(const struct command_context *context, enum starter starter,
		 const struct invitation *invitation)
{
	char options[SETTINGS_OPTIONS_MAX], unit[SETTINGS_UNIT_MAX];
	printf(_("office %s is enrolled with %s\n"), invitation->office, invitation->address);
	if (starter == BY_ITSELF)
		printf(_("the service starts by itself; 'lantoa-agent status' shows the "
			 "connection\n"));
	else if (starter == BY_SYSTEMCTL)
		printf(_("start the service: systemctl enable --now %s\n"),
		       settings_unit(&context->settings, unit));
	else
		printf(_("start the agent: lantoa-agent%s run\n"),
		       settings_options(&context->source, options));
}

/* Is it one of the installed units that has this state? */
static bool of_a_unit(const struct settings *settings)
{
	struct hosted hosted;
	struct err ignored;
	if (!*settings->office)
		return strcmp(settings->state_dir, STATE_DIR) == 0;
	return hosted_init(&hosted, settings->office, &ignored) == 0 &&
	       strcmp(settings->state_dir, hosted.state_dir) == 0;
}

/* Its user and folder come with the first start of its service. */
static int check_place(const struct settings *settings, struct err *err)
{
	if (!*settings->office || access(settings->state_dir, F_OK) == 0)
		return 0;
	return err_set(err, -ENOENT,
		       "this machine does not hold office %s yet: lay the invitation down as "
		       "/etc/credstore/lantoa.%s.invitation, and run 'systemctl enable --now "
		       "lantoa-agent@%s'; it enrols itself then",
		       settings->office, settings->office, settings->office);
}

int cmd_enrol(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct invitation invitation;
	if (argc != 2 || strncmp(argv[1], "--", 2) == 0)
		return command_usage(
			err,
			_("give the invitation, the file that holds it, or - for standard input: "
			  "lantoa-agent enrol FILE"));
	if (check_place(&context->settings, err) < 0)
		return EXIT_FAILURE;
	/* Read first: becoming the owner gives up root's right to. */
	int rc = admission_read(argv[1], &invitation, err);
	/* Who starts the agent is asked while we are still root, who is answered without a message
	 * bus. */
	enum starter starter = BY_HAND;
	if (access("/run/systemd/system", F_OK) == 0 && of_a_unit(&context->settings))
		starter = !*context->settings.office && key_is_watched() ? BY_ITSELF : BY_SYSTEMCTL;
	if (rc == 0)
		rc = owner_become(context->settings.state_dir, err);
	if (rc == 0)
		rc = admission_once(&context->settings, &invitation, err);
	if (rc == 0)
		tell(context, starter, &invitation);
	explicit_bzero(&invitation, sizeof(invitation));
	return command_exit(rc);
}
