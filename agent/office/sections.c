#include "office/sections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int exec_section_split(const struct exec_section *section, char **ret_text,
		       char *ret_words[COMMANDLINE_WORDS + 1], struct err *err)
{
	size_t n;
	char *text = strdup(section->command);
	int rc = text ? commandline_split(text, ret_words, &n, err) : err_memory(err);
	if (rc == 0 && (n == 0 || ret_words[0][0] != '/'))
		rc = err_set(err, -EINVAL,
			     "must begin with the program's absolute path, like "
			     "/usr/local/bin/count");
	if (rc < 0) {
		free(text);
		return err_wrap(err, "[exec %s] command", section->name);
	}
	*ret_text = text;
	return 0;
}

int exec_section_check(const struct exec_section *section, struct err *err)
{
	char *text, *words[COMMANDLINE_WORDS + 1];
	int rc = exec_section_split(section, &text, words, err);
	if (rc == 0)
		free(text);
	return rc;
}

int sql_section_check(const struct sql_section *section, struct err *err)
{
	if (section->file[0] != '/')
		return err_set(err, -EINVAL,
			       "[sql %s] file: give the absolute path of the SQLite file",
			       section->name);
	if (!*section->query)
		return err_set(err, -EINVAL, "[sql %s] query: give a SELECT", section->name);
	return 0;
}
