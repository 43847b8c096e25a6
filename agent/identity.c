#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER   "lantoa-identity 1"
#define FILE_MAX 1024u

void identity_public(const uint8_t secret_key[INVITATION_KEY_LEN],
		     uint8_t ret_public_key[INVITATION_KEY_LEN])
{
	(void)crypto_scalarmult_base(ret_public_key, secret_key); /* cannot fail for a base point */
}

void identity_make(const struct invitation *invitation, struct identity *ret_identity)
{
	*ret_identity = (struct identity){ 0 };
	memcpy(ret_identity->address, invitation->address, sizeof(ret_identity->address));
	memcpy(ret_identity->office, invitation->office, sizeof(ret_identity->office));
	memcpy(ret_identity->server_key, invitation->server_key, INVITATION_KEY_LEN);
	randombytes_buf(ret_identity->secret_key, INVITATION_KEY_LEN);
	identity_public(ret_identity->secret_key, ret_identity->public_key);
}

/* The whole file, which is small. */
static int slurp(const char *path, char text[FILE_MAX], struct err *err)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_system(err, -errno, path);
	ssize_t len = -1;
	if (fstat(fd, &info) == 0)
		len = read(fd, text, FILE_MAX - 1);
	int rc = len < 0 ? err_system(err, -errno, path) : 0;
	(void)close(fd); /* opened for reading */
	if (rc < 0)
		return rc;
	if (info.st_mode & 077)
		return err_set(err, -EINVAL,
			       "%s: others can read it; run 'chmod 600' on it, and enrol anew if "
			       "someone may have copied it",
			       path);
	text[len] = '\0';
	return 0;
}

/* The text after "@name " at the start of a line, up to its end; NULL when there is none. */
static char *field(char *text, const char *name)
{
	size_t len = strlen(name);
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return line + len + 1;
	}
	return NULL;
}

static int parse(char text[FILE_MAX], struct identity *identity)
{
	if (strncmp(text, HEADER "\n", strlen(HEADER) + 1) != 0)
		return -EINVAL;
	char *fields[] = { field(text, "address"), field(text, "office"), field(text, "server"),
			   field(text, "secret") };
	for (size_t i = 0; i < 4; i++)
		if (!fields[i])
			return -EINVAL;
	for (size_t i = 0; i < 4; i++)
		fields[i][strcspn(fields[i], "\n")] = '\0';
	if (strlen(fields[0]) >= sizeof(identity->address) ||
	    strlen(fields[1]) >= sizeof(identity->office) ||
	    key_parse(fields[2], identity->server_key) < 0 ||
	    key_parse(fields[3], identity->secret_key) < 0)
		return -EINVAL;
	memcpy(identity->address, fields[0], strlen(fields[0]) + 1);
	memcpy(identity->office, fields[1], strlen(fields[1]) + 1);
	return 0;
}

int identity_read(const char *path, struct identity *ret_identity, struct err *err)
{
	char text[FILE_MAX];
	struct identity identity = { 0 };
	int rc = slurp(path, text, err);
	if (rc < 0)
		return rc;
	rc = parse(text, &identity);
	sodium_memzero(text, sizeof(text));
	if (rc < 0)
		return err_set(err, rc,
			       "%s: is damaged; ask the province for a new invitation and enrol",
			       path);
	identity_public(identity.secret_key, identity.public_key);
	*ret_identity = identity;
	return 0;
}

static int sync_folder(const char *path, struct err *err)
{
	char copy[PATH_MAX];
	(void)snprintf(copy, sizeof(copy), "%s", path); /* paths were opened, so they fit */
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) < 0 ? -errno : 0;
	if (fd >= 0)
		(void)close(fd); /* opened for reading */
	return rc < 0 ? err_system(err, rc, path) : 0;
}

static int write_synced(const char *path, const char *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_system(err, -errno, path);
	size_t len = strlen(text);
	ssize_t written = write(fd, text, len);
	int rc = 0;
	if (written < 0 || fchmod(fd, 0600) < 0 || fsync(fd) < 0)
		rc = -errno;
	else if ((size_t)written < len)
		rc = -ENOSPC;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc < 0 ? err_system(err, rc, path) : 0;
}

int identity_write(const char *path, const struct identity *identity, struct err *err)
{
	char fresh[PATH_MAX], text[FILE_MAX], server[KEY_TEXT_MAX], secret[KEY_TEXT_MAX];
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return err_system(err, -ENAMETOOLONG, path);
	key_format(identity->server_key, server);
	key_format(identity->secret_key, secret);
	(void)snprintf(text, sizeof(text), HEADER "\naddress %s\noffice %s\nserver %s\nsecret %s\n",
		       identity->address, identity->office, server, secret); /* fits */
	int rc = write_synced(fresh, text, err);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(secret, sizeof(secret));
	return rc < 0 ? rc : identity_settle(fresh, path, err);
}

int identity_settle(const char *pending_path, const char *path, struct err *err)
{
	if (rename(pending_path, path) < 0)
		return err_system(err, -errno, path);
	return sync_folder(path, err);
}
