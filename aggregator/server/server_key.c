#include "server/server_key.h"
#include "common/model/invitation.h"
#include "common/sys/secret_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

int server_key_save(const char *path, const uint8_t secret_key[KEY_LEN], struct err *err)
{
	char line[SECRET_FILE_MAX], text[KEY_TEXT_MAX];
	key_format(secret_key, text);
	(void)snprintf(line, sizeof(line), "%s\n", text); /* fits */
	int rc = secret_file_write(path, line, err);
	sodium_memzero(line, sizeof(line));
	sodium_memzero(text, sizeof(text));
	return rc;
}

static int read_key(const char *path, struct server_key *key, struct err *err)
{
	char text[SECRET_FILE_MAX];
	int rc = secret_file_read(path, text, err);
	if (rc < 0)
		return rc;
	text[strcspn(text, "\n")] = '\0';
	if (key_parse(text, key->secret_key) < 0)
		rc = err_set(err, -EINVAL, "%s: holds no key; restore it from a backup", path);
	sodium_memzero(text, sizeof(text));
	return rc;
}

static int find(const char *path, bool make_one, struct server_key *key, bool *made,
		struct err *err)
{
	int rc = read_key(path, key, err);
	*made = rc == -ENOENT && make_one;
	if (*made) {
		randombytes_buf(key->secret_key, KEY_LEN);
		return server_key_save(path, key->secret_key, err);
	}
	if (rc == -ENOENT)
		return err_set(err, rc,
			       "%s: is not there, but offices were invited with it; restore it "
			       "from a backup",
			       path);
	return rc;
}

int server_key_load(const char *path, bool make_one, struct server_key *ret_key, bool *ret_made,
		    struct err *err)
{
	struct server_key key;
	bool made;
	if (sodium_init() < 0)
		return err_set(err, -EIO, "libsodium found no source of randomness");
	int rc = find(path, make_one, &key, &made, err);
	if (rc == 0) {
		(void)crypto_scalarmult_base(key.public_key,
					     key.secret_key); /* cannot fail for a base point */
		*ret_key = key;
		*ret_made = made;
	}
	sodium_memzero(&key, sizeof(key));
	return rc;
}
