/* What a program shows when it hands in figures over TCP: a random word in STATE_DIR/api.token,
 * which only the agent's user may read. */
#pragma once

#include "cli/agent_commands.h"
#include "common/base/err.h"

#define TOKEN_FILE "api.token"

/** Is @header, an Authorization header (NULL: there was none), "Bearer " (in any case) and the word
 * in @path? Compared in constant time. -EACCES with what to do. Reads a small file, so that a new
 * token counts at once: call from the worker. */
int token_check(const char *path, const char *header, struct err *err);

/** token [--new]: print it; make it when there is none, or anew. */
int cmd_token(struct command_context *context, int argc, char *argv[], struct err *err);
