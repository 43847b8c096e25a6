#include "api/token.h"

#include "common/sys/owner.h"
#include "common/sys/secret_file.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_BYTES 32u
#define TOKEN_TEXT  (2 * TOKEN_BYTES + 1)

/* Without the line end. */
static int token_read(const char *path, char ret_token[SECRET_FILE_MAX], struct err *err)
{
	int rc = secret_file_read(path, ret_token, err);
	if (rc < 0)
		return rc;
	ret_token[strcspn(ret_token, "\r\n")] = '\0';
	return *ret_token ? 0 : err_set(err, -EINVAL, "%s is empty", path);
}

/* Whole words of the same length, or not at all: the length is no secret. */
static bool same(const char *a, const char *b)
{
	size_t len = strlen(a);
	return strlen(b) == len && sodium_memcmp(a, b, len) == 0;
}

int token_check(const char *path, const char *header, struct err *err)
{
	static const char scheme[] = "Bearer ";
	char token[SECRET_FILE_MAX];
	/* RFC 9110, 11.1: a scheme is written in any case. */
	if (!header || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return err_set(err, -EACCES,
			       "show the token: Authorization: Bearer TOKEN; 'lantoa-agent token' "
			       "prints it");
	if (token_read(path, token, err) < 0)
		return err_set(err, -EACCES,
			       "there is no token yet; 'lantoa-agent token' makes one");
	bool right = same(token, header + strlen(scheme));
	explicit_bzero(token, sizeof(token));
	return right ? 0
		     : err_set(err, -EACCES,
			       "the token is not the one that 'lantoa-agent token' prints");
}

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
	char token[SECRET_FILE_MAX];
	bool anew = argc == 2 && strcmp(argv[1], "--new") == 0;
	if (argc > 2 || (argc == 2 && !anew)) {
		err_set(err, -EINVAL, "token takes --new at most");
		return EXIT_USAGE;
	}
	if (token_find(&context->settings, anew, token, err) < 0)
		return EXIT_FAILURE;
	printf("%s\n", token);
	explicit_bzero(token, sizeof(token));
	return EXIT_SUCCESS;
}
