/* Programs of the office that print figures: sections [exec NAME] of agent.conf. What they print:
 * output.h; when they run: program.h. */
#pragma once

#include "office/settings.h"
#include "record/input.h"

/* A row of input_kinds[]; the rest of it is of programs.h. */
bool exec_wanted(const struct settings *settings);
int exec_start(const struct input_host *host, const struct settings *settings, void **ret_input,
	       struct err *err);
