#include "sources/exec.h"

#include "sources/programs.h"

#include <stdlib.h>

bool exec_wanted(const struct settings *settings)
{
	return settings->execs.n > 0;
}

static int add(struct programs *programs, const struct exec_section *exec, struct err *err)
{
	char *text, *words[COMMANDLINE_WORDS + 1];
	int rc = exec_section_split(exec, &text, words, err);
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
	const struct exec_section *sections = settings->execs.items;
	struct programs *programs = programs_open(host);
	int rc = programs ? 0 : err_memory(err);
	for (size_t i = 0; i < settings->execs.n && rc == 0; i++)
		rc = add(programs, &sections[i], err);
	return programs_begin(programs, rc, ret_input);
}
