/* lantoa-agent token [--new]: print what programs show over TCP; make it when there is none, or
 * anew. */
#include "api/token.h"
#include "cli/agent_commands.h"
#include "common/base/i18n.h"
#include "common/sys/options.h"
#include "common/sys/owner.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_BYTES 32u
#define TOKEN_TEXT  (2 * TOKEN_BYTES + 1)

static int token_make(const char *path, char ret_token[SECRET_FILE_MAX], struct err *err)
{
	uint8_t bytes[TOKEN_BYTES];
	char line[TOKEN_TEXT + 1];
	if (sodium_init() < 0)
		return err_set(err, -EIO, "libsodium does not start");
	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(line, TOKEN_TEXT, bytes, sizeof(bytes)); /* the text */
	memcpy(ret_token, line, TOKEN_TEXT);
	memcpy(line + TOKEN_TEXT - 1, "\n", 2);
	int rc = secret_file_write(path, line, err);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(line, sizeof(line));
	return rc;
}

static int token_find(const struct settings *settings, bool anew, char ret_token[SECRET_FILE_MAX],
		      struct err *err)
{
	char path[PATH_MAX];
	int rc = owner_become(settings->state_dir, err);
	if (rc == 0)
		rc = settings_path(settings, TOKEN_FILE, path, err);
	if (rc == 0 && !anew)
		rc = token_read(path, ret_token, err);
	if (rc == -ENOENT || (rc == 0 && anew))
		rc = token_make(path, ret_token, err);
	return rc;
}

int cmd_token(struct command_context *context, int argc, char *argv[], struct err *err)
{
	static const struct option_row known[] = { { .name = "new" }, { 0 } };
	struct options options;
	char token[SECRET_FILE_MAX];
	if (options_take(argc, argv, known, OPTIONS_ANYWHERE, &options, err) < 0)
		return EXIT_USAGE;
	if (options.n_operands > 0)
		return command_usage(err, _("token takes --new at most"));
	if (token_find(&context->settings, options_value(&options, "new"), token, err) < 0)
		return EXIT_FAILURE;
	printf("%s\n", token);
	explicit_bzero(token, sizeof(token));
	return EXIT_SUCCESS;
}
