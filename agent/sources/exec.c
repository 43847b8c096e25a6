#include "sources/exec.h"

#include "office/commandline.h"
#include "sources/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* @ret_text is owned by the caller, the words point into it. */
static int split(const struct settings_exec *exec, char **ret_text,
		 char *words[COMMANDLINE_WORDS + 1], struct err *err)
{
	size_t n;
	char *text = strdup(exec->command);
	int rc = text ? commandline_split(text, words, &n, err) : err_memory(err);
	if (rc == 0 && (n == 0 || words[0][0] != '/'))
		rc = err_set(err, -EINVAL,
			     "must begin with the program's absolute path, like "
			     "/usr/local/bin/count");
	if (rc < 0) {
		free(text);
		return err_wrap(err, "[exec %s] command", exec->name);
	}
	*ret_text = text;
	return 0;
}

static const struct settings_exec *exec_at(const struct settings *settings, size_t i)
{
	return &((const struct settings_exec *)settings->execs.items)[i];
}

int exec_check(const struct settings *settings, struct err *err)
{
	char *text, *words[COMMANDLINE_WORDS + 1];
	for (size_t i = 0; i < settings->execs.n; i++) {
		int rc = split(exec_at(settings, i), &text, words, err);
		if (rc < 0)
			return rc == -E2BIG ? -EINVAL : rc;
		free(text);
	}
	return 0;
}

bool exec_wanted(const struct settings *settings)
{
	return settings->execs.n > 0;
}

static int add(struct programs *programs, const struct settings_exec *exec, struct err *err)
{
	char *text, *words[COMMANDLINE_WORDS + 1];
	int rc = split(exec, &text, words, err);
	if (rc < 0)
		return rc;
	struct program_config config = { .kind = "exec",
					 .name = exec->name,
					 .argv = (const char *const *)words,
					 .every_minutes = exec->every_minutes,
					 .timeout_s = exec->timeout_s,
					 .output_max = exec->output_max };
	rc = programs_add(programs, &config, err);
	free(text);
	return rc;
}

int exec_start(const struct input_host *host, const struct settings *settings, void **ret_input,
	       struct err *err)
{
	struct programs *programs = programs_open(host);
	int rc = programs ? 0 : err_memory(err);
	for (size_t i = 0; i < settings->execs.n && rc == 0; i++)
		rc = add(programs, exec_at(settings, i), err);
	return programs_begin(programs, rc, ret_input);
}
