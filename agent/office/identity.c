#include "office/identity.h"

#include "common/sys/secret_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HEADER "lantoa-identity 1"

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

static int parse(char text[SECRET_FILE_MAX], struct identity *identity)
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
	    !key_is_public(identity->server_key) || key_parse(fields[3], identity->secret_key) < 0)
		return -EINVAL;
	memcpy(identity->address, fields[0], strlen(fields[0]) + 1);
	memcpy(identity->office, fields[1], strlen(fields[1]) + 1);
	return 0;
}

int identity_read(const char *path, struct identity *ret_identity, struct err *err)
{
	char text[SECRET_FILE_MAX];
	struct identity identity = { 0 };
	int rc = secret_file_read(path, text, err);
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

int identity_write(const char *path, const struct identity *identity, struct err *err)
{
	char text[SECRET_FILE_MAX], server[KEY_TEXT_MAX], secret[KEY_TEXT_MAX];
	key_format(identity->server_key, server);
	key_format(identity->secret_key, secret);
	(void)snprintf(text, sizeof(text), HEADER "\naddress %s\noffice %s\nserver %s\nsecret %s\n",
		       identity->address, identity->office, server, secret); /* fits */
	int rc = secret_file_write(path, text, err);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(secret, sizeof(secret));
	return rc;
}

int identity_settle(const char *pending_path, const char *path, struct err *err)
{
	if (rename(pending_path, path) < 0)
		return err_system(err, -errno, path);
	return secret_file_sync_folder(path, err);
}
