/* The commands of lantoa-agent, each in cmd_NAME.c; main.c has the table of them, with run, which
 * is the daemon. Each gets its own arguments (argv[0] is its name), prints what people asked for on
 * stdout, and says what went wrong in one sentence. */
#pragma once

#include "common/base/err.h"
#include "common/sys/screen.h"
#include "office/settings.h"

#define EXIT_USAGE 2

struct command_context {
	struct settings settings;
	struct settings_source source;
	struct screen *screen; /* where stdout goes; it is held but for run */
	struct err config_err; /* what is wrong with it, for status alone; code 0: nothing */
};

struct command {
	const char *name, *arguments, *help; /* help is marked for translation */
	/** Exit status; @err is told by main() when it is set (code not 0). */
	int (*run)(struct command_context *context, int argc, char *argv[], struct err *err);
};

int cmd_catalogue(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_clock(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_enrol(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_import(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_message(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_record(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_repair(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_spool(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_sql(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_status(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_template(struct command_context *context, int argc, char *argv[], struct err *err);
int cmd_token(struct command_context *context, int argc, char *argv[], struct err *err);
/** The same as cmd_sql without judging, for the agent, which runs it as a child and judges itself.
 * It takes neither configuration nor zone: @context is empty. */
int cmd_sql_lines(struct command_context *context, int argc, char *argv[], struct err *err);

/** The arguments are wrong as @sentence says: EXIT_USAGE. */
int command_usage(struct err *err, const char *sentence);
/** Likewise, with what may have been meant by @word, which is none of @words (parted by blanks). */
int command_usage_word(struct err *err, const char *sentence, const char *words, const char *word);
/** Exit status for @rc of the work. */
int command_exit(int rc);
