#include "cli/usage.h"

#include "common/base/i18n.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define RECORD_MAX 256u /* figures in one order, as the province takes them */

int usage_office_add(const struct args *args, struct err *err)
{
	return args_option(args, "name") && args_option(args, "unit")
		       ? 0
		       : err_set(err, -EINVAL,
				 "give the office's name and unit: --name and --unit");
}

int usage_office_move(const struct args *args, struct err *err)
{
	return args_option(args, "unit")
		       ? 0
		       : err_set(err, -EINVAL,
				 "give the unit it moves to, or - for none: --unit CODE");
}

int usage_office_on(const struct args *args, struct err *err)
{
	return args_option(args, "on") ? 0 : err_set(err, -EINVAL, "say on which day: --on DAY");
}

int usage_office_heads(const struct args *args, struct err *err)
{
	bool all = args_option(args, "all"), one = args->n_words > 0;
	bool days = args_option(args, "days"), since = args_option(args, "since");

	if (days && since)
		return err_set(err, -EINVAL, "days, since: give one of the two");
	if (all && one)
		return err_set(err, -EINVAL, "code, all: give one of the two");
	if (all && !days && !since)
		return err_set(err, -EINVAL, "all: of which days? Say days or since");
	if ((days || since) && !all && !one)
		return err_set(err, -EINVAL, "days, since: name an office, or say all");
	return 0;
}

int usage_report(const struct args *args, struct err *err)
{
	const char *language = args_option(args, "lang");

	if (language && strcmp(language, "vi") != 0 && strcmp(language, "en") != 0)
		return err_set(err, -EINVAL, "--lang: there are vi and en");
	return 0;
}

/* "--silent 2d" is typed as other options are; getopt leaves a value that may be missing alone. */
int usage_office_list(const struct args *args, struct err *err)
{
	const char *silent = args_option(args, "silent");

	if (args->n_words > 0 && (!silent || *silent))
		return err_set(
			err, -EINVAL,
			"'%s' is too much: office list takes no argument but the time of --silent",
			args->words[0]);
	return 0;
}

int usage_office_tell(const struct args *args, struct err *err)
{
	bool all = args_option(args, "all"), metric = args_option(args, "metric");
	bool period = args_option(args, "period"), label = args_option(args, "label");

	if (args->n_words != (all ? 1 : 2))
		return err_set(err, -EINVAL,
			       "give an office or --all, and then the text, in quotes");
	if ((metric || period || label) && (all || !metric || !period))
		return err_set(err, -EINVAL,
			       "a message about a figure needs its office, metric and period: "
			       "CODE --metric NAME --period PERIOD");
	return 0;
}

int usage_record(const struct args *args, struct err *err)
{
	if (!args_option(args, "office") || !args_option(args, "period"))
		return err_set(
			err, -EINVAL,
			"say for which office and for which period: --office CODE --period PERIOD");
	if (args->n_words > RECORD_MAX)
		return err_set(err, -EINVAL, "more than %u figures at once; record them in parts",
			       RECORD_MAX);
	for (size_t i = 0; i < args->n_words; i++)
		if (!strchr(args->words[i], '=') || strchr(args->words[i], ';'))
			return err_set(err, -EINVAL,
				       "a figure is written METRIC=VALUE, like team.count=7");
	return 0;
}

int usage_query(const struct args *args, struct err *err)
{
	if (args_option(args, "form") && args->n_words > 0)
		return err_set(err, -EINVAL,
			       "a form is all that is reported per month, day and so on: leave "
			       "the metric out, or --form");
	if (args_option(args, "publication") &&
	    (args_option(args, "from") || args_option(args, "to") || args_option(args, "last") ||
	     args_option(args, "calendar") || args_option(args, "structure") ||
	     args_option(args, "known")))
		return err_set(
			err, -EINVAL,
			"a publication has its period, calendar, borders and time: leave out "
			"--from, --to, --last, --calendar, --structure and --known");
	if (args_option(args, "revisions") && args_option(args, "by-label"))
		return err_set(err, -EINVAL,
			       "--revisions lists each figure with its labels: leave --by-label "
			       "out");
	if (args_option(args, "revisions") &&
	    (args_option(args, "versus") || args_option(args, "total")))
		return err_set(
			err, -EINVAL,
			"--revisions lists what became of figures: leave --versus and --total out");
	if (args_option(args, "revisions") &&
	    (args_option(args, "sort") || args_option(args, "top")))
		return err_set(err, -EINVAL,
			       "--revisions lists what came in the order in which it came: leave "
			       "--sort and --top out");
	return 0;
}

int usage_explain(const struct args *args, struct err *err)
{
	if (args_option(args, "publication") &&
	    (args_option(args, "period") || args_option(args, "calendar") ||
	     args_option(args, "structure") || args_option(args, "known")))
		return err_set(
			err, -EINVAL,
			"a publication has its period, calendar, borders and time: leave out "
			"--period, --calendar, --structure and --known");
	return 0;
}

int usage_excuse(const struct args *args, struct err *err)
{
	if (!args_option(args, "office") || !args_option(args, "period") ||
	    !args_option(args, "reason"))
		return err_set(
			err, -EINVAL,
			"say who, for when and why: --office CODE --period PERIOD --reason TEXT");
	return (args_option(args, "metric") != NULL) != (args_option(args, "form") != NULL)
		       ? 0
		       : err_set(err, -EINVAL,
				 "say what is excused: --metric NAME, or --form month for all that "
				 "is reported per month");
}

int usage_release(const struct args *args, struct err *err)
{
	bool some = args_option(args, "entry") || args_option(args, "office") ||
		    args_option(args, "metric");

	return some != (args_option(args, "all") != NULL)
		       ? 0
		       : err_set(err, -EINVAL,
				 "say what to release: that of an entry, an office or a metric, or "
				 "else all");
}

int usage_verify(const struct args *args, struct err *err)
{
	return args_option(args, "yes") && !args_option(args, "repair")
		       ? err_set(err, -EINVAL, "--yes goes with --repair")
		       : 0;
}

int usage_backup(const struct args *args, struct err *err)
{
	bool folder = args_option(args, "into");

	if ((args->n_words == 1) == folder)
		return err_set(err, -EINVAL,
			       "give a file, or a folder with --into; one of the two");
	return args_option(args, "keep") && !folder
		       ? err_set(err, -EINVAL, "--keep goes with --into")
		       : 0;
}

int usage_changes(const struct args *args, struct err *err)
{
	const char *format = args_option(args, "format");

	return format && strcmp(format, "json") != 0
		       ? err_set(err, -EINVAL, "changes are told as lines of JSON and nothing else")
		       : 0;
}

int usage_top(const struct args *args, struct err *err)
{
	const char *format = args_option(args, "format");

	return format && strcmp(format, "table") != 0
		       ? err_set(err, -EINVAL, "top is a picture for people; programs ask /metrics")
		       : 0;
}

int usage_token_add(const struct args *args, struct err *err)
{
	const char *role = args_option(args, "role");

	if (!role)
		return err_set(
			err, -EINVAL,
			"say what the token is for: --role viewer, operator, admin or clerk");
	if (strcmp(role, "clerk") == 0 && !args_option(args, "office"))
		return err_set(err, -EINVAL, "a clerk is of an office: add --office CODE");
	return 0;
}

int usage_alerts_follow(const struct args *args, struct err *err)
{
	return args_option(args, "hook") && args_option(args, "into")
		       ? 0
		       : err_set(err, -EINVAL,
				 "say whom to tell and where to remember it: --hook PROGRAM "
				 "--into FOLDER");
}
