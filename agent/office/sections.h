/* The sections of agent.conf that may stand there several times, each with a name of its own: [exec
 * NAME], a program of the office that prints figures, and [sql NAME], a question to an SQLite file
 * of the office. They are judged here as soon as the file is read, long before one of them runs. */
#pragma once

#include "common/base/err.h"
#include "office/commandline.h"

#include <stdint.h>

#define SECTIONS_MAX 8u /* of a kind */

struct exec_section {
	char *name, *command; /* owned, as all texts here */
	uint32_t every_minutes, timeout_s;
	uint64_t output_max;
};

struct sql_section {
	char *name, *file, *query;
	uint32_t every_minutes, timeout_s;
};

/** The words of the command, ended by NULL; they point into @ret_text, which the caller frees.
 * -EINVAL or -E2BIG with the section when it is not well-formed; -ENOMEM. */
int exec_section_split(const struct exec_section *section, char **ret_text,
		       char *ret_words[COMMANDLINE_WORDS + 1], struct err *err);
/** Is it well-formed? As exec_section_split(). */
int exec_section_check(const struct exec_section *section, struct err *err);
/** Does it say what to ask? -EINVAL with the section. */
int sql_section_check(const struct sql_section *section, struct err *err);
