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

/* Where the installed unit's agent looks for its key. */
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
	const char *config = context->config_path;
	printf(_("office %s is enrolled with %s\n"), invitation->office, invitation->address);
	if (starter == BY_ITSELF)
		printf(_("the service starts by itself; 'lantoa-agent status' shows the "
			 "connection\n"));
	else if (starter == BY_SYSTEMCTL)
		printf(_("start the service: systemctl enable --now lantoa-agent\n"));
	else
		printf(_("start the agent: lantoa-agent%s%s run\n"), config ? " --config " : "",
		       config ? config : "");
}

int cmd_enrol(struct command_context *context, int argc, char *argv[], struct err *err)
{
	struct invitation invitation;
	if (argc != 2 || strncmp(argv[1], "--", 2) == 0)
		return command_usage(
			err,
			_("give the invitation, the file that holds it, or - for standard input: "
			  "lantoa-agent enrol FILE"));
	/* Read first: becoming the owner gives up root's right to. */
	int rc = admission_read(argv[1], &invitation, err);
	/* Who starts the agent is asked while we are still root, who is answered without a message
	 * bus. */
	enum starter starter = BY_HAND;
	if (access("/run/systemd/system", F_OK) == 0 &&
	    strcmp(context->settings.state_dir, STATE_DIR) == 0)
		starter = key_is_watched() ? BY_ITSELF : BY_SYSTEMCTL;
	if (rc == 0)
		rc = owner_become(context->settings.state_dir, err);
	if (rc == 0)
		rc = admission_once(&context->settings, &invitation, err);
	if (rc == 0)
		tell(context, starter, &invitation);
	explicit_bzero(&invitation, sizeof(invitation));
	return command_exit(rc);
}
