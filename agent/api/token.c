#include "api/token.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

int token_read(const char *path, char ret_token[SECRET_FILE_MAX], struct err *err)
{
	int rc = secret_file_read(path, ret_token, err);
	if (rc < 0)
		return rc;
	ret_token[strcspn(ret_token, "\r\n")] = '\0';
	return *ret_token ? 0 : err_set(err, -EINVAL, "%s is empty", path);
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
	/* Words of the same length, in constant time: the length is no secret. */
	const char *shown = header + strlen(scheme);
	size_t len = strlen(token);
	bool right = strlen(shown) == len && sodium_memcmp(token, shown, len) == 0;
	explicit_bzero(token, sizeof(token));
	return right ? 0
		     : err_set(err, -EACCES,
			       "the token is not the one that 'lantoa-agent token' prints");
}
