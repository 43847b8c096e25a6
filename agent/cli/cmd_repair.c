/* lantoa-agent spool repair: what a damaged spool still holds, into the one that was begun anew. */
#include "cli/agent_commands.h"
#include "common/base/i18n.h"
#include "common/sys/options.h"
#include "common/sys/owner.h"
#include "office/state.h"
#include "spool/repair.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int open_spool(const struct settings *settings, struct spool **ret_spool, struct err *err)
{
	char unit[SETTINGS_UNIT_MAX];
	int rc = owner_become(settings->state_dir, err);
	if (rc == 0)
		rc = state_spool_open(settings, ret_spool, NULL, err);
	if (rc == -EBUSY)
		return err_set(err, rc,
			       "the agent is running; stop it (systemctl stop %s), run this "
			       "command again, and start it",
			       settings_unit(settings, unit));
	return rc;
}

/* The newest file that was set aside: their names end with the date. */
static int find_damaged(const struct settings *settings, char ret_path[PATH_MAX], struct err *err)
{
	char pattern[PATH_MAX];
	glob_t found = { 0 };
	int rc = settings_path(settings, "spool.db.corrupt-*", pattern, err);
	if (rc < 0)
		return rc;
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (!strstr(found.gl_pathv[i], "-journal"))
				(void)snprintf(ret_path, PATH_MAX, "%s",
					       found.gl_pathv[i]); /* sorted: the last stands */
	globfree(&found);
	if (!*ret_path)
		return err_set(err, -ENOENT,
			       "no damaged spool was set aside in '%s'; name a file to repair from",
			       settings->state_dir);
	return 0;
}

static void print_repaired(const struct command_context *context, const char *damaged,
			   const struct spool_repaired *repaired, bool dry)
{
	char options[SETTINGS_OPTIONS_MAX];
	(void)settings_options(&context->source, options);
	printf(_("%s: values that can be read: %llu; figures among them that the spool lacks: "
		 "%llu\n"),
	       damaged, (unsigned long long)repaired->read, (unsigned long long)repaired->taken);
	if (repaired->undated > 0)
		printf(_("figures that wait for the time: %llu\n"),
		       (unsigned long long)repaired->undated);
	if (repaired->lost_days + repaired->lost_batches + repaired->lost_series > 0)
		printf(_("not readable: days of values: %llu; batches: %llu; lists or lines of "
			 "series: %llu\n"),
		       (unsigned long long)repaired->lost_days,
		       (unsigned long long)repaired->lost_batches,
		       (unsigned long long)repaired->lost_series);
	if (dry)
		printf(_("nothing was changed; this takes them over: lantoa-agent%s spool repair "
			 "--yes %s\n"),
		       options, damaged);
	else
		printf(_("they were taken over, and are sent again when the agent runs; the "
			 "damaged file stays as it is\n"));
}

int cmd_repair(struct command_context *context, int argc, char *argv[], struct err *err)
{
	static const struct option_row known[] = { { .name = "yes" }, { 0 } };
	char damaged[PATH_MAX] = "";
	struct spool *spool = NULL;
	struct spool_repaired repaired;
	struct options options;
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, err) < 0)
		return EXIT_USAGE;
	const char *file = options.n_operands > 0 ? options.operands[0] : "";
	if (options.n_operands > 1 || strlen(file) >= sizeof(damaged))
		return command_usage(err, _("say spool repair [FILE] [--yes]"));
	memcpy(damaged, file, strlen(file) + 1);
	const bool dry = !options_value(&options, "yes");
	int rc = open_spool(&context->settings, &spool, err); /* sets a damaged one aside */
	if (rc == 0 && !*damaged)
		rc = find_damaged(&context->settings, damaged, err);
	if (rc == 0)
		rc = spool_repair(spool, damaged, dry, &repaired, err);
	if (rc == 0)
		print_repaired(context, damaged, &repaired, dry);
	spool_close(spool);
	return command_exit(rc);
}
