/* Questions to SQLite files of the office: sections [sql NAME] of agent.conf. Each runs as a
 * process of its own ('lantoa-agent sql-lines FILE QUERY', see sql_read.h) under the limits of
 * program.h, so that neither a slow disk nor a huge answer can hold up the spool or make the agent
 * grow. */
#pragma once

#include "office/settings.h"
#include "record/input.h"

/* A row of input_kinds[]; the rest of it is of programs.h. */
bool sql_wanted(const struct settings *settings);
int sql_start(const struct input_host *host, const struct settings *settings, void **ret_input,
	      struct err *err);
